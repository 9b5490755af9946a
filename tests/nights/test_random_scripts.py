"""Random scripts on the stage of the rules alone leave true records: no process, no store, no clock.

`USHER_SCRIPTS=5000` plays more of those with speeds, and of those with players that are left behind; `python -m
tests.nights --kind speeds --nights 5000` says what is wrong with which.
"""

from __future__ import annotations

import os

import pytest

from simulator.nights.random_people import SEVERAL_PLAYERS
from tests.nights.random_scripts import SPEEDS, judge_seed

SEEDS_A_TEST = 25
SCRIPTS = int(os.environ.get("USHER_SCRIPTS", "50"))


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
        960662, 961995,  # half speed, with an outage in the first minute, seen shortly afterwards
        961045, 963395, 986874,  # half speed, with a seek in an outage
        1000057,  # another film is begun, and paused, in an outage
        1000330,  # half speed, with a skip in the first minute
        1003827,  # a guest comes to a completed film in the part that had been missed
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
        961442, 961581, 970419,  # half speed, with an outage in the first minute, seen shortly afterwards
        960915, 962299,  # a dead player of the host's over a restart
        964046, 970645,  # a dead player that is back in an outage; one after a pause
        970143, 970326,  # a film that is not known yet to be the channel's when Discord, or Plex, is away
        900277, 900688,  # the host's film runs only while Plex is away, and is paused when it is seen
        971432,  # double speed with skips, then a dead player that moves on
        971376,  # a guest comes when the player that the host went on with is gone, and the first is dead
        971590,  # a short look on another player, which then shows another film
        973308,  # two players die one after the other
        973455,  # a pause that is over, then a dead player
        980733, 983177,  # guests come to a dead player that goes on, and to one that does not
        985889,  # a guest who has completed a film comes to a player of it that has just died
        982473,  # a restart before it is known that the host has moved
        982893,  # a guest comes in the pause of a film beside another paused one
        1004705,  # Discord goes away before it is known that the host has moved
        1002516,  # the host moves at one and a half speed, which is not known yet when the guests follow
        1003876,  # a film begun again beside its paused player: the app dies, another shows a bit
    ),
)  # fmt: skip
def test_players_that_were_wrong_are_right(seed: int) -> None:
    """Each of a kind."""
    assert judge_seed(seed, SPEEDS, SEVERAL_PLAYERS).problems == []


def test_plain_scripts_that_were_wrong_are_right() -> None:
    """Another film is played between two parts of one, with an outage in it."""
    assert judge_seed(1004728).problems == []


def test_scripts_are_worth_judging() -> None:
    """Many watches must be recorded, and the error of most of them is small."""
    judgements = [judge_seed(seed) for seed in range(SEEDS_A_TEST)]
    assert sum(judgement.expected for judgement in judgements) > 100
    errors = sorted(error for judgement in judgements for error in judgement.playing_polls)
    assert errors[len(errors) // 2] < 4
