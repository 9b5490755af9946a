"""For administrators: `savedata`, `starttracking`, `health` and `backup`."""

import contextlib
import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.core.hearsay import heard
from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.command import (
    MOST_CHOICES,
    Context,
    UsherCog,
    acknowledge_then,
    build_choice,
    command,
    describe,
    send_reply,
    split_trailing_argument,
    viewer_id,
)
from actors.chat.discord.framework.command_errors import ADMINS_ONLY, ASK_ADMIN, NO_CURE, RefusedError, report_errors
from actors.chat.discord.framework.pages import refresh_button, refuse
from actors.chat.discord.framework.private_reply import reply_privately
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply, Section
from messages import (
    ActorHealth,
    BackUpNow,
    BackupReport,
    GetHealth,
    PositionMs,
    SaveNow,
    SaveReport,
    SessionChoice,
    StartTracking,
    TrackingOutcome,
    TrackingPlan,
)
from wording.durations import format_duration, format_position, parse_position
from wording.numbers import format_count, format_number
from wording.playback import player_state_icon
from wording.text import clean_line, display_name
from wording.titles import display_title
from wording.translation import _, later

HEALTH = "health"
_SECOND_MS = 1000
_STATES = {
    later("running"): "🟢",
    later("starting"): "🟡",
    later("degraded"): "🟠",
    later("restarting"): "🟡",
    later("stopped"): "⚫",
    later("failed"): "🔴",
}
_OUTCOMES = {
    "started": later("{name} ▶️ started"),
    "would_start": later("{name} would start"),
    "already_watching": later("{name} was being tracked already"),
    "not_in_channel": later("{name} is not in the voice channel"),
    "not_tracked": later("{name} chose not to be tracked"),
}


class Running(UsherCog):
    """Running the service."""

    @command("savedata", later("Save statistics, badges and history now (admins)"), admin=True)
    @commands.cooldown(2, 10, commands.BucketType.guild)
    async def savedata(self, ctx: Context) -> None:
        """Save all three now."""
        question = SaveNow(requested_by=str(ctx.author))
        saved = await acknowledge_then(ctx, self.desk.ask(question))
        await send_reply(ctx, Reply(_saved(saved)))

    @command(
        "starttracking",
        later("Start watches for everybody in the voice channel (admins)"),
        usage=later("[session or title] [position]"),
        admin=True,
    )
    @describe(
        session=later("Which running session; leave out if only one film plays"),
        position=later("Where the film was when they came in, like 42:10; leave out for now"),
    )
    async def starttracking(self, ctx: Context, session: str = "", position: str = "") -> None:
        """Manual recovery: starts watches for the voice channel's members."""
        session, position = split_trailing_argument(ctx, session, position, _is_position)
        if found := re.fullmatch(r"(\d+) (\d+)", session):
            session, position = found.groups()  # `!starttracking 7 42`: session 7, from minute 42
        at_ms = parse_position(position) if position else None
        if position and at_ms is None:
            raise RefusedError(
                _("{text} is no position.").format(text=formatting.escape(position, 40)),
                _("Write it like 42:10 or 1:02:03, or 42 for minutes."),
            )
        reply, own = await acknowledge_then(ctx, start(self.desk, session, at_ms, ctx.author))
        await send_reply(ctx, reply, _view(reply))
        if own is not None:
            with contextlib.suppress(RefusedError, *API_ERRORS):  # the answer is there; this only adds to it
                await reply_privately(ctx, own, aside=False)

    @starttracking.autocomplete("session")
    async def sessions(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """The sessions that run now."""
        try:
            plan = await self.desk.ask(StartTracking(simulate=True), SUGGEST_S)
        except UnansweredError:
            return []
        return [
            build_choice(_session_label(found), found.session_key)
            for found in plan.sessions
            if current.lower() in _session_label(found).lower()
        ][:MOST_CHOICES]

    @command(HEALTH, later("How every part of Usher is (admins)"), admin=True)
    async def health(self, ctx: Context) -> None:
        """Every actor's health."""
        await self.answer(ctx, HEALTH)

    @command("backup", later("Make a verified copy of the store (admins)"), admin=True)
    @commands.cooldown(1, 30, commands.BucketType.guild)
    async def backup(self, ctx: Context) -> None:
        """A consistent copy of the store."""
        made = await acknowledge_then(ctx, self.desk.ask(BackUpNow()))
        await send_reply(ctx, Reply(_backed_up(made)))


def _is_position(word: str) -> bool:
    """A bare number is a session's; "42:10" is the position, and so is "99:99" meant, which can be none."""
    return re.match(r"\d*:", word) is not None


def _saved(saved: SaveReport) -> discord.Embed:
    counts = (
        format_count("**{count}** user", "**{count}** users", saved.users),
        format_count("**{count}** watch record", "**{count}** watch records", saved.watches),
        format_count("**{count}** badge", "**{count}** badges", saved.badges),
    )
    lines = (
        " · ".join(counts),
        format_count(
            "{count} active watch in the checkpoint", "{count} active watches in the checkpoint", saved.active
        ),
        _took(saved.took_ms),
    )
    return embeds.build_embed(_("💾 Saved"), "\n".join(lines), colour=embeds.GREEN)


def _backed_up(made: BackupReport) -> discord.Embed:
    read = _("{size} MB · read back: {records}, {viewers}").format(
        size=format_number(made.size_bytes / 1e6, 1),
        records=format_count("{count} watch record", "{count} watch records", made.watches),
        viewers=format_count("{count} viewer", "{count} viewers", made.viewers),
    )
    text = f"`{formatting.escape_code(made.file, 300)}`\n{read}\n{_took(made.took_ms)}"
    return embeds.build_embed(_("🗄️ Backed up and verified"), text, colour=embeds.GREEN)


def _took(ms: float) -> str:
    if ms < _SECOND_MS:  # "0 s" would say that nothing was done
        return _("Took {time} ms").format(time=format_number(ms))
    return _("Took {time}").format(time=format_duration(ms / _SECOND_MS))


async def start(
    desk: ActorClient, wanted: str, at_ms: int | None, by: discord.Member | discord.User
) -> tuple[Reply, discord.Embed | None]:
    """Start tracking on the session that `wanted` means (its key, or part of its title or account).

    Where several fit, the reply asks which with a menu. With it comes what `by` alone may read, where they are one of
    those whom others do not see.
    """
    plan = None
    key = wanted.strip()
    if key:
        plan = await desk.ask(StartTracking(simulate=True))
        matching = _matching(plan.sessions, key)
        if len(matching) != 1:
            return _ask_which(matching or plan.sessions, at_ms, key if not matching else ""), None
        key = matching[0].session_key
    position_ms = None if at_ms is None else PositionMs(at_ms)
    question = StartTracking(session_key=key, position_ms=position_ms, requested_by=str(by))
    plan = await desk.ask(question)
    if not plan.chosen and len(plan.sessions) > 1:
        return _ask_which(plan.sessions, at_ms, ""), None
    own = next((done for done in plan.outcomes if done.hidden and done.user_id == viewer_id(by)), None)
    return Reply(_plan(plan, at_ms)), _own(own) if own is not None else None


def _matching(sessions: tuple[SessionChoice, ...], wanted: str) -> tuple[SessionChoice, ...]:
    exact = tuple(found for found in sessions if found.session_key == wanted)
    part = wanted.casefold()
    if exact or wanted.isdecimal():  # a number is a session's, which may have ended; or all of a title, like "1917"
        return exact or tuple(found for found in sessions if found.item.title == wanted)
    return tuple(
        found
        for found in sessions
        if part in display_title(found.item).casefold() or part in found.account_name.casefold()
    )


def _ask_which(sessions: tuple[SessionChoice, ...], at_ms: int | None, unknown: str) -> Reply:
    if not sessions:
        return Reply(
            embeds.build_problem(
                _("No film plays on Plex right now."), _("Start one (or wait for the next poll), then try again.")
            )
        )
    lines = [
        f"`{formatting.escape_code(found.session_key, 20)}` {_session_line(found)}" for found in sessions[:MOST_CHOICES]
    ]
    text = _("Choose below, or write `!starttracking` with its number.")
    if unknown:
        text = _("Nothing that runs is called {name}.").format(name=formatting.escape(unknown, 60)) + f"\n{text}"
    text += f"\n\n{embeds.join_lines_within(lines, 3500)}"
    menu = SessionMenu(at_ms, [(_session_label(found), found.session_key) for found in sessions[:MOST_CHOICES]])
    return Reply(embeds.build_embed(_("▶️ Which session?"), text, colour=embeds.BLUE), items=(menu,))


def _session_line(found: SessionChoice) -> str:
    where = formatting.escape_person(found.account_name, 40)
    if found.player:
        where = _("{name} on {player}").format(name=where, player=formatting.escape(found.player, 40))
    at = f"{player_state_icon(found.state)} {format_position(found.position_ms)}"
    return f"**{formatting.escape_title(found.item, 80)}** · {where} · {at}"


def _session_label(found: SessionChoice) -> str:
    return clean_line(f"{display_name(found.account_name)} · {display_title(found.item)}", 98)


def _plan(plan: TrackingPlan, at_ms: int | None) -> discord.Embed:
    chosen = next((found for found in plan.sessions if found.session_key == plan.chosen), None)
    if plan.problem and not plan.outcomes:
        return embeds.build_problem(formatting.escape(heard(plan.problem), 900), NO_CURE)
    lines = [_session_line(chosen)] if chosen is not None else []
    if at_ms is not None:
        lines.append(_("Joined at {position}").format(position=format_position(at_ms)))
    seen = [done for done in plan.outcomes if not done.hidden]
    people, hidden = [_outcome(done) for done in seen], len(plan.outcomes) - len(seen)
    started = sum(done.outcome == "started" for done in seen)
    if hidden:  # told alike of those who are tracked and those who are not, and without a word of which it is
        people.append(
            format_count(
                "🙈 {count} person here keeps to themselves what they watch",
                "🙈 {count} people here keep to themselves what they watch",
                hidden,
            )
        )
    lines += ["", embeds.join_lines_within(people, 3000) if people else _("Nobody is in the voice channel.")]
    if plan.problem:
        lines.append(f"⚠️ {formatting.escape(heard(plan.problem), 500)}")
    heading = _("👌 Done") if hidden else _("👌 Nothing to start")
    if started:
        heading = format_count(
            "▶️ Tracking started for {count} person", "▶️ Tracking started for {count} people", started
        )
    return embeds.build_embed(heading, "\n".join(lines), colour=embeds.GREEN if started else embeds.GREY)


def _outcome(done: TrackingOutcome) -> str:
    name = formatting.escape(done.name, 40) if done.name else f"`{formatting.escape_code(done.user_id, 20)}`"
    return _(_OUTCOMES[done.outcome]).format(name=f"**{name}**")


def _own(done: TrackingOutcome) -> discord.Embed:
    """What one person alone reads of themselves."""
    lines = [_outcome(done)]
    if done.outcome == "not_tracked":
        lines.append(_("To be tracked again, choose another with {command}.").format(command="`/privacy`"))
    return embeds.build_embed(_("🙈 For you alone"), "\n".join(lines), colour=embeds.PURPLE)


def _view(reply: Reply) -> discord.ui.View | None:
    if not reply.items:
        return None
    view = discord.ui.View(timeout=None)
    for item in reply.items:
        view.add_item(item)
    return view


class SessionMenu(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"usher:start:(?P<position>\d*)"
):
    """Asks which session to track; the position asked for travels in its id, so that it survives a restart."""

    def __init__(self, at_ms: int | None, sessions: list[tuple[str, str]]) -> None:
        self._at_ms = at_ms
        options = [discord.SelectOption(label=label, value=key) for label, key in sessions]
        super().__init__(
            discord.ui.Select(
                custom_id=f"usher:start:{'' if at_ms is None else at_ms}",
                placeholder=_("Which film?"),
                options=options,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The menu, from what it carries; what was chosen comes with the press."""
        menu = cls(int(match["position"]) if match["position"] else None, [("-", "-")])
        menu.item = item  # type: ignore[assignment]  # discord.py hands the real select as a plain Item
        return menu

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Start on what was chosen."""
        if not interaction.permissions.administrator:
            await refuse(interaction, _(ADMINS_ONLY), _(ASK_ADMIN))
            return
        await interaction.response.defer()
        desk: ActorClient = interaction.client.desk
        async with report_errors(interaction):
            reply, own = await start(desk, self.item.values[0], self._at_ms, interaction.user)
            await interaction.edit_original_response(
                embed=reply.embed, view=_view(reply), allowed_mentions=embeds.NOBODY
            )
            if own is not None:
                await interaction.followup.send(embed=own, ephemeral=True)


async def health(desk: ActorClient, arguments: str, page: int) -> Reply:
    """Every actor, one below the other: a table wider than a phone helps nobody."""
    report = await desk.ask(GetHealth())
    sections = [_actor(actor) for actor in report.actors]
    pages = embeds.split_pages(sections, lines=16)
    text, number = embeds.pick_page(pages, page)
    worst = max((_BADNESS.get(actor.state, 1) for actor in report.actors), default=0)
    colour = (embeds.GREEN, embeds.GOLD, embeds.RED)[worst]
    heading = _("🩺 Every actor is well") if worst == 0 else _("🩺 Not everything is well")
    footer = _("launcher: process {number}").format(number=report.launcher_pid)
    items = () if len(pages) > 1 else (refresh_button(HEALTH),)
    return Reply(embeds.build_embed(heading, text, colour=colour, footer=footer), number, len(pages), items)


_BADNESS = {"running": 0, "starting": 1, "degraded": 1, "restarting": 1, "stopped": 2, "failed": 2}


def _actor(actor: ActorHealth) -> Section:
    facts = (
        _("up {time}").format(time=format_duration(actor.uptime_s)),
        format_count("{count} restart", "{count} restarts", actor.restarts),
        _("mailbox {count}").format(count=format_number(actor.mailbox_depth)),
    )
    figures = (
        format_count("{count} handled", "{count} handled", actor.handled),
        f"p50 {format_number(actor.handle_ms_p50, 1)} ms",
        f"p99 {format_number(actor.handle_ms_p99, 1)} ms",
        f"{format_number(actor.rss_mb)} MB",
    )
    lines = [" · ".join(facts), " · ".join(figures)]
    if actor.last_error:
        lines.append(f"> {formatting.escape(heard(actor.last_error), 300)}")
    return Section(
        f"{_STATES.get(actor.state, '▫️')} **{formatting.escape(actor.actor, 30)}** · {_(actor.state)}", lines
    )
