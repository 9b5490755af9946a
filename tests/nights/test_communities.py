"""Three communities in one installation are three installations: record for record, and answer for answer.

USHER_COMMUNITY_NIGHTS says how many nights of three are played.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nights.memory.answers import compare_answers
from tests.nights.memory.communities import LABELS, play_both
from tests.nights.memory.timeline import memory_folder

NIGHTS = int(os.environ.get("USHER_COMMUNITY_NIGHTS", "2"))
FIRST = int(os.environ.get("USHER_COMMUNITY_SEED", "0"))
ASKED_EVERY = 10
"""All questions are asked after each so-manieth night."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for the stores, in memory where there is such; nothing is logged meanwhile."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="usher-communities-", dir=memory_folder()) as made:
        yield Path(made)
    logging.disable(before)


@pytest.mark.timeout(120 + 60 * NIGHTS)
def test_three_communities_in_one_installation_equal_three_installations(folder: Path) -> None:
    """Each night with its own people, faults and kills: the same records, statistics, badges and copies, byte by byte.

    And each question is answered alike, under every choice of privacy, with no title or name of another community.
    """
    wrong: list[str] = []
    played = records = 0
    for nights, together, alone in play_both(range(FIRST, FIRST + NIGHTS), folder):
        played += 1
        for label, here, there in zip(LABELS, together, alone, strict=True):
            records += len(here.records)
            wrong += [f"seed {nights.seed},{label}: {problem}" for problem in (*here.problems, *there.problems)]
            if here.records != there.records:
                wrong.append(f"seed {nights.seed},{label}: other records")
            if here.copies != there.copies:
                wrong.append(f"seed {nights.seed},{label}: other copies")
        if not wrong and nights.seed % ASKED_EVERY == 0:
            wrong += compare_answers(nights, together, alone)
    assert wrong == []
    assert played >= NIGHTS * 0.8 and records > 5 * played, "the nights are no nights"
    print(f"{played} nights of three communities, {records} records")


def test_a_difference_is_found(folder: Path) -> None:
    """Where one community's records reach another's store, the comparison says so."""
    (nights, together, alone) = next(iter(play_both([0], folder)))
    mixed = [together[1], together[0], together[2]]
    assert [here.records == there.records for here, there in zip(mixed, alone, strict=True)] == [False, False, True]
    assert compare_answers(nights, mixed, alone, choices=(None,))
