"""Plays the people's cues of a script on a stage, and notes in the ledger everything that they do."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Protocol

from simulator.nights.ledger import Ledger, LeftPlayer
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS, WHERE_LEFT, Cue
from simulator.plex import BROWSER, PHONE, TELEVISION, Player, PlayingSession
from simulator.plex.world.controls import PlexControls
from simulator.plex.world.world import NoSuchSessionError

DEVICES = {"tv": TELEVISION, "phone": PHONE, "browser": BROWSER}
"""The player that each value of a cue's `device` means."""
RUN_OUT_MS = 2000
"""A film with less than this left is over at its cue "end"."""


class VoiceRoom(Protocol):
    """The voice channel of a stage."""

    def join(self, name: str) -> str:
        """Let a member come into the channel; return the member's id."""

    def leave(self, name: str) -> str:
        """Let a member leave the channel; return the member's id."""

    def present(self) -> list[str]:
        """Return the names of the members in the channel."""


class Performer:
    """The people of a night. Cues that are no longer possible are skipped (a pause of a film that has ended)."""

    def __init__(
        self,
        plex: PlexControls,
        voice: VoiceRoom,
        now: Callable[[], float],
        ledger: Ledger,
        report_s: Mapping[str, float] | float | None = None,
    ) -> None:
        """Set up the people.

        `report_s`: seconds between a player's reports, by account or for all players; otherwise as usual for its kind.
        """
        self.ledger = ledger
        self._plex, self._voice, self._now = plex, voice, now
        self._report_s = {} if report_s is None else report_s
        self._sessions: dict[str, PlayingSession] = {}
        self._left: dict[str, tuple[str, int]] = {}
        """Item and position at which an account stopped; forgotten as soon as it plays again."""
        self._abandoned: dict[str, list[tuple[PlayingSession, float]]] = {}
        """Sessions that stay listed though nobody watches them, with the time of their end."""

    def perform(self, cue: Cue) -> bool:
        """Play a cue of a player or the voice channel; return whether it was possible. Raises ValueError for others."""
        if cue.verb not in PLAYER_VERBS | VOICE_VERBS:
            raise ValueError(f"no cue for people: {cue}")
        try:
            done: bool = getattr(self, f"_{cue.verb}")(cue)
        except NoSuchSessionError:  # the film ran out after it was looked up and before the change
            self.live_session(cue.who)  # notes the end
            return False
        return done

    def live_session(self, account: str) -> PlayingSession | None:
        """Return the account's current session, or None if it has none or its film has run out."""
        session = self._sessions.get(account)
        if session is None:
            return None
        listed = next((each for each in self._plex.sessions if each.uid == session.uid), None)
        if listed is None:
            self.ledger.note_end(session, self._now())
            del self._sessions[account]
        return listed

    def end_all(self) -> None:
        """Let everybody who still watches or is in the channel stop and leave."""
        for name in self._voice.present():
            self._leave(Cue(0.0, "leave", name))
        for account in list(self._sessions):
            self._end_session(account)
        for account in list(self._abandoned):
            self._clear(Cue(0.0, "clear", account))

    def lose_all_sessions(self) -> None:
        """Note that the server ended every session at once."""
        for session in self._sessions.values():
            self.ledger.note_end(session, self._now())
        self._sessions.clear()

    def player_of(self, account: str, device: str = "tv") -> Player:
        """Return one of the account's players."""
        kind, reports = DEVICES[device], self._report_s
        report_s = reports.get(account, kind.report_every_s) if isinstance(reports, Mapping) else reports
        return dataclasses.replace(
            kind,
            machine_id=f"{device}-{account}",
            title=f"{account}'s TV" if device == "tv" else kind.title,
            report_every_s=report_s,
        )

    # -- players -------------------------------------------------------------------------------------------

    def _note(self, account: str, session: PlayingSession) -> bool:
        self._sessions[account] = session
        self._left.pop(account, None)  # a film that ends from now on leaves no player behind
        self.ledger.note_session(session)
        return True

    def _play(self, cue: Cue) -> bool:
        self._end_session(cue.who)
        film, at_ms = cue.what, round(cue.amount * 1000)
        if cue.amount == WHERE_LEFT:
            if cue.who not in self._left:
                return False
            left, at_ms = self._left[cue.who]
            film = film or left
        player = self.player_of(cue.who, cue.device)
        return self._note(cue.who, self._plex.play(self._account(cue.who), film, player, at_ms=at_ms))

    def _account(self, who: str) -> str | int:
        return int(who) if who.isdigit() else who

    def _end_session(self, account: str, *, silently: bool = False) -> bool:
        session = self.live_session(account)
        if session is None:
            return False
        if silently:
            with contextlib.suppress(NoSuchSessionError):  # it ran out after it was looked up
                self._plex.vanish(session)
            self.ledger.note_end(session, self._now())
        else:
            try:
                last = self._plex.stop_session(session)
            except NoSuchSessionError:  # it ran out after it was looked up
                self.live_session(account)  # notes the end
                return False
            self.ledger.note_end(session, last.anchor_s)
            self._left[account] = (last.item.rating_key, last.anchor_ms)
        self._sessions.pop(account, None)
        return True

    def _stop(self, cue: Cue) -> bool:
        return self._end_session(cue.who)

    def _vanish(self, cue: Cue) -> bool:
        return self._end_session(cue.who, silently=True)

    def _abandon(self, cue: Cue) -> bool:
        session = self.live_session(cue.who)
        if session is None:
            return False
        left = self._plex.pause(session) if cue.what == "paused" else self._plex.freeze(session)
        self.ledger.note_end(session, left.anchor_s)
        self._left[cue.who] = (left.item.rating_key, left.anchor_ms)
        self._abandoned.setdefault(cue.who, []).append((left, self._now()))
        del self._sessions[cue.who]
        return True

    def _clear(self, cue: Cue) -> bool:
        listed = {session.uid for session in self._plex.sessions}
        for session, since_s in self._abandoned.pop(cue.who, []):
            item, until_s = session.item, self._now()
            self.ledger.left_players.append(
                LeftPlayer(session.account.id, item.rating_key, since_s, until_s, session.frozen)
            )
            if session.uid in listed:
                self._plex.vanish(session)
        return True

    def _end(self, cue: Cue) -> bool:
        session = self.live_session(cue.who)
        if session is None or session.end_ms is None:
            return False
        return session.end_ms - session.true_ms(self._now()) <= RUN_OUT_MS and self._end_session(cue.who)

    def _change(self, cue: Cue, change: Callable[[PlayingSession], PlayingSession]) -> bool:
        session = self.live_session(cue.who)
        return session is not None and self._note(cue.who, change(session))

    def _pause(self, cue: Cue) -> bool:
        return self._change(cue, self._plex.pause)

    def _resume(self, cue: Cue) -> bool:
        session = self.live_session(cue.who)
        if session is None or session.is_advancing:
            return False
        return self._change(cue, self._plex.resume)

    def _buffer(self, cue: Cue) -> bool:
        return self._change(cue, self._plex.buffer)

    def _freeze(self, cue: Cue) -> bool:
        return self._change(cue, self._plex.freeze)

    def _seek(self, cue: Cue) -> bool:
        def seek(session: PlayingSession) -> PlayingSession:
            to_ms = session.true_ms(self._now()) + round(cue.amount * 1000)
            last_ms = max(0, (session.item.duration_ms or 0) - 1000)
            return self._plex.seek(session, max(0, min(to_ms, last_ms)))

        return self._change(cue, seek)

    def _switch(self, cue: Cue) -> bool:
        return self._change(cue, lambda session: self._plex.switch(session, cue.what, at_ms=round(cue.amount * 1000)))

    def _speed(self, cue: Cue) -> bool:
        return self._change(cue, lambda session: self._plex.set_speed(session, cue.amount))

    # -- the voice channel ---------------------------------------------------------------------------------

    def _join(self, cue: Cue) -> bool:
        self.ledger.note_arrival(self._voice.join(cue.who), cue.who, self._now())
        return True

    def _leave(self, cue: Cue) -> bool:
        self.ledger.note_departure(self._voice.leave(cue.who), self._now())
        return True
