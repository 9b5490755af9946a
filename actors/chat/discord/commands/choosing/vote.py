"""`vote`: a poll on the next film, among suggested ones."""

import contextlib
import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from actors.chat.discord.commands.choosing.plan_night import OpenNightButton, PlanNightButton
from actors.chat.discord.features.film_vote import (
    MOST_FILMS,
    FilmVotes,
    VoteFilm,
    VoteRecord,
    build_card,
    end_card,
)
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.autocompletion import build_choice
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.media_servers import TypedTitle, search_films
from actors.chat.discord.framework.pages import build_buttons, refuse
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, send_reply, split_trailing_argument
from actors.chat.discord.guild_features import features_of
from actors.chat.discord.ui import formatting, suggestion_lines
from actors.chat.discord.ui.embeds import Reply
from actors.chat.discord.ui.lasting_button import LastingButton
from messages import GetSuggestions, GetWhoSaw, Item, SuggestedFilm, VoiceMember
from wording.text import clean_line, unquote
from wording.titles import display_title
from wording.translation import N_, _

HOURS = 24
LONGEST_HOURS = 168
FEWEST_FILMS = 2
MOST_SUGGESTED = 100
"""Films of the list among which a named film is searched."""
_HOW = N_("Name them like this: `!vote Metropolis; Brazil 48h`")
_HOURS = re.compile(r"(?P<number>\d{1,3})\s*(?P<unit>h|std|d|t)", re.IGNORECASE)
"""Hours and days, in English and German."""
_DAYS = ("d", "t")
_NAME = 100


def is_duration(text: str) -> bool:
    """Tell whether a word is a duration: "48h", "2d"."""
    return _HOURS.fullmatch(text.strip()) is not None


def read_hours(text: str) -> int:
    """Return how long a vote runs, hours. Raises RefusedError if it cannot be read, or Discord does not allow it."""
    if not text.strip():
        return HOURS
    found = _HOURS.fullmatch(text.strip()) or re.fullmatch(r"(?P<number>\d{1,3})(?P<unit>)", text.strip())
    hours = int(found["number"]) * (24 if found["unit"].lower() in _DAYS else 1) if found else 0
    if not 1 <= hours <= LONGEST_HOURS:
        raise RefusedError(_("A vote runs from one hour to {count} hours.").format(count=LONGEST_HOURS), _(_HOW))
    return hours


async def suggest_hours(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return usual lengths of a vote."""
    return [build_choice(text, text) for text in ("24h", "48h", "3d", "7d") if current.casefold() in text]


class EndVoteButton(LastingButton, custom_id="usher:end-vote", key=r"\d{1,20}"):
    """Ends a vote early."""

    def __init__(self, poll_id: str) -> None:
        super().__init__(poll_id, label=_("End the vote now"))

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """End the vote for a member who may manage events; the card says so, and the channel gets the result."""
        if not interaction.permissions.manage_events:
            await refuse(
                interaction,
                _("Only members with Manage Events can end a vote."),
                _("An administrator can give you a role with it."),
            )
            return
        votes = features_of(interaction).film_votes
        running = votes.find(int(self.key))
        if running is None or running.is_over:
            await refuse(interaction, _("That vote is over."), _("Its result is in this channel."))
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            await votes.end(running)
            cards = interaction.message.embeds if interaction.message is not None else []
            await interaction.edit_original_response(embeds=[end_card(card) for card in cards], view=None)


@command(
    "vote",
    N_("Vote on the next film in a poll (Manage Events)"),
    group=CommandGroup.NOW,
    usage=N_("[films; separated] [24h]"),
    cooldown=Cooldown(3, 30.0),
    parameters={
        "films": N_("Titles with ; between them; without any, the most wanted ones"),
        "duration": N_("How long: 24h, 48h, 7d"),
    },
    autocomplete={"duration": suggest_hours},
    buttons=(EndVoteButton, PlanNightButton, OpenNightButton),
)
async def vote(ctx: CommandContext, films: str = "", duration: str = "") -> None:
    """Post a poll which film is next; if a vote runs already, link to it."""
    films, duration = split_trailing_argument(ctx, films, duration, is_duration)
    votes: FilmVotes = ctx.features.film_votes
    _refuse_second(ctx, votes)
    if not ctx.permissions.manage_events:
        raise RefusedError(
            _("Only members with Manage Events can start a vote."), _("An administrator can give you a role with it.")
        )
    if not ctx.bot_permissions.send_polls:
        raise RefusedError(
            _("I can't create polls in this channel."), _("An administrator can allow my role Create Polls.")
        )
    hours = read_hours(duration)
    reply = await acknowledge_then(ctx, _open_vote(ctx, votes, films, hours))
    await send_reply(ctx, reply, build_buttons(reply.items))


def _refuse_second(ctx: CommandContext, votes: FilmVotes) -> None:
    """Raise RefusedError, with a link, if a vote is running."""
    if (running := votes.running) is not None:
        url = _poll_url(ctx, running)
        raise RefusedError(
            _("A vote is running already: {url}").format(url=url), _("Wait for its end, or end it first.")
        )


async def _open_vote(ctx: CommandContext, votes: FilmVotes, text: str, hours: int) -> Reply:
    chosen, facts = await choose_films(ctx.actors, text)
    async with votes.opening:
        _refuse_second(ctx, votes)  # two may have asked at once
        opened, message = await votes.open(ctx.channel, chosen, hours)
    return Reply(build_card(opened, facts, message.jump_url), items=(EndVoteButton(str(opened.poll_id)),))


async def choose_films(actors: ActorClient, text: str) -> tuple[list[VoteFilm], dict[int, str]]:
    """Return the films to vote on (the named ones, or the most wanted), and the facts about each, by answer id.

    Raises RefusedError if there are too few or too many, or one is not known.
    """
    members = await actors.ask_channel_members()
    most = MOST_SUGGESTED if text.strip() else MOST_FILMS
    listed = (await actors.ask(GetSuggestions(actors.settings.watched_percent, members, most))).films
    films: list[SuggestedFilm | Item] = list(listed)
    if text.strip():
        films = [await _find_film(actors, listed, title) for title in _split_titles(text)]
    if len(films) < FEWEST_FILMS:
        raise RefusedError(
            _("A vote needs two films or more."),
            "\n".join((_("`!suggest` puts films on the list."), _(_HOW))),
        )
    if len(films) > MOST_FILMS:
        raise RefusedError(_("A poll takes {count} films at most.").format(count=MOST_FILMS), _("Name fewer."))
    chosen, facts = [], {}
    for number, film in enumerate(films, 1):
        chosen.append(_to_vote_film(number, film))
        if isinstance(film, SuggestedFilm):
            facts[number] = suggestion_lines.format_facts(film)
        else:
            facts[number] = await _count_who_saw(actors, film, members)
    return chosen, facts


async def _count_who_saw(actors: ActorClient, film: Item, members: tuple[VoiceMember, ...]) -> str:
    """Return in words how many members here saw a film that is not on the list; "" if the store does not answer."""
    title = f"{film.title} ({film.year})" if film.year else film.title
    with contextlib.suppress(UnansweredError):
        answer = await actors.ask(GetWhoSaw(title, actors.settings.watched_percent, members, limit=1))
        is_it = answer.film is not None and (answer.film.title, answer.film.year) == (film.title, film.year)
        asked_of = answer.not_yet + answer.in_part + answer.seen
        return suggestion_lines.format_seen_by(answer.seen if is_it else 0, asked_of)
    return ""


def _split_titles(text: str) -> list[str]:
    parts = text.split(";") if ";" in text else text.split(",")
    return list(dict.fromkeys(title for part in parts if (title := unquote(part))))


async def _find_film(actors: ActorClient, listed: Sequence[SuggestedFilm], title: str) -> SuggestedFilm | Item:
    """Return the film of exactly this name, from the list or else from the library."""
    typed = TypedTitle.parse(title)
    for film in listed:
        if film.title.casefold() == typed.title.casefold() and typed.year in (None, film.year):
            return film
    for item in await search_films(actors, title):
        if typed.is_name_of(item):
            return item
    raise RefusedError(
        _('"{title}" is neither on the list nor on Plex.').format(title=formatting.escape(title, 60)), _(_HOW)
    )


def _to_vote_film(number: int, film: SuggestedFilm | Item) -> VoteFilm:
    if isinstance(film, SuggestedFilm):
        return VoteFilm(number, suggestion_lines.format_name(film, _NAME), film.title, film.item, film.suggested_by)
    return VoteFilm(number, clean_line(display_title(film), _NAME), film.title, film)


def _poll_url(ctx: CommandContext, vote: VoteRecord) -> str:
    guild_id = ctx.guild.id if ctx.guild is not None else "@me"
    return f"https://discord.com/channels/{guild_id}/{vote.channel_id}/{vote.poll_id}"
