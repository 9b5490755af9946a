"""Controls of the simulated server, for scripts and tests."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from simulator.plex.world.alerts import playing_alert
from simulator.plex.world.library import LibraryItem, PlexLibrary
from simulator.plex.world.sessions import TELEVISION, Player, PlayHistoryRow, PlayingSession, SimulatedAccount, State
from simulator.plex.world.world import Handle, PlexWorld


class PlexControls:
    """Sessions, library, accounts and history. Every method may be called from any thread."""

    def __init__(self, world: PlexWorld, lock: threading.RLock, now: Callable[[], float]) -> None:
        self._world, self._lock = world, lock
        self.now = now

    def play(
        self,
        account: SimulatedAccount | int | str,
        item: LibraryItem | str,
        player: Player = TELEVISION,
        *,
        at_ms: int = 0,
        session_key: str | int | None = None,
        state: State = "playing",
        overrun_ms: int = 0,
        ends: bool = True,
        speed: float = 1.0,
        transcoding: bool = False,
        session_id: str = "",
    ) -> PlayingSession:
        """Start a session. `account`: an id, a name or a new SimulatedAccount; `item`: a title, a rating key or a
        LibraryItem. `overrun_ms`: how far beyond the duration it runs before it ends; with `ends=False` it never
        ends."""
        with self._lock:
            return self._on_changed(
                self._world.play(
                    account,
                    item,
                    player,
                    self.now(),
                    at_ms=at_ms,
                    key=None if session_key is None else str(session_key),
                    state=state,
                    overrun_ms=overrun_ms,
                    ends=ends,
                    speed=speed,
                    transcoding=transcoding,
                    session_id=session_id,
                )
            )

    def pause(self, session: Handle) -> PlayingSession:
        """Pause; the position is truncated to a whole second."""
        return self._set_state("paused", session)

    def resume(self, session: Handle) -> PlayingSession:
        """Resume playing after a pause, buffering, an error, or as a ghost that recovers."""
        return self._set_state("playing", session)

    def buffer(self, session: Handle, *, claiming_ms: int | None = None) -> PlayingSession:
        """Buffer; `claiming_ms`: the false position that some clients report meanwhile, such as near the end."""
        with self._lock:
            if claiming_ms is not None:
                now_s = self.now()
                self._world.change_silently(session, lambda one: one.seek_to(claiming_ms, now_s))
            return self._set_state("buffering", session)

    def fail(self, session: Handle) -> PlayingSession:
        """Let the player show an error."""
        return self._set_state("error", session)

    def seek(self, session: Handle, to_ms: int) -> PlayingSession:
        """Jump to a position."""
        now_s = self.now()
        with self._lock:
            return self._on_changed(self._world.change(session, lambda one: one.seek_to(to_ms, now_s), now_s))

    def switch(self, session: Handle, item: LibraryItem | str, *, at_ms: int = 0) -> PlayingSession:
        """Switch to another item under the same session key."""
        with self._lock:
            return self._on_changed(self._world.switch(session, item, self.now(), at_ms))

    def set_speed(self, session: Handle, speed: float) -> PlayingSession:
        """Play at another speed: 0.5 to 2 seconds of film per second."""
        now_s = self.now()
        with self._lock:
            return self._on_changed(self._world.change_silently(session, lambda one: one.at_speed(speed, now_s)))

    def give_new_identity(self, item: LibraryItem | str, *, rating_key: str = "", guid: str = "") -> LibraryItem:
        """Give an item another rating key (as in a recreated library) or another guid (as after a re-match).

        Sessions that play it show the new one; the old rating key is free for another item.
        """
        with self._lock:
            return self._world.give_new_identity(item, rating_key=rating_key, guid=guid)

    def change_programme(self, session: Handle, title: str, guid: str) -> PlayingSession:
        """Begin the next Live TV programme on the same channel; only title and guid change."""
        now_s = self.now()
        with self._lock:
            return self._world.change(
                session, lambda one: replace(one, item=replace(one.item, title=title, guid=guid)), now_s
            )

    def transcode(self, session: Handle, on: bool = True) -> PlayingSession:
        """Begin or end transcoding; the session key stays."""
        now_s = self.now()
        with self._lock:
            return self._world.change(session, lambda one: replace(one, transcoding=on), now_s)

    def stop_session(self, session: Handle, *, stops: int = 1, alert_key: str | int | None = None) -> PlayingSession:
        """Stop a session. `stops` (up to 3) repeats the alert without its item, then also without its client;
        `alert_key` sends the alerts with another session key, as Plex Web does. Return the session's last state."""
        with self._lock:
            key = None if alert_key is None else str(alert_key)
            return self._world.stop(session, self.now(), stops=stops, alert_key=key)

    def stop_all(self) -> None:
        """Stop every session that is listed. A film may run out at any moment, so that it can't be named before."""
        with self._lock:
            for session in list(self._world.sessions):
                self._world.stop(session, self.now(), stops=1, alert_key=None)

    def vanish(self, session: Handle) -> None:
        """Remove the session from the list without an alert."""
        with self._lock:
            self._world.remove_silently(session)

    def freeze(self, session: Handle) -> PlayingSession:
        """Kill the app: the session stays listed as playing, but never advances or reports again."""
        now_s = self.now()
        with self._lock:
            return self._world.change_silently(session, lambda one: one.freeze(now_s))

    def rename_key(self, session: Handle, session_key: str | int) -> PlayingSession:
        """Continue the same playback under another session key."""
        with self._lock:
            return self._world.change_silently(session, lambda one: replace(one, key=str(session_key)))

    def distort(
        self,
        session: Handle,
        oddity: str | None = None,
        *,
        attributes: dict[str, str | None] | None = None,
        without: Sequence[str] = (),
    ) -> PlayingSession:
        """Make the session's XML wrong, by the name of one of ODDITIES or freely; with neither it is correct again."""
        with self._lock:
            return self._world.distort(session, oddity, attributes or {}, without)

    def _set_state(self, state: State, session: Handle) -> PlayingSession:
        now_s = self.now()
        with self._lock:
            return self._on_changed(self._world.change(session, lambda one: one.to_state(state, now_s), now_s))

    @property
    def sessions(self) -> list[PlayingSession]:
        """The current sessions, in the order of the list that clients get."""
        with self._lock:
            self._world.tick(self.now())
            return list(self._world.sessions)

    def session(self, session: Handle) -> PlayingSession:
        """Return the current state of this session."""
        with self._lock:
            return self._world.find(session)

    def position_ms(self, session: Handle) -> int:
        """Return the position that a client would get now, in ms."""
        return self.session(session).offset_ms(self.now())

    @property
    def library(self) -> PlexLibrary:
        """All playable items."""
        return self._world.library

    def add_item(self, item: LibraryItem) -> LibraryItem:
        """Add an item to the library."""
        with self._lock:
            return self._world.library.add(item)

    def add_movie(self, title: str, *, minutes: float, **details: Any) -> LibraryItem:
        """Add a new film to the library; `details`: year, genres, directors, rating_key."""
        with self._lock:
            return self._world.library.add_movie(title, minutes=minutes, **details)

    def remove_item(self, item: LibraryItem | str) -> None:
        """Delete an item from the library; history rows lose their key."""
        with self._lock:
            self._world.remove_item(item if isinstance(item, LibraryItem) else self._world.library[item])

    @property
    def accounts(self) -> list[SimulatedAccount]:
        """The accounts, including 0 and 1."""
        with self._lock:
            return list(self._world.accounts.values())

    def add_account(self, account: SimulatedAccount) -> SimulatedAccount:
        """Add an account."""
        with self._lock:
            return self._world.account(account)

    @property
    def history(self) -> list[PlayHistoryRow]:
        """The completed plays, oldest first."""
        with self._lock:
            self._world.tick(self.now())
            return list(self._world.history)

    def add_history(
        self,
        account: SimulatedAccount | int | str,
        item: LibraryItem | str,
        player: Player = TELEVISION,
        *,
        viewed_at_s: float | None = None,
    ) -> PlayHistoryRow:
        """Add a completed play; call it twice for a duplicate, as real servers have them."""
        with self._lock:
            when = self.now() if viewed_at_s is None else viewed_at_s
            return self._world.add_history(account, item, player, when)

    def alert(self, session: Handle, state: str) -> None:
        """Send a playing alert with this state, true or not; nothing else changes."""
        with self._lock:
            self._world.notify(playing_alert(self._world.find(session), self.now(), state))

    def _on_changed(self, one: PlayingSession) -> PlayingSession:
        """Report a changed session: the task that watches the clock may have to wake earlier."""
        return one
