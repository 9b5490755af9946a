"""What the people of a night do with a film that runs out in that very moment."""

from __future__ import annotations

import threading

import pytest

from simulator.nights.ledger import Ledger
from simulator.nights.performer import Performer
from simulator.nights.script import Cue, Verb
from simulator.plex import PlayingSession
from simulator.plex.world.controls import PlexControls
from simulator.plex.world.world import PlexWorld
from tests.nights.world import MemoryVoiceRoom


class RunsOutAfterALook(PlexControls):
    """A server that no longer lists a session as soon as somebody has looked at the list."""

    runs_out = False

    @property
    def sessions(self) -> list[PlayingSession]:
        """Return what plays, for the last time."""
        listed = super().sessions
        if self.runs_out:
            self._world.sessions.clear()
        return listed


@pytest.mark.parametrize("verb", ["stop", "vanish", "abandon", "pause", "end"])
def test_a_film_that_runs_out_between_look_and_deed_is_over(verb: Verb) -> None:
    """The film plays in the thread of the server: it may end between any two lines of the performer."""
    now_s = 0.0
    plex = RunsOutAfterALook(PlexWorld(notify=lambda _alert: None), threading.RLock(), lambda: now_s)
    performer = Performer(plex, MemoryVoiceRoom(), lambda: now_s, Ledger("server"))
    performer.perform(Cue(0.0, "play", "Rosa", "Rashomon"))
    now_s = (plex.library["Rashomon"].duration_ms or 0) / 1000 - 1
    plex.runs_out = True
    performer.perform(Cue(now_s, verb, "Rosa"))
    assert performer.live_session("Rosa") is None
    (watch,) = performer.ledger.true_watches("Rosa")
    assert watch.playing_s == pytest.approx(now_s)


def test_the_next_film_begins_when_the_one_before_runs_out_meanwhile() -> None:
    """`play` ends what the account played before; that this is over already changes nothing."""
    plex = RunsOutAfterALook(PlexWorld(notify=lambda _alert: None), threading.RLock(), lambda: 0.0)
    performer = Performer(plex, MemoryVoiceRoom(), lambda: 0.0, Ledger("server"))
    performer.perform(Cue(0.0, "play", "Rosa", "Rashomon"))
    plex.runs_out = True
    assert performer.perform(Cue(0.0, "play", "Rosa", "The General"))
    plex.runs_out = False
    now_playing = performer.live_session("Rosa")
    assert now_playing is not None and now_playing.item.title == "The General"
