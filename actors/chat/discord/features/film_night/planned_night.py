"""A planned film night: its film, and whether a film that is playing is this film."""

import msgspec
from msgspec.structs import replace

from messages import Item, Screening
from messages.base import DurationMs

LATE_S = 6 * 3600.0
"""A film that begins up to so many seconds after the planned time is still the night's."""
EARLY_S = 1800.0
"""A film that runs up to so many seconds before the planned time is the night's. One that somebody tries out in the
afternoon is not: an event that has ended cannot be started again."""
REMIND_S = 1800.0
"""How long before a night its reminder is posted; seconds."""
BREAK_S = 1800.0
"""How long a night waits for its film to continue after a break; seconds."""
_USUAL_S = 2 * 3600.0
"""Assumed length of a film whose length Plex does not know; seconds."""
_OWN_GUIDS = {"local", "file", "com.plexapp.agents.none"}
"""Agents in guids that a server makes by itself, for films that no metadata agent knows."""


class PlannedNight(msgspec.Struct):
    """A film night that was planned as an event on Discord."""

    event_id: int
    server_id: str
    """Plex server that holds the film."""
    rating_key: str
    starts_s: float
    """The planned start; seconds since 1970, UTC."""
    screening_id: str = ""
    """The night's screening; empty until the film begins."""
    left_s: float = 0.0
    """When the film stopped; seconds since 1970, 0 while it runs or has not begun."""
    kind: str = ""
    """Plex's type of the film; empty if only its rating key is known."""
    guid: str = ""
    """Plex's guid of the film, the same on every server."""
    title: str = ""
    """The film's title."""
    year: int | None = None
    """The film's year of release."""
    is_open: bool = False
    """Whether its film is not chosen: it begins with any film that the watch party plays then."""
    is_reminded: bool = False
    """Whether its reminder was posted, or is not needed."""
    thumb: str = ""
    """Path of the film's poster on its server."""
    duration_ms: int | None = None
    """The film's length."""
    said: list[str] = []
    """Ids of those who had said that they would come to another event of the same evening, which was cancelled."""

    def choose_film(self, item: Item) -> None:
        """Set the night's film."""
        self.server_id, self.rating_key = item.server_id, item.rating_key
        self.kind, self.guid, self.title, self.year = item.kind, item.guid, item.title, item.year
        self.thumb, self.duration_ms = item.thumb, item.duration_ms
        self.is_open = False

    @property
    def item(self) -> Item | None:
        """The film, as far as it is known; None if it is chosen later."""
        if self.is_open or not self.title:
            return None
        length = None if self.duration_ms is None else DurationMs(self.duration_ms)
        film = Item(self.server_id, self.rating_key, self.kind or "movie", self.title, self.year, length)
        return replace(film, guid=self.guid, thumb=self.thumb)

    def is_film(self, item: Item) -> bool:
        """Tell whether this is the night's film: the same item, or a copy or edition in another library or server."""
        if self.is_open:
            return not item.live
        if (self.server_id, self.rating_key) == (item.server_id, item.rating_key):
            return True
        if not self.kind or self.kind != item.kind:
            return False
        (agent, own_id), (other_agent, other_id) = _split_guid(self.guid), _split_guid(item.guid)
        if agent and agent == other_agent:
            return own_id == other_id  # different films may have the same title and year
        named = self.title and self.year is not None
        return bool(named) and (self.title.casefold(), self.year) == (item.title.casefold(), item.year)

    def needs_reminder(self, now_s: float) -> bool:
        """Tell whether to post the reminder now. A night that was planned too late for one needs none."""
        return not self.is_reminded and not self.screening_id and self.starts_s - REMIND_S <= now_s < self.starts_s

    def may_begin_with(self, screening: Screening) -> bool:
        """Tell whether this may be the film of a night that has not begun, or that was interrupted."""
        if not screening.party or not self.is_film(screening.item):
            return False
        if self.is_open and not self.screening_id and screening.started_at_s < self.starts_s - EARLY_S:
            return False
        return not self.screening_id or (self.left_s > 0 and screening.started_at_s - self.left_s <= BREAK_S)


def is_same_evening(starts_s: float, screening: Screening) -> bool:
    """Tell whether a night belongs to a screening's evening: it begins during the film, or shortly before.

    `starts_s`: start of the night, seconds since 1970, UTC.
    """
    duration_ms = screening.item.duration_ms
    return -LATE_S <= starts_s - screening.started_at_s < (duration_ms / 1000 if duration_ms else _USUAL_S)


def _split_guid(guid: str) -> tuple[str, str]:
    """Return the agent and the id in a guid; both "" if the guid is valid on one server only."""
    agent, _, rest = guid.partition("://")
    if agent in _OWN_GUIDS:
        return "", ""
    return agent, rest.partition("?")[0]
