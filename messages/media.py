"""What a media server reports: who plays what, its history, posters, films and sign-in."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Command, Delivery, DurationMs, Event, Moment, PositionMs, Question, Struct
from messages.problems import Problem

__all__ = [
    "CheckPlexSignIn",
    "ExternalIds",
    "ExternalIdsFound",
    "FailureKind",
    "FilmsFound",
    "FindExternalIds",
    "FindFilms",
    "FindHistory",
    "GetPoster",
    "HistoryFound",
    "HistoryRow",
    "Item",
    "OwnedPlexServer",
    "Playback",
    "PlaybackSnapshot",
    "PlayerState",
    "PlexSignIn",
    "PlexSignedIn",
    "PollFailed",
    "Poster",
    "StartPlexSignIn",
]

PlayerState = Literal["playing", "paused", "buffering", "error", "stopped", "unknown"]
FailureKind = Literal[
    "refused",
    "timeout",
    "unauthorized",
    "forbidden",
    "not_found",
    "server_error",
    "garbage",
    "too_large",
    "redirected",
]


class Item(Struct, frozen=True):
    """A thing that can be played, as a session or the library describes it."""

    server_id: str
    """machineIdentifier of the Plex server that holds it."""
    rating_key: str
    """Plex's id of the item on that server; empty for live TV."""
    kind: str
    """Plex's own type: movie, episode, clip, track, photo..."""
    title: str
    """The item's own title; for an episode, the episode's."""
    year: int | None = None
    """Year of release."""
    duration_ms: DurationMs | None = None
    """Length in milliseconds; None where Plex gives none."""
    genres: tuple[str, ...] = ()
    """Genre tags, in Plex's order."""
    directors: tuple[str, ...] = ()
    """Director tags, in Plex's order."""
    show: str = ""
    """The series' title (Plex's grandparentTitle), for an episode."""
    season: int | None = None
    """Season number (parentIndex), for an episode."""
    episode: int | None = None
    """Episode number (index), for an episode."""
    subtype: str = ""
    """Plex's subtype: clip, trailer..."""
    guid: str = ""
    """Plex's guid: tells prerolls and theme music from films."""
    key: str = ""
    """Path of the item on the server; live TV plays from /livetv/sessions/..."""
    library_section_id: int | None = None
    """Library section; negative for extras and prerolls."""
    live: bool = False
    """Live TV: no position, no length."""
    thumb: str = ""
    """Path of the poster on the server, without any token."""


class Playback(Struct, frozen=True):
    """One session, as one poll showed it."""

    session_key: str
    """Plex's sessionKey. Starts again at 1 after a restart of the server: never an identity alone."""
    item: Item
    """What plays."""
    account_id: str
    """Plex account id on that server; 1 is the owner. Empty where the session has no usable user."""
    account_name: str
    """The account's name as Plex shows it."""
    machine_id: str
    """machineIdentifier of the player."""
    player: str
    """The player's title (a device name) or product."""
    state: PlayerState
    """What the player does."""
    position_ms: PositionMs | None
    """viewOffset; None where the session has none (live TV)."""


class PlaybackSnapshot(Event, frozen=True, tag="playback_snapshot"):
    """Plex poller -> tracker: every session of one successful poll."""

    delivery: ClassVar[Delivery] = Delivery.CONFLATED

    server_id: str
    """machineIdentifier of the server."""
    server_name: str
    """friendlyName of the server."""
    poller: str
    """Name of the actor that polled; questions about this server go there."""
    taken: Moment
    """When the answer arrived."""
    playbacks: tuple[Playback, ...]
    """All readable sessions, in Plex's order."""
    stopped_keys: tuple[str, ...] = ()
    """Session keys that a websocket alert called stopped lately, and that no poll has listed since."""
    unreadable: tuple[str, ...] = ()
    """Session keys (or places, like "#3") listed but not readable: neither seen nor gone."""

    def conflation_key(self) -> str:
        """Return the server: there is one report for each."""
        return self.server_id or self.poller


class PollFailed(Event, frozen=True, tag="poll_failed"):
    """Plex poller -> tracker: a poll brought no answer. Ends and opens nothing."""

    server_id: str
    """machineIdentifier of the server; empty where it never answered yet."""
    poller: str
    """Name of the actor that polled."""
    at: Moment
    """When it failed."""
    kind: FailureKind
    """What went wrong, in one word."""
    detail: str
    """What happened and what to do, in one line without secrets."""


class FindHistory(Command, frozen=True, tag="find_history"):
    """Tracker -> Plex poller: did this account finish this item while nobody looked?"""

    watch_id: str
    """The watch that the answer is for."""
    server_id: str
    """machineIdentifier of the server."""
    account_id: str
    """Plex account id."""
    rating_key: str
    """Plex's id of the item."""
    since_s: float
    """Rows viewed at or after this time; seconds since 1970, UTC."""


class HistoryRow(Struct, frozen=True):
    """One completed play in the server's own history. It has no start, end or duration."""

    account_id: str
    """Plex account id."""
    rating_key: str
    """Plex's id of the item; empty where the item was deleted."""
    viewed_at_s: float
    """When the play was counted; seconds since 1970, UTC."""


class HistoryFound(Event, frozen=True, tag="history_found"):
    """Plex poller -> tracker: the rows for a FindHistory, duplicates removed."""

    watch_id: str
    """The watch that was asked for."""
    rows: tuple[HistoryRow, ...]
    """Oldest first. Empty does not mean that it was not watched."""
    failed: str = ""
    """Why the server could not be asked, in one line; empty where it could."""


class Poster(Answer, frozen=True, tag="poster"):
    """Answer to GetPoster: a picture, or why there is none."""

    content: bytes = b""
    """The picture as Plex sent it, at most 2 MB; empty where there is none."""
    kind: str = ""
    """png, jpeg or webp; empty where there is none."""
    problem: str = ""
    """Why there is none, in one line without secrets; empty where there is."""
    reason: Problem | None = None
    """The same, to be worded in another language; None where nothing is in the way."""


class GetPoster(Question[Poster], frozen=True, tag="get_poster", to="plex"):
    """The poster of an item."""

    server_id: str
    """machineIdentifier of the server that holds it."""
    thumb: str
    """Path of the poster on that server, as `Item.thumb` has it."""


class FilmsFound(Answer, frozen=True, tag="films_found"):
    """Answer to FindFilms, in the order in which Plex thinks that they fit."""

    films: tuple[Item, ...] = ()
    """Empty where none fits, or where the server could not be asked."""
    problem: str = ""
    """Why the server could not be asked, in one line without secrets; empty where it could."""
    reason: Problem | None = None
    """The same, to be worded in another language; None where nothing is in the way."""


class FindFilms(Question[FilmsFound], frozen=True, tag="find_films", to="plex"):
    """The films of the library that these words fit best."""

    words: str
    """What somebody typed of a title."""
    most: int = 25
    """How many are wanted at most."""


class PlexSignIn(Answer, frozen=True, tag="plex_sign_in"):
    """Answer to StartPlexSignIn."""

    sign_in_id: str = ""
    """By which to ask for it again; says nothing by itself."""
    code: str = ""
    """To be typed in at `address`."""
    address: str = ""
    """Where."""
    expires_s: float = 0.0
    """How long it holds, seconds."""
    problem: str = ""
    """Why there is no code, in one line without secrets; empty where there is one."""
    reason: Problem | None = None
    """The same, to be worded in another language; None where nothing is in the way."""


class StartPlexSignIn(Question[PlexSignIn], frozen=True, tag="start_plex_sign_in", to="plex"):
    """A code with which somebody shows plex.tv which account is theirs (`link`), or connects Plex (`setup`)."""

    community: str = ""
    """Id of the Discord server for whose further community the account's own servers are wanted, each with a sealed
    token; empty to know whose account it is. Ask the environment's own poller, "plex"."""


class OwnedPlexServer(Struct, frozen=True):
    """A Plex server that the account owns, as PLEX_SERVERS of a further community takes it."""

    server_id: str
    """machineIdentifier"""
    name: str
    """As plex.tv has it."""
    url: str
    """The address at which it answered; where none did, the one to try later; empty where all are refused."""
    token: str
    """Sealed to the community and the server."""
    reason: Problem | None = None
    """Why it cannot be asked from here; None where it answered."""

    def __repr__(self) -> str:
        return f"OwnedPlexServer({self.name!r}, {self.url!r}, ***)"


class PlexSignedIn(Answer, frozen=True, tag="plex_signed_in"):
    """Answer to CheckPlexSignIn. The token that plex.tv gives is used for this alone, and dropped.

    Of a sign-in for a further community the tokens of its servers are kept, sealed.
    """

    state: Literal["waiting", "signed_in", "expired", "no_access"]
    """no_access: the account cannot use this Plex server."""
    plex_ids: tuple[str, ...] = ()
    """plex:<machineIdentifier>:<account id> on each server of this poller that the account can use."""
    name: str = ""
    """The account's name."""
    problem: str = ""
    """Why it cannot be known, or not of every server, in one line without secrets; empty where it is."""
    reason: Problem | None = None
    """The same, to be worded in another language; None where nothing is in the way."""
    servers: tuple[OwnedPlexServer, ...] = ()
    """Of a sign-in for a further community: what the account owns. no_access where that is nothing."""


class CheckPlexSignIn(Question[PlexSignedIn], frozen=True, tag="check_plex_sign_in", to="plex"):
    """Was the code typed in, and by whom?"""

    sign_in_id: str
    """From PlexSignIn."""


class ExternalIds(Struct, frozen=True):
    """What other services call an item of a Plex library."""

    rating_key: str
    """Plex's id of the item on its server."""
    guid: str
    """Plex's guid of it."""
    imdb: str = ""
    """Like tt0017136; empty where Plex has none."""
    tmdb: str = ""
    """Digits; empty where Plex has none."""
    tvdb: str = ""
    """Digits; empty where Plex has none."""


class ExternalIdsFound(Answer, frozen=True, tag="external_ids_found"):
    """Answer to FindExternalIds."""

    items: tuple[ExternalIds, ...] = ()
    """Those that the library still has."""
    reason: Problem | None = None
    """Why the server could not be asked; None where it was."""


class FindExternalIds(Question[ExternalIdsFound], frozen=True, tag="find_external_ids", to="plex"):
    """What other services call these items (`mydata`). Asked of every poller: only the server's own has them."""

    patience_s: ClassVar[float] = 60.0

    server_id: str
    """machineIdentifier of the server that holds them."""
    rating_keys: tuple[str, ...]
    """Plex's ids of the items there."""
