"""A planned film night: which film it is for, and whether a film that plays is this one."""

import msgspec
from msgspec.structs import replace

from messages import Item, Screening
from messages.base import DurationMs

LATE_S = 6 * 3600.0
"""A film that begins this long after the time planned is still the night's."""
EARLY_S = 1800.0
"""A film that runs this long before the time planned is the night's. One that was tried out in the afternoon is not:
an event that has ended cannot be begun again."""
REMIND_S = 1800.0
"""How long before a night its reminder is posted."""
BREAK_S = 1800.0
"""How long a night waits for its film to go on where it was broken off."""
_USUAL_S = 2 * 3600.0
"""How long a film runs of which Plex knows no length."""
_OWN_GUIDS = {"local", "file", "com.plexapp.agents.none"}
"""Before the "://" of guids that a server makes by itself, for what no agent knows."""


class PlannedNight(msgspec.Struct):
    """A film night that was planned as an event on Discord."""

    event_id: int
    server_id: str
    """Plex server that holds the film."""
    rating_key: str
    starts_s: float
    """When it was planned to begin; seconds since 1970, UTC."""
    screening_id: str = ""
    """The screening that it became; empty until the film began."""
    left_s: float = 0.0
    """When the film stopped running; seconds since 1970, 0 while it runs or has not begun."""
    kind: str = ""
    """Plex's type of the film; empty where only its rating key is known."""
    guid: str = ""
    """Plex's guid of the film, the same on every server."""
    title: str = ""
    """The film's title."""
    year: int | None = None
    """The film's year of release."""
    is_open: bool = False
    """Whether its film is not chosen: it begins with whichever film plays in the watch party then."""
    is_reminded: bool = False
    """Whether its reminder was posted, or is not to be."""
    thumb: str = ""
    """Path of the film's poster on its server."""
    duration_ms: int | None = None
    """The film's length."""
    said: list[str] = []
    """Ids of those who had said that they would come to another event of the same evening, which is called off."""

    def choose_film(self, item: Item) -> None:
        """Set the night's film."""
        self.server_id, self.rating_key = item.server_id, item.rating_key
        self.kind, self.guid, self.title, self.year = item.kind, item.guid, item.title, item.year
        self.thumb, self.duration_ms = item.thumb, item.duration_ms
        self.is_open = False

    @property
    def item(self) -> Item | None:
        """The film, as far as it is known; None where it is chosen later."""
        if self.is_open or not self.title:
            return None
        length = None if self.duration_ms is None else DurationMs(self.duration_ms)
        film = Item(self.server_id, self.rating_key, self.kind or "movie", self.title, self.year, length)
        return replace(film, guid=self.guid, thumb=self.thumb)

    def is_film(self, item: Item) -> bool:
        """Return whether this is the night's film: the very file, or another copy, edition, library or server's."""
        if self.is_open:
            return not item.live
        if (self.server_id, self.rating_key) == (item.server_id, item.rating_key):
            return True
        if not self.kind or self.kind != item.kind:
            return False
        (agent, own_id), (other_agent, other_id) = _split_guid(self.guid), _split_guid(item.guid)
        if agent and agent == other_agent:
            return own_id == other_id  # there are films of one title and year
        named = self.title and self.year is not None
        return bool(named) and (self.title.casefold(), self.year) == (item.title.casefold(), item.year)

    def needs_reminder(self, now_s: float) -> bool:
        """Return whether to post its reminder now. A night that is planned later than that needs none."""
        return not self.is_reminded and not self.screening_id and self.starts_s - REMIND_S <= now_s < self.starts_s

    def may_begin_with(self, screening: Screening) -> bool:
        """Return whether this may be the film of a night that has not begun, or that was broken off."""
        if not screening.party or not self.is_film(screening.item):
            return False
        if self.is_open and not self.screening_id and screening.started_at_s < self.starts_s - EARLY_S:
            return False
        return not self.screening_id or (self.left_s > 0 and screening.started_at_s - self.left_s <= BREAK_S)


def is_same_evening(starts_s: float, screening: Screening) -> bool:
    """Return whether a night planned for then is of this evening: it was to begin while the film runs, or shortly
    before."""
    duration_ms = screening.item.duration_ms
    return -LATE_S <= starts_s - screening.started_at_s < (duration_ms / 1000 if duration_ms else _USUAL_S)


def _split_guid(guid: str) -> tuple[str, str]:
    """Return the agent and the id in a guid; empty if the guid is valid on one server only."""
    agent, _, rest = guid.partition("://")
    if agent in _OWN_GUIDS:
        return "", ""
    return agent, rest.partition("?")[0]
