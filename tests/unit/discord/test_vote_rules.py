"""Which film wins a vote, and how long one runs. Pure rules, and the command in a simulated Discord."""

from typing import Any

import pytest

from actors.chat.discord.commands.choosing.vote import is_duration, read_hours
from actors.chat.discord.features.film_vote.vote_record import VoteFilm, VoteRecord, choose_winner
from actors.chat.discord.framework.command_errors import RefusedError
from messages import GetSuggestions, SuggestionsPage

FILMS = [VoteFilm(number, name, name, None, who) for number, name, who in ((1, "A", "1"), (2, "B", "2"), (3, "C", ""))]


@pytest.mark.parametrize(
    ("counts", "last_won", "winner", "tied"),
    [
        ({1: 1, 2: 3, 3: 2}, {"2": 9.0}, "B", []),
        ({1: 2, 2: 2}, {}, "A", ["B"]),
        ({1: 2, 2: 2}, {"1": 5.0}, "B", ["A"]),
        ({1: 2, 2: 2}, {"1": 5.0, "2": 9.0}, "A", ["B"]),
        ({2: 2, 3: 2}, {"2": 5.0}, "C", ["B"]),
        ({1: 0, 2: 0}, {}, None, []),
        ({}, {}, None, []),
    ],
)
def test_the_most_votes_win_and_a_tie_is_decided_by_turns(
    counts: dict[int, int], last_won: dict[str, float], winner: str | None, tied: list[str]
) -> None:
    """Whose film won longest ago, or never; then the order of the list."""
    result = choose_winner(FILMS, counts, 4, last_won)
    assert (result.winner.name if result.winner else None) == winner
    assert [film.name for film in result.tied] == tied


@pytest.mark.parametrize(
    ("text", "hours"), [("", 24), ("1h", 1), ("48h", 48), ("7D", 168), ("36", 36), ("12 Std", 12), ("2t", 48)]
)
def test_how_long_a_vote_runs(text: str, hours: int) -> None:
    """In hours or days; a day where nothing is said."""
    assert read_hours(text) == hours


@pytest.mark.parametrize("text", ["0h", "169h", "8d", "soon", "1w", "-3h"])
def test_a_length_that_discord_does_not_take(text: str) -> None:
    """Is refused with what would be right."""
    with pytest.raises(RefusedError, match="168"):
        read_hours(text)


def test_a_title_is_no_length() -> None:
    """Only a figure with its unit: Apollo 13, Blade Runner 2049."""
    assert not any(is_duration(text) for text in ("13", "2049", "Alien", "h", "48 hrs"))
    assert is_duration("48h") and is_duration("2d")


def test_a_vote_from_another_version_is_read() -> None:
    """What is not told of it has a default."""
    vote = VoteRecord(1, 2, 3.0, [VoteFilm(1, "A", "A")])
    assert vote.find_winner() is None and not vote.is_over


@pytest.mark.simcord(check_errors=False)
async def test_members_may_not_start_one(room: Any, actors: Any) -> None:
    """Without Manage Events: refused before the store is asked; with it, too few films are."""
    actors.answers[GetSuggestions] = SuggestionsPage((), 0)
    await room.ana.send(room.channel, "!vote")
    assert "Only members with Manage Events can start a vote." in room.text() and not actors.asked
    await room.boss.send(room.channel, "!vote")
    assert "A vote needs two films or more." in room.text()
