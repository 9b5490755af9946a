"""Actions of administrators on their page: save, back up, start tracking. Each act is in the audit log."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from actors.web.action import ActionRequest, action
from actors.web.page import PageUnavailableError
from actors.web.readers import Access
from messages import (
    AdminActed,
    AuditEntry,
    AuditSubject,
    BackUpNow,
    SaveNow,
    StartTracking,
    describe_failed_act,
)
from messages.base import PositionMs
from wording.durations import parse_position
from wording.problems import ProblemError, translate_or
from wording.titles import session_title
from wording.translation import _

SAVE_S, BACKUP_S, START_S = 90.0, 300.0, 10.0


@action("/admin/save", access=Access.ADMINS)
async def save_now(request: ActionRequest) -> str:
    """Save statistics, badges and history."""
    async with _record(request, "savedata"):
        await request.ask(SaveNow(requested_by=request.reader.name), SAVE_S)
    return "/admin?done=saved"


@action("/admin/backup", access=Access.ADMINS)
async def back_up_now(request: ActionRequest) -> str:
    """Make a verified copy of the store."""
    async with _record(request, "backup"):
        await request.ask(BackUpNow(), BACKUP_S)
    return "/admin?done=backed_up"


@action("/admin/start", access=Access.ADMINS)
async def start_tracking(request: ActionRequest) -> str:
    """Start watches for the voice channel's members."""
    text = request.form.get("position", "").strip()
    position_ms = parse_position(text) if text else None
    if text and position_ms is None:
        request.note(_("{text} isn't a position.").format(text=text[:40]))
        return "/admin"
    question = StartTracking(
        session_key=request.form.get("session", ""),
        position_ms=None if position_ms is None else PositionMs(position_ms),
        requested_by=request.reader.name,
    )
    plan = await request.ask(question, START_S)
    titles = {session.session_key: session_title(session) for session in plan.sessions}
    started = [done for done in plan.outcomes if done.outcome == "started" and not done.hidden]
    subjects = [AuditSubject(plan.chosen, titles.get(plan.chosen, ""))] if plan.chosen else []
    subjects += [AuditSubject(done.user_id, done.name) for done in started]
    _tell_act(request, "starttracking", subjects, plan.problem or "done")
    if plan.problem:
        request.note(translate_or(plan.reason, plan.problem))
        return "/admin"
    return f"/admin?done={'started' if started else 'nothing'}"


@contextlib.asynccontextmanager
async def _record(request: ActionRequest, act: str) -> AsyncIterator[None]:
    """Write the block's act to the audit log, with its outcome."""
    outcome = "done"
    try:
        yield
    except PageUnavailableError as error:
        outcome = describe_failed_act(ProblemError(error.failure.problem))
        raise
    except BaseException as error:
        outcome = describe_failed_act(error)
        raise
    finally:
        _tell_act(request, act, (), outcome)


def _tell_act(request: ActionRequest, act: str, targets: Sequence[AuditSubject], outcome: str) -> None:
    who = AuditSubject(request.reader.asker, request.reader.name)
    entry = AuditEntry(request.at.wall_s, who, act, tuple(targets), outcome, "web page")
    request.tell("persistence", AdminActed(entry))
