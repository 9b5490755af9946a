"""A linked viewer who goes on with a film in the channel, or at home, is shown with all that was seen of it."""

import pytest

from messages import WatchesLoaded, WatchFinished
from tests.unit.tracking.builders import HOUR_MS, channel, moment, playing, poll
from tests.unit.tracking.party import ALICE, LINK, of
from tracking.engine import TrackingEngine
from tracking.events import Event
from tracking.rules import Rules

HALF_S = HOUR_MS // 1000
AWAY_S = 1200


def watch(tracking: TrackingEngine, account: str, from_s: int, position_s: int, length_s: int) -> list[Event]:
    """An account plays the film for a while; where it is the host's, ann is in the channel. Then it stops."""
    events: list[Event] = []
    for at_s in range(from_s, from_s + length_s + 1, 10):
        events += tracking.observe(poll(at_s, playing(position_s + at_s - from_s, account)))
        events += tracking.update_voice(channel(at_s, *(("ann",) if account == "host" else ())))
    for at_s in range(from_s + length_s + 10, from_s + length_s + 60, 10):
        events += tracking.observe(poll(at_s))
        events += tracking.update_voice(channel(at_s))
    return events


def see_halves(first: str, second: str, second_s: int) -> TrackingEngine:
    """Half of the film as one account, then some of the other half as the other; where it is then."""
    tracking = TrackingEngine(Rules(party_user="host"))
    tracking.apply_directory([LINK], [])
    watch(tracking, first, 0, 0, HALF_S)
    for at_s in range(HALF_S + AWAY_S, HALF_S + AWAY_S + second_s + 1, 10):
        tracking.observe(poll(at_s, playing(at_s - AWAY_S, second)))
        tracking.update_voice(channel(at_s, *(("ann",) if second == "host" else ())))
    return tracking


@pytest.mark.parametrize(("first", "second"), [("alice", "host"), ("host", "alice")])
def test_the_other_half_is_shown_with_the_first(first: str, second: str) -> None:
    """In the list of what runs, and on the card of the screening."""
    tracking = see_halves(first, second, 1800)
    at = moment(HALF_S + AWAY_S + 1800)
    (row,) = [each for each in tracking.active_watches(at).watches if each.username == "Ann"]
    assert (row.join_position_ms, row.watched_s, row.completion_percent) == (0, HALF_S + 1800, 75.0)
    (screening,) = tracking.now_playing(at).screenings
    (seat,) = [each for each in screening.seats if each.username == "Ann"]
    assert (seat.present, seat.playing_s, seat.completion_percent) == (True, HALF_S + 1800, 75.0)


def test_a_film_completed_in_two_places_begins_again() -> None:
    """Half of it at home, half in the channel, and then at home from its beginning: a second watch."""
    tracking = TrackingEngine(Rules(party_user="host"))
    tracking.apply_directory([LINK], [])
    (home,) = of(WatchFinished, watch(tracking, "alice", 0, 0, HALF_S))
    watch(tracking, "host", HALF_S + AWAY_S, HALF_S, HALF_S)
    (again,) = of(WatchFinished, watch(tracking, "alice", 3 * HALF_S, 0, 600))
    assert home.record.viewer_id == again.record.viewer_id == ALICE
    assert again.record.watch_id != home.record.watch_id
    assert again.record.playing_s == pytest.approx(600)


def test_unlinked_they_are_two() -> None:
    """Each with its half."""
    tracking = see_halves("alice", "host", 1800)
    tracking.apply_directory([], [])
    (row,) = [
        each for each in tracking.active_watches(moment(HALF_S + AWAY_S + 1800)).watches if each.username == "Ann"
    ]
    assert (row.watched_s, row.completion_percent) == (1800, 25.0)


def test_what_was_finished_before_a_restart_is_shown_too() -> None:
    """The tracker is told of it under the id under which it was watched."""
    tracking = TrackingEngine(Rules(party_user="host"))
    finished = of(WatchFinished, watch(tracking, "alice", 0, 0, HALF_S))
    tracking = TrackingEngine(Rules(party_user="host"))
    tracking.restore(WatchesLoaded((), tuple(each.record for each in finished), (LINK,)), moment(HALF_S + 600))
    for at_s in range(HALF_S + AWAY_S, HALF_S + AWAY_S + 601, 10):
        tracking.observe(poll(at_s, playing(at_s - AWAY_S, "host")))
        tracking.update_voice(channel(at_s, "ann"))
    (row,) = [each for each in tracking.active_watches(moment(HALF_S + AWAY_S + 600)).watches if each.username == "Ann"]
    assert row.watched_s == HALF_S + 600
