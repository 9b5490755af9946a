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
    """Id of the suggestion, 16 hexadecimal digits; the same film has the same again."""
    title: str
    """Title to show; as typed where the film is not in the library."""
    year: int | None
    """Year of release."""
    item: Item | None
    """The film in the library; None where it was not found there."""
    suggested_by: str
    """Discord id of whoever suggested it first, as digits; empty for a hidden viewer."""
    suggested_at_s: float
    """When that was; seconds since 1970, UTC."""
    wanted: int
    """How many want it, the suggester included."""
    names: tuple[str, ...]
    """Names of those who want it, the suggester first; no hidden viewer is among them."""
    is_mine: bool
    """Whether the asker wants it."""
    seen: int
    """How many of those asked of have seen it; hidden viewers are not counted."""
    asked_of: int
    """Of how many that is asked; hidden viewers are not counted."""


class SuggestionsPage(Answer, frozen=True, tag="suggestions_page"):
    """Answer to GetSuggestions."""

    films: tuple[SuggestedFilm, ...]
    """The page: the most wanted first, then the longest suggested."""
    total: int
    """How many there are in all."""


class GetSuggestions(Question[SuggestionsPage], frozen=True, tag="get_suggestions", to="persistence"):
    """The films that people want to see (`suggestions`, `vote`)."""

    watched_percent: float
    """From this share of a film on it counts as seen, also in several sittings; 0 to 100."""
    members: tuple[VoiceMember, ...] = ()
    """Of whom to tell whether they have seen it; empty for every viewer who is known."""
    limit: int = 10
    """Films a page."""
    offset: int = 0
    """Films to pass over."""
    asker: str = ""
    """Who asks, Discord id as digits. Empty: nobody in particular."""
    mine_only: bool = False
    """Only those that the asker wants."""
    suggestion_id: str = ""
    """Only this one; empty for all."""


class FilmSuggested(Answer, frozen=True, tag="film_suggested"):
    """Answer to SuggestFilm."""

    outcome: SuggestionOutcome
    """What became of it."""
    film: SuggestedFilm | None
    """The suggestion; None where there is none."""


class SuggestFilm(Question[FilmSuggested], frozen=True, tag="suggest_film", to="persistence"):
    """A member wants to see a film (`suggest`). A film that was suggested already is seconded."""

    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's display name."""
    title: str
    """Title of the film."""
    year: int | None
    """Year of release; None where it is not known."""
    item: Item | None
    """The film in the library; None where it was not found there."""
    limit: int
    """How many films on the list one member may have suggested."""
    watched_percent: float
    """As in `GetSuggestions`."""
    members: tuple[VoiceMember, ...] = ()
    """As in `GetSuggestions`."""
    suggestion_id: str = ""
    """The suggestion to second, whatever `title` says; empty to go by the film."""


class FilmWithdrawn(Answer, frozen=True, tag="film_withdrawn"):
    """Answer to WithdrawFilm."""

    title: str
    """The film's title; empty where there is no such suggestion, or the member does not want it."""
    is_gone: bool
    """Whether it left the list: nobody wants it any more, or it was removed."""


class WithdrawFilm(Question[FilmWithdrawn], frozen=True, tag="withdraw_film", to="persistence"):
    """A member does not want to see a film any more, or somebody with Manage Events removes it from the list."""

    suggestion_id: str
    """Id of the suggestion."""
    viewer_id: str
    """Discord id of the member, as digits."""
    everybody: bool = False
    """Whether it is removed, whoever wants it."""


class FilmVote(Struct, frozen=True):
    """What a member voted for in a poll that is over."""

    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's name."""
    films: tuple[str, ...]
    """Titles that the member voted for."""


class RecordVotes(Command, frozen=True, tag="record_votes"):
    """Discord -> persistence: who voted in a poll that is over. What is known of the poll already stays."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    poll_id: str
    """Discord id of the poll's message, as digits."""
    votes: tuple[FilmVote, ...]
    """One for each member who voted."""
    at_s: float
    """When the poll ended; seconds since 1970, UTC."""

    def dedup_id(self) -> str:
        """Return the same id for the same poll: it ends once."""
        return f"votes:{self.poll_id}"


class FilmRated(Answer, frozen=True, tag="film_rated"):
    """Answer to RateFilm."""

    outcome: RatingOutcome
    """What became of it."""
    title: str = ""
    """The film's title; empty where it was not rated."""
    before: int = 0
    """The member's rating until now; 0 where there was none."""


class RateFilm(Question[FilmRated], frozen=True, tag="rate_film", to="persistence"):
    """A member rates the film of a night; only who was there may."""

    screening_id: str
    """The screening whose record has the button."""
    viewer_id: str
    """Discord id of the member, as digits."""
    rating: int
    """1 to 5."""
