"""Before a film night: `whosaw`."""

import contextlib

import discord
from discord import app_commands
from discord.ext import commands

from actors.discord import look, words
from actors.discord.commands.base import Context, UsherCog, command
from actors.discord.commands.errors import RefusedError
from actors.discord.desk import Desk, UnansweredError
from actors.discord.look import Field, Reply, Section
from actors.discord.pages import pack
from messages import GetWhoSaw, SeenBy, StartTracking, TitleCount, TrackingPlan, VoiceMember, WhoSaw

WHO_SAW = "whosaw"
ROWS = 20
_HEADINGS = {"not_yet": "🆕 __Not yet__", "in_part": "🌓 __In part__", "seen": "✅ __Seen__"}


class Nights(UsherCog):
    """Before a film night."""

    @command(WHO_SAW, "Who has seen a film, and who has not", usage="<title>")
    @app_commands.describe(title="Part of its title is enough")
    @commands.cooldown(3, 10, commands.BucketType.user)
    async def whosaw(self, ctx: Context, *, title: str = "") -> None:
        """Who of those present has seen a film."""
        if not title.strip():
            raise RefusedError("Which film?", "Give its title, or part of it: `!whosaw metropolis`.")
        await self.answer(ctx, WHO_SAW, pack(title.strip()))

    @whosaw.autocomplete("title")
    async def titles(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Titles that were watched."""
        return await self.suggest_titles(current)


async def who_saw(desk: Desk, arguments: str, page: int) -> Reply:
    """A page of who has seen a film: of those in the voice channel, or of everybody where it is empty."""
    members = await _present(desk)
    question = GetWhoSaw(arguments, desk.settings.watched_percent, members, ROWS, page * ROWS)
    found = await desk.ask("persistence", question, WhoSaw)
    if found.film is None:
        heading = f"🎟️ {words.safe(arguments, 100)}"
        return Reply(look.card(heading, "Nobody has watched a film of that title here.", colour=look.GREY))
    total = found.not_yet + found.in_part + found.seen
    pages = max(1, -(-total // ROWS))
    whose = "in the voice channel" if members else "of all known viewers, for nobody is in the voice channel"
    top = (
        f"**{found.not_yet}** not yet · **{found.in_part}** in part · **{found.seen}** seen\n"
        f"{words.count(total, 'person', 'people')} {whose}"
    )
    sections = [
        Section(heading, [_line(viewer) for viewer in found.viewers if viewer.state == state])
        for state, heading in _HEADINGS.items()
    ]
    text = look.paged([section for section in sections if section.lines], lines=ROWS, units=3500)[0]
    fields = []
    if found.others:
        fields.append(Field("Also found", look.lines_within([_named(film) for film in found.others])))
    heading = f"🎟️ Who saw {_named(found.film)}?"
    return Reply(look.card(heading, f"{top}\n\n{text}", fields=fields), min(page, pages - 1), pages)


async def _present(desk: Desk) -> tuple[VoiceMember, ...]:
    """Who is in the voice channel; nobody where the tracker cannot say."""
    with contextlib.suppress(UnansweredError):
        return (await desk.ask("tracker", StartTracking(simulate=True), TrackingPlan)).members
    return ()


def _named(film: TitleCount) -> str:
    return words.safe(f"{film.title} ({film.year})" if film.year else film.title, 100)


def _line(viewer: SeenBy) -> str:
    facts = [f"**{words.safe(viewer.username, 40)}**"]
    if viewer.state == "in_part" and viewer.percent is not None:
        facts.append(words.percent(viewer.percent))
    if viewer.now:
        facts.append("▶️ watching now")
    elif viewer.at_s is not None:
        facts.append(words.ago(viewer.at_s))
    return " · ".join(facts)
