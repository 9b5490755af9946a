"""What the bot asks the media servers: posters, and films of the library."""

import asyncio

from actors.chat.discord.framework.actor_client import ASK_S, ActorClient, UnansweredError
from config import Settings
from messages import FilmsFound, FindFilms, GetPoster, Item, Poster
from wording.translation import _

POSTER_S = 15.0
"""Deadline of a poster."""


def poller_names(settings: Settings) -> list[str]:
    """Return the names of the actors that each ask one Plex server."""
    first = GetPoster.receiver
    return [first, *(f"{first}-{number}" for number in range(2, len(settings.servers) + 1))]


async def fetch_poster(client: ActorClient, item: Item) -> Poster:
    """Return the item's poster from whichever server holds it; with a problem where there is none."""
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


async def find_films(client: ActorClient, title: str, most: int, timeout_s: float = ASK_S) -> FilmsFound:
    """Return the films of all Plex servers that fit a typed title; with a problem where one could not be asked."""
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
