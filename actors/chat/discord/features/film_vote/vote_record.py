"""What is remembered of a vote, and which film wins it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from actors.chat.discord.core.state import ViewerIdentity
from messages import Item

MOST_FILMS = 10
"""Answers of a poll."""


class VoteFilm(msgspec.Struct):
    """A film that can be voted for."""

    answer_id: int
    """Number of the poll's answer, from 1."""
    name: str
    """Title and year, as the poll shows them or longer."""
    title: str
    item: Item | None = None
    """The film in the library; None where it was not found there."""
    suggested_by: str = ""
    """Discord id of whoever suggested it first; empty where nobody did, or a hidden viewer."""


class VoteRecord(msgspec.Struct):
    """A vote in a channel."""

    poll_id: int
    """The poll's message."""
    channel_id: int
    ends_s: float
    """When the poll ends by itself; seconds since 1970, UTC."""
    films: list[VoteFilm]
    is_over: bool = False
    """Whether the result was posted."""
    winner: int = 0
    """The answer that won; 0 while it is not over, and where nobody voted."""

    def find_winner(self) -> VoteFilm | None:
        """Return the film that won; None where none has."""
        return next((film for film in self.films if film.answer_id == self.winner), None)

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget that a viewer suggested a film."""
        for film in self.films:
            if film.suggested_by in viewer.ids:
                film.suggested_by = ""


@dataclass(frozen=True)
class VoteResult:
    """How a vote ended."""

    counts: Mapping[int, int]
    """Votes by answer."""
    voters: int
    """How many members voted."""
    winner: VoteFilm | None
    """None where nobody voted."""
    tied: Sequence[VoteFilm] = ()
    """The other films with as many votes as the winner."""


def choose_winner(
    films: Sequence[VoteFilm], counts: Mapping[int, int], voters: int, last_won: Mapping[str, float]
) -> VoteResult:
    """Return which film won. A tie goes to the member whose film won longest ago.

    A member whose film never won comes first; then the order of the list decides, which has the most wanted first.
    `last_won`: when a film of each member won last, by Discord id; seconds since 1970.
    """
    most = max((counts.get(film.answer_id, 0) for film in films), default=0)
    if not most:
        return VoteResult(counts, voters, None)
    first = [film for film in films if counts.get(film.answer_id, 0) == most]
    winner = min(first, key=lambda film: last_won.get(film.suggested_by, 0.0))
    return VoteResult(counts, voters, winner, [film for film in first if film is not winner])
