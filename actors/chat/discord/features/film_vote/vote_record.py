"""The stored record of a vote, and the rule which film wins. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from actors.chat.discord.core.state import ViewerIdentity
from messages import Item

MOST_FILMS = 10
"""Answers of a poll at most."""


class VoteFilm(msgspec.Struct):
    """A film that can be voted for."""

    answer_id: int
    """Number of the poll's answer, from 1."""
    name: str
    """Title and year; the poll may shorten them."""
    title: str
    item: Item | None = None
    """The film in the library; None if it was not found there."""
    suggested_by: str = ""
    """Discord id of the first who suggested it; empty if nobody did, or if they are hidden."""


class VoteRecord(msgspec.Struct):
    """A vote in a channel."""

    poll_id: int
    """Id of the poll's message."""
    channel_id: int
    ends_s: float
    """When the poll ends by itself; seconds since 1970, UTC."""
    films: list[VoteFilm]
    is_over: bool = False
    """Whether the result was posted."""
    winner: int = 0
    """The answer that won; 0 until the vote is over, and if nobody voted."""

    def find_winner(self) -> VoteFilm | None:
        """Return the film that won, or None if none has."""
        return next((film for film in self.films if film.answer_id == self.winner), None)

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget that a viewer suggested a film."""
        for film in self.films:
            if film.suggested_by in viewer.ids:
                film.suggested_by = ""


class VoteResult(msgspec.Struct, frozen=True):
    """The result of a vote."""

    counts: Mapping[int, int]
    """Votes by answer."""
    voters: int
    """How many members voted."""
    winner: VoteFilm | None
    """None if nobody voted."""
    tied: Sequence[VoteFilm] = ()
    """The other films with as many votes as the winner."""


def choose_winner(
    films: Sequence[VoteFilm], counts: Mapping[int, int], voters: int, last_won: Mapping[str, float]
) -> VoteResult:
    """Return which film won. A tie goes to the member whose film won longest ago.

    A member whose film never won comes first; then the order of `films` decides, in which the most wanted comes first.
    `last_won`: when a film of each member last won, by Discord id; seconds since 1970.
    """
    most = max((counts.get(film.answer_id, 0) for film in films), default=0)
    if not most:
        return VoteResult(counts, voters, None)
    first = [film for film in films if counts.get(film.answer_id, 0) == most]
    winner = min(first, key=lambda film: last_won.get(film.suggested_by, 0.0))
    return VoteResult(counts, voters, winner, [film for film in first if film is not winner])
