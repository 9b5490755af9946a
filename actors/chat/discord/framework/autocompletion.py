"""What is suggested while somebody types into a / command: the choices, within Discord's limits."""

import contextlib
from typing import Any

import discord
from discord import app_commands

from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from messages import SuggestTitles
from wording.text import clean_line, shorten

CHOICE = 100
"""Longest name and value of a choice."""
MOST_CHOICES = 25


def build_choice(name: str, value: str) -> app_commands.Choice[str]:
    """Return a choice of an autocompletion or menu, cut to Discord's limits."""
    return app_commands.Choice(name=shorten(clean_line(name), CHOICE), value=value[:CHOICE])


def actors_of(interaction: discord.Interaction[Any]) -> ActorClient:
    """Return the way to the other actors of the bot that was asked."""
    actors: ActorClient = interaction.client.actors
    return actors


async def suggest_titles(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return titles that were watched; none rather than too late."""
    question = SuggestTitles(current[:CHOICE])
    with contextlib.suppress(UnansweredError):
        suggested = await actors_of(interaction).ask(question, SUGGEST_S)
        return [build_choice(title, title) for title in suggested.titles[:MOST_CHOICES]]
    return []
