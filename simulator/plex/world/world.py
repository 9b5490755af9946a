"""The state of the simulated server: sessions and play history. No thread, socket or clock.

Every change that a real server would send to its listeners is passed to `notify`, as the dictionary inside a
NotificationContainer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from simulator.plex.faults import ODDITIES
from simulator.plex.world.alerts import playing_alert
from simulator.plex.world.default_library import build_default_library
from simulator.plex.world.library import LibraryItem, PlexLibrary
from simulator.plex.world.sessions import (
    ACCOUNTS,
    PLAYERS,
    Player,
    PlayHistoryRow,
    PlayingSession,
    SimulatedAccount,
    State,
    floor_to_second,
)

Handle: TypeAlias = PlayingSession | str | int
"""A session: any copy of it, however old, or its current session key."""
Alert: TypeAlias = dict[str, Any]


class NoSuchSessionError(LookupError):
    """The session is not listed: it was stopped, vanished or never existed."""


@dataclass
class PlexWorld:
    """The whole state of the server. Not thread-safe: its owner must lock it."""

    notify: Callable[[Alert], None]
    library: PlexLibrary = field(default_factory=build_default_library)
    accounts: dict[int, SimulatedAccount] = field(default_factory=lambda: {one.id: one for one in ACCOUNTS})
    devices: list[Player] = field(default_factory=lambda: list(PLAYERS))
    sessions: list[PlayingSession] = field(default_factory=list)
    history: list[PlayHistoryRow] = field(default_factory=list)
    _next_key: int = 1
    _next_uid: int = 1
    _reported: dict[str, int] = field(default_factory=dict)

    def find(self, handle: Handle) -> PlayingSession:
        """Return the current state of the session. Raises NoSuchSessionError if it is no longer listed."""
        for one in self.sessions:
            if one.uid == handle.uid if isinstance(handle, PlayingSession) else one.key == str(handle):
                return one
        name = handle.key if isinstance(handle, PlayingSession) else handle
        raise NoSuchSessionError(f"session {name} is not on the server; it was stopped or never started")

    def play(
        self,
        account: SimulatedAccount | int | str,
        item: LibraryItem | str,
        player: Player,
        now_s: float,
        *,
        at_ms: int,
        key: str | None,
        state: State,
        **details: Any,
    ) -> PlayingSession:
        """Begin a new session, and announce it."""
        one = PlayingSession(
            uid=f"{self._next_uid:06d}",
            key=key or self._take_key(),
            account=self.account(account),
            item=item if isinstance(item, LibraryItem) else self.library[item],
            player=player,
            state=state,
            started_s=now_s,
            anchor_s=now_s,
            anchor_ms=at_ms,
            **details,
        )
        self._next_uid += 1
        self.device_id(player)
        self.sessions.append(one)
        self._announce(one, now_s)
        return one

    def change(self, handle: Handle, how: Callable[[PlayingSession], PlayingSession], now_s: float) -> PlayingSession:
        """Replace the session by the result of `how`, and announce it."""
        changed = self.change_silently(handle, how)
        self._announce(changed, now_s)
        return changed

    def change_silently(self, handle: Handle, how: Callable[[PlayingSession], PlayingSession]) -> PlayingSession:
        """Replace the session by the result of `how`, without an announcement."""
        old = self.find(handle)
        new = how(old)
        self.sessions[self.sessions.index(old)] = new
        if new.anchor_s != old.anchor_s:
            self._reported.pop(new.uid, None)
        return new

    def switch(self, handle: Handle, item: LibraryItem | str, now_s: float, at_ms: int) -> PlayingSession:
        """End the item and show another under the same session key."""
        self._announce(self.find(handle), now_s, "stopped")
        self._add_scrobble(self.find(handle), now_s)
        following = item if isinstance(item, LibraryItem) else self.library[item]
        return self.change(handle, lambda one: one.switch_to(following, at_ms, now_s), now_s)

    def stop(self, handle: Handle, now_s: float, *, stops: int, alert_key: str | None) -> PlayingSession:
        """End the session, with a history row if it was played through, and one to three alerts."""
        one = self.find(handle)
        last = replace(one.anchor_at(now_s), frozen=True)
        last = replace(last, anchor_ms=floor_to_second(last.anchor_ms))
        self._add_scrobble(one, now_s)
        self.remove_silently(one)
        spoken = replace(last, key=alert_key or last.key)
        without_item: Alert = {"ratingKey": "", "key": "", "guid": "", "viewOffset": 0}
        for less in ({}, without_item, without_item | {"clientIdentifier": ""})[:stops]:
            self.notify(playing_alert(spoken, now_s, "stopped", less))
        return last

    def remove_silently(self, handle: Handle) -> None:
        """Remove the session from the list, without an announcement."""
        one = self.find(handle)
        self.sessions.remove(one)
        self._reported.pop(one.uid, None)

    def distort(
        self, handle: Handle, oddity: str | None, attributes: dict[str, str | None], without: Sequence[str]
    ) -> PlayingSession:
        """Make the session's element wrong, by the name of an oddity or freely; with neither it is correct again."""
        odd = ODDITIES[oddity] if oddity else None
        return self.change_silently(
            handle,
            lambda one: replace(
                one,
                attributes=dict(odd.attributes if odd else {}) | attributes,
                without=(*(odd.without if odd else ()), *without),
            ),
        )

    def rekey(self, *, reverse: bool) -> None:
        """Number the sessions from 1, as after a restart; if reversed, most keys move to other sessions."""
        self._next_key = 1
        order = list(reversed(self.sessions)) if reverse else list(self.sessions)
        self.sessions = [replace(one, key=self._take_key()) for one in order]

    def account(self, who: SimulatedAccount | int | str) -> SimulatedAccount:
        """Return the account with this id or name (else KeyError is raised); add an unknown SimulatedAccount."""
        if isinstance(who, SimulatedAccount):
            return self.accounts.setdefault(who.id, who)
        for one in self.accounts.values():
            if who in (one.id, one.name):
                return one
        raise KeyError(f"no account {who!r} on the simulated server; pass an Account to add it")

    def device_id(self, player: Player) -> int:
        """Return the number of this player in `/devices`; add a new player."""
        for number, one in enumerate(self.devices, start=1):
            if one.machine_id == player.machine_id:
                return number
        self.devices.append(player)
        return len(self.devices)

    def add_history(
        self, account: SimulatedAccount | int | str, item: LibraryItem | str, player: Player, viewed_at_s: float
    ) -> PlayHistoryRow:
        """Add a row as if the account had played the item through."""
        row = PlayHistoryRow(
            len(self.history) + 1,
            item if isinstance(item, LibraryItem) else self.library[item],
            self.account(account).id,
            self.device_id(player),
            int(viewed_at_s),
        )
        self.history.append(row)
        return row

    def remove_item(self, item: LibraryItem) -> None:
        """Delete the item from the library; its history rows stay, but lose their key."""
        self.library.remove(item)
        self.history = [replace(row, deleted=True) if row.item == item else row for row in self.history]

    def give_new_identity(self, item: LibraryItem | str, *, rating_key: str, guid: str) -> LibraryItem:
        """Give an item another rating key or guid, in the library and in the sessions that play it."""
        old = item if isinstance(item, LibraryItem) else self.library[item]
        key = rating_key or old.rating_key
        new = replace(old, rating_key=key, guid=guid or old.guid, key=f"/library/metadata/{key}")
        self.library.remove(old)
        self.library.add(new)
        self.sessions = [replace(one, item=new) if one.item == old else one for one in self.sessions]
        return new

    def tick(self, now_s: float) -> None:
        """Send the clients' due reports, and end sessions that have reached their end."""
        for one in list(self.sessions):
            ends = one.ends_at_s
            if ends is not None and now_s >= ends:
                self.stop(one, ends, stops=1, alert_key=None)
            elif one.count_reports(now_s) > self._reported.get(one.uid, 0):
                self._reported[one.uid] = one.count_reports(now_s)
                self._announce(one, now_s)

    def next_due_s(self, now_s: float) -> float | None:
        """Return when `tick` next has something to do; None if never."""
        due = [when for one in self.sessions for when in (one.ends_at_s, one.next_report_s(now_s)) if when is not None]
        return min(due, default=None)

    def _take_key(self) -> str:
        used = {one.key for one in self.sessions}
        while str(self._next_key) in used:
            self._next_key += 1
        self._next_key += 1
        return str(self._next_key - 1)

    def _add_scrobble(self, one: PlayingSession, now_s: float) -> None:
        if one.is_scrobbled(now_s):
            self.add_history(one.account, one.item, one.player, now_s)

    def _announce(self, one: PlayingSession, now_s: float, state: str | None = None) -> None:
        self.notify(playing_alert(one, now_s, state or one.state))
