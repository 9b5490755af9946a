"""Where a simulated session is in its film, as a pure function of time."""

from dataclasses import replace

import pytest

from simulator.plex.world.default_library import build_default_library
from simulator.plex.world.sessions import (
    BROWSER,
    OWNER,
    PHONE,
    TELEVISION,
    HistoryFilter,
    Player,
    PlayHistoryRow,
    PlayingSession,
)

FILM = build_default_library()["Mad Max: Fury Road"]
HOURS_2 = 7_200_000


def playing(player: Player = TELEVISION, at_ms: int = 0, **details: object) -> PlayingSession:
    """A session of the two-hour film that began at clock 1000."""
    one = PlayingSession("000001", "1", OWNER, FILM, player, "playing", 1000.0, 1000.0, at_ms)
    return replace(one, **details)  # type: ignore[arg-type]  # replace checks the names at run time


@pytest.mark.parametrize(
    ("player", "after_s", "shown_ms"),
    [
        (TELEVISION, 9.9, 0),
        (TELEVISION, 10.0, 10_000),
        (TELEVISION, 29.9, 20_000),
        (TELEVISION, 30.0, 30_000),
        (PHONE, 39.0, 20_000),
        (BROWSER, 39.4, 39_000),
        (replace(TELEVISION, report_every_s=0), 39.4, 39_400),
    ],
)
def test_shown_position_is_that_of_the_last_report(player: Player, after_s: float, shown_ms: int) -> None:
    """Between two reports the server repeats the position, whatever the interval."""
    assert playing(player).offset_ms(1000.0 + after_s) == shown_ms


def test_true_position_runs_on_between_reports() -> None:
    """The film does not wait for the report."""
    assert playing(at_ms=60_000).true_ms(1007.25) == 67_250


def test_pause_floors_to_a_second_and_holds() -> None:
    """A paused position is whole seconds and stays."""
    paused = playing().to_state("paused", 1012.7)
    assert paused.offset_ms(1012.7) == 12_000
    assert paused.offset_ms(2000.0) == 12_000


def test_resume_goes_on_from_the_pause() -> None:
    """Time paused moves nothing."""
    resumed = playing().to_state("paused", 1012.7).to_state("playing", 1100.0)
    assert resumed.true_ms(1101.5) == 13_500


@pytest.mark.parametrize("state", ["buffering", "error"])
def test_no_progress_unless_playing(state: str) -> None:
    """Buffering and failing clients stand still, at the millisecond they had."""
    still = playing().to_state(state, 1003.21)  # type: ignore[arg-type]  # parametrized with valid states
    assert still.offset_ms(1999.0) == 3_210


def test_seek_moves_at_once() -> None:
    """A seek is reported at once, in both directions, never below zero."""
    assert playing().seek_to(HOURS_2 // 2, 1005.0).offset_ms(1005.0) == HOURS_2 // 2
    assert playing().seek_to(-5, 1005.0).offset_ms(1005.0) == 0


def test_ghost_stays_playing_where_it_last_reported() -> None:
    """A killed app leaves a session that plays without moving."""
    ghost = playing().freeze(1017.0)
    assert (ghost.state, ghost.offset_ms(1017.0), ghost.offset_ms(9999.0)) == ("playing", 10_000, 10_000)
    assert ghost.next_report_s(1017.0) is None


def test_position_stops_at_the_end() -> None:
    """A film is over at its duration, and the player knows when that will be."""
    one = playing(at_ms=HOURS_2 - 5_000)
    assert one.ends_at_s == 1005.0
    assert one.true_ms(1500.0) == HOURS_2


def test_position_can_overrun_the_duration() -> None:
    """Positions up to 101.7 % have been seen at the end."""
    one = playing(at_ms=HOURS_2, overrun_ms=122_400)
    assert one.true_ms(2000.0) == 7_322_400
    assert playing(at_ms=HOURS_2, ends=False).true_ms(2000.0) == HOURS_2 + 1_000_000


def test_next_report_is_the_first_one_to_come() -> None:
    """At a report the next one is a whole interval away; a pause is reported too."""
    assert playing().next_report_s(1000.0) == 1010.0
    assert playing().next_report_s(1010.0) == 1020.0
    assert playing().to_state("paused", 1003.0).next_report_s(1004.0) == 1013.0


@pytest.mark.parametrize(("at_ms", "enough"), [(HOURS_2 * 9 // 10, False), (HOURS_2 * 9 // 10 + 1, True)])
def test_history_needs_more_than_nine_tenths(at_ms: int, enough: bool) -> None:
    """Ninety percent is not yet a completed play; a millisecond more is."""
    assert playing(at_ms=at_ms).is_scrobbled(1000.0) is enough


def test_live_tv_never_ends_nor_counts() -> None:
    """Without a length there is no end and no completed play."""
    live = playing(item=build_default_library()["Evening News"])
    assert live.ends_at_s is None
    assert not live.is_scrobbled(99_999.0)


def test_history_filter_keeps_what_was_asked_for() -> None:
    """Each filter of the endpoint alone, and the order."""
    films = build_default_library()
    rows = [
        PlayHistoryRow(1, films["Metropolis"], 1, 1, 100),
        PlayHistoryRow(2, films["Where Is Everybody?"], 4711, 1, 300),
        PlayHistoryRow(3, films["Metropolis"], 4711, 1, 200),
        PlayHistoryRow(4, films["Alien"], 1, 1, 400, deleted=True),
    ]

    def ids(**wanted: object) -> list[int]:
        return [row.history_id for row in HistoryFilter(**wanted).apply(rows)]  # type: ignore[arg-type]

    assert ids() == [1, 3, 2, 4]
    assert ids(newest_first=True) == [4, 2, 3, 1]
    assert ids(account_id=4711) == [3, 2]
    assert ids(rating_key=films["Metropolis"].rating_key) == [1, 3]
    assert ids(section_id=2) == [2]
    assert ids(since_s=200) == [3, 2, 4], "the bound itself is kept, rows before it are not"
    assert ids(rating_key=films["Alien"].rating_key) == [], "a deleted item has lost its key"
