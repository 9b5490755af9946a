"""Asks the media servers for posters, and for films of the library."""

import asyncio
import contextlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from actors.chat.discord.framework.actor_client import ASK_S, ActorClient, UnansweredError
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.ui import formatting
from actors.media.pollers import poller_names
from messages import ExternalIds, FilmsFound, FindExternalIds, FindFilms, GetPoster, Item, Poster
from wording.problems import translate_or
from wording.titles import is_film_name
from wording.translation import _

POSTER_S = 15.0
"""Deadline of a poster; real seconds."""
MOST_FOUND = 25
"""Films that a server is asked for at most: a list of choices may have so many."""
CUT = "… #"
"""Separates the beginning of a title that is too long for a choice from the film's rating key."""
_CHOICE = re.compile(rf"(?P<title>.+){CUT}(?P<key>\S+)")
_YEAR = re.compile(r"(?P<title>.+?)\s*\((?P<year>\d{4})\)")


async def fetch_poster(client: ActorClient, item: Item) -> Poster:
    """Return the item's poster from the server that has it, or a Poster with a problem if there is none."""
    problem = _("no Plex server answered")
    for poller in poller_names(client.settings):
        try:
            poster = await client.ask(GetPoster(item.server_id, item.thumb), target=poller)
        except UnansweredError as error:
            problem = error.what
            continue
        if poster.content:
            return poster
        problem = poster.problem
    return Poster(problem=problem)


async def fetch_posters(client: ActorClient, items: Iterable[Item | None]) -> list[bytes]:
    """Return the posters of some films, in their order; b"" for one without a poster."""

    async def fetch(item: Item | None) -> bytes:
        return (await fetch_poster(client, item)).content if item is not None and item.thumb else b""

    return await asyncio.gather(*map(fetch, items))


async def find_films(client: ActorClient, title: str, most: int, timeout_s: float = ASK_S) -> FilmsFound:
    """Return the films of all Plex servers that match a typed title; with a problem if a server could not be asked."""
    answers = await asyncio.gather(
        *(_find_films_of(client, poller, title, most, timeout_s) for poller in poller_names(client.settings))
    )
    films = tuple(film for answer in answers for film in answer.films)
    return FilmsFound(films, next((answer.problem for answer in answers if answer.problem), ""))


async def _find_films_of(client: ActorClient, poller: str, title: str, most: int, timeout_s: float) -> FilmsFound:
    try:
        return await client.ask(FindFilms(title, most), timeout_s, target=poller)
    except UnansweredError as error:
        return FilmsFound(problem=error.what)


async def find_external_ids(
    client: ActorClient, items: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], ExternalIds]:
    """Return the ids of items at IMDb, TMDB and TVDB, by machineIdentifier and rating key; skip silent servers."""
    by_server: dict[str, list[str]] = {}
    for server_id, rating_key in sorted(items):
        if server_id and rating_key:
            by_server.setdefault(server_id, []).append(rating_key)
    found: dict[tuple[str, str], ExternalIds] = {}
    for server_id, keys in by_server.items():
        question = FindExternalIds(server_id, tuple(keys))
        for poller in poller_names(client.settings):
            with contextlib.suppress(UnansweredError):
                answer = await client.ask(question, question.patience_s, target=poller)
                found |= {(server_id, each.rating_key): each for each in answer.items}
    return found


class TypedTitle(NamedTuple):
    """A film's title as somebody typed or chose it."""

    title: str
    year: int | None = None
    rating_key: str = ""
    """Rating key of the film, if it was chosen from a list and its name is too long for a choice; otherwise empty."""

    @classmethod
    def parse(cls, text: str) -> "TypedTitle":
        """Parse "Title (1979)", or the value of a choice that was cut."""
        if chosen := _CHOICE.fullmatch(text):
            return cls(chosen["title"], rating_key=chosen["key"])
        if named := _YEAR.fullmatch(text):
            return cls(named["title"], int(named["year"]))
        return cls(text)

    def is_name_of(self, film: Item) -> bool:
        """Tell whether this is a film's title, and year or key if they are known."""
        if self.rating_key:
            return film.rating_key == self.rating_key and film.title.casefold().startswith(self.title.casefold())
        return is_film_name(self.title, film) and self.year in (None, film.year)


async def search_films(actors: ActorClient, title: str) -> tuple[Item, ...]:
    """Return the films that match a title; there may be none. Raises RefusedError if Plex cannot be asked."""
    answer = await find_films(actors, TypedTitle.parse(title).title, MOST_FOUND)
    if not answer.films and answer.problem:
        why = formatting.escape(translate_or(answer.reason, answer.problem), 200)
        raise RefusedError(
            _("I couldn't look up {title}: {reason}").format(title=formatting.escape(title, 60), reason=why),
            _("Try again later."),
        )
    return answer.films


async def choose_film(actors: ActorClient, title: str) -> Item:
    """Return the film that is meant: the one of this name (and year), or else the best match."""
    typed, films = TypedTitle.parse(title), await search_films(actors, title)
    if not films:
        raise not_found_error(title)

    def fit(film: Item) -> tuple[bool, bool, bool]:
        is_named = is_film_name(typed.title, film)
        return bool(typed.rating_key) and typed.is_name_of(film), typed.year in (None, film.year), is_named

    return max(films, key=fit)


def not_found_error(title: str) -> RefusedError:
    """Return the error for a title that no server has."""
    shown = formatting.escape(title, 60)
    return RefusedError(_('I couldn\'t find "{title}" on Plex.').format(title=shown), _("Check the title."))
