"""`history` in a simulated Discord: whose, since when, and what is meant by words that no title has."""

from typing import Any

import pytest

from messages import GetHistory, HistoryPage
from tests.unit.discord import samples

fails = pytest.mark.simcord(check_errors=False)


@fails
@pytest.mark.parametrize("said", ["9999y", "alien 51y"])
async def test_longer_ago_than_any_film_night_is_refused(room: Any, actors: Any, said: str) -> None:
    """With how far back it goes."""
    await room.ana.send(room.channel, f"!history {said}")
    assert f"{said.split()[-1]} is too far back.\nI can look back 50 years at most." in room.text()
    assert not actors.questions(GetHistory)


@pytest.mark.parametrize("said", ["Iris", "iri", "Iris 7d"])
async def test_a_members_name_that_no_title_has_means_the_member(room: Any, actors: Any, said: str) -> None:
    """People write it without a mention; a part of it is enough where it is nobody else's."""
    iris = room.guild.add_member(room.env.create_user("Iris"))
    actors.answers[GetHistory] = lambda asked: HistoryPage((samples.record(),) if asked.viewer_id else (), 1)
    await room.ana.send(room.channel, f"!history {said}")
    asked = actors.questions(GetHistory)[-1]
    assert (asked.viewer_id, asked.title, asked.since_s is not None) == (str(iris.id), "", said.endswith("7d"))
    assert "saw all of it" in room.text()


@pytest.mark.parametrize("said", ["Iris alien", '"Iris" alien 7d', "Iris Marie alien"])
async def test_a_title_may_follow_a_viewers_name(room: Any, actors: Any, said: str) -> None:
    """Whole, for a title may begin as somebody's name does; the longest name counts."""
    people = {name: room.guild.add_member(room.env.create_user(name)) for name in ("Iris", "Iris Marie")}
    actors.answers[GetHistory] = lambda asked: HistoryPage((samples.record(),) if asked.viewer_id else (), 1)
    await room.ana.send(room.channel, f"!history {said}")
    asked = actors.questions(GetHistory)[-1]
    whose = people["Iris Marie" if "Marie" in said else "Iris"]
    assert (asked.viewer_id, asked.title, asked.since_s is not None) == (str(whose.id), "alien", said.endswith("7d"))


async def test_the_beginning_of_a_name_before_other_words_is_no_name(room: Any, actors: Any) -> None:
    """Nobody is guessed."""
    room.guild.add_member(room.env.create_user("Iris"))
    actors.answers[GetHistory] = HistoryPage((), 0)
    await room.ana.send(room.channel, "!history iri alien")
    assert [asked.viewer_id for asked in actors.questions(GetHistory)] == [""]


async def test_an_ambiguous_name_asks_for_a_mention(room: Any, actors: Any) -> None:
    """Two names begin so. A title that was watched is a title, even if a member has that name."""
    for name in ("Irina", "Iris"):
        room.guild.add_member(room.env.create_user(name))
    actors.answers[GetHistory] = HistoryPage((), 0)
    await room.ana.send(room.channel, "!history iri")
    assert "To see what a member watched, mention them." in room.text()
    actors.answers[GetHistory] = HistoryPage((samples.record(),), 1)
    await room.ana.send(room.channel, "!history Iris")
    assert [asked.viewer_id for asked in actors.questions(GetHistory)] == ["", ""]
