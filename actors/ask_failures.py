"""Why another actor did not answer, for people: slow, too busy, not running, declined, or a fault of ours."""

import logging
from typing import NamedTuple

from actors.address import split_address
from actors.runtime import ActorUnavailable, AskTimeout, MailboxFull, RemoteError, UnexpectedAnswer
from messages import Problem
from wording.translation import N_, _

_ACTORS = frozenset({"tracker", "persistence", "launcher", "plex"})
"""Actors that have a name for people."""
_AGAIN = N_("Try again in a few seconds.")


class AskFailure(NamedTuple):
    """What happened, and what to do."""

    problem: Problem
    cure: str
    """In the current language."""


def explain_failure(actor: str, error: Exception, timeout_s: float, log: logging.Logger) -> AskFailure:
    """Return why `actor` did not answer; log a fault of ours with its traceback."""
    name = split_address(actor)[0].partition("-")[0]
    who = Problem.of(f"actor.{name}") if name in _ACTORS else Problem.of("text", text=actor)
    match error:
        case AskTimeout() | TimeoutError():
            return AskFailure(
                Problem.of("actor.slow", who=who, seconds=float(timeout_s)),
                _("It may still be at work on it, or be just starting; nothing is lost. Try again in a few seconds."),
            )
        case MailboxFull():
            return AskFailure(Problem.of("actor.busy", who=who), _(_AGAIN))
        case ActorUnavailable():
            return AskFailure(Problem.of("actor.away", who=who), _(_AGAIN))
        case UnexpectedAnswer():
            cure = _("Are all parts of Usher of one version? Restart it.")
            return AskFailure(Problem.of("actor.other_version", who=who), cure)
        case RemoteError(problem=Problem() as problem):
            return AskFailure(
                Problem.of("actor.declined", who=who, reason=problem),
                _("What is in memory is kept. Try again later; an administrator finds the details in the log."),
            )
    log.error("Asking %s failed: %s", actor, error, exc_info=error)
    return AskFailure(
        Problem.of("actor.fault"),
        _("Try again; if it happens again, an administrator finds the reason in the log."),
    )
