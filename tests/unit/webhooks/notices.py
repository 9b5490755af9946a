"""An evening as the other actors tell it: the one of docs/webhooks.md."""

from __future__ import annotations

import datetime

from messages import (
    Attendee,
    BadgesAwarded,
    EarnedBadge,
    Item,
    LinkedAccount,
    Moment,
    NightPlanned,
    Privacy,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
    VisibleViewers,
)
from messages.base import DurationMs, PositionMs

IRIS, CEM = "100000000000000001", "100000000000000002"
METROPOLIS = Item(
    "srv", "7", "movie", "Metropolis", 1927, DurationMs(148 * 60_000), ("Drama", "Science Fiction"), ("Fritz Lang",),
    guid="plex://movie/5d776825880197001ec90a5e",
)  # fmt: skip
EVERYBODY = VisibleViewers((), ())


def at(text: str) -> float:
    """Return a time of that November in Berlin as seconds since 1970."""
    return datetime.datetime.fromisoformat(f"2026-11-{text}+01:00").timestamp()


def hide(viewer_id: str, choice: Privacy = "private", *links: LinkedAccount) -> VisibleViewers:
    """Return who may be named where this viewer chose not to be."""
    return VisibleViewers(links, ((viewer_id, choice),))


BEGAN, ENDED = at("27T20:31:04"), at("27T22:59:10")


def seat(viewer_id: str, name: str, joined_s: float, percent: float, *, brief: bool = False) -> Attendee:
    """Return somebody who stayed until the film was over."""
    length = METROPOLIS.duration_ms or 0
    playing_s = ENDED - joined_s
    coverage = DurationMs(round(length * percent / 100))
    return Attendee(
        viewer_id, name, joined_s, PositionMs(0), playing_s, coverage, percent, False, ENDED, brief,
    )  # fmt: skip


def screening(*seats: Attendee, host: str = "Iris", party: bool = True) -> Screening:
    """Return the screening of that evening."""
    return Screening(
        "s-20261127-1", "srv", "12", METROPOLIS, host, "Iris's TV", "playing", PositionMs(0), Moment(BEGAN, 0.0), BEGAN,
        party, seats,
    )  # fmt: skip


BOTH = (seat(IRIS, "Iris", BEGAN, 100.0), seat(CEM, "Cem", BEGAN + 37 * 60, 75.0))
STARTED = ScreeningStarted(Moment(BEGAN, 0.0), screening())
OVER = ScreeningEnded(Moment(ENDED, 0.0), screening(*BOTH))
PLANNED = NightPlanned(
    at("24T18:00:00"), "1310000000000000001",
    "https://discord.com/events/100000000000000009/1310000000000000001", at("27T20:30:00"), METROPOLIS,
)  # fmt: skip
FILM_FAN = EarnedBadge("films_10", "Film Fan", "🎬", "uncommon", "Watched 10 films.", ENDED + 2, 10.0)
AWARDED = BadgesAwarded(CEM, "Cem", (FILM_FAN,), "s-20261127-1")
EVENTS = (STARTED, OVER, PLANNED, AWARDED)
