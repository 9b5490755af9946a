"""Everything that can be asked of a community, and what it is answered."""

from __future__ import annotations

import random
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from messages import Privacy, Question, SetPrivacy
from persistence.badge_files import default_badges
from persistence.database.engine import sqlite_file
from persistence.queries.answers import load_answers
from persistence.records.viewers import set_privacy
from persistence.rules import StatisticsRules
from persistence.store import Store
from tests.nights.memory.communities import LABELS, CommunityNights, Outcome
from tests.unit.persistence.record_builders import EVENING, ask

Choices = Mapping[str, Privacy]
HIDDEN: Sequence[Privacy] = tuple(choice for choice in typing.get_args(Privacy) if choice != "open")
"""Every choice that hides anything of somebody."""


def list_questions(viewers: Sequence[str], screenings: Sequence[str]) -> Iterator[Question[Any]]:
    """Yield every question that the store answers, about each viewer, title and film, asked by each viewer."""
    words = ("", "movie", *(label.strip() for label in LABELS))
    values: dict[str, Sequence[Any]] = {
        "viewer_id": (*viewers, "nobody"),
        "asker": ("", *viewers[:3]),
        "title": words,
        "part": words,
        "screening_id": ("", *screenings),
        "year": (2026,),
        "watched_percent": (80.0,),
        "from_s": (0.0,),
        "until_s": (2e9,),
        "with_hidden": (False, True),
        "limit": (100,),
    }
    for kind in load_answers():
        yield from _fill(kind, values)


def _fill(kind: type[Question[Any]], values: Mapping[str, Sequence[Any]]) -> Iterator[Question[Any]]:
    filled: list[dict[str, Any]] = [{}]
    for field in msgspec.structs.fields(kind):
        options = values.get(field.name)
        if options is None and typing.get_origin(field.type) is typing.Literal:
            options = typing.get_args(field.type)
        if options is None and field.required:
            options = ("unknown",)
        if options is not None:
            filled = [{**known, field.name: value} for known in filled for value in options]
    for arguments in filled:
        yield kind(**arguments)


def compare_answers(
    nights: CommunityNights,
    together: Sequence[Outcome],
    alone: Sequence[Outcome],
    choices: Sequence[Privacy | None] = (None, *HIDDEN),
) -> list[str]:
    """Return where a community is answered otherwise beside others than alone, or with anything of theirs.

    Under each choice of privacy of some of its viewers, and others of the same people in the other communities.
    """
    rng = random.Random(f"choices {nights.seed}")  # noqa: S311  # chance that can be had again
    people = sorted({viewer for outcome in together for viewer in outcome.viewers})
    screenings = sorted({record.screening_id for outcome in together for record in outcome.records})
    questions = list(list_questions(people, rng.sample(screenings, min(6, len(screenings)))))
    wrong: list[str] = []
    for choice in choices:
        beside = [{viewer: choice for viewer in people if choice and rng.random() < 0.5} for _ in together]
        answers = [_ask_all(outcome, questions, beside[number]) for number, outcome in enumerate(together)]
        expected = [_ask_all(outcome, questions, beside[number]) for number, outcome in enumerate(alone)]
        for number, label in enumerate(LABELS):
            others = [other.encode() for other in LABELS if other != label]
            for question, here, there in zip(questions, answers[number], expected[number], strict=True):
                if here != there:
                    wrong.append(f"seed {nights.seed}, {choice}, community{label}: {question} is answered otherwise")
                asked = msgspec.msgpack.encode(question)
                if any(other in here and other.strip() not in asked for other in others):
                    wrong.append(f"seed {nights.seed}, {choice}, community{label}: {question} tells of others")
    return wrong


def _ask_all(outcome: Outcome, questions: Sequence[Question[Any]], choices: Choices) -> list[bytes]:
    """Return the answers to all questions, under these choices of privacy."""
    settings = outcome.settings
    zone = ZoneInfo(settings.timezone)
    rules = StatisticsRules(
        zone,
        default_badges(),
        settings.watched_percent,
        settings.min_watch_seconds,
        settings.resume_window_hours * 3600,
        settings.position_slack_seconds,
    )
    file = sqlite_file(outcome.store_url)
    assert file is not None
    store = Store(outcome.store_url, Path(file.parent), rules)
    try:
        with store.change(EVENING) as change:
            for viewer in sorted({*outcome.viewers, *choices}):
                set_privacy(change, SetPrivacy(viewer, "Somebody", choices.get(viewer, "open")), EVENING)
        return [msgspec.msgpack.encode(ask(store, question)) for question in questions]
    finally:
        store.close()
