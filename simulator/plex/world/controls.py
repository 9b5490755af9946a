"""What is watched on the simulated server: the part of it that a script or a test works."""

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
        """Start a session. The account goes by id, name or as a new Account; the item by title, rating key or
        as an Item. `overrun_ms` is how far beyond the duration it runs before it ends; with `ends=False` it
        never ends."""
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
        """Pause; the position is cut to a whole second."""
        return self._set_state("paused", session)

    def resume(self, session: Handle) -> PlayingSession:
        """Play on, from a pause, from buffering, from an error or as a ghost that lives again."""
        return self._set_state("playing", session)

    def buffer(self, session: Handle, *, claiming_ms: int | None = None) -> PlayingSession:
        """Buffer; `claiming_ms` is the false position that some clients report meanwhile, such as near the
        end."""
        with self._lock:
            if claiming_ms is not None:
                now_s = self.now()
                self._world.change_silently(session, lambda one: one.seek_to(claiming_ms, now_s))
            return self._set_state("buffering", session)

    def fail(self, session: Handle) -> PlayingSession:
        """The player shows an error."""
        return self._set_state("error", session)

    def seek(self, session: Handle, to_ms: int) -> PlayingSession:
        """Jump to a position."""
        now_s = self.now()
        with self._lock:
            return self._on_changed(self._world.change(session, lambda one: one.seek_to(to_ms, now_s), now_s))

    def switch(self, session: Handle, item: LibraryItem | str, *, at_ms: int = 0) -> PlayingSession:
        """Go on to another item under the same session key."""
        with self._lock:
            return self._on_changed(self._world.switch(session, item, self.now(), at_ms))

    def set_speed(self, session: Handle, speed: float) -> PlayingSession:
        """Play faster or slower: 0.5 to 2 seconds of film in a second."""
        now_s = self.now()
        with self._lock:
            return self._on_changed(self._world.change_silently(session, lambda one: one.at_speed(speed, now_s)))

    def give_new_identity(self, item: LibraryItem | str, *, rating_key: str = "", guid: str = "") -> LibraryItem:
        """Give an item another rating key (as a library made anew does) or another guid (as a re-match does).

        Sessions that play it show it from now on; the old rating key is free for another item.
        """
        with self._lock:
            return self._world.give_new_identity(item, rating_key=rating_key, guid=guid)

    def change_programme(self, session: Handle, title: str, guid: str) -> PlayingSession:
        """Live TV: the next programme begins on the same channel; only title and guid change."""
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
        """The viewer stops. `stops` up to 3 sends the alert again without its item, then without its client
        too; `alert_key` makes the alerts speak of another session key, as Plex Web does. Returns the
        session's last state."""
        with self._lock:
            key = None if alert_key is None else str(alert_key)
            return self._world.stop(session, self.now(), stops=stops, alert_key=key)

    def vanish(self, session: Handle) -> None:
        """The session is no longer listed, and no alert says so."""
        with self._lock:
            self._world.remove_silently(session)

    def freeze(self, session: Handle) -> PlayingSession:
        """The app was killed: the session stays listed as playing and never moves or reports again."""
        now_s = self.now()
        with self._lock:
            return self._world.change_silently(session, lambda one: one.freeze(now_s))

    def rename_key(self, session: Handle, session_key: str | int) -> PlayingSession:
        """The same playback goes on under another session key."""
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
        """Make the session's XML wrong, by the name of one of ODDITIES or freely; with neither it is right
        again."""
        with self._lock:
            return self._world.distort(session, oddity, attributes or {}, without)

    def _set_state(self, state: State, session: Handle) -> PlayingSession:
        now_s = self.now()
        with self._lock:
            return self._on_changed(self._world.change(session, lambda one: one.to_state(state, now_s), now_s))

    @property
    def sessions(self) -> list[PlayingSession]:
        """What plays now, in the order of the list that clients get."""
        with self._lock:
            self._world.tick(self.now())
            return list(self._world.sessions)

    def session(self, session: Handle) -> PlayingSession:
        """This session as it is now."""
        with self._lock:
            return self._world.find(session)

    def position_ms(self, session: Handle) -> int:
        """What a client that asks now is told, in ms."""
        return self.session(session).offset_ms(self.now())

    @property
    def library(self) -> PlexLibrary:
        """Everything that can be played."""
        return self._world.library

    def add_item(self, item: LibraryItem) -> LibraryItem:
        """Take an item into the library."""
        with self._lock:
            return self._world.library.add(item)

    def add_movie(self, title: str, *, minutes: float, **details: Any) -> LibraryItem:
        """Take a new film into the library; `details` are year, genres, directors, rating_key."""
        with self._lock:
            return self._world.library.add_movie(title, minutes=minutes, **details)

    def remove_item(self, item: LibraryItem | str) -> None:
        """Delete from the library; history rows lose their key."""
        with self._lock:
            self._world.remove_item(item if isinstance(item, LibraryItem) else self._world.library[item])

    @property
    def accounts(self) -> list[SimulatedAccount]:
        """The accounts, 0 and 1 among them."""
        with self._lock:
            return list(self._world.accounts.values())

    def add_account(self, account: SimulatedAccount) -> SimulatedAccount:
        """Take an account in."""
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
        """A completed play; call it twice for the duplicates that real servers keep."""
        with self._lock:
            when = self.now() if viewed_at_s is None else viewed_at_s
            return self._world.add_history(account, item, player, when)

    def alert(self, session: Handle, state: str) -> None:
        """Send a playing alert that says this state, true or not; nothing else changes."""
        with self._lock:
            self._world.notify(playing_alert(self._world.find(session), self.now(), state))

    def _on_changed(self, one: PlayingSession) -> PlayingSession:
        """A session has changed; whoever waits for the clock may have to wake earlier."""
        return one
