"""Those who come, watch and go on the stage of a night; each thing they do is noted in the ledger."""

from __future__ import annotations

import dataclasses

from simulator.nights.blind_spots import Window
from simulator.nights.kill_matrix.script import Deed
from simulator.nights.ledger import Ledger
from simulator.nights.stage import CINEMA, ServiceStage
from simulator.plex import TELEVISION, PlayingSession
from simulator.plex.faults import FaultKind

OUTAGES: dict[str, FaultKind] = {
    "refuse": "refuse", "status": "status", "html": "html", "empty": "empty", "truncated": "truncated",
}  # fmt: skip

NOTICED_S = 60.0
"""After which a bot has noticed that its gateway is gone."""


class Players:
    """Carries out deeds. What is no longer possible (a pause of a film that has run out) is not done."""

    def __init__(self, stage: ServiceStage, report_s: dict[str, float]) -> None:
        self._stage = stage
        self._report_s = report_s
        self.ledger = Ledger(stage.plex.machine_id)
        self.plex_faults: list[Window] = []
        self.voice_faults: list[Window] = []
        self._outage_s: float | None = None
        self._gateway_s: float | None = None
        self._sessions: dict[str, PlayingSession] = {}
        self._left: dict[str, tuple[str, int]] = {}
        """Film and position at which an account stopped."""

    def do(self, deed: Deed) -> None:
        """Do one thing."""
        self.calm()
        getattr(self, f"_{deed.verb}")(deed)

    def heal(self) -> None:
        """Everything outside Usher works from now on."""
        self._heal()

    def calm(self) -> None:
        """Note where the bot is connected again after a fault of its gateway."""
        since_s = self._gateway_s
        if since_s is not None and self._now_s() > since_s + NOTICED_S and self._stage.discord.is_connected:
            self.voice_faults.append((since_s, self._now_s()))
            self._gateway_s = None

    def all_leave(self) -> None:
        """Who is still there goes."""
        for member in list(self._stage.discord.voice_members(CINEMA)):
            self._stage.discord.leave_voice(member)
            self.ledger.goes(str(member.id), self._now_s())
        for account in list(self._sessions):
            self._end(account)

    def _now_s(self) -> float:
        return self._stage.clock.now().wall_s

    def _live(self, account: str) -> PlayingSession | None:
        """The account's session; None where it has none, or the film has run out."""
        session = self._sessions.get(account)
        if session is None:
            return None
        if all(one.uid != session.uid for one in self._stage.plex.sessions):
            self.ledger.ended(session, self._now_s())
            del self._sessions[account]
            return None
        return session

    def _show(self, account: str, session: PlayingSession) -> None:
        self._sessions[account] = session
        self.ledger.shows(session)

    def _play(self, deed: Deed) -> None:
        self._end(deed.who)
        film, at_ms = deed.what, round(deed.amount * 60_000)
        if not film:
            if deed.who not in self._left:
                return
            film, at_ms = self._left[deed.who]
        name = deed.who
        player = dataclasses.replace(
            TELEVISION, machine_id=f"tv-{name}", title=f"{name}'s TV", report_every_s=self._report_s[name]
        )
        self._show(name, self._stage.plex.play(name, film, player, at_ms=at_ms))

    def _end(self, account: str, *, silently: bool = False) -> None:
        session = self._live(account)
        self._left.pop(account, None)
        if session is None:
            return
        if silently:
            last = self._stage.plex.session(session)
            self._stage.plex.vanish(session)
            self.ledger.ended(session, self._now_s())
        else:
            last = self._stage.plex.stop_session(session)
            self.ledger.ended(session, last.anchor_s)
            self._left[account] = (last.item.title, last.anchor_ms)
        self._sessions.pop(account, None)

    def _stop(self, deed: Deed) -> None:
        self._end(deed.who)

    def _vanish(self, deed: Deed) -> None:
        self._end(deed.who, silently=True)

    def _pause(self, deed: Deed) -> None:
        if (session := self._live(deed.who)) is not None:
            self._show(deed.who, self._stage.plex.pause(session))

    def _resume(self, deed: Deed) -> None:
        if (session := self._live(deed.who)) is not None and self._stage.plex.session(session).state == "paused":
            self._show(deed.who, self._stage.plex.resume(session))

    def _seek(self, deed: Deed) -> None:
        if (session := self._live(deed.who)) is None:
            return
        now = self._stage.plex.session(session)
        duration_ms = now.item.duration_ms or 0
        to_ms = now.true_ms(self._now_s()) + round(deed.amount * 60_000)
        self._show(deed.who, self._stage.plex.seek(session, max(0, min(to_ms, duration_ms - 30_000))))

    def _switch(self, deed: Deed) -> None:
        if (session := self._live(deed.who)) is not None:
            self._show(deed.who, self._stage.plex.switch(session, deed.what))

    def _join(self, deed: Deed) -> None:
        member = self._stage.discord.member(deed.who)
        self._stage.discord.join_voice(member, CINEMA)
        self.ledger.comes(str(member.id), deed.who, self._now_s())

    def _leave(self, deed: Deed) -> None:
        member = self._stage.discord.member(deed.who)
        self._stage.discord.leave_voice(member)
        self.ledger.goes(str(member.id), self._now_s())

    def _outage(self, deed: Deed) -> None:
        self._outage_s = self._now_s()
        self._stage.plex.set_fault(OUTAGES[deed.what])

    def _heal(self, _deed: Deed | None = None) -> None:
        if self._outage_s is not None:
            self._stage.plex.heal()
            self.plex_faults.append((self._outage_s, self._now_s()))
            self._outage_s = None

    def _gateway(self, deed: Deed) -> None:
        self._gateway_s = self._now_s()
        faults = self._stage.discord.faults
        if deed.what == "drop":
            faults.drop_connections()
        elif deed.what == "reconnect":
            faults.request_reconnect()
        else:
            faults.invalidate_sessions(resumable=deed.what == "resume")

    def _restart_plex(self, _deed: Deed) -> None:
        self._stage.plex.restart(reverse=True)
