"""The page for administrators: the actors' health, saves, backups, dead letters, the log, the settings."""

import asyncio
import time
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from actors.web.page import AnswerT, PageContent, PageRequest, PageUnavailableError, page
from actors.web.pages.clock import format_clock, format_iso_day
from actors.web.pages.profile_tiles import Tile
from actors.web.readers import Access
from messages import (
    ActorHealth,
    BackupList,
    GetHealth,
    GetLogTail,
    GetSaveStatus,
    GetServiceFacts,
    HealthReport,
    ListBackups,
    LogLine,
    LogTail,
    Question,
    SaveStatus,
    ServiceFacts,
    StartTracking,
    TrackingPlan,
)
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.problems import translate_all, translate_or
from wording.text import clean_line, display_name
from wording.titles import session_title
from wording.translation import N_, _

ASK_S = 3.0
MOST_LINES = 60
STATES = {
    "running": N_("running"),
    "starting": N_("starting"),
    "degraded": N_("degraded"),
    "restarting": N_("restarting"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
}
WELL = "running"
DONE = {
    "saved": N_("Saved."),
    "backed_up": N_("Backed up, and read back."),
    "started": N_("Tracking has started."),
    "nothing": N_("Nobody had to be started."),
}
"""The note to be shown after an act, by the name of the act."""


class ActorRow(msgspec.Struct, frozen=True):
    """An actor."""

    name: str
    state: str
    is_well: bool
    figures: tuple[str, ...]
    """Up, restarts, waiting, p50, p99, MB."""
    error: str


class ActorTable(msgspec.Struct, frozen=True):
    """Every actor, as of a moment."""

    rows: tuple[ActorRow, ...]
    headings: tuple[str, ...]
    heading: str
    note: str


class Entry(msgspec.Struct, frozen=True):
    """A line of a list."""

    when: str
    who: str
    text: str


class SessionOption(msgspec.Struct, frozen=True):
    """A running film for which tracking can be started."""

    key: str
    label: str


@page("admin", "/admin", access=Access.ADMINS, is_kept=False)
async def show_admin(request: PageRequest) -> PageContent:
    """Show administrators the state of the service; a part whose actor does not answer is left out."""
    health, saved, facts, backups, plan = await asyncio.gather(
        _try_to_ask(request, GetHealth()),
        _try_to_ask(request, GetSaveStatus()),
        _try_to_ask(request, GetServiceFacts()),
        _try_to_ask(request, ListBackups()),
        _try_to_ask(request, StartTracking(simulate=True)),
    )
    names = [each.actor for each in health.actors if "@" not in each.actor] if health is not None else []
    tails = await asyncio.gather(*(_try_to_ask(request, GetLogTail(), name) for name in ("launcher", *names)))
    problem = request.take_note()
    return PageContent(
        _("Admin"),
        {
            "heading": _("Behind the scenes"),
            "done": _(DONE[request.query["done"]]) if request.query.get("done") in DONE else "",
            "problem": clean_line(problem, 300) if problem else "",
            "tiles": build_tiles(health, saved, backups, request.at.wall_s, request.zone),
            "actors": build_actor_table(health, request.at.wall_s, request.zone),
            "log": build_log([tail for tail in tails if tail is not None], request.zone),
            "backups": build_backups(backups, request.zone),
            "letters": build_letters(facts),
            "settings": facts.settings if facts is not None else (),
            "sessions": build_sessions(plan),
            "waiting": format_count("{count} in the voice channel", "{count} in the voice channel", len(plan.members))
            if plan is not None
            else "",
            "own": _describe(),
        },
    )


async def _try_to_ask(request: PageRequest, question: Question[AnswerT], target: str = "") -> AnswerT | None:
    try:
        return await request.ask(question, ASK_S, target=target)
    except PageUnavailableError:
        return None


def build_tiles(
    health: HealthReport | None,
    saved: SaveStatus | None,
    backups: BackupList | None,
    now_s: float,
    zone: ZoneInfo,
) -> tuple[Tile, ...]:
    """Return the figures at the top of the page."""
    tiles = []
    if health is not None:
        ill = sum(each.state != WELL for each in health.actors)
        word = format_count("{count} problem", "{count} problems", ill) if ill else _("All systems healthy")
        running = len(health.actors) - ill
        text = _("{running} of {count} actors running").format(running=running, count=len(health.actors))
        tiles.append(Tile(word, text))
    if saved is not None:
        label = _("since the last save")
        if saved.problem is not None:
            label = translate_or(saved.problem, saved.last_error)
        ago = format_duration(max(0.0, now_s - saved.last_saved_s)) if saved.last_saved_s is not None else "–"
        tiles.append(Tile(ago, clean_line(label, 160)))
    if backups is not None:
        newest = backups.backups[0] if backups.backups else None
        when = f"{format_iso_day(newest.made_at_s, zone)}, {format_clock(newest.made_at_s, zone)}" if newest else "–"
        tiles.append(Tile(when, _("last backup")))
    return tuple(tiles)


def build_actor_table(health: HealthReport | None, now_s: float, zone: ZoneInfo) -> ActorTable:
    """Return a row for each actor; none if the launcher does not answer."""
    rows = tuple(map(_build_actor_row, health.actors)) if health is not None else ()
    at_s = health.at.wall_s if health is not None else now_s
    headings = (_("Actor"), _("State"), _("Up"), _("Restarts"), _("Waiting"), "p50", "p99", "MB", _("Last error"))
    return ActorTable(rows, headings, _("Actors"), _("as of {clock}").format(clock=_format_seconds(at_s, zone)))


def _build_actor_row(each: ActorHealth) -> ActorRow:
    error = clean_line(translate_all(each.problems, each.last_error), 300) if each.last_error else ""
    if error and each.resolved_for_s is not None:
        error = _("resolved {time} ago: {error}").format(time=format_duration(each.resolved_for_s), error=error)
    figures = (
        format_duration(each.uptime_s),
        format_number(each.restarts),
        format_number(each.mailbox_depth),
        f"{format_number(each.handle_ms_p50, 1)} ms",
        f"{format_number(each.handle_ms_p99, 1)} ms",
        format_number(each.rss_mb),
    )
    return ActorRow(clean_line(each.actor, 40), _(STATES[each.state]), each.state == WELL, figures, error)


def build_log(tails: Sequence[LogTail], zone: ZoneInfo) -> tuple[Entry, ...]:
    """Return the newest lines of all processes, the newest first."""
    lines: list[LogLine] = sorted((line for tail in tails for line in tail.lines), key=lambda line: -line.at_s)
    return tuple(
        Entry(_format_seconds(line.at_s, zone), clean_line(line.actor, 30), clean_line(line.text, 400))
        for line in lines[:MOST_LINES]
    )


def build_backups(backups: BackupList | None, zone: ZoneInfo) -> tuple[Entry, ...]:
    """Return the backups, the newest first."""
    if backups is None:
        return ()
    return tuple(
        Entry(
            f"{format_iso_day(each.made_at_s, zone)} {format_clock(each.made_at_s, zone)}",
            clean_line(each.name, 80),
            f"{format_number(each.size_bytes / 1e6, 1)} MB",
        )
        for each in backups.backups
    )


def build_letters(facts: ServiceFacts | None) -> tuple[Entry, ...]:
    """Return the dead letters, the newest first."""
    if facts is None:
        return ()
    return tuple(
        Entry(each.at[:19].replace("T", " "), clean_line(f"{each.actor} ← {each.sender} {each.tag}", 80), each.reason)
        for each in facts.dead_letters
    )


def build_sessions(plan: TrackingPlan | None) -> tuple[SessionOption, ...]:
    """Return the films that are playing."""
    if plan is None:
        return ()
    return tuple(
        SessionOption(
            session.session_key, clean_line(f"{display_name(session.account_name)} · {session_title(session)}", 90)
        )
        for session in plan.sessions
    )


def _format_seconds(wall_s: float, zone: ZoneInfo) -> str:
    return f"{format_clock(wall_s, zone)}:{time.gmtime(wall_s).tm_sec:02}"


def _describe() -> dict[str, str]:
    return {
        "save_now": _("Save now"),
        "back_up_now": _("Back up now"),
        "log": _("Log"),
        "log_note": _("without tokens and passwords"),
        "log_empty": _("Nothing yet."),
        "backups": _("Backups"),
        "no_backups": _("None yet."),
        "letters": _("Dead letters"),
        "no_letters": _("None. Messages that could not be delivered or read appear here, with the reason."),
        "settings": _("Settings"),
        "settings_note": _("as the service uses them; read-only"),
        "is_set": _("set"),
        "is_unset": _("not set"),
        "default": _("default"),
        "start": _("Start tracking"),
        "start_note": _("For people in the voice channel who were missed."),
        "session": _("Film"),
        "choose": _("The only one, or the host's"),
        "position": _("Where the film was when they joined, like 42:10; empty for right now"),
        "nothing_plays": _("Nothing is playing"),
        "state": _("State"),
    }
