"""Buttons that are pressed long after their page was made: the arguments are known, and a page is shown."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from actors.chat.discord.core.state import ViewerIdentity
from actors.chat.discord.framework import pages
from actors.chat.discord.framework.pages import PageRegistry, pack_arguments
from messages import (
    GetHistory,
    GetLeaderboard,
    GetWhoSaw,
    HistoryPage,
    Leaderboard,
    LeaderboardRow,
    Message,
    SeenBy,
    StartTracking,
    TitleCount,
    TrackingPlan,
    WhoSaw,
)
from tests.unit.discord import samples

TITLE = "The Cabinet of Dr. Caligari and Other Tales of the Silent Screen, Part Two"


def history(count: int, title: str = "Metropolis") -> Callable[[GetHistory], HistoryPage]:
    """A store with so many watches of a film."""

    def answer(asked: GetHistory) -> HistoryPage:
        fit = count if asked.title in title else 0
        shown = range(asked.offset, min(fit, asked.offset + asked.limit))
        return HistoryPage(tuple(samples.record(f"Row {number}") for number in shown), fit)

    return answer


def board(count: int) -> Callable[[GetLeaderboard], Leaderboard]:
    """A store with so many viewers."""

    def answer(asked: GetLeaderboard) -> Leaderboard:
        shown = range(asked.offset, min(count, asked.offset + asked.limit))
        rows = tuple(LeaderboardRow(number + 1, str(number), f"Row {number}", 60.0) for number in shown)
        return Leaderboard(asked.kind, rows, count)

    return answer


def answer_unseen(count: int) -> Callable[[GetWhoSaw], WhoSaw]:
    """A store with so many viewers, none of whom saw the film."""

    def answer(asked: GetWhoSaw) -> WhoSaw:
        shown = range(asked.offset, min(count, asked.offset + asked.limit))
        rows = tuple(SeenBy(str(number), f"Row {number}", "not_yet") for number in shown)
        return WhoSaw(TitleCount("Metropolis", 1927, 1, 1, 60.0), (), rows, count, 0, 0)

    return answer


LISTS: dict[str, tuple[type[Message], Callable[[int], Any], int]] = {
    "history": (GetHistory, history, 8),
    "leaderboard": (GetLeaderboard, board, 10),
    "topwatchers": (GetLeaderboard, board, 10),
    "whosaw": (GetWhoSaw, answer_unseen, 20),
}
"""What is asked for each, a store that answers, and how many rows a page has."""


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_past_the_end_is_the_last_there_is(name: str, book: PageRegistry, actors: Any) -> None:
    """The list was nine pages long when the button was made; it is two now, or empty."""
    question, store, rows = LISTS[name]
    actors.answers[StartTracking] = TrackingPlan((), (), "", ())
    actors.answers[question] = store(rows + 1)
    reply, view = await book.build(name, page=8)
    assert (reply.page, reply.pages) == (1, 2)
    assert f"Row {rows}" in (reply.embed.description or "")
    assert view is not None
    assert [asked.offset for asked in actors.questions(question)] == [8 * rows, rows]
    actors.answers[question] = store(0)
    reply, _ = await book.build(name, page=8)
    assert (reply.page, reply.pages) == (0, 1)
    assert "Row" not in (reply.embed.description or "")


def forward(message: Any) -> str:
    """The button to the next page."""
    names: list[str] = [child.custom_id for row in message.components for child in getattr(row, "children", [])]
    assert all(len(name) <= 100 for name in names)
    return next(name for name in names if ":+:" in name)


async def test_a_long_title_is_whole_on_every_page_and_after_a_restart(room: Any, actors: Any, make_bot: Any) -> None:
    """A part of it would find other films, too."""
    actors.answers[GetHistory] = history(30, TITLE)
    await room.ana.slash(room.channel, "history", who=str(room.boss.id), title=TITLE, since="7d")
    message = room.channel.last_message
    await room.env.restart_bot(make_bot())
    await room.ana.click(message, custom_id=forward(message))
    first, second = actors.questions(GetHistory)
    assert (first.title, second.title) == (TITLE, TITLE)
    assert (first.viewer_id, first.since_s) == (second.viewer_id, second.since_s)
    assert (first.offset, second.offset) == (0, 8)
    assert "“The Cabinet of Dr. Caligari" in room.channel.last_message.embeds[0].description


@pytest.mark.simcord(check_errors=False)
async def test_a_button_with_lost_arguments_says_so(room: Any, actors: Any, make_bot: Any, memory_store: Any) -> None:
    """The store was lost: whoever presses is told, and the page stays as it is."""
    actors.answers[GetHistory] = history(30, TITLE * 2)
    await room.ana.slash(room.channel, "history", title=TITLE * 2)
    message = room.channel.last_message
    memory_store.entries.clear()
    await room.env.restart_bot(make_bot())
    said = await room.ana.click(message, custom_id=forward(message))
    assert "no longer remember" in said.response.embeds[0].description and said.response.ephemeral
    assert len(actors.questions(GetHistory)) == 1


async def test_stored_arguments_of_buttons_are_limited_and_forgotten(
    book: PageRegistry, actors: Any, memory_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go, and those about a forgotten viewer; a short title needs no storing."""
    monkeypatch.setattr(pages, "MOST_STORED", 3)
    actors.answers[GetHistory] = lambda asked: HistoryPage((samples.record(),), 30)
    await book.build("history", pack_arguments("4711", "", "short"))
    assert not memory_store.entries
    for who in ("4710", "4711", "4712", "4710", "4713", "4713"):
        await book.build("history", pack_arguments(who, "", TITLE * 2))

    def list_kept() -> set[str]:
        return {json.loads(value)[:4] for value in memory_store.values("pages")}

    assert list_kept() == {"4712", "4710", "4713"}
    book.forget(ViewerIdentity({"4710"}, set()))
    assert list_kept() == {"4712", "4713"}
