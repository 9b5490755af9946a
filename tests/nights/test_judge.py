"""The judge of random nights: it finds what is missing, double or wrong, and forgives only what nobody could see."""

from __future__ import annotations

import dataclasses

import pytest

from messages import Item, PlaybackSnapshot, WatchRecord, spans
from messages.base import DurationMs, PositionMs
from simulator.nights.judge import Judgement, Margins, judge, most_records
from simulator.nights.kill_matrix.random_night import VICTIMS, write_night
from simulator.nights.ledger import Ledger
from simulator.nights.observation import Kill, ProcessSurvey
from simulator.nights.script import WHERE_LEFT, Cue, Script
from simulator.plex import TELEVISION, LibraryItem, PlayingSession, SimulatedAccount
from tests.nights.rules_stage import ScriptOutcome, ScriptRun
from tracking.rules import Rules

POLL_S = 10.0
MARGINS = Margins(POLL_S, 20.0, 20.0, polls_a_change=2, late_s=0.0)
ANTON = SimulatedAccount(7, "Anton")
HEAT = LibraryItem("1", "movie", "Heat", 1, 1995, 6_000_000)
Watched = tuple[float, float]


def ledger_of(*watched: Watched) -> Ledger:
    """Return a ledger in which Anton played the film from its start, from one moment to another."""
    ledger = Ledger("m")
    for begin_s, end_s in watched:
        session = PlayingSession("u", "1", ANTON, HEAT, TELEVISION, "playing", begin_s, begin_s, 0)
        ledger.note_session(session)
        ledger.note_end(session, end_s)
    return ledger


def record(playing_s: float, *seen: tuple[int, int]) -> WatchRecord:
    """Return what the store holds of it."""
    return WatchRecord(
        watch_id="w", screening_id="s", viewer_id="plex:m:7", username="Anton", source="plex",
        item=Item("m", "1", "movie", "Heat", duration_ms=DurationMs(6_000_000)), media_type="movie",
        started_at_s=0.0, ended_at_s=playing_s, join_position_ms=PositionMs(0), leave_position_ms=PositionMs(0),
        playing_s=playing_s, paused_s=0.0, spans=seen, coverage_ms=DurationMs(spans.coverage(seen)),
        completion_percent=None, completed=False, brief=False, end_reason="left",
    )  # fmt: skip


def judge_ledger(ledger: Ledger, records: list[WatchRecord], *kills: Kill) -> Judgement:
    """Return the judgement, with polls every ten seconds for an hour and a save every minute."""
    every_poll = [float(at_s) for at_s in range(0, 3600, 10)]
    every_save = [float(at_s) for at_s in range(0, 3600, 60)]
    survey = ProcessSurvey(POLL_S, POLL_S, polls=every_poll, saves=every_save, kills=list(kills))
    return judge(ledger, "", records, survey.observation(), MARGINS)


def test_a_right_record_is_right() -> None:
    """Off by one report: no problem, and the error in polls is given."""
    judgement = judge_ledger(ledger_of((100, 700)), [record(590.0, (0, 590_000))])
    assert (judgement.expected, judgement.found, judgement.problems) == (1, 1, [])
    assert judgement.playing_polls == [1.0] and judgement.coverage_polls == [1.0]


def test_a_missing_record_is_found() -> None:
    """Sixty polls saw the watch, and there is no record."""
    judgement = judge_ledger(ledger_of((100, 700)), [])
    assert (judgement.expected, judgement.missing) == (1, 1)
    assert judgement.problems == ["Anton at Heat: no record"]


def test_a_double_record_is_found() -> None:
    """Two records of one viewer at one film."""
    right = record(590.0, (0, 590_000))
    assert judge_ledger(ledger_of((100, 700)), [right, right]).double == 1


@pytest.mark.parametrize(
    ("came_s", "again_s", "most"),
    [(708.0, 800.0, 2), (708.0, 700.0, 2), (708.0, 675.0, 2), (708.0, 620.0, 1), (708.0, 200.0, 2), (408.0, 320.0, 2)],
)
def test_who_sees_a_completed_film_again_may_have_two_records(came_s: float, again_s: float, most: int) -> None:
    """Iris came in at `came_s` of the film and completed it; then it plays again, from `again_s` on.

    It is a second watch from its beginning, or at a part that she saw; also shortly before that part, which is where
    she has seen it again by the next poll, and not far before it, unless what she had missed was the beginning.
    """
    ledger = Ledger("m")
    ledger.note_arrival("9", "Iris", came_s)
    for uid, begin_s, end_s, from_s in (("u", 0.0, 6000.0, 0.0), ("v", 7000.0, 7600.0, again_s)):
        session = PlayingSession(uid, uid, ANTON, HEAT, TELEVISION, "playing", begin_s, begin_s, round(from_s * 1000))
        ledger.note_session(session)
        ledger.note_end(session, end_s)
    ledger.note_departure("9", 7600.0)
    iris = next(watch for watch in ledger.true_watches("Anton") if watch.guest)
    assert most_records(iris, 0.0, MARGINS) == most


def test_who_goes_on_where_the_film_was_left_stopped_it_there() -> None:
    """A film that ran out was left nowhere, though its account had stopped it once before that."""
    cues = (
        Cue(0.0, "play", "1", HEAT.rating_key),
        Cue(100.0, "stop", "1"),
        Cue(120.0, "play", "1", HEAT.rating_key, WHERE_LEFT),
        Cue(6100.0, "stop", "1"),
        Cue(6200.0, "play", "1", HEAT.rating_key, WHERE_LEFT),
    )
    outcome = ScriptRun(Script(cues, 6300.0), ["1"], [HEAT], Rules(), POLL_S).run()
    stretches = [(each.begin_ms, each.end_ms) for each in outcome.ledger.stretches]
    assert stretches == [(0, 100_000), (100_000, 6_000_000)]


def test_a_record_of_what_never_was_is_found() -> None:
    """Nobody watched that."""
    assert judge_ledger(ledger_of(), [record(590.0, (0, 590_000))]).double == 1


@pytest.mark.parametrize(
    ("playing_s", "seen"),
    [
        (400.0, [(0, 600_000)]),
        (900.0, [(0, 600_000)]),
        (600.0, [(0, 300_000)]),
        (600.0, [(0, 600_000), (900_000, 1_200_000)]),
    ],
)
def test_a_wrong_length_is_found(playing_s: float, seen: list[tuple[int, int]]) -> None:
    """Too little or too much, played or seen."""
    assert judge_ledger(ledger_of((100, 700)), [record(playing_s, *seen)]).problems


def test_only_what_the_dead_took_with_them_is_forgiven() -> None:
    """What only the last moments before a death of all could have shown need not be there; anything else must."""
    short = ledger_of((650, 690))
    assert judge_ledger(short, []).missing == 1
    assert judge_ledger(short, [], Kill("all", "at once", 700, 900)).missing == 0
    assert judge_ledger(short, [], Kill("discord", "at once", 700, 900)).missing == 1
    assert judge_ledger(short, [], Kill("tracker", "at once", 700, 900)).missing == 1
    together = (Kill("tracker", "at once", 700, 900), Kill("persistence", "at once", 720, 950))
    assert judge_ledger(short, [], *together).missing == 0


def test_a_death_excuses_no_error_where_nothing_changed() -> None:
    """The film just went on through it: its record is as exact as ever."""
    through = ledger_of((100, 3000))
    kill = Kill("all", "at once", 1000, 1300)
    assert not judge_ledger(through, [record(2890.0, (0, 2_890_000))], kill).problems
    assert judge_ledger(through, [record(2600.0, (0, 2_600_000))], kill).problems


def test_the_ledger_notes_what_happened() -> None:
    """A pause, a seek, an end by itself; who sat in the channel saw what the host showed."""
    ledger = Ledger("m")
    session = PlayingSession("u", "1", ANTON, HEAT, TELEVISION, "playing", 0.0, 0.0, 0)
    ledger.note_session(session)
    ledger.note_arrival("9", "Iris", 50.0)
    ledger.note_session(session.to_state("paused", 100.0))
    ledger.note_session(session.to_state("paused", 100.0).to_state("playing", 160.0).seek_to(5_900_000, 160.0))
    ledger.note_departure("9", 1000.0)
    ledger.note_end(session, 1000.0)
    anton, iris = ledger.true_watches("Anton")
    assert (anton.playing_s, anton.paused_s) == (200.0, 60.0)  # the film was over 100 s after the seek
    assert anton.spans == ((0, 100_000), (5_900_000, 6_000_000))
    assert (iris.viewer_id, iris.guest, iris.playing_s) == ("9", True, 150.0)


def test_a_seed_is_a_night() -> None:
    """The same seed writes the same night; six in a row kill each victim."""
    assert write_night(7) == write_night(7) != write_night(8)
    assert all(any(kill.who == VICTIMS[seed % 6] for kill in write_night(seed).kills) for seed in range(30))


def show_of(*cues: Cue) -> tuple[list[tuple[float, int | None]], ScriptOutcome]:
    """Return what the polls showed of a night with a player that reports once a minute, and what came of it."""
    rules = Rules(party_user="1")
    run = ScriptRun(Script(cues, 300.0, {"1": 60.0}), ["1"], [HEAT], rules, POLL_S)
    polls: list[tuple[float, int | None]] = []
    observe = run.stage.observe

    def note(snapshot: PlaybackSnapshot) -> None:
        polls.extend((snapshot.taken.steady_s, playback.position_ms) for playback in snapshot.playbacks)
        observe(snapshot)

    run.stage.observe = note  # type: ignore[method-assign]
    return polls, run.run()


def test_what_nobody_can_tell_apart_is_forgiven() -> None:
    """A player that dies and is gone within a minute shows what one shows whose last report was not sent any more.

    Both nights have the same polls, and so the same record; who watched saw a minute more in one of them.
    """
    play = Cue(0.0, "play", "1", HEAT.rating_key)
    alive = show_of(play, Cue(178.0, "vanish", "1"))
    dead = show_of(play, Cue(121.0, "abandon", "1", "dead"), Cue(178.0, "clear", "1"))
    assert alive[0] == dead[0] and len(alive[0]) > 10
    seen = [outcome.ledger.true_watches("1")[0].playing_s for _, outcome in (alive, dead)]
    assert seen[0] - seen[1] == pytest.approx(57.0)
    margins = Margins(POLL_S, 30.0, 20.0, ghost_after_s=60.0)
    for _, outcome in (alive, dead):
        assert judge(outcome.ledger, "1", outcome.records, outcome.observation, margins).problems == []


def judge_machine_away(away_s: float, set_back_s: float, sought_s: float) -> tuple[list[WatchRecord], Judgement]:
    """Return the records of a film during which the machine starts anew, and what the judge says of them.

    It is away for a while, the wall clock is set back meanwhile, and somebody seeks.
    """
    seek = [Cue(101.0, "seek", "1", amount=sought_s)] if sought_s else []
    cues = (Cue(0.0, "play", "1", HEAT.rating_key), *seek, Cue(180.0 + away_s, "stop", "1"))
    run = ScriptRun(Script(cues, 300.0, {"1": 1.0}), ["1"], [HEAT], Rules(), POLL_S)
    poll, back_s = run._poll, 100.0 + away_s

    def poll_unless_away() -> None:
        if 100.0 < run.now_s < back_s:
            return
        if run.now_s == back_s:
            run.stage.wall_shift_s = -set_back_s
            run.stage.restart(back_s, reboot=True)
        poll()

    run._poll = poll_unless_away  # type: ignore[method-assign]
    outcome = run.run()
    observation = dataclasses.replace(outcome.observation, unmeasured=[(100.0, back_s)])
    return outcome.records, judge(outcome.ledger, "", outcome.records, observation, Margins(POLL_S, 30.0, 20.0))


def test_time_that_no_clock_tells_is_forgiven() -> None:
    """A machine that starts anew with its wall clock set back leaves no clock that says how long it was away.

    Two minutes in which the film ran on look like ten seconds in which somebody sought by as much, with the clock set
    back by less. Nothing of them counts, and neither record is wrong.
    """
    (ran, one), (sought, other) = judge_machine_away(120.0, 7200.0, 0.0), judge_machine_away(10.0, 7090.0, 110.0)
    assert ran == sought and len(ran) == 1
    assert one.problems == other.problems == []


@pytest.mark.parametrize("goes_out", (False, True))
def test_a_film_that_was_not_known_yet_when_discord_went_away_is_forgiven(goes_out: bool) -> None:
    """The host has left one film paused and begun another half a minute before Discord is away for four minutes.

    The member who is there afterwards may have been all the while, or not: both nights have the same reports. What ran
    until Discord was away counts, and what runs since it is back; the time between does not.
    """
    other = LibraryItem("2", "movie", "Ronin", 2, 1998, 6_000_000)
    outside = (Cue(245.0, "leave", "9"), Cue(495.0, "join", "9")) if goes_out else ()
    cues = (
        Cue(0.0, "join", "9"),
        Cue(0.0, "play", "1", HEAT.rating_key),
        Cue(200.0, "abandon", "1", "paused"),
        Cue(212.0, "play", "1", other.rating_key, device="phone"),
        Cue(242.0, "gateway"),
        *outside,
        Cue(502.0, "gateway_back"),
        Cue(600.0, "stop", "1"),
        Cue(602.0, "leave", "9"),
        Cue(700.0, "clear", "1"),
    )
    outcome = ScriptRun(Script(cues, 700.0, {"1": 1.0}), ["1"], [HEAT, other], Rules(party_user="1"), POLL_S).run()
    (seen,) = [each for each in outcome.records if each.viewer_id == "9" and each.item.title == "Ronin"]
    assert 98.0 - POLL_S <= seen.playing_s <= 98.0 + 30.0 + POLL_S
    margins = Margins(POLL_S, 30.0, 20.0, ghost_after_s=60.0)
    assert judge(outcome.ledger, "1", outcome.records, outcome.observation, margins).problems == []


@pytest.mark.parametrize("begins_s", (260.0, 395.0))
def test_what_was_seen_too_shortly_beside_a_paused_player_is_forgiven(begins_s: float) -> None:
    """While Plex is away the host leaves one film paused and begins another; it is seen for half a minute.

    Whether that has played for minutes or for seconds by then, the polls are the same: it may be a short look.
    """
    other = LibraryItem("2", "movie", "Ronin", 2, 1998, 6_000_000)
    cues = (
        Cue(0.0, "join", "9"),
        Cue(0.0, "play", "1", HEAT.rating_key),
        Cue(205.0, "outage"),
        Cue(240.0, "abandon", "1", "paused"),
        Cue(begins_s, "play", "1", other.rating_key, 400.0 - begins_s, "phone"),
        Cue(398.0, "heal"),
        Cue(432.0, "stop", "1"),
        Cue(600.0, "leave", "9"),
        Cue(600.0, "clear", "1"),
    )
    outcome = ScriptRun(Script(cues, 700.0, {"1": 1.0}), ["1"], [HEAT, other], Rules(party_user="1"), POLL_S).run()
    margins = Margins(POLL_S, 30.0, 20.0, ghost_after_s=60.0)
    assert judge(outcome.ledger, "1", outcome.records, outcome.observation, margins).problems == []


def test_a_film_switched_to_in_an_outage_is_not_known_when_it_is_paused() -> None:
    """A session is seen to play one film, and paused at the next one: of that no poll has seen anything run."""
    other = dataclasses.replace(HEAT, rating_key="other")
    ledger = Ledger("m")
    session = PlayingSession("u", "u", ANTON, HEAT, TELEVISION, "playing", 0.0, 0.0, 0)
    switched = dataclasses.replace(session, item=other, anchor_s=100.0)
    for each in (session, switched, switched.to_state("paused", 200.0)):
        ledger.note_session(each)
    ledger.note_end(session, 300.0)
    assert ledger.unproven_pauses("Anton", [10.0, 20.0, 250.0]) == [(200.0, 300.0)]
    assert ledger.unproven_pauses("Anton", [110.0, 120.0, 250.0]) == []


@pytest.mark.parametrize(("skipped_s", "wrong"), [(110.0, False), (160.0, True)])
def test_a_skip_of_a_slow_film_may_count_as_twice_the_slack(skipped_s: float, wrong: bool) -> None:
    """At half speed as well: the specification counts seconds of film. The changes may cost their polls beside that."""
    begins_ms = 200_000 + round(skipped_s * 1000)
    ledger = Ledger("m")
    session = PlayingSession("u", "u", ANTON, HEAT, TELEVISION, "playing", 0.0, 0.0, 0, speed=0.5)
    ledger.note_session(session)
    ledger.note_session(dataclasses.replace(session, anchor_s=400.0, anchor_ms=begins_ms))
    ledger.note_end(session, 800.0)
    assert bool(judge_ledger(ledger, [record(800.0, (0, begins_ms + 200_000))]).problems) == wrong
