"""A linked viewer who goes on with a film in the channel, or at home, is shown with all that was seen of it."""

import pytest
from msgspec.structs import replace

from messages import LinkedAccount, Playback, PlaybackSnapshot, WatchesLoaded, WatchFinished
from tests.unit.tracking.builders import HEAT, HOUR_MS, channel, moment, playing, poll
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


FILM = replace(HEAT, guid="plex://movie/heat")
ELSEWHERE = replace(FILM, server_id="two", rating_key="77")
ALICE_THERE = LinkedAccount("plex:two:alice", "alice", "ann", "Ann")


def poll_both(at_s: int, here: Playback | None, there: Playback | None) -> list[PlaybackSnapshot]:
    """One poll of each of two servers."""
    shown = poll(at_s, *([here] if here else []))
    return [shown, replace(shown, server_id="two", playbacks=(there,) if there else ())]


def watch_on(tracking: TrackingEngine, server: str, from_s: int, position_s: int, length_s: int) -> list[Event]:
    """Alice plays the film on one of the servers for a while. Then it stops."""
    events: list[Event] = []
    for at_s in range(from_s, from_s + length_s + 50, 10):
        item = FILM if server == "srv" else ELSEWHERE
        runs = playing(position_s + at_s - from_s, item=item) if at_s <= from_s + length_s else None
        here, there = (runs, None) if server == "srv" else (None, runs)
        for snapshot in poll_both(at_s, here, there):
            events += tracking.observe(snapshot)
    return events


@pytest.mark.parametrize("restarted", (False, True))
@pytest.mark.parametrize(("first", "second"), [("srv", "two"), ("two", "srv")])
def test_halves_on_two_servers_are_shown_as_one(first: str, second: str, restarted: bool) -> None:
    """The film has another key there, and the same guid."""
    tracking = TrackingEngine(Rules())
    tracking.apply_directory([LINK, ALICE_THERE], [])
    finished = of(WatchFinished, watch_on(tracking, first, 0, 0, HALF_S))
    if restarted:
        tracking = TrackingEngine(Rules())
        records = tuple(each.record for each in finished)
        tracking.restore(WatchesLoaded((), records, (LINK, ALICE_THERE)), moment(HALF_S + 600))
    for at_s in range(HALF_S + AWAY_S, HALF_S + AWAY_S + 1801, 10):
        runs = playing(at_s - AWAY_S, item=FILM if second == "srv" else ELSEWHERE)
        for snapshot in poll_both(at_s, *((runs, None) if second == "srv" else (None, runs))):
            tracking.observe(snapshot)
    (row,) = tracking.active_watches(moment(HALF_S + AWAY_S + 1800)).watches
    assert (row.username, row.watched_s, row.completion_percent) == ("Ann", HALF_S + 1800, 75.0)


def test_a_film_completed_on_two_servers_begins_again() -> None:
    """Half of it on each, and then from its beginning on the first: a second watch."""
    tracking = TrackingEngine(Rules())
    tracking.apply_directory([LINK, ALICE_THERE], [])
    (here,) = of(WatchFinished, watch_on(tracking, "srv", 0, 0, HALF_S))
    watch_on(tracking, "two", HALF_S + AWAY_S, HALF_S, HALF_S)
    (again,) = of(WatchFinished, watch_on(tracking, "srv", 3 * HALF_S, 0, 600))
    assert again.record.watch_id != here.record.watch_id and again.record.playing_s == pytest.approx(600)


def test_a_film_handed_over_to_a_player_of_another_server_is_shown_once() -> None:
    """The first player stays paused where the film was left: one row of the viewer, with all that was seen."""
    tracking = TrackingEngine(Rules())
    tracking.apply_directory([LINK, ALICE_THERE], [])
    for at_s in range(0, 3601, 10):
        here = playing(min(at_s, 1800), state="playing" if at_s <= 1800 else "paused", item=FILM)
        there = playing(at_s, item=ELSEWHERE, machine="tablet") if at_s > 1800 else None
        for snapshot in poll_both(at_s, here, there):
            tracking.observe(snapshot)
    (row,) = tracking.active_watches(moment(3600)).watches
    assert row.username == "Ann"
    assert row.watched_s == pytest.approx(3600, abs=10), "but for what ran between two polls"
    tracking.apply_directory([LINK], [])
    assert len(tracking.active_watches(moment(3600)).watches) == 2


def test_another_film_under_the_same_key_is_shown_by_itself() -> None:
    """On another server a key is of another film."""
    tracking = TrackingEngine(Rules())
    tracking.apply_directory([LINK, ALICE_THERE], [])
    for at_s in range(0, 601, 10):
        other = replace(HEAT, server_id="two", guid="plex://movie/ronin", title="Ronin")
        for snapshot in poll_both(at_s, playing(at_s, item=FILM), playing(at_s, item=other, machine="tablet")):
            tracking.observe(snapshot)
    assert [row.item.title for row in tracking.active_watches(moment(600)).watches] == ["Heat", "Ronin"]
