"""Checks of the running service: its actors, every Plex server, tracking, saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from diagnosis.findings import Finding, error, note, ok
from messages import ActiveWatches, HealthReport, Problem, SaveStatus

Explain = Callable[[Sequence[Problem], str], str]
"""Translates an actor's problems, whose text is English, into the language of the bot."""


def _as_text(_problems: Sequence[Problem], text: str) -> str:
    return text


def check_actors(report: HealthReport, explain: Explain = _as_text) -> Iterator[Finding]:
    """Check every actor; also report each Plex server that is reached."""
    for actor in report.actors:
        kind, space, whose = actor.actor.partition(" ")
        is_plex = kind.partition("-")[0] == "plex"
        name = f"Plex{kind.removeprefix('plex').replace('-', ' ')}{space}{whose}" if is_plex else actor.actor
        if actor.state != "running":
            if actor.last_error:
                yield error(
                    "actors",
                    "actor.failing",
                    actor=name,
                    state=actor.state,
                    reason=explain(actor.problems, actor.last_error),
                )
            else:
                yield error("actors", "actor.failing_unexplained", actor=name, state=actor.state)
        elif is_plex:
            yield ok("actors", "actor.plex_ok", actor=name)


def check_tracking(active: ActiveWatches, explain: Explain = _as_text) -> Finding:
    """Report how many watches are tracked, and the tracker's own problems."""
    count = len(active.watches) + active.more_watches
    if active.notice:
        return note("tracking", "tracking.notice", count=count, notice=explain(active.reasons, active.notice))
    return ok("tracking", "tracking.ok", count=count)


def check_saves(status: SaveStatus, explain: Explain = _as_text) -> Finding:
    """Check the last save."""
    if status.last_error:
        return error(
            "saves", "saves.failed", reason=explain((status.problem,) if status.problem else (), status.last_error)
        )
    if status.last_saved_s is None:
        return note("saves", "saves.none")
    return ok("saves", "saves.ok", when=int(status.last_saved_s))
