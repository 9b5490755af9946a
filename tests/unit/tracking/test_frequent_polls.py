"""Polls each second, between which a film advances by no more than a player rounds when it pauses."""

from messages import Playback, WatchFinished, WatchRecord
from tests.unit.tracking.builders import playing, poll
from tracking.engine import TrackingEngine
from tracking.rules import Rules


def show(tracking: TrackingEngine, at_s: int, *playbacks: Playback) -> list[WatchRecord]:
    """Show one poll; return the records that it brings."""
    return [event.record for event in tracking.observe(poll(at_s, *playbacks)) if isinstance(event, WatchFinished)]


def test_a_film_continues_on_the_player_that_plays() -> None:
    """The television stays paused; what the phone plays counts."""
    tracking = TrackingEngine(Rules())
    records: list[WatchRecord] = []
    for at_s in range(300):
        records += show(tracking, at_s, playing(at_s))
    paused = playing(300.0, state="paused")
    for at_s in range(300, 1500):
        records += show(tracking, at_s, paused, playing(float(at_s), machine="phone", key="2"))
    for at_s in range(1500, 1540):
        records += show(tracking, at_s, paused)
    for at_s in range(1540, 1580):
        records += show(tracking, at_s)
    (record,) = records
    assert record.coverage_ms / 1000 == 1499
    assert abs(record.playing_s - 1499) <= 2


def test_two_players_that_both_run_are_two() -> None:
    """The second one begins where the first is by then: the first is not taken to have stopped."""
    tracking = TrackingEngine(Rules())
    records: list[WatchRecord] = []
    for at_s in range(600):
        beside = [playing(float(at_s), machine="phone", key="2")] if at_s >= 100 else []
        records += show(tracking, at_s, playing(float(at_s)), *beside)
    for at_s in range(600, 640):
        records += show(tracking, at_s)
    assert sorted(round(record.playing_s) for record in records) == [499, 599]


def test_a_buffering_player_that_advances_is_playing() -> None:
    """Beside a paused one: it has said "buffering" since it appeared, but its position advances with the clock."""
    tracking = TrackingEngine(Rules())
    for at_s in range(300):
        show(tracking, at_s, playing(float(at_s), state="buffering"))
    (running,) = tracking.running_watches()
    assert running.playing_s >= 290
