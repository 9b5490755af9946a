"""Random scripts on the stage of the rules alone leave true records: no process, no store, no clock.

`USHER_SCRIPTS=5000` plays more of those with speeds, and of those with players that are left behind.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping

import pytest

from simulator.nights.judge import Judgement, Margins, judge
from simulator.nights.random_people import EVERYTHING, SEVERAL_PLAYERS
from simulator.nights.script import Cue, Script
from tests.nights.memory.random_night import write_script
from tests.nights.rules_stage import ScriptRun
from tracking.rules import Rules

SEEDS_A_TEST = 25
SCRIPTS = int(os.environ.get("USHER_SCRIPTS", "50"))
RULES = Rules(party_user="1")
SPEEDS = (0.5, 1.0, 1.0, 1.25, 1.5, 2.0)


def judge_seed(seed: int, speeds: tuple[float, ...] = (1.0,), turns: Mapping[str, float] = EVERYTHING) -> Judgement:
    """Play the script of a seed, with a restart of the tracking in each second one, and judge its records."""
    rng = random.Random(f"script {seed}")  # noqa: S311 - chance that can be had again
    accounts = [str(number) for number in range(1, rng.randint(1, 4) + 1)]
    members = [str(9000 + number) for number in range(rng.randint(1, 4))]
    script, items = write_script(rng, accounts, members, calm=False, speeds=speeds, turns=turns)
    restarts = [Cue(rng.uniform(0, script.length_s), "restart") for _ in range(seed % 2)]
    cues = sorted([*script.cues, *restarts], key=lambda cue: cue.at_s)
    poll_s = rng.choice([5.0, 10.0])
    outcome = ScriptRun(Script(tuple(cues), script.length_s, script.report_s), accounts, items, RULES, poll_s).run()
    margins = Margins(
        poll_s, RULES.end_grace_s, RULES.slack_s, ghost_after_s=RULES.ghost_after_s,
        watched_percent=RULES.watched_percent, min_watch_s=RULES.min_watch_s,
    )  # fmt: skip
    return judge(outcome.ledger, "1", outcome.records, outcome.observation, margins)


@pytest.mark.parametrize("first", range(0, 100, SEEDS_A_TEST))
def test_random_scripts_leave_true_records(first: int) -> None:
    """Nothing is missing, double, or wrong by more than what no poll can tell."""
    problems = {seed: judge_seed(seed).problems for seed in range(first, first + SEEDS_A_TEST)}
    assert {seed: wrong for seed, wrong in problems.items() if wrong} == {}


@pytest.mark.parametrize("first", range(1000, 1000 + SCRIPTS, SEEDS_A_TEST))
def test_random_speeds_leave_true_records(first: int) -> None:
    """The same where each account watches at a speed of its own, of which Plex tells nobody."""
    problems = {seed: judge_seed(seed, SPEEDS).problems for seed in range(first, first + SEEDS_A_TEST)}
    assert {seed: wrong for seed, wrong in problems.items() if wrong} == {}


@pytest.mark.parametrize("first", range(5000, 5000 + SCRIPTS, SEEDS_A_TEST))
def test_random_players_leave_true_records(first: int) -> None:
    """The same where players are left paused or dead, and stay listed beside the one that is gone on with."""
    problems = {seed: judge_seed(seed, SPEEDS, SEVERAL_PLAYERS).problems for seed in range(first, first + SEEDS_A_TEST)}
    assert {seed: wrong for seed, wrong in problems.items() if wrong} == {}


@pytest.mark.parametrize(
    "seed",
    (
        1014, 1068, 2873, 2972,  # double speed, with a seek or a pause in the first two minutes
        2365, 3211, 7178,  # half speed, with an outage in the first minute
        900772,  # the same in the first minute of a guest
        2284,  # half speed, with a skip before it was known
        2423,  # a seek while Discord is away
        900935,  # a completed film begun again just before the part that had been seen
    ),
)  # fmt: skip
def test_speeds_that_were_wrong_are_right(seed: int) -> None:
    """Each of a kind."""
    assert judge_seed(seed, SPEEDS).problems == []


@pytest.mark.parametrize(
    "seed",
    (
        5087, 5851, 6161,  # double speed, seen for less than two minutes
        5119, 5122, 6239, 6454,  # a guest comes to a dead app
        5181, 6099,  # the host leaves a dead app for another film
        5563, 6341, 7284, 8101, 8223, 9862, 5614, 5696,  # a guest leaves before it is known that the host has moved
        5287, 5373, 6149, 9305,  # a restart beside a player that was left
        5506, 7362, 7666,  # an outage beside a speed that is not known yet, and beside a pause
        6147, 8663, 9032, 9980,  # the host moves, at another speed, pauses both, looks at another film
        5339, 6560,  # a dead app that is gone before that is known
        900277, 900688,  # the host's film runs only while Plex is away, and is paused when it is seen
    ),
)  # fmt: skip
def test_players_that_were_wrong_are_right(seed: int) -> None:
    """Each of a kind."""
    assert judge_seed(seed, SPEEDS, SEVERAL_PLAYERS).problems == []


def test_scripts_are_worth_judging() -> None:
    """Many watches must be recorded, and the error of most of them is small."""
    judgements = [judge_seed(seed) for seed in range(SEEDS_A_TEST)]
    assert sum(judgement.expected for judgement in judgements) > 100
    errors = sorted(error for judgement in judgements for error in judgement.playing_polls)
    assert errors[len(errors) // 2] < 4
