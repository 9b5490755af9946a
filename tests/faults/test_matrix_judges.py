"""The judge of the kill matrix: it finds what is missing, double or wrong, and forgives only what nobody could see."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.nights.blind_spots import Kill, Survey
from simulator.nights.kill_matrix.script import VICTIMS, write
from simulator.nights.ledger import Attendance, Ledger, Stretch
from simulator.nights.verdict import Margins, NightVerdict, judge
from simulator.plex.world.library import LibraryItem
from simulator.plex.world.sessions import TELEVISION, PlayingSession, PlexAccount

POLL_S = 10.0
MARGINS = Margins(POLL_S, 10.0, 20.0, 20.0)
ANTON = PlexAccount(7, "Anton")
HEAT = LibraryItem("1", "movie", "Heat", 1, 1995, 6_000_000)


def watched(begin_s: float, end_s: float, at_ms: int = 0) -> Attendance:
    """Anton plays a film from one moment to another."""
    return Attendance(
        "plex:m:7", "Anton", "1", "Heat", False, [Stretch(7, "1", "Heat", begin_s, end_s, True, at_ms)]
    )  # fmt: skip


def row(playing_s: float, spans: str) -> dict[str, Any]:
    """What the store holds of it."""
    return {
        "viewer_id": "plex:m:7", "rating_key": "1", "title": "Heat", "playing_s": playing_s, "spans": spans,
        "end_reason": "left",
    }  # fmt: skip


def survey(*kills: Kill) -> Survey:
    """Polls every ten seconds for an hour, a save every minute."""
    every_poll = [float(at_s) for at_s in range(0, 3600, 10)]
    return Survey(POLL_S, 60.0, polls=every_poll, saves=[float(at_s) for at_s in range(0, 3600, 60)], kills=list(kills))


def judged(truth: list[Attendance], rows: list[dict[str, Any]], *kills: Kill) -> NightVerdict:
    """The verdict on them."""
    verdict = NightVerdict(0)
    judge(verdict, truth, rows, survey(*kills), MARGINS)
    return verdict


def test_a_right_record_is_right() -> None:
    """Off by one report: no problem, and the error in polls is told."""
    verdict = judged([watched(100, 700)], [row(590.0, "[[0,590000]]")])
    assert (verdict.expected, verdict.found, verdict.failed) == (1, 1, False)
    assert verdict.playing_polls == [1.0] and verdict.coverage_polls == [1.0]


def test_a_missing_record_is_found() -> None:
    """Sixty polls saw the watch, and there is no record."""
    verdict = judged([watched(100, 700)], [])
    assert (verdict.expected, verdict.missing, verdict.failed) == (1, 1, True)


def test_a_double_record_is_found() -> None:
    """Two records of one viewer at one film."""
    right = row(590.0, "[[0,590000]]")
    assert judged([watched(100, 700)], [right, right]).double == 1


def test_a_record_of_what_never_was_is_found() -> None:
    """Nobody watched that."""
    assert judged([], [row(590.0, "[[0,590000]]")]).double == 1


@pytest.mark.parametrize(
    ("playing_s", "spans"), [(400.0, "[[0,600000]]"), (900.0, "[[0,600000]]"), (600.0, "[[0,300000]]"),
                             (600.0, "[[0,600000],[900000,1200000]]")],
)  # fmt: skip
def test_a_wrong_length_is_found(playing_s: float, spans: str) -> None:
    """Too little or too much, played or seen."""
    assert judged([watched(100, 700)], [row(playing_s, spans)]).problems


def test_only_what_the_dead_took_with_them_is_forgiven() -> None:
    """What only the last moments before a death of all could have shown need not be there; anything else must."""
    short = [watched(650, 690)]
    assert judged(short, []).missing == 1
    assert judged(short, [], Kill("all", "at once", 700, 900)).missing == 0
    assert judged(short, [], Kill("discord", "at once", 700, 900)).missing == 1
    assert judged(short, [], Kill("tracker", "at once", 700, 900)).missing == 1
    together = (Kill("tracker", "at once", 700, 900), Kill("persistence", "at once", 720, 950))
    assert judged(short, [], *together).missing == 0


def test_a_death_excuses_no_error_where_nothing_changed() -> None:
    """The film just went on through it: its record is as exact as ever."""
    through = [watched(100, 3000)]
    kill = Kill("all", "at once", 1000, 1300)
    assert not judged(through, [row(2890.0, "[[0,2890000]]")], kill).failed
    assert judged(through, [row(2600.0, "[[0,2600000]]")], kill).failed


def test_the_ledger_notes_what_happened() -> None:
    """A pause, a seek, an end by itself; who sat in the channel saw what the host showed."""
    ledger = Ledger("m")
    session = PlayingSession("u", "1", ANTON, HEAT, TELEVISION, "playing", 0.0, 0.0, 0)
    ledger.shows(session)
    ledger.comes("9", "Iris", 50.0)
    ledger.shows(session.to_state("paused", 100.0))
    ledger.shows(session.to_state("paused", 100.0).to_state("playing", 160.0).seek_to(5_900_000, 160.0))
    ledger.goes("9", 1000.0)
    ledger.ended(session, 1000.0)
    anton, iris = ledger.attendances("Anton")
    assert (anton.playing_s, anton.paused_s) == (200.0, 60.0)  # the film was over 100 s after the seek
    assert anton.spans == ((0, 100_000), (5_900_000, 6_000_000))
    assert (iris.viewer_id, iris.guest, iris.playing_s) == ("9", True, 150.0)


def test_a_seed_is_a_night() -> None:
    """The same seed writes the same night; six in a row kill each victim."""
    assert write(7) == write(7) != write(8)
    assert all(any(deed.who == VICTIMS[seed % 6] for deed in write(seed).kills) for seed in range(30))
