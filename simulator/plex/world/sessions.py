"""Accounts, players, sessions with their positions, and the play history. Pure.

Times are seconds of the server's clock (`now_s`, since 1970), positions are milliseconds of film.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from simulator.plex.world.library import LibraryItem

State = Literal["playing", "paused", "buffering", "error"]

SCROBBLED = 0.9
"""Share above which a play gets a row in the server's history."""


@dataclass(frozen=True)
class SimulatedAccount:
    """An account with its id on this server: 1 is the owner (whatever the plex.tv id), 0 has no name."""

    id: int
    name: str


NOBODY = SimulatedAccount(0, "")
"""The account of local and DLNA sessions."""
OWNER = SimulatedAccount(1, "Rosa")
"""The server's owner."""
ACCOUNTS = (
    NOBODY,
    OWNER,
    SimulatedAccount(4711, "Anton"),
    SimulatedAccount(4712, "Berta"),
    SimulatedAccount(4713, "Cem"),
    SimulatedAccount(4714, "Dörte"),
    SimulatedAccount(4715, "Emil"),
)
"""The accounts of a new server."""


@dataclass(frozen=True)
class Player:
    """A client. `report_every_s`: interval of its position reports: 10 s on LAN and WAN, 20 s on cellular, 1 s for
    some; 0 makes the position continuous."""

    machine_id: str
    title: str
    product: str = "Plex for Android (TV)"
    platform: str = "Android"
    device: str = "SHIELD Android TV"
    address: str = "127.0.0.1"
    local: bool = True
    location: Literal["lan", "wan", "cellular"] = "lan"
    report_every_s: float = 10.0


TELEVISION = Player("tv-living-room", "Living room TV")
PHONE = Player(
    "phone-berta",
    "Berta's phone",
    "Plex for iOS",
    "iOS",
    "iPhone",
    local=False,
    location="cellular",
    report_every_s=20.0,
)
BROWSER = Player("web-anton", "Firefox", "Plex Web", "Firefox", "Linux", report_every_s=1.0)
PLAYERS = (TELEVISION, PHONE, BROWSER)
"""Players with the three report intervals."""


@dataclass(frozen=True)
class PlayingSession:
    """A session. It is frozen: each change makes a new object. `uid` never changes, even with the session key, so that
    an old copy still identifies its session."""

    uid: str
    key: str
    """The sessionKey."""
    account: SimulatedAccount
    item: LibraryItem
    player: Player
    state: State
    started_s: float
    anchor_s: float
    """When the position was `anchor_ms`; set at each change of state and each seek."""
    anchor_ms: int
    frozen: bool = False
    """Whether it is a ghost: listed as playing, but never advancing or reporting."""
    overrun_ms: int = 0
    """How far beyond the item's duration the position runs before the player stops by itself."""
    ends: bool = True
    """Whether the player stops by itself at the end; otherwise the position runs on beyond the duration."""
    speed: float = 1.0
    """Seconds of film per second, 0.5 to 2; Plex does not report it."""
    transcoding: bool = False
    session_id: str = ""
    """`Session.id`; if empty, it is made from `uid`. Real ones can collide."""
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    """XML attributes that replace the true ones; None leaves the attribute out."""
    without: tuple[str, ...] = ()
    """Child elements to leave out, such as "User"."""

    @property
    def is_advancing(self) -> bool:
        """Whether the film is really running."""
        return self.state == "playing" and not self.frozen

    def true_ms(self, now_s: float) -> int:
        """Return the true position, in ms: exact, and ahead of the client's last report."""
        if not self.is_advancing:
            return self.anchor_ms
        at = self.anchor_ms + max(0, round((now_s - self.anchor_s) * 1000 * self.speed))
        end = self.end_ms
        return at if end is None else min(at, end)

    def offset_ms(self, now_s: float) -> int:
        """Return the server's viewOffset: the position at the client's last report."""
        every = self.player.report_every_s
        if not self.is_advancing or every <= 0:
            return self.true_ms(now_s)
        return self.true_ms(self.anchor_s + self.count_reports(now_s) * every)

    def count_reports(self, now_s: float) -> int:
        """Return the number of periodic reports since the last change; they continue during a pause."""
        every = self.player.report_every_s
        if self.frozen or every <= 0:
            return 0
        # The tiny addition keeps 30.0 / 10.0 at three despite rounding errors of the clock.
        return max(0, int((now_s - self.anchor_s) / every + 1e-9))

    def next_report_s(self, now_s: float) -> float | None:
        """Return when the client reports next; None if never."""
        every = self.player.report_every_s
        if self.frozen or every <= 0:
            return None
        return self.anchor_s + (self.count_reports(now_s) + 1) * every

    @property
    def end_ms(self) -> int | None:
        """Position at which the player stops by itself; None if it never does."""
        if not self.ends or self.item.live or self.item.duration_ms is None:
            return None
        return self.item.duration_ms + self.overrun_ms

    @property
    def ends_at_s(self) -> float | None:
        """When the player stops by itself if nothing changes; None if it does not."""
        if self.end_ms is None or not self.is_advancing:
            return None
        return self.anchor_s + max(0, self.end_ms - self.anchor_ms) / 1000 / self.speed

    def anchor_at(self, now_s: float) -> Self:
        """Return the same session, anchored at its current position."""
        return replace(self, anchor_s=now_s, anchor_ms=self.true_ms(now_s))

    def to_state(self, state: State, now_s: float) -> Self:
        """Play, pause, buffer or fail. A pause truncates the position to a whole second, as clients do."""
        moved = replace(self.anchor_at(now_s), state=state, frozen=False)
        return replace(moved, anchor_ms=floor_to_second(moved.anchor_ms)) if state == "paused" else moved

    def seek_to(self, position_ms: int, now_s: float) -> Self:
        """Seek to a position."""
        return replace(self, anchor_s=now_s, anchor_ms=max(0, position_ms))

    def at_speed(self, speed: float, now_s: float) -> Self:
        """Play at another speed from now on."""
        return replace(self.anchor_at(now_s), speed=speed)

    def switch_to(self, item: LibraryItem, position_ms: int, now_s: float) -> Self:
        """Switch to another item under the same session key."""
        return replace(self, item=item, anchor_s=now_s, anchor_ms=position_ms, state="playing", frozen=False)

    def freeze(self, now_s: float) -> Self:
        """Become a ghost at the last reported position."""
        return replace(self, anchor_s=now_s, anchor_ms=self.offset_ms(now_s), frozen=True)

    def is_scrobbled(self, now_s: float) -> bool:
        """Tell whether a stop now adds a row to the history."""
        duration = self.item.duration_ms
        return bool(duration and not self.item.live and self.true_ms(now_s) > SCROBBLED * duration)


def floor_to_second(position_ms: int) -> int:
    """Return the position truncated to a whole second, as clients report it on pause and stop."""
    return position_ms // 1000 * 1000


@dataclass(frozen=True)
class PlayHistoryRow:
    """A completed play. If the item was deleted, its row has no rating key, key or section."""

    history_id: int
    item: LibraryItem
    account_id: int
    device_id: int
    viewed_at_s: int
    deleted: bool = False


@dataclass(frozen=True)
class HistoryFilter:
    """The filters of a request for `/status/sessions/history/all`; None matches all."""

    account_id: int | None = None
    rating_key: str | None = None
    section_id: int | None = None
    since_s: int | None = None
    newest_first: bool = False

    def apply(self, rows: list[PlayHistoryRow]) -> list[PlayHistoryRow]:
        """Return the matching rows, in the requested order."""
        kept = [row for row in rows if self._keeps(row)]
        return sorted(kept, key=lambda row: (row.viewed_at_s, row.history_id), reverse=self.newest_first)

    def _keeps(self, row: PlayHistoryRow) -> bool:
        key = "" if row.deleted else row.item.rating_key
        section = None if row.deleted else row.item.section_id
        return (
            (self.account_id is None or row.account_id == self.account_id)
            and (self.rating_key is None or key == self.rating_key)
            and (self.section_id is None or section == self.section_id)
            and (self.since_s is None or row.viewed_at_s >= self.since_s)
        )
