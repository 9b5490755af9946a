"""Whom a command is about: members, and viewers whom only Plex knows."""

from __future__ import annotations

from typing import Any

import pytest

from messages import (
    GetHistory,
    GetViewerStats,
    GetYear,
    HistoryPage,
    ListViewers,
    ViewerEntry,
    ViewerList,
    ViewerProfile,
    YearFigures,
    YearOfViewer,
)
from tests.unit.discord import samples

CEM, CEMRE, ANA = "plex:srv:7", "plex:srv:8", "plex:srv:9"
fails = pytest.mark.simcord(check_errors=False)


@pytest.fixture(autouse=True)
def viewers(actors: Any) -> None:
    """Three whom only Plex knows; one is called as a member is."""
    entries = [
        ViewerEntry(who, name, 3, 60.0, "2026-11-20") for who, name in ((CEM, "Cem"), (CEMRE, "Cemre"), (ANA, "Ana"))
    ]

    def find(asked: ListViewers) -> ViewerList:
        found = tuple(entry for entry in entries if asked.part.casefold() in entry.username.casefold())
        return ViewerList(found, len(found))

    actors.answers |= {
        ListViewers: find, GetViewerStats: ViewerProfile(None, (), ()), GetHistory: HistoryPage((), 0),
        GetYear: YearOfViewer("Cem", YearFigures(2025, 0, 0, 0, 0.0, 0), ()),
    }  # fmt: skip


def asked_about(actors: Any) -> str:
    """Return whose figures were asked for last."""
    who: str = actors.questions(GetViewerStats)[-1].viewer_id
    return who


@pytest.mark.parametrize("said", ["!stats Cem", "!badges cem", '!progress "Cem"', "!stats CEM", "!stats @Cem"])
async def test_a_viewer_without_discord_is_found_by_name(room: Any, actors: Any, said: str) -> None:
    """Also where another's name begins so."""
    await room.ana.send(room.channel, said)
    assert asked_about(actors) == CEM


async def test_the_unique_beginning_of_a_name_is_enough(room: Any, actors: Any) -> None:
    """As for members."""
    await room.ana.send(room.channel, "!stats cemr")
    assert asked_about(actors) == CEMRE


@fails
async def test_an_ambiguous_beginning_of_a_name_is_asked_back(room: Any, actors: Any) -> None:
    """It asks for the whole name."""
    await room.ana.send(room.channel, "!stats ce")
    assert "Nobody here is called ce." in room.text()
    assert actors.questions(GetViewerStats) == []


async def test_a_member_goes_before_a_viewer_of_the_same_name(room: Any, actors: Any) -> None:
    """A mention, a member's name, and nothing at all are as they were."""
    for said, member in (("!stats Ana", room.ana), (f"!stats <@{room.boss.id}>", room.boss), ("!stats", room.ana)):
        await room.ana.send(room.channel, said)
        assert asked_about(actors) == str(member.id)


async def test_of_two_equal_names_the_one_with_watches_is_meant(room: Any, actors: Any) -> None:
    """An unlinked host is a member without watches and an account with all of them."""
    for said in ("!stats Ana", "!badges ana"):
        await room.boss.send(room.channel, said)
        assert asked_about(actors) == ANA
    actors.answers[GetViewerStats] = ViewerProfile(samples.viewer("Ana"), (), ())
    await room.boss.send(room.channel, "!stats Ana")
    assert asked_about(actors) == str(room.ana.id)
    actors.answers[GetViewerStats] = ViewerProfile(None, (), (), hidden=True)
    await room.boss.send(room.channel, "!stats Ana")
    assert asked_about(actors) == str(room.ana.id)


async def test_a_choice_of_a_slash_command_is_an_id(room: Any, actors: Any) -> None:
    """Names come twice; the id does not. The name on the page is the store's."""
    actors.answers[GetViewerStats] = ViewerProfile(samples.viewer("Cem"), (), ())
    await room.ana.slash(room.channel, "stats", who=CEM)
    assert asked_about(actors) == CEM
    assert "Cem" in room.text()


@fails
async def test_unknown_and_hidden_viewers_get_the_same_answer(room: Any, actors: Any) -> None:
    """Also by their ids."""
    for profile in (ViewerProfile(None, (), ()), ViewerProfile(None, (), (), hidden=True)):
        actors.answers[GetViewerStats] = profile
        await room.ana.slash(room.channel, "stats", who="plex:srv:77")
        assert "Nobody here is called plex:srv:77." in room.text()


async def test_history_and_wrapped_take_a_name_too(room: Any, actors: Any) -> None:
    """`!history Cem` after no title has it; `!wrapped 2025 Cem` and `!wrapped Cem 2025`."""
    await room.ana.send(room.channel, "!history Cem")
    assert actors.questions(GetHistory)[-1].viewer_id == CEM
    for said in ("!wrapped 2025 Cem", "!wrapped Cem 2025"):
        await room.ana.send(room.channel, said)
        assert (actors.questions(GetYear)[-1].viewer_id, actors.questions(GetYear)[-1].year) == (CEM, 2025)
