"""Names of viewers on a page that everybody may read: a number, unless the viewer chose to be named."""

import functools
import itertools
import math
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeVar, cast, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from messages import (
    SOMEBODY,
    Answer,
    CommunityYear,
    Companion,
    CompanionList,
    FilmRecord,
    FilmViewer,
    GetYear,
    Leaderboard,
    LeaderboardRow,
    ListViewers,
    NamedViewer,
    PublicNumber,
    Question,
    Screening,
    Struct,
    SuggestedFilm,
    ViewerEntry,
    ViewerList,
    YearFigures,
    YearOfViewer,
)
from wording.translation import _

StructT = TypeVar("StructT", bound=msgspec.Struct)
AnswerT = TypeVar("AnswerT", bound=Answer)
RowT = TypeVar("RowT", LeaderboardRow, FilmViewer, ViewerEntry, Companion)


class NamelessView:
    """The numbers of all viewers. A viewer who watches for the first time has none yet."""

    def __init__(self, viewers: Iterable[PublicNumber] = ()) -> None:
        self._viewers = {each.viewer_id: each for each in viewers}

    def find_name(self, viewer_id: str, username: str) -> str:
        """Return a viewer's public name, in the current language. A hidden viewer stays Somebody."""
        if not viewer_id and username == SOMEBODY:
            return username
        known = self._viewers.get(viewer_id)
        if known is None:
            return _("Viewer")
        return username if known.is_named else _("Viewer {number}").format(number=known.number)

    def rename(self, question: Question[AnswerT], answer: AnswerT) -> AnswerT:
        """Return an answer without the names of viewers who did not choose to be named."""
        if isinstance(answer, YearOfViewer) and isinstance(question, GetYear) and answer.username:
            answer = replace(answer, username=self.find_name(question.viewer_id, answer.username))
        return self.rename_struct(self._order_equals(question, answer))

    def _order_equals(self, question: Question[AnswerT], answer: AnswerT) -> AnswerT:
        """Return an answer with equal figures ordered by number, because an order by name would reveal names."""
        if isinstance(answer, Leaderboard):
            return replace(answer, rows=self._order_rows(answer.rows, lambda row: row.rank))
        if isinstance(answer, CommunityYear):
            return replace(answer, top=self._order_rows(answer.top, lambda row: row.rank))
        if isinstance(answer, CompanionList):
            return replace(answer, rows=self._order_rows(answer.rows, attrgetter("parties")))
        if isinstance(answer, FilmRecord):
            viewers = self._order_rows(answer.viewers, lambda viewer: viewer.percent or 0.0)
            return replace(answer, viewers=viewers, not_seen=tuple(sorted(answer.not_seen, key=self._find_place)))
        if isinstance(answer, ViewerList) and isinstance(question, ListViewers):
            figure = attrgetter("movies" if question.sort == "movies" else "watch_time_s")
            return replace(answer, viewers=self._order_rows(answer.viewers, figure))
        return answer

    def _order_rows(self, rows: Iterable[RowT], figure: Callable[[RowT], object]) -> tuple[RowT, ...]:
        equals = (same for _figure, same in itertools.groupby(rows, figure))
        return tuple(row for same in equals for row in sorted(same, key=self._find_place))

    def _find_place(self, row: LeaderboardRow | FilmViewer | ViewerEntry | Companion | NamedViewer) -> float:
        known = self._viewers.get(row.viewer_id)
        return math.inf if known is None else known.number

    def rename_struct(self, value: StructT) -> StructT:
        """Return a message, or a part of one, without these names."""
        changes = {
            name: renamed
            for name in _list_fields(type(value))
            if (renamed := self._rename_value(held := getattr(value, name))) is not held
        }
        if isinstance(value, Screening):
            changes |= {"host": self._rename_host(value), "player": ""}
        elif isinstance(value, YearFigures):
            changes["companion"] = None
        elif isinstance(value, SuggestedFilm):
            changes |= {"names": (), "suggested_by": ""}
        elif (username := getattr(value, "username", "")) and hasattr(value, "viewer_id"):
            changes["username"] = self.find_name(value.viewer_id, username)
        return replace(value, **changes) if changes else value

    def _rename_value(self, value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            return self.rename_struct(value)
        if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            return tuple(map(self.rename_struct, value))
        return value

    def _rename_host(self, screening: Screening) -> str:
        """Return the public name of the attendee who is the host; empty if none is."""
        if screening.host == SOMEBODY:
            return SOMEBODY
        own = (seat for seat in screening.seats if seat.username == screening.host and seat.viewer_id)
        seat = next(own, None)
        return "" if seat is None else self.find_name(seat.viewer_id, seat.username)


def ask_namelessly(question: Question[AnswerT]) -> Question[AnswerT]:
    """Return a question whose answer reveals no name, either by its content or by its order."""
    if isinstance(question, ListViewers):
        nameless = replace(question, part="", sort="time" if question.sort == "name" else question.sort)
        return cast(Question[AnswerT], nameless)
    return question


@functools.cache
def _list_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields of a class that hold parts of messages."""
    hints = get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if _holds_struct(hints[name]))


def _holds_struct(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Struct | msgspec.Struct):
        return True
    return any(_holds_struct(part) for part in get_args(hint))
