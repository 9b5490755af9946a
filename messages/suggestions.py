"""Choosing the next film together: suggestions, votes and ratings."""

from __future__ import annotations

from typing import ClassVar, Literal

from messages.base import Answer, Command, Delivery, Question, Struct
from messages.chat import VoiceMember
from messages.media import Item

__all__ = [
    "FilmRated",
    "FilmSuggested",
    "FilmVote",
    "FilmWithdrawn",
    "GetSuggestions",
    "RateFilm",
    "RatingOutcome",
    "RecordVotes",
    "SuggestFilm",
    "SuggestedFilm",
    "SuggestionOutcome",
    "SuggestionsPage",
    "WithdrawFilm",
]

SuggestionOutcome = Literal["added", "seconded", "wanted_already", "limit_reached", "untracked", "gone"]
RatingOutcome = Literal["rated", "not_there", "untracked"]


class SuggestedFilm(Struct, frozen=True):
    """A film that somebody suggested, and who wants it."""

    suggestion_id: str
    """Id of the suggestion, 16 hexadecimal digits; always the same for the same film."""
    title: str
    """Title to show; as typed if the film is not in the library."""
    year: int | None
    """Year of release."""
    item: Item | None
    """The film in the library; None if it was not found there."""
    suggested_by: str
    """Discord id of the first suggester, as digits; empty for a hidden viewer."""
    suggested_at_s: float
    """When it was first suggested; seconds since 1970, UTC."""
    wanted: int
    """How many viewers want it, the suggester included."""
    names: tuple[str, ...]
    """Names of visible viewers who want it, the suggester first."""
    is_mine: bool
    """Whether the asker wants it."""
    seen: int
    """How many of the `asked_of` viewers have seen it."""
    asked_of: int
    """Number of viewers among whom `seen` is counted, without hidden ones."""


class SuggestionsPage(Answer, frozen=True, tag="suggestions_page"):
    """Answer to GetSuggestions."""

    films: tuple[SuggestedFilm, ...]
    """The page: the most wanted first, then the oldest suggestion first."""
    total: int
    """Number of films on all pages."""


class GetSuggestions(Question[SuggestionsPage], frozen=True, tag="get_suggestions", to="persistence"):
    """The films that people want to see (`suggestions`, `vote`)."""

    watched_percent: float
    """The share of a film that counts as seen, over all sittings; 0 to 100."""
    members: tuple[VoiceMember, ...] = ()
    """The members among whom `seen` is counted; empty for every known viewer."""
    limit: int = 10
    """Films for each page."""
    offset: int = 0
    """Films to skip."""
    asker: str = ""
    """Who asks, Discord id as digits. Empty: nobody in particular."""
    mine_only: bool = False
    """Only films that the asker wants."""
    suggestion_id: str = ""
    """Only this suggestion; empty for all."""


class FilmSuggested(Answer, frozen=True, tag="film_suggested"):
    """Answer to SuggestFilm."""

    outcome: SuggestionOutcome
    """The outcome."""
    film: SuggestedFilm | None
    """The suggestion; None if there is none."""


class SuggestFilm(Question[FilmSuggested], frozen=True, tag="suggest_film", to="persistence"):
    """A member wants to see a film (`suggest`). If the film was suggested before, the member seconds it."""

    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's display name."""
    title: str
    """Title of the film."""
    year: int | None
    """Year of release; None if not known."""
    item: Item | None
    """The film in the library; None if it was not found there."""
    limit: int
    """Maximum number of films on the list that one member suggested."""
    watched_percent: float
    """As in `GetSuggestions`."""
    members: tuple[VoiceMember, ...] = ()
    """As in `GetSuggestions`."""
    suggestion_id: str = ""
    """The suggestion to second, whatever the title is; empty to find it by the film."""


class FilmWithdrawn(Answer, frozen=True, tag="film_withdrawn"):
    """Answer to WithdrawFilm."""

    title: str
    """The film's title; empty if there is no such suggestion, or if the member does not want it."""
    is_gone: bool
    """Whether the film left the list: nobody wants it any more, or it was removed."""


class WithdrawFilm(Question[FilmWithdrawn], frozen=True, tag="withdraw_film", to="persistence"):
    """A member no longer wants to see a film, or somebody with Manage Events removes it from the list."""

    suggestion_id: str
    """Id of the suggestion."""
    viewer_id: str
    """Discord id of the member, as digits."""
    everybody: bool = False
    """Whether it is removed for everybody who wants it."""


class FilmVote(Struct, frozen=True):
    """A member's votes in a finished poll."""

    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's name."""
    films: tuple[str, ...]
    """Titles of the films that got the member's vote."""


class RecordVotes(Command, frozen=True, tag="record_votes"):
    """Discord -> persistence: the votes of a finished poll. Votes that are already stored stay."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    poll_id: str
    """Discord id of the poll's message, as digits."""
    votes: tuple[FilmVote, ...]
    """An entry for each member who voted."""
    at_s: float
    """When the poll ended; seconds since 1970, UTC."""

    def dedup_id(self) -> str:
        """Return an id made from the poll's: a poll ends only once."""
        return f"votes:{self.poll_id}"


class FilmRated(Answer, frozen=True, tag="film_rated"):
    """Answer to RateFilm."""

    outcome: RatingOutcome
    """The outcome."""
    title: str = ""
    """The film's title; empty if it was not rated."""
    before: int = 0
    """The member's previous rating; 0 if there was none."""


class RateFilm(Question[FilmRated], frozen=True, tag="rate_film", to="persistence"):
    """A member rates the film of a night; only viewers who were there may."""

    screening_id: str
    """The screening whose record on Discord has the button."""
    viewer_id: str
    """Discord id of the member, as digits."""
    rating: int
    """The rating, 1 to 5."""
