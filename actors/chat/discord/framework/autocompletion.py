"""Suggests choices while somebody types into a / command, within Discord's limits."""

import contextlib
from typing import Any

import discord
from discord import app_commands

from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.media_servers import CUT, find_films
from messages import Item, SuggestTitles
from wording.text import clean_line, shorten, utf16_length
from wording.titles import display_title

CHOICE = 100
"""Characters of a choice's name and value at most."""
MOST_CHOICES = 25


def build_choice(name: str, value: str) -> app_commands.Choice[str]:
    """Return a choice of an autocompletion or menu, cut to Discord's limits."""
    return app_commands.Choice(name=shorten(clean_line(name), CHOICE), value=value[:CHOICE])


def actors_of(interaction: discord.Interaction[Any]) -> ActorClient:
    """Return the client for the other actors, for the server of an interaction."""
    actors: ActorClient = interaction.client.features_of(interaction).actors
    return actors


async def suggest_titles(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return titles that were watched; none if there is no answer in time."""
    question = SuggestTitles(current[:CHOICE])
    with contextlib.suppress(UnansweredError):
        suggested = await actors_of(interaction).ask(question, SUGGEST_S)
        return [build_choice(title, title) for title in suggested.titles[:MOST_CHOICES]]
    return []


async def suggest_films(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return films on Plex."""
    films = (await find_films(actors_of(interaction), current, MOST_CHOICES, SUGGEST_S)).films
    by_name: dict[str, Item] = {}
    for film in films:
        by_name.setdefault(display_title(film), film)
    return [build_choice(label_film(film), name_film(film)) for film in list(by_name.values())[:MOST_CHOICES]]


def label_film(film: Item) -> str:
    """Return a film's label for a choice; a long title is cut, but never the year."""
    year = f" ({film.year})" if film.year else ""
    return clean_line(film.title, CHOICE - len(year)) + year


def name_film(film: Item, limit: int = CHOICE) -> str:
    """Return the value of a film's choice: its name, or if that is too long, its beginning with the rating key."""
    name = display_title(film)
    if utf16_length(name) <= limit:
        return name
    key = f"{CUT}{film.rating_key}"
    begun = shorten(film.title, limit - len(key)).removesuffix("…")
    return f"{begun.rpartition(' ')[0] or begun}{key}"  # whole words: a part of a word may find nothing
