"""`python run.py recover`: starts watches by hand for people whom the service missed."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import Settings
from launcher.audit import record_command
from launcher.commands.stderr import write_error
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import StartTracking, TrackingOutcome, TrackingPlan
from wording.durations import format_position
from wording.text import show_controls
from wording.titles import session_title

_ID_HELP = (
    "To find a person's id in Discord: User Settings > Advanced > Developer Mode on, "
    "then right click the person > Copy User ID."
)
_OUTCOMES = {
    "started": "is being tracked from now on",
    "already_watching": "was being tracked already",
    "would_start": "would be tracked",
    "not_in_channel": "is not in the voice channel: nothing done",
    "not_tracked": "chose not to be tracked: nothing done",
}


def main(settings: Settings, request: StartTracking, console: Console) -> int:
    """Ask the tracker, and print what it did or would do; return 0 if this is what was requested."""
    try:
        with ServiceClient(settings.installation_dir, settings.community) as service:
            plan = service.ask(request)
    except NotReachedError as error:
        write_error(str(error))
        return 1
    if not request.simulate:
        record_command(Path(settings.data_dir), "recover", plan.chosen, plan.problem or "done")
    if request.simulate or not plan.chosen:
        _show_sessions(plan, console)
        _show_members(plan, console)
    _show_outcomes(plan, request, console)
    return 1 if plan.problem or any(not _is_as_requested(outcome, request) for outcome in plan.outcomes) else 0


def _is_as_requested(outcome: TrackingOutcome, request: StartTracking) -> bool:
    """Tell whether a member is tracked, or would be. Members who were not named by id need not be."""
    return outcome.user_id not in request.user_ids or outcome.outcome not in ("not_in_channel", "not_tracked")


def _show_sessions(plan: TrackingPlan, console: Console) -> None:
    if not plan.sessions:
        console.print("No Plex session is running.")
        return
    shown = Table(title="Plex sessions", title_justify="left", box=None, pad_edge=False)
    for head in ("session", "item", "account", "player", "state", "position"):
        shown.add_column(head)
    for session in plan.sessions:
        mark = " *" if session.session_key == plan.chosen else ""
        shown.add_row(
            session.session_key + mark,
            _escape(session_title(session)),
            _escape(session.account_name),
            _escape(session.player),
            session.state,
            format_position(session.position_ms),
        )
    console.print(shown)
    if plan.chosen:
        console.print("* the one that is used")
    console.print()


def _show_members(plan: TrackingPlan, console: Console) -> None:
    if plan.members:
        shown = Table(title="In the voice channel", title_justify="left", box=None, pad_edge=False)
        shown.add_column("name")
        shown.add_column("user id")
        for member in plan.members:
            shown.add_row(_escape(member.name), member.user_id)
        console.print(shown)
    else:
        console.print("Nobody is in the voice channel.")
    console.print(_ID_HELP)
    console.print()


def _show_outcomes(plan: TrackingPlan, request: StartTracking, console: Console) -> None:
    for outcome in plan.outcomes:
        console.print(_escape(f"{_name_with_id(outcome)} {_OUTCOMES[outcome.outcome]}"))
    if plan.problem:
        console.print(_escape(plan.problem))
    if request.simulate:
        console.print("Nothing was changed: this was a simulation.")


def _escape(text: str) -> Text:
    """Return a name or title that cannot control the terminal."""
    return Text(show_controls(text))


def _name_with_id(outcome: TrackingOutcome) -> str:
    return f"{outcome.name} ({outcome.user_id})" if outcome.name else outcome.user_id
