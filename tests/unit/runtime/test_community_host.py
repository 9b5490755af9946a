"""What a process knows of the further communities: by asking at its start, and as it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from actors.registry import find_actor
from actors.runtime import Actor
from actors.runtime.communities import hosted_actor
from actors.runtime.communities.host import CommunityHost
from actors.runtime.transport.base import NetworkSpec
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


def test_the_list_asked_for_applies_until_the_first_change(host: Noting, answer: Future[CommunityList]) -> None:
    """The answer at the start, and then the changes."""
    answer.set_result(CommunityList(CLUB))
    host.on_changed(CommunitiesChanged(()))
    assert host.applied == (CLUB, ())


def test_only_changed_communities_are_processed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, only the settings of changed ones are computed again."""
    worked_out: list[str] = []
    work_out = Settings.for_community

    def note(settings: Settings, guild_id: str, chosen: Mapping[str, str]) -> Settings:
        worked_out.append(guild_id)
        return work_out(settings, guild_id, chosen)

    monkeypatch.setattr(Settings, "for_community", note)
    monkeypatch.setattr(hosted_actor, "HostedActor", lambda *_: MagicMock(is_over=False))
    made = CommunityHost(find_actor("tracker"), Actor, Settings(), NetworkSpec())
    made.attach(MagicMock())
    many = tuple(Community(str(1001 + number), "Club", {}) for number in range(300))
    made.apply(many)
    assert len(worked_out) == 300
    made.apply((*many, Community("2001", "Late", {})))
    made.apply((*many, Community("2001", "Late", {"TIMEZONE": "Europe/Berlin"})))
    made.apply(many)
    assert worked_out[300:] == ["2001", "2001"]
    assert made.stop_takes_more_s == pytest.approx(30.0), "each store is saved at an ordered stop"
