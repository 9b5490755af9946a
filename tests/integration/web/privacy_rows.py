"""The privacy matrix as a table: a row for each route of the page, with who is let in and what they may read there."""

from __future__ import annotations

from typing import NamedTuple

from messages import Privacy

NAMED: tuple[Privacy, ...] = ("open", "anonymous")
"""Choices under which others read the name in lists; the figures of who is anonymous stand nowhere beside it."""
RANKED: tuple[Privacy, ...] = ("open",)
NEVER: tuple[Privacy, ...] = ()
READERS = ("local", "stranger", "member", "owner", "admin", "public")
SIGN_IN = (303, 401)
"""Led to the sign-in where a page is asked for, told to sign in elsewhere."""
ADMITTED: dict[str, dict[str, tuple[int, ...]]] = {
    "everybody": {},
    "readers": {"stranger": SIGN_IN},
    "signed in": {"local": (404,), "stranger": SIGN_IN, "public": SIGN_IN},
    "admins": {"local": (404,), "stranger": SIGN_IN, "public": SIGN_IN, "member": (404,), "owner": (404,)},
    "who signs in": {"local": (404,), "member": (303,), "owner": (303,), "admin": (303,)},
    "who has a link": {"local": (404,)},
}
"""What those get who are not let in, by who is; all others get what is there."""


class Row(NamedTuple):
    """A route."""

    address: str
    """With what the test knows by then in braces."""
    access: str = "readers"
    named: tuple[Privacy, ...] = NEVER
    """Choices under which other readers find the name of whose choice it is; under all others they do not."""
    titled: tuple[Privacy, ...] = NEVER
    """Choices under which all readers find the title that this one alone has seen."""
    is_of_one: bool = False
    """Whether it is of this one alone: as if it never was, where that one is hidden."""
    figures_hidden: bool = False
    """Whether it is as if it never was for others where that one is anonymous, too."""
    accept: str = "text/html"
    statuses: tuple[int, ...] = (200,)
    """What who is let in gets."""


JSON, EVENTS, ANYTHING = "application/json", "text/event-stream", "*/*"
ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/"): Row("/", named=NAMED),
    ("GET", "/events"): Row("/events", named=NAMED, accept=EVENTS),
    ("GET", "/embed/tonight"): Row("/embed/tonight"),
    ("GET", "/nights"): Row("/nights?m=2026-11", titled=NAMED),
    ("GET", "/nights/{screening_id}"): Row("/nights/{night}", named=NAMED),
    ("GET", "/films"): Row("/films", titled=NAMED),
    ("GET", "/films/{slug}"): Row("/films/{film}", named=NAMED),
    ("GET", "/viewers"): Row("/viewers", named=NAMED),
    ("GET", "/viewers/{slug}"): Row("/viewers/{viewer}", named=NAMED, titled=NAMED, is_of_one=True),
    ("GET", "/viewers/{slug}/{year}"): Row("/viewers/{viewer}/2026", named=RANKED, is_of_one=True, figures_hidden=True),
    ("GET", "/board"): Row("/board", named=RANKED),
    ("GET", "/history"): Row("/history", named=NAMED, titled=NAMED),
    ("GET", "/history.csv"): Row("/history.csv", named=NAMED, titled=NAMED, accept=ANYTHING),
    ("GET", "/nights.ics"): Row("/nights.ics", titled=NAMED, accept=ANYTHING),
    ("GET", "/feed.xml"): Row("/feed.xml", titled=NAMED, accept=ANYTHING),
    ("GET", "/server"): Row("/server"),
    ("GET", "/server/{year}"): Row("/server/2026", named=RANKED),
    ("GET", "/posters/{key}"): Row("{poster}", accept=ANYTHING),
    ("GET", "/s/{token}"): Row("/s/{share}", "everybody", named=NAMED, is_of_one=True),
    ("GET", "/s/{token}/preview.png"): Row("/s/{share}/preview.png", "everybody", named=NAMED, is_of_one=True),
    ("GET", "/me"): Row("/me", "signed in", named=NAMED),  # with whom they watch
    ("GET", "/me/data"): Row("/me/data", "signed in", accept=ANYTHING, statuses=(200, 404)),
    ("GET", "/admin"): Row("/admin", "admins"),
    ("GET", "/admin/events"): Row("/admin/events", "admins", accept=EVENTS),
    ("GET", "/api/openapi.json"): Row("/api/openapi.json", "everybody", accept=JSON),
    ("GET", "/api/v1/now"): Row("/api/v1/now", named=NAMED, accept=JSON),
    ("GET", "/api/v1/events"): Row("/api/v1/events", named=NAMED, accept=EVENTS),
    ("GET", "/api/v1/nights"): Row("/api/v1/nights?m=2026-11", titled=NAMED, accept=JSON),
    ("GET", "/api/v1/nights/{screening_id}"): Row("/api/v1/nights/{night}", named=NAMED, accept=JSON),
    ("GET", "/api/v1/films"): Row("/api/v1/films", titled=NAMED, accept=JSON),
    ("GET", "/api/v1/films/{slug}"): Row("/api/v1/films/{film}", named=NAMED, accept=JSON),
    ("GET", "/api/v1/viewers"): Row("/api/v1/viewers", named=NAMED, accept=JSON),
    ("GET", "/api/v1/viewers/{slug}"): Row("/api/v1/viewers/{viewer}", named=NAMED, is_of_one=True, accept=JSON),
    ("GET", "/api/v1/viewers/{slug}/{year}"): Row(
        "/api/v1/viewers/{viewer}/2026", named=RANKED, is_of_one=True, figures_hidden=True, accept=JSON
    ),
    ("GET", "/api/v1/board"): Row("/api/v1/board", named=RANKED, accept=JSON),
    ("GET", "/api/v1/history"): Row("/api/v1/history", named=NAMED, titled=NAMED, accept=JSON),
    ("GET", "/api/v1/server"): Row("/api/v1/server", accept=JSON),
    ("GET", "/api/v1/server/{year}"): Row("/api/v1/server/2026", named=RANKED, accept=JSON),
    ("GET", "/privacy"): Row("/privacy", "everybody"),
    ("GET", "/health"): Row("/health", "everybody"),
    ("GET", "/metrics"): Row("/metrics", "everybody"),
    ("GET", "/robots.txt"): Row("/robots.txt", "everybody"),
    ("GET", "/static/{name}"): Row("{style}", "everybody"),
    ("GET", "/sign-in"): Row("/sign-in", "who signs in"),
    ("GET", "/sign-in/discord"): Row("/sign-in/discord", "who has a link", statuses=(400,)),
    ("GET", "/sign-in/{token}"): Row("/sign-in/never", "who has a link", statuses=(410, 429)),
    ("POST", "/sign-in/discord"): Row("/sign-in/discord", "who has a link", statuses=(400, 429)),
    ("POST", "/sign-in/{token}"): Row("/sign-in/never", "who has a link", statuses=(410, 429)),
    ("POST", "/sign-out"): Row("/sign-out", "who has a link", statuses=(303,)),
    ("POST", "/me/privacy"): Row("/me/privacy", "signed in", statuses=(404,)),
    ("POST", "/me/public-name"): Row("/me/public-name", "signed in", statuses=(303,)),
    ("POST", "/me/share"): Row("/me/share", "signed in", statuses=(404,)),
    ("POST", "/me/share/end"): Row("/me/share/end", "signed in", statuses=(303,)),
    ("POST", "/me/sign-out-everywhere"): Row("/me/sign-out-everywhere", "signed in", statuses=(303,)),
    ("POST", "/admin/save"): Row("/admin/save", "admins", statuses=(303,)),
    ("POST", "/admin/backup"): Row("/admin/backup", "admins", statuses=(303,)),
    ("POST", "/admin/start"): Row("/admin/start", "admins", statuses=(303,)),
}
"""By method and path, as the router has them."""
ALONE: tuple[Row, ...] = (
    Row("/nights/{lone_night}", titled=NAMED, is_of_one=True, named=NAMED),
    Row("/films/{lone_film}", titled=NAMED, is_of_one=True, named=NAMED),
    Row("/api/v1/nights/{lone_night}", titled=NAMED, is_of_one=True, named=NAMED, accept=JSON),
    Row("/api/v1/films/{lone_film}", titled=NAMED, is_of_one=True, named=NAMED, accept=JSON),
    Row("/films?q={lone_word}", titled=NAMED),
    Row("/history?q={lone_word}", titled=NAMED, named=NAMED),
    Row("/history.csv?q={lone_word}", titled=NAMED, named=NAMED, accept=ANYTHING),
    Row("/s/{night_share}", "everybody", titled=NAMED, is_of_one=True, named=NAMED),
    Row("/s/{night_share}/preview.png", "everybody", titled=NAMED, is_of_one=True),
)
"""Further addresses of the same routes: of the film and night that whose choice it is was alone at."""
