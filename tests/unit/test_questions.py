"""Questions: each names the actor that answers it, which does, and the class of its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import messages
from actors.registry import find_actor
from actors.runtime import Actor, Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.process import load_actor_class
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import Answer, GetHealth, GetLogTail, GetServiceFacts, Question

QUESTIONS: list[type[Question[Any]]] = [kind for kind in messages.CATALOGUE if issubclass(kind, Question)]
SETTINGS = Settings(plex_url="http://127.0.0.1:1", plex_token="token", discord_token="token")


def make_actor(name: str, folder: Path) -> Actor:
    """An actor as its process makes it, not started."""
    kind = load_actor_class(find_actor(name).path)
    endpoint = Endpoint(name, MemoryNetwork().transport(name), DeadLetters(None, name))
    return kind(Context(endpoint, SETTINGS, Clock(), folder))


@pytest.mark.parametrize("kind", QUESTIONS, ids=lambda kind: kind.__name__)
def test_a_question_names_its_answer(kind: type[Question[Any]]) -> None:
    """A message of the catalogue that is an answer."""
    assert issubclass(kind.answer_type, Answer)
    assert kind.answer_type in messages.CATALOGUE


@pytest.mark.parametrize("receiver", sorted({kind.receiver for kind in QUESTIONS} - {"launcher"}))
def test_a_question_has_a_receiver_that_handles_it(receiver: str, tmp_path: Path) -> None:
    """And an actor handles no question that is meant for another."""
    handled = {kind for kind in make_actor(receiver, tmp_path).handlers() if issubclass(kind, Question)}
    assert handled == {kind for kind in QUESTIONS if kind.receiver == receiver}


def test_the_launcher_answers_its_own_questions() -> None:
    """It is no actor: its link answers these, as `tests/integration/launcher` shows."""
    asked = {kind for kind in QUESTIONS if kind.receiver == "launcher"}
    assert asked == {GetHealth, GetLogTail, GetServiceFacts}


def test_every_answer_has_a_question() -> None:
    """Nothing in the catalogue is an answer to nobody."""
    answers = {kind for kind in messages.CATALOGUE if issubclass(kind, Answer)}
    assert answers == {kind.answer_type for kind in QUESTIONS}
