"""`health`: the state of every actor of the service."""

from msgspec.structs import replace

from actors.address import split_address
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, command
from actors.chat.discord.framework.pages import refresh_button
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply, Section
from messages import ActorHealth, GetHealth, HealthReport
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.problems import translate_all
from wording.translation import N_, _

_STATES = {
    N_("running"): "🟢",
    N_("starting"): "🟡",
    N_("degraded"): "🟠",
    N_("restarting"): "🟡",
    N_("stopped"): "⚫",
    N_("failed"): "🔴",
}
_ELSEWHERE = N_("whoever runs Usher sees why: python run.py health")
_BADNESS = {"running": 0, "starting": 1, "degraded": 1, "restarting": 1, "stopped": 2, "failed": 2}


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of the actors, one below the other: a table would be wider than a phone."""
    report = await actors.ask(GetHealth())
    shown = name_actors(actors.community, report)
    sections = [_build_section(actor, report.at.wall_s) for actor in shown]
    pages = embeds.split_pages(sections, lines=16)
    text, number = embeds.pick_page(pages, page)
    worst = max((_BADNESS.get(actor.state, 1) for actor in shown), default=0)
    colour = (embeds.GREEN, embeds.GOLD, embeds.RED)[worst]
    heading = _("🩺 All systems healthy") if worst == 0 else _("🩺 Some systems have problems")
    footer = _("launcher: process {number}").format(number=report.launcher_pid)
    items = () if len(pages) > 1 else (refresh_button("health"),)
    return Reply(embeds.build_embed(heading, text, colour=colour, footer=footer), number, len(pages), items)


def name_actors(community: str, report: HealthReport) -> list[ActorHealth]:
    """Return the actors to show to a community, those of further communities with their Discord server's name.

    A further community sees only its own. The environment's community, which is the operator's, sees all, but not the
    errors of other communities' Plex servers: `run.py health` shows those.
    """
    names = {each.guild_id: each.name for each in report.communities}
    shown = []
    for actor in report.actors:
        name, whose = split_address(actor.actor)
        if not community and whose:
            why = _(_ELSEWHERE) if actor.last_error else ""
            shown.append(replace(actor, actor=f"{name} · {names.get(whose, whose)}", last_error=why, problems=()))
        elif whose == community:
            shown.append(replace(actor, actor=name))
    return shown


def _build_section(actor: ActorHealth, now_s: float) -> Section:
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
        reason = formatting.escape(translate_all(actor.problems, actor.last_error), 300)
        if actor.resolved_for_s is not None:
            ago = formatting.relative_time(now_s - actor.resolved_for_s)
            reason = _("Resolved {ago}: {reason}").format(ago=ago, reason=reason)
        lines.append(f"> {reason}")
    return Section(
        f"{_STATES.get(actor.state, '▫️')} **{formatting.escape(actor.actor, 60)}** · {_(actor.state)}", lines
    )


@command(
    "health",
    N_("Health of every part of Usher (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
    page=build_page,
)
async def health(ctx: CommandContext) -> None:
    """Answer with every actor's health."""
    await show_page(ctx)
