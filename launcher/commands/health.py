"""`python run.py health`: the health of every actor."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import Settings
from launcher.commands.stderr import write_error
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import ActorHealth, GetHealth
from wording.durations import format_uptime

_COLOURS = {"running": "green", "degraded": "yellow", "failed": "red", "restarting": "red"}
_HEADS = (
    "actor",
    "pid",
    "state",
    "uptime",
    "restarts",
    "waiting",
    "handled",
    "p50 ms",
    "p99 ms",
    "MB",
    "last error",
)


def main(settings: Settings, console: Console) -> int:
    """Ask the running launcher and print the health table; return 0 only if every actor is running."""
    try:
        with ServiceClient(Path(settings.data_dir)) as service:
            report = service.ask(GetHealth())
    except NotReachedError as error:
        write_error(str(error))
        return 1
    console.print(build_table(report.actors))
    return 0 if all(row.state == "running" for row in report.actors) else 1


def build_table(rows: tuple[ActorHealth, ...]) -> Table:
    """Return the rows as a table."""
    shown = Table(box=None, pad_edge=False)
    for head in _HEADS:
        shown.add_column(head, justify="left" if head in ("actor", "state", "last error") else "right")
    for row in rows:
        shown.add_row(
            row.actor,
            str(row.pid or "-"),
            Text(row.state, _COLOURS.get(row.state, "")),
            format_uptime(row.uptime_s),
            str(row.restarts),
            str(row.mailbox_depth),
            str(row.handled),
            f"{row.handle_ms_p50:.1f}",
            f"{row.handle_ms_p99:.1f}",
            f"{row.rss_mb:.0f}",
            Text(_describe_error(row)),
        )
    return shown


def _describe_error(row: ActorHealth) -> str:
    if row.resolved_for_s is None or not row.last_error:
        return row.last_error
    return f"resolved {format_uptime(row.resolved_for_s)} ago: {row.last_error}"
