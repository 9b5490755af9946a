"""An independent model of players: any speed, poll and report interval, and skips; bounds on what is counted.

The truth is worked out from the player alone: the film it showed, second by second. Nothing here knows how the
tracking measures.
"""

import bisect
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import PlayerState, WatchState, sittings, spans
from messages.base import DurationMs
from tests.unit.tracking.builders import HEAT, moment, playing
from tracking.rules import Rules
from tracking.sessions.party_watches import observe_member
from tracking.watches.progress import advance
from tracking.watches.watch import open_watch, watched_s

RULES = Rules()
FILM = replace(HEAT, duration_ms=DurationMs(9 * 3600 * 1000))
POLLS_S = (1, 10, 15, 20, 30, 45, 60)
REPORTS_S = (1, 10, 20)
SPEEDS = (0.5, 1, 1.25, 1.5, 1.75, 2)


@dataclass
class Player:
    """A player that plays at a speed, skips and pauses at given times, and reports at an interval."""

    speed: float = 1.0
    report_s: float = 10.0
    skips: dict[float, float] = field(default_factory=dict)
    """By time, how far the film skips; seconds."""
    pauses: tuple[tuple[float, float], ...] = ()
    """From when to when it is paused, none within another; a pause and its end are reported at once."""
    late_s: float = 0.0
    """How late a report may be, seconds."""
    tells_skips: bool = False
    """It reports at each skip, too."""
    seed: int = 1

    def reports(self, length_s: float) -> Iterator[tuple[float, float, PlayerState, float]]:
        """Yield (time, position, state, seconds of film shown so far without repeats) of each report."""
        rnd = random.Random(self.seed)  # noqa: S311 - a model of late reports, no secret
        regular = {n * self.report_s + rnd.uniform(0, self.late_s) for n in range(int(length_s / self.report_s) + 1)}
        edges = {edge for pause in self.pauses for edge in pause}
        in_order = sorted(edge for pause in self.pauses for edge in pause)
        is_paused = bisect.bisect_right(in_order, 0.0) % 2 == 1  # more have begun than ended
        position = shown = 0.0
        yield 0.0, 0.0, "playing", 0.0
        times = sorted({0.0, *regular, *edges, *self.skips, length_s})
        for before, now in pairwise(times):
            if not is_paused:
                position += (now - before) * self.speed
                shown += (now - before) * self.speed
            position += self.skips.get(now, 0.0)
            is_paused = bisect.bisect_right(in_order, now) % 2 == 1
            if now in regular or now in edges or now == length_s or (self.tells_skips and now in self.skips):
                yield now, position, "paused" if is_paused else "playing", shown


def watch_it(player: Player, poll_s: float, length_s: float, polls_late_s: float = 0.0) -> tuple[WatchState, float]:
    """Return the watch of a player that is polled, and the seconds of film that it showed."""
    reports, rnd = list(player.reports(length_s)), random.Random(player.seed)  # noqa: S311 - as above
    state: WatchState | None = None
    next_report, number, at_s = 0, 0, 0.0
    while at_s <= length_s:
        while next_report < len(reports) and reports[next_report][0] <= at_s:
            next_report += 1
        _, position_s, doing, _ = reports[next_report - 1]
        seen = playing(position_s, state=doing, item=FILM)
        if state is None:
            state = open_watch(seen, "screening", "viewer", "Alice", "plex", moment(0), seen.position_ms, doing)
        else:
            state = advance(state, moment(at_s), seen.position_ms, doing, RULES)
        number += 1
        at_s = number * poll_s + rnd.uniform(0, polls_late_s)
    assert state is not None
    return state, reports[-1][3]


def coverage_s(state: WatchState) -> float:
    """Return what counts as seen, seconds."""
    return spans.coverage(state.spans) / 1000


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("report_s", REPORTS_S)
@pytest.mark.parametrize("poll_s", POLLS_S)
def test_a_steady_speed_loses_nothing(poll_s: float, report_s: float, speed: float) -> None:
    """At least 97 % of what was seen is coverage, and the playing time is right within two polls."""
    length_s = 3600.0 if poll_s >= 10 else 1200.0
    state, shown_s = watch_it(Player(speed, report_s), poll_s, length_s)
    not_reported_s = (poll_s + report_s) * speed
    assert coverage_s(state) >= 0.97 * (shown_s - not_reported_s)
    assert coverage_s(state) <= shown_s
    assert watched_s(state) == pytest.approx(length_s, abs=2 * poll_s)


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize(("every_s", "share"), ((10, 0.97), (20, 0.94)))
def test_polls_in_phase_with_reports_lose_nothing(every_s: float, share: float, speed: float) -> None:
    """Where each poll falls just when a report does it sees now none, now one, now two of them.

    Where both are rare it takes a few minutes until that tells a speed.
    """
    for seed in range(10):
        for late_s in (0.05, 0.2, 0.5):
            player = Player(speed, every_s, late_s=late_s, seed=seed)
            state, shown_s = watch_it(player, every_s, 3600.0, polls_late_s=late_s)
            assert coverage_s(state) >= share * (shown_s - 2 * every_s * speed), (seed, late_s)


@pytest.mark.parametrize("poll_s", (1, 5, 10, 20))
@pytest.mark.parametrize("report_s", REPORTS_S)
@pytest.mark.parametrize("skip_s", (10, 15, 30, 60))
@pytest.mark.parametrize("every_s", (30, 300))
def test_skipping_stays_skipping(poll_s: float, report_s: float, skip_s: float, every_s: float) -> None:
    """Over a whole film skips add at most twice the slack, whenever they fall between the reports."""
    length_s = 7200.0 if poll_s >= 10 else 2400.0
    for first_s in (every_s, every_s + 7.0, every_s + 13.3):
        times = [first_s + n * every_s for n in range(int((length_s - first_s) / every_s))]
        state, shown_s = watch_it(Player(1.0, report_s, dict.fromkeys(times, skip_s)), poll_s, length_s)
        assert coverage_s(state) <= shown_s + 2 * RULES.slack_s, first_s


@pytest.mark.parametrize("poll_s", (1, 5, 10, 20))
@pytest.mark.parametrize("report_s", REPORTS_S)
@pytest.mark.parametrize("skip_s", (10, 15, 30, 60))
def test_skips_that_are_not_quite_regular_stay_skips(poll_s: float, report_s: float, skip_s: float) -> None:
    """Somebody skips about each half minute, and the player reports each skip: between most polls there is one."""
    rnd = random.Random(f"{poll_s} {report_s} {skip_s}")  # noqa: S311 - skips that can be had again
    length_s = 7200.0 if poll_s >= 10 else 2400.0
    times, at_s = [], 30.0
    while at_s < length_s:
        times.append(at_s)
        at_s += rnd.uniform(25.5, 34.5)
    state, shown_s = watch_it(Player(1.0, report_s, dict.fromkeys(times, skip_s), tells_skips=True), poll_s, length_s)
    assert coverage_s(state) <= shown_s + 2 * RULES.slack_s


@pytest.mark.parametrize("poll_s", (30, 60))
@pytest.mark.parametrize("skip_s", (10, 30, 60))
def test_rare_skips_stay_skips_at_rare_polls(poll_s: float, skip_s: float) -> None:
    """Where polls are rare, skips every five minutes are still told from a faster speed."""
    times = [300.0 * n for n in range(1, 24)]
    state, shown_s = watch_it(Player(1.0, 10, dict.fromkeys(times, skip_s)), poll_s, 7200.0)
    assert coverage_s(state) <= shown_s + 2 * RULES.slack_s


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.5, 2),
    st.sampled_from(POLLS_S),
    st.sampled_from(REPORTS_S),
    st.lists(st.tuples(st.floats(60, 900), st.floats(60, 900)), max_size=4),
    st.integers(0, 1000),
)
def test_pauses_take_nothing(
    speed: float, poll_s: float, report_s: float, pauses: list[tuple[float, float]], seed: int
) -> None:
    """With pauses of any length, and reports a little late, playing time and coverage stay near the truth.

    What each pause may cost is a poll and a report.
    """
    at_s, paused_s, stretches = 600.0, 0.0, []
    for gap_s, length_s in pauses:
        stretches.append((at_s + gap_s, at_s + gap_s + length_s))
        at_s, paused_s = at_s + gap_s + length_s, paused_s + length_s
    end_s = at_s + 1800
    player = Player(speed, report_s, pauses=tuple(stretches), late_s=min(0.2, report_s / 10), seed=seed)
    state, shown_s = watch_it(player, poll_s, end_s)
    edge_s = (poll_s + report_s) * (2 * len(stretches) + 2)
    assert coverage_s(state) <= shown_s + 2 * RULES.slack_s
    assert coverage_s(state) >= shown_s - edge_s * speed - 0.03 * shown_s
    assert watched_s(state) == pytest.approx(end_s - paused_s, abs=edge_s)
    assert sittings.playing_s(state.sittings) == pytest.approx(state.playing_s)
    assert sum(each.end_s - each.start_s for each in state.sittings) <= end_s - paused_s + edge_s


@pytest.mark.parametrize("speed", (1.25, 1.5, 2))
@pytest.mark.parametrize(("poll_s", "report_s"), ((1, 1), (5, 1), (1, 10), (1, 20), (10, 1)))
def test_seeks_make_no_speed_forgotten(poll_s: float, report_s: float, speed: float) -> None:
    """With a seek every 80 s, what is lost is the interval in which each falls, and no more."""
    times = [80 * n + 7.3 for n in range(1, 40)]
    state, shown_s = watch_it(Player(speed, report_s, dict.fromkeys(times, 200.0)), poll_s, 3600.0)
    assert state.speed == pytest.approx(speed, rel=0.03)
    assert coverage_s(state) >= 0.97 * shown_s - (poll_s + report_s) * speed * (len(times) + 2)


@pytest.mark.parametrize("speed", (1.25, 1.5, 2))
@pytest.mark.parametrize(("poll_s", "report_s"), ((1, 1), (5, 1), (1, 10), (1, 20), (10, 1)))
def test_pauses_make_no_speed_forgotten(poll_s: float, report_s: float, speed: float) -> None:
    """With a quarter of a minute of pause every 100 s, nearly everything is seen."""
    pauses = tuple((100 * n + 7.3, 100 * n + 22.3) for n in range(1, 35))
    state, shown_s = watch_it(Player(speed, report_s, pauses=pauses), poll_s, 3600.0)
    assert state.speed == pytest.approx(speed, rel=0.03)
    assert coverage_s(state) >= 0.95 * shown_s


@pytest.mark.parametrize("poll_s", (1, 5))
@pytest.mark.parametrize("pause_every_s", (95, 200))
@pytest.mark.parametrize("skip_s", (10, 15))
def test_skips_between_pauses_show_no_speed(poll_s: float, pause_every_s: float, skip_s: float) -> None:
    """Skips twice a minute, seen through reports of 20 s, look steady between two pauses."""
    length_s = 3600.0
    times = [30.0 * n for n in range(1, int(length_s / 30))]
    pauses = tuple((pause_every_s * n + 3.1, pause_every_s * n + 11.0) for n in range(1, int(length_s / pause_every_s)))
    player = Player(1.0, 20, dict.fromkeys(times, skip_s), pauses)
    state, shown_s = watch_it(player, poll_s, length_s)
    assert coverage_s(state) <= shown_s + 2 * RULES.slack_s


def _pause_and_skip_at_random(seed: int, report_s: float, skip_s: float) -> Player:
    """Return a player that is paused about once a minute, and skips about twice."""
    rnd = random.Random(seed)  # noqa: S311 - a model of an evening, no secret
    skips: dict[float, float] = {}
    pauses: list[tuple[float, float]] = []
    at_s = rnd.uniform(20, 40)
    while at_s < 7000:
        skips[at_s] = skip_s
        at_s += rnd.uniform(24, 36)
    at_s = rnd.uniform(30, 90)
    while at_s < 7000:
        pauses.append((at_s, at_s + rnd.uniform(4, 25)))
        at_s = pauses[-1][1] + rnd.uniform(30, 90)
    return Player(1.0, report_s, skips if skip_s else {}, tuple(pauses))


@pytest.mark.parametrize("poll_s", (10, 15))
@pytest.mark.parametrize("seed", range(4))
def test_pauses_hide_no_skips(poll_s: float, seed: int) -> None:
    """A skip beside a pause is none that the clock leaves time for; but one may fall into a pause that no poll saw."""
    player = _pause_and_skip_at_random(seed, 1, 10.0)
    state, shown_s = watch_it(player, poll_s, 7200.0)
    hidden_s = sum(10.0 for start, end in player.pauses if start // poll_s == end // poll_s)
    assert coverage_s(state) <= shown_s + 2 * RULES.slack_s + hidden_s


@pytest.mark.parametrize(
    ("poll_s", "skip_s", "seed"),
    (
        (5, 10.0, 1),
        (5, 10.0, 2),
        (5, 10.0, 3),
        (5, 10.0, 4),  # learned, and taken back: the other steps come soon
        (5, 10.0, 9),
        (5, 10.0, 12),
        (5, 15.0, 12),
        (10, 10.0, 1),
        (10, 15.0, 4),
        (10, 10.0, 12),
        (10, 10.0, 20),
        (10, 15.0, 12),
    ),
)
def test_steps_alike_between_pauses_show_no_speed(poll_s: float, skip_s: float, seed: int) -> None:
    """A few reports of 20 s have one skip each, by chance, now before and now after a pause: that is no speed."""
    player = _pause_and_skip_at_random(seed, 20, skip_s)
    state, shown_s = watch_it(player, poll_s, 7200.0)
    hidden_s = sum(skip_s for start, end in player.pauses if start // poll_s == end // poll_s)
    assert coverage_s(state) <= shown_s + 2 * RULES.slack_s + hidden_s


@pytest.mark.parametrize("came_s", (1500.0, 1960.0, 1995.0))
def test_a_guest_has_no_skips_of_a_speed_that_was_none(came_s: float) -> None:
    """Steps of the host's film look like 1.5x at 2,000 s, and turn out to be skips: a guest has not seen those."""
    player, line, guest = _pause_and_skip_at_random(4, 20, 10.0), None, None
    reports, shown_s, at_s = list(player.reports(7200.0)), 0.0, 0.0
    while at_s <= 2400.0:
        _, position_s, doing, shown_now_s = [each for each in reports if each[0] <= at_s][-1]
        seen, at = playing(position_s, state=doing, item=FILM), moment(at_s)
        if line is None:
            line = open_watch(seen, "screening", "viewer", "Alice", "plex", at, seen.position_ms, doing)
        else:
            before, line = line, advance(line, at, seen.position_ms, doing, RULES)
            if guest is not None:
                guest = observe_member(guest, line, before, seen, at, RULES)
            elif at_s == came_s:
                guest = open_watch(line, "screening", "9", "Ben", "voice", at, line.position_ms, doing)
                shown_s = shown_now_s
        at_s += 5.0
    assert line is not None and guest is not None
    assert (line.speed, guest.speed) == (1.0, 1.0)
    assert coverage_s(guest) <= shown_now_s - shown_s + 2 * RULES.slack_s


@pytest.mark.parametrize("speed", (1.25, 1.5, 2))
@pytest.mark.parametrize(("poll_s", "report_s"), ((5, 1), (5, 20), (10, 10), (10, 20)))
@pytest.mark.parametrize("every_s", (120, 240))
def test_a_speed_that_is_changed_often_was_one(poll_s: int, report_s: int, speed: float, every_s: int) -> None:
    """Somebody turns it up and down every few minutes: those are no skips."""
    state, position_s, reported_s = None, 0.0, 0.0
    for at_s in range(3600):
        reported_s = position_s if at_s % report_s == 0 else reported_s
        position_s += speed if (at_s // every_s) % 2 else 1.0
        if at_s % poll_s:
            continue
        there_ms = round(reported_s * 1000)
        if state is None:
            seen = playing(0.0, item=FILM)
            state = open_watch(seen, "screening", "viewer", "Alice", "plex", moment(0), 0, "playing")
        else:
            state = advance(state, moment(at_s), there_ms, "playing", RULES)
    assert state is not None
    assert coverage_s(state) >= 0.97 * reported_s


@pytest.mark.parametrize("speed", (1.25, 1.5, 2))
@pytest.mark.parametrize("report_s", (1, 10, 20))
def test_a_pause_each_minute_makes_no_speed_forgotten(report_s: float, speed: float) -> None:
    """At the usual polls a faster speed is learned between pauses, too."""
    player = _pause_and_skip_at_random(1, report_s, 0.0)
    player.speed = speed
    state, shown_s = watch_it(player, 10, 7200.0)
    assert coverage_s(state) >= 0.95 * shown_s


@pytest.mark.parametrize("poll_s", (5, 10))
@pytest.mark.parametrize("report_s", (10, 20))
def test_many_pauses_take_nothing_from_slow_reports(poll_s: float, report_s: float) -> None:
    """The report at a pause catches up what the one before was late by, each time anew."""
    state, shown_s = watch_it(_pause_and_skip_at_random(1, report_s, 0.0), poll_s, 7200.0)
    assert coverage_s(state) >= 0.99 * shown_s


def test_a_change_of_speed_is_learned() -> None:
    """From normal to double speed and back, each for half an hour: all of it was seen."""
    state, shown_s = watch_it(Player(1.0), 10, 1800.0)
    for speed in (2.0, 1.0, 1.5):
        began_s, before_s = state.seen.steady_s - 1000, (state.position_ms or 0) / 1000
        for step in range(1, 181):
            position_s = before_s + step * 10 * speed
            state = advance(state, moment(began_s + step * 10), round(position_s * 1000), "playing", RULES)
        shown_s += 1800 * speed
    assert coverage_s(state) == pytest.approx(shown_s, rel=0.02)
    assert state.speed == pytest.approx(1.5, rel=0.03)


@pytest.mark.parametrize("poll_s", (30, 60))
@pytest.mark.parametrize("seed", range(4))
def test_pauses_take_nothing_at_rare_polls(poll_s: float, seed: int) -> None:
    """A pause of some seconds or minutes every five minutes, with the position known where each begins."""
    rnd = random.Random(seed)  # noqa: S311 - a model of an evening, no secret
    pauses: list[tuple[float, float]] = []
    at_s = 300.0
    while at_s < 6600:
        pauses.append((at_s, at_s + rnd.choice([rnd.uniform(20, 60), rnd.uniform(60, 240)])))
        at_s = pauses[-1][1] + rnd.uniform(240, 360)
    state, shown_s = watch_it(Player(1.0, 1.0, pauses=tuple(pauses)), poll_s, 7200.0)
    assert 0.995 * shown_s - poll_s <= coverage_s(state) <= shown_s + 1


def test_a_pause_hides_a_skip_from_rare_polls() -> None:
    """Two evenings of which polls every minute show the same: nobody can know what was seen. Who pauses is believed.

    In one the film is paused for the last third of some minutes; in the other it plays for a third, is skipped on by
    as much, and is paused for the rest.
    """
    minutes = range(5, 60, 5)
    paused = Player(1.0, 1.0, pauses=tuple((60.0 * n + 40, 60.0 * n + 61) for n in minutes))
    skipped = Player(
        1.0,
        1.0,
        skips={60.0 * n + 20: 20.0 for n in minutes},
        pauses=tuple((60.0 * n + 20, 60.0 * n + 61) for n in minutes),
    )
    (one, more_s), (other, less_s) = watch_it(paused, 60.0, 3600.0), watch_it(skipped, 60.0, 3600.0)
    assert one == other
    assert more_s - less_s == pytest.approx(20.0 * len(minutes))
    assert coverage_s(one) == pytest.approx(more_s)
