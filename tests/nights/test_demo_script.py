"""The scripted night of the demo: what its people really see, worked out by hand."""

from __future__ import annotations

import threading

import pytest

from messages import spans
from simulator.nights.demo.script import CUES, HOST, PARTY_MINUTES
from simulator.nights.ledger import Ledger, TrueWatch
from simulator.nights.performer import Performer
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS
from simulator.plex.world.controls import PlexControls
from simulator.plex.world.world import PlexWorld
from tests.nights.world import MemoryVoiceRoom

BY_HAND = {
    # who: film, minute of the film at which they came, minutes seen, played, paused
    ("Rosa", "Rashomon"): (0, 88, 88, 0),
    ("Iris", "Rashomon"): (0, 88, 88, 0),
    ("Björn", "Rashomon"): (0, 88, 88, 0),
    ("Chiara", "Rashomon"): (30, 58, 58, 0),
    ("Dr. *Noodle*", "Rashomon"): (0, 42, 42, 0),
    ("אורי", "Rashomon"): (0, 25 + 30, 25 + 30, 0),
    ("Anton", "The General"): (0, 78, 78, 10),
    ("Berta", "Night of the Living Dead"): (0, 16 + 16, 32, 0),
}
"""The late comer has what was left, the early leaver what was shown, who left and returned both parts as one film."""


def rehearse() -> list[TrueWatch]:
    """Play the people's cues in memory, at once."""
    now_s = 0.0
    plex = PlexControls(PlexWorld(notify=lambda _alert: None), threading.RLock(), lambda: now_s)
    performer = Performer(plex, MemoryVoiceRoom(), lambda: now_s, Ledger("server"))
    for cue in CUES:
        now_s = cue.at_s
        if cue.verb in PLAYER_VERBS | VOICE_VERBS:
            performer.perform(cue)
    performer.end_all()
    return performer.ledger.true_watches(HOST)


def test_the_ledger_of_the_demo_is_what_was_worked_out_by_hand() -> None:
    """Whatever the demo expects of the service comes from this ledger."""
    minutes = {
        (watch.name, watch.item.title): (
            watch.stretches[0].begin_ms / 60_000, spans.coverage(watch.spans) / 60_000,
            watch.playing_s / 60, watch.paused_s / 60,
        )
        for watch in rehearse()
    }  # fmt: skip
    assert minutes.keys() == BY_HAND.keys()
    for who, figures in minutes.items():
        assert figures == pytest.approx(BY_HAND[who], abs=0.05), who


def test_cues_are_in_order_of_time_and_the_film_is_as_long_as_it_says() -> None:
    """A cue out of order would be played late."""
    assert [cue.at_s for cue in CUES] == sorted(cue.at_s for cue in CUES)
    assert (PlexWorld(notify=lambda _alert: None).library["Rashomon"].duration_ms or 0) / 60_000 == PARTY_MINUTES
