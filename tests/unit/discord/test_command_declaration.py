"""A command is one decorated function: what it declares is registered, listed, guarded and paged by itself."""

from collections.abc import Callable
from typing import Any

import discord
import pytest
from discord import app_commands

from actors.chat.discord.commands import load_commands
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import build_choice
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, Cooldown, UsherCommand, command
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.gateway.bot import UsherBot
from actors.chat.discord.ui import embeds
from actors.chat.discord.ui.embeds import Reply
from messages import Answer, Question

fails = pytest.mark.simcord(check_errors=False)


class Decades(Answer, frozen=True, tag="test_decades"):
    """Decades of film, the oldest first."""

    names: tuple[str, ...]


class GetDecades(Question[Decades], frozen=True, tag="test_get_decades", to="persistence"):
    """Which decades were watched."""

    asker: str


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page with one decade."""
    names = (await actors.ask(GetDecades(actors.asker))).names
    return Reply(embeds.build_embed("Decades", f"{arguments}: {names[page]}"), page, len(names))


async def suggest_words(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return one word."""
    return [build_choice("All of them", "all")]


@command(
    "decades",
    "Which decades were watched",
    group=CommandGroup.COMMUNITY,
    usage="[word]",
    cooldown=Cooldown(2, 60.0),
    parameters={"word": "Any word"},
    autocomplete={"word": suggest_words},
    page=build_page,
)
async def decades(ctx: CommandContext, word: str = "all") -> None:
    """Answer with the decades."""
    await show_page(ctx, word)


@command("wipe", "Admins only", group=CommandGroup.ADMINS, permission=ADMINISTRATOR, page=build_page)
async def wipe(ctx: CommandContext) -> None:
    """Answer with the same page."""
    await show_page(ctx)


@pytest.fixture
def commands() -> tuple[UsherCommand, ...]:
    """The commands of the product, and two that only this test has."""
    decades.reset_uses()
    return (*load_commands(), decades, wipe)


@pytest.fixture
def bot(make_bot: Callable[..., UsherBot], commands: tuple[UsherCommand, ...]) -> UsherBot:
    """The real bot with the new commands."""
    return make_bot(commands)


async def test_it_answers_by_both_ways_and_its_pages_turn(room: Any, actors: Any) -> None:
    """`!` and `/`; the question names the asker; a button shows the next page."""
    actors.answers[GetDecades] = Decades(("1920s", "1930s"))
    await room.ana.send(room.channel, "!decades yes")
    assert "yes: 1920s" in room.text()
    assert actors.questions(GetDecades) == [GetDecades(str(room.ana.id))]
    first = room.channel.last_message
    buttons = [button for row in first.components for button in row.children]
    await room.ana.click(first, custom_id=next(button.custom_id for button in buttons if ":+:" in button.custom_id))
    assert "yes: 1930s" in room.text()
    shown = await room.ana.slash(room.channel, "decades", word="all")
    assert "all: 1920s" in shown.response.embeds[0].description


@fails
async def test_its_help_permission_and_cooldown_are_those_declared(room: Any, actors: Any) -> None:
    """Listed under its group for whoever may use it; refused to others; limited for each member."""
    actors.answers[GetDecades] = Decades(("1920s",))
    await room.ana.send(room.channel, "!help")
    assert "`!decades` Which decades were watched" in room.text() and "!wipe" not in room.text()
    await room.ana.send(room.channel, "!wipe")
    assert "Only administrators" in room.text()
    await room.boss.send(room.channel, "!wipe")
    assert "1920s" in room.text()
    for _number in range(3):
        await room.ana.send(room.channel, "!decades")
    assert "Slow down." in room.text()
    await room.boss.send(room.channel, "!decades")
    assert "1920s" in room.text()


async def test_discord_is_told_of_its_parameters_and_suggestions(bot: UsherBot, room: Any) -> None:
    """The / command has the description, and the autocompletion answers."""
    registered = bot.tree.get_command("decades")
    assert isinstance(registered, app_commands.Command)
    told = registered.to_dict(bot.tree)
    assert told["options"][0]["description"] == "Any word" and told["options"][0]["autocomplete"]


def test_every_module_of_commands_is_found_and_names_are_unique() -> None:
    """None is registered by hand; each command once."""
    names = [declared.name for declared in load_commands()]
    assert names == sorted(set(names))
    assert {"stats", "night", "help", "forgetme", "toproles", "nowplaying"} <= set(names)
