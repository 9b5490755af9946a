"""What a media server reports: sessions, history, posters, films and sign-in."""

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
    """A playable item, as a session or the library describes it."""

    server_id: str
    """machineIdentifier of the item's Plex server."""
    rating_key: str
    """Plex's id of the item on that server; empty for live TV."""
    kind: str
    """Plex's own type: movie, episode, clip, track, photo..."""
    title: str
    """The item's own title; for an episode, the episode's."""
    year: int | None = None
    """Year of release."""
    duration_ms: DurationMs | None = None
    """Length in milliseconds; None if Plex gives none."""
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
    """Plex's guid; it distinguishes films from prerolls and theme music."""
    key: str = ""
    """Path of the item on the server; for live TV it begins with /livetv/sessions/."""
    library_section_id: int | None = None
    """Library section; negative for extras and prerolls."""
    live: bool = False
    """Live TV: no position, no length."""
    thumb: str = ""
    """Path of the poster on the server, without any token."""


class Playback(Struct, frozen=True):
    """One session, as one poll showed it."""

    session_key: str
    """Plex's sessionKey. It restarts at 1 with the server, so that it never identifies a session alone."""
    item: Item
    """The item that is playing."""
    account_id: str
    """Plex account id on that server; 1 is the owner. Empty if the session has no usable user."""
    account_name: str
    """The account's name in Plex."""
    machine_id: str
    """machineIdentifier of the player."""
    player: str
    """The player's title (a device name) or product."""
    state: PlayerState
    """The player's state."""
    position_ms: PositionMs | None
    """viewOffset; None if the session has none (live TV)."""


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
    """Session keys that a websocket alert recently reported as stopped, and that no poll has listed since."""
    unreadable: tuple[str, ...] = ()
    """Keys (or places, like "#3") of sessions that are listed but unreadable: they count as neither seen nor gone."""

    def conflation_key(self) -> str:
        """Return the server's id: each server has its own report."""
        return self.server_id or self.poller


class PollFailed(Event, frozen=True, tag="poll_failed"):
    """Plex poller -> tracker: a poll failed. No watch begins or ends by it."""

    server_id: str
    """machineIdentifier of the server; empty if it has not answered yet."""
    poller: str
    """Name of the actor that polled."""
    at: Moment
    """When it failed."""
    kind: FailureKind
    """The kind of failure, in one word."""
    detail: str
    """What happened and what to do, in one line without secrets."""


class FindHistory(Command, frozen=True, tag="find_history"):
    """Tracker -> Plex poller: find out whether this account finished this item while Usher could not see it."""

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
    """Plex's id of the item; empty if the item was deleted."""
    viewed_at_s: float
    """When the play was counted; seconds since 1970, UTC."""


class HistoryFound(Event, frozen=True, tag="history_found"):
    """Plex poller -> tracker: the rows for a FindHistory, duplicates removed."""

    watch_id: str
    """The watch that was asked for."""
    rows: tuple[HistoryRow, ...]
    """The rows, the oldest first. An empty answer does not prove that the item was not watched."""
    failed: str = ""
    """Why the server could not be asked, in one line; empty if it answered."""


class Poster(Answer, frozen=True, tag="poster"):
    """Answer to GetPoster: a picture, or the reason why there is none."""

    content: bytes = b""
    """The picture as Plex sent it, at most 2 MB; empty if there is none."""
    kind: str = ""
    """png, jpeg or webp; empty if there is none."""
    problem: str = ""
    """Why there is no picture, in one line without secrets; empty if there is one."""
    reason: Problem | None = None
    """The same as a problem, for wording in another language; None if there is none."""


class GetPoster(Question[Poster], frozen=True, tag="get_poster", to="plex"):
    """The poster of an item."""

    server_id: str
    """machineIdentifier of the item's server."""
    thumb: str
    """Path of the poster on that server (`Item.thumb`)."""


class FilmsFound(Answer, frozen=True, tag="films_found"):
    """Answer to FindFilms, in Plex's order of relevance."""

    films: tuple[Item, ...] = ()
    """The films; empty if none fits, or if the server could not be asked."""
    problem: str = ""
    """Why the server could not be asked, in one line without secrets; empty if it answered."""
    reason: Problem | None = None
    """The same as a problem, for wording in another language; None if there is none."""


class FindFilms(Question[FilmsFound], frozen=True, tag="find_films", to="plex"):
    """The films of the library that these words fit best."""

    words: str
    """The part of a title that somebody typed."""
    most: int = 25
    """Maximum number of films."""


class PlexSignIn(Answer, frozen=True, tag="plex_sign_in"):
    """Answer to StartPlexSignIn."""

    sign_in_id: str = ""
    """Opaque id for CheckPlexSignIn."""
    code: str = ""
    """The code to enter at `address`."""
    address: str = ""
    """The address at which the code is entered."""
    expires_s: float = 0.0
    """How long the code is valid, seconds."""
    problem: str = ""
    """Why there is no code, in one line without secrets; empty if there is one."""
    reason: Problem | None = None
    """The same as a problem, for wording in another language; None if there is none."""


class StartPlexSignIn(Question[PlexSignIn], frozen=True, tag="start_plex_sign_in", to="plex"):
    """Get a code with which somebody proves that a plex.tv account is theirs (`link`), or connects Plex (`setup`)."""

    community: str = ""
    """Id of a further community's Discord server, to get the servers that the account owns, each with a sealed token;
    empty to get only the account. Ask the environment's own poller, "plex"."""


class OwnedPlexServer(Struct, frozen=True):
    """A Plex server that the account owns, for the PLEX_SERVERS of a further community."""

    server_id: str
    """machineIdentifier"""
    name: str
    """Its name at plex.tv."""
    url: str
    """The address at which it answered, or the one to try later if none did; empty if all are refused."""
    token: str
    """Its token, sealed to the community and the server."""
    reason: Problem | None = None
    """Why Usher cannot reach it; None if it answered."""

    def __repr__(self) -> str:
        return f"OwnedPlexServer({self.name!r}, {self.url!r}, ***)"


class PlexSignedIn(Answer, frozen=True, tag="plex_signed_in"):
    """Answer to CheckPlexSignIn. The token from plex.tv is used only for this, and then dropped.

    In a sign-in for a further community, the tokens of the account's servers are kept, sealed.
    """

    state: Literal["waiting", "signed_in", "expired", "no_access"]
    """no_access: the account cannot use this Plex server."""
    plex_ids: tuple[str, ...] = ()
    """plex:<machineIdentifier>:<account id> on each server of this poller that the account can use."""
    name: str = ""
    """The account's name."""
    problem: str = ""
    """Why plex.tv or a server could not be asked, in one line without secrets; empty if all answered."""
    reason: Problem | None = None
    """The same as a problem, for wording in another language; None if there is none."""
    servers: tuple[OwnedPlexServer, ...] = ()
    """The servers that the account owns, in a sign-in for a further community; if none, `state` is no_access."""


class CheckPlexSignIn(Question[PlexSignedIn], frozen=True, tag="check_plex_sign_in", to="plex"):
    """Check whether the code was entered, and with which account."""

    sign_in_id: str
    """The id from PlexSignIn."""


class ExternalIds(Struct, frozen=True):
    """The ids of a Plex library's item at other services."""

    rating_key: str
    """Plex's id of the item on its server."""
    guid: str
    """Plex's guid of the item."""
    imdb: str = ""
    """Like tt0017136; empty if Plex has none."""
    tmdb: str = ""
    """Digits; empty if Plex has none."""
    tvdb: str = ""
    """Digits; empty if Plex has none."""


class ExternalIdsFound(Answer, frozen=True, tag="external_ids_found"):
    """Answer to FindExternalIds."""

    items: tuple[ExternalIds, ...] = ()
    """The items that the library still has."""
    reason: Problem | None = None
    """Why the server could not be asked; None if it answered."""


class FindExternalIds(Question[ExternalIdsFound], frozen=True, tag="find_external_ids", to="plex"):
    """The ids of these items at other services (`mydata`). All pollers are asked; only the server's own has them."""

    patience_s: ClassVar[float] = 60.0

    server_id: str
    """machineIdentifier of the items' server."""
    rating_keys: tuple[str, ...]
    """Plex's ids of the items."""
