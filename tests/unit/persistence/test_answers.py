"""Every question to the store has one function that answers it."""

from __future__ import annotations

import pytest

import messages
from actors.persistence.community_keeper import COMMUNITY_REQUESTS
from actors.persistence.film_choices import FILM_CHOICES
from actors.persistence.viewer_requests import VIEWER_REQUESTS
from actors.persistence.web_access import WEB_ACCESS
from messages import (
    BackUpNow,
    GetAuditLog,
    GetHistory,
    GetPageKey,
    GetSaveStatus,
    ListBackups,
    LoadWatches,
    Question,
    SaveNow,
)
from persistence.queries.answers import answers, load_answers

BY_THE_ACTOR = {ListBackups, SaveNow, GetSaveStatus, LoadWatches, BackUpNow, GetAuditLog, GetPageKey}
"""What is answered by the actor itself."""


def test_every_question_to_persistence_is_answered_once() -> None:
    """By a query, by what members do, or by the actor: none is left over, none is in two places."""
    questions = {
        kind
        for kind in vars(messages).values()
        if isinstance(kind, type) and issubclass(kind, Question) and getattr(kind, "receiver", "") == "persistence"
    }
    queries = set(load_answers())
    handled = set().union(VIEWER_REQUESTS, FILM_CHOICES, COMMUNITY_REQUESTS, WEB_ACCESS)
    requests = {kind for kind in handled if issubclass(kind, Question)}
    assert queries | requests | BY_THE_ACTOR == questions
    assert not queries & requests and not (queries | requests) & BY_THE_ACTOR


def test_a_second_function_for_a_question_is_refused() -> None:
    """At the import, and not with whichever came last."""
    load_answers()
    with pytest.raises(TypeError, match="GetHistory is answered twice"):
        answers(GetHistory)(lambda _asked, _store: messages.HistoryPage((), 0))
