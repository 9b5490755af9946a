"""Random scripts on the stage of the rules alone: their kinds, and the script of a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping

from simulator.nights.judge import Judgement, Margins, judge
from simulator.nights.random_people import EVERYTHING, SEVERAL_PLAYERS
from simulator.nights.script import Cue, Script
from tests.nights.memory.random_night import write_script
from tests.nights.rules_stage import ScriptRun
from tracking.rules import Rules

RULES = Rules(party_user="1")
SPEEDS = (0.5, 1.0, 1.0, 1.25, 1.5, 2.0)
KINDS: Mapping[str, tuple[tuple[float, ...], Mapping[str, float]]] = {
    "plain": ((1.0,), EVERYTHING),
    "speeds": (SPEEDS, EVERYTHING),
    "several": (SPEEDS, SEVERAL_PLAYERS),
}
"""At which speeds people watch, and what they do: all at normal speed; each account at one of its own; also with
players that are left behind."""


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


def judge_kind(kind: str, seeds: list[int]) -> dict[int, Judgement]:
    """Play the scripts of one of KINDS with these seeds, and judge each."""
    return {seed: judge_seed(seed, *KINDS[kind]) for seed in seeds}
