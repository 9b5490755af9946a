"""What a process knows of the further communities: by asking at its start, and as it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from actors.registry import find_actor
from actors.runtime import Actor
from actors.runtime.communities.host import CommunityHost
from actors.runtime.transport.factory import create_network
from config import Settings
from messages import CommunitiesChanged, Community, CommunityList

CLUB = (Community("1001", "Club", {}),)


class Noting(CommunityHost):
    """Notes which communities are to run, and starts none."""

    applied: tuple[Sequence[Community], ...] = ()

    def apply(self, communities: Sequence[Community]) -> None:
        """Note them."""
        self.applied = (*self.applied, communities)


@pytest.fixture
def answer() -> Future[CommunityList]:
    """The answer that persistence has not given yet."""
    return Future()


@pytest.fixture
def host(answer: Future[CommunityList]) -> Iterator[Noting]:
    """A process that has just asked."""
    with contextlib.closing(create_network(("launcher", "tracker", "persistence"))) as network:
        made = Noting(find_actor("tracker"), Actor, Settings(), network.spec)
        main: Any = SimpleNamespace(
            ref=lambda _name: SimpleNamespace(ask_future=lambda _question: answer),
            endpoint=SimpleNamespace(submit=lambda act: act()),
        )
        made.attach(main)
        made.ask()
        yield made


def test_an_answer_that_comes_late_undoes_no_change(host: Noting, answer: Future[CommunityList]) -> None:
    """A community that was removed since it was asked for does not come back."""
    host.on_changed(CommunitiesChanged(()))
    answer.set_result(CommunityList(CLUB))
    assert host.applied == ((),)


def test_what_was_asked_for_holds_until_something_is_told(host: Noting, answer: Future[CommunityList]) -> None:
    """The answer at the start, and then the changes."""
    answer.set_result(CommunityList(CLUB))
    host.on_changed(CommunitiesChanged(()))
    assert host.applied == (CLUB, ())
