"""Finds the films and times that a command's words can mean: `!night black sunday 20:30` has two readings."""

import asyncio
import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from actors.chat.discord.features.film_night.night_planner import HOW
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.media_servers import TypedTitle, not_found_error, search_films
from config import Settings
from messages import Item
from wording.times import DateOrder, Doubt, TimeReading
from wording.translation import _

_MOST_OFFERED = 3
"""Films that are offered if none has the name that was typed."""
_MOST_LEFT_OVER = 3
"""Words after a time that may be left over; the member is asked about them."""
Read = TypeVar("Read")
_NO_TIME = TimeReading((), Doubt.UNREADABLE)
_YEAR = re.compile(r"(?P<title>.+?)\s+(?P<year>(?:18|19|20)\d\d)")
"""A title followed by a year without parentheses: a library may find nothing for the two together."""


class FilmAndTime(NamedTuple):
    """One reading of the words: a film and a time."""

    title: str
    time: TimeReading
    films: tuple[Item, ...] = ()
    """The films with that name; if there is none, those that the library finds for it."""
    is_exact: bool = False
    """Whether the films have exactly that name."""
    left_over: str = ""
    """Words after the time that were not understood."""


def read_night_time(settings: Settings, text: str, now: datetime.datetime) -> TimeReading:
    """Read the start of a night, in the language of the bot and the community's order of day and month."""
    from wording.times.reader import read_time  # with many modules, and times are typed rarely

    order = settings.date_order
    if not order and not settings.bot_language.startswith("en"):
        order = DateOrder.DAY_FIRST.value  # only English is written in both orders
    return read_time(text, now, settings.bot_language, DateOrder(order))


async def find_meanings(
    actors: ActorClient, words: Sequence[str], read: Callable[[str], TimeReading]
) -> list[FilmAndTime]:
    """Return all readings of words as a film and then a time; if some have a film's exact name, only those.

    The longest title comes first. Raises RefusedError if there is no time or no film in them.
    """
    understood, left_over = _split_film_and_time(words, read), ""
    whole = " ".join(words)
    if not understood:
        if len(words) == 1 or (await _find_named(actors, whole)).is_exact:
            raise RefusedError(_("When should it begin?"), _(HOW))
        understood, left_over = _drop_left_over(words, lambda some: _split_film_and_time(some, read))
    if not understood:
        raise RefusedError(_("I didn't understand that time."), _(HOW))
    *meanings, alone = await asyncio.gather(
        *(_find_named(actors, meaning.title, meaning.time) for meaning in understood), _find_named(actors, whole)
    )
    meanings = [meaning._replace(left_over=left_over) for meaning in meanings]
    exact = [meaning for meaning in meanings if meaning.is_exact]
    if alone.is_exact:
        raise RefusedError(_("When should it begin?"), _(HOW))  # "High Noon" is a film, not a time
    return exact or [next((each for each in reversed(meanings) if each.films), meanings[-1])]


def _split_film_and_time(words: Sequence[str], read: Callable[[str], TimeReading]) -> list[FilmAndTime]:
    """Return every split of words into a title and a time that can be read, the longest title first."""
    readings = [(" ".join(words[:at]), read(" ".join(words[at:]))) for at in range(len(words) - 1, 0, -1)]
    return [FilmAndTime(title, time) for title, time in readings if time.doubt is not Doubt.UNREADABLE]


def read_most(text: str, read: Callable[[str], TimeReading]) -> tuple[TimeReading, str]:
    """Return the time in a text, and the words after it that were not understood."""
    time = read(text)
    if time.doubt is not Doubt.UNREADABLE:
        return time, ""

    def read_some(words: Sequence[str]) -> list[TimeReading]:
        return [each for each in (read(" ".join(words)),) if each.doubt is not Doubt.UNREADABLE]

    found, left_over = _drop_left_over(text.split(), read_some)
    return (found[0], left_over) if found else (time, "")


def _drop_left_over(words: Sequence[str], read: Callable[[Sequence[str]], list[Read]]) -> tuple[list[Read], str]:
    """Leave out as few last words as possible; return the readings of the others, and the words that were left out."""
    for count in range(1, min(_MOST_LEFT_OVER, len(words) - 1) + 1):
        if found := read(words[:-count]):
            return found, " ".join(words[-count:])
    return [], ""


async def find_titled(actors: ActorClient, title: str, time: TimeReading) -> FilmAndTime:
    """Return the films of a title that was typed by itself. Raises RefusedError if the time cannot be read."""
    if time.doubt is Doubt.UNREADABLE:
        raise RefusedError(_("I didn't understand that time."), _(HOW))
    return await _find_named(actors, title, time)


async def _find_named(actors: ActorClient, title: str, time: TimeReading = _NO_TIME) -> FilmAndTime:
    """Return the films of that name (and year); if there is none, those that the library finds for it."""
    typed, films = TypedTitle.parse(title), await search_films(actors, title)
    if not films and (dated := _YEAR.fullmatch(title)):
        films = await search_films(actors, dated["title"])
    found = _drop_copies(films)
    exact = tuple(film for film in found if typed.is_name_of(film))
    return FilmAndTime(title, time, exact or found[:_MOST_OFFERED], bool(exact))


def check_found(meaning: FilmAndTime) -> None:
    """Raise RefusedError if no film was found."""
    if not meaning.films:
        raise not_found_error(meaning.title)


def _drop_copies(films: Iterable[Item]) -> tuple[Item, ...]:
    """Return films without further copies of the same film (other servers, libraries or editions)."""
    by_film: dict[tuple[object, ...], Item] = {}
    for film in films:
        by_film.setdefault((film.title.casefold(), film.year) if film.year else (film.server_id, film.rating_key), film)
    return tuple(by_film.values())
