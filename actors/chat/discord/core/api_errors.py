"""Explains a failure of Discord, with a cure, and decides whether and when to try again."""

import contextlib
import random
from http import HTTPStatus
from typing import Final

import aiohttp
import discord
import msgspec

from messages import Problem
from wording.problems import english

LONGEST_S = 60.0
LIMITED_S, LONGEST_LIMITED_S = 60.0, 600.0
"""First and longest pause if Discord accepts no more edits of an old message; real seconds."""
FORBIDDEN = frozenset({50001, 50013})
"""Discord's error codes for a missing permission or access."""
CLOSED_THREAD = frozenset({50083, 160005})
"""Discord's error codes for a thread that accepts no messages until somebody opens it."""
GONE_OR_CLOSED = frozenset({10003, 10008, 50008}) | CLOSED_THREAD
"""Discord's error codes for a deleted channel or message, and for a channel that accepts no messages."""
ANSWERED_ELSEWHERE = frozenset({40060, 10062})
"""Discord's error codes for an interaction that another bot with the same token answered, or that is too old."""
_OLD_EDITS = 30046
"""Discord's error code if a message that is older than an hour was edited too often."""
ENABLE_INTENT: Final = Problem.of("discord.enable_intent")
ALLOW_POSTING: Final = Problem.of("discord.allow_posting")

API_ERRORS: Final = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What a request to Discord may raise. discord.py passes some of aiohttp's errors on, and not all of them are OSErrors:
that of a connection that closes without an answer is not."""


class SessionStartsUsedUp(Exception):
    """The day's session starts are used up: Discord allows the next one after the reset."""

    def __init__(self, used: int, total: int, reset_after_s: float) -> None:
        super().__init__(f"{used} of {total} session starts are used")
        self.used, self.total, self.reset_after_s = used, total, reset_after_s


class ClosedBeforeReady(Exception):
    """The gateway accepts connections and closes them at once."""


class RetryDecision(msgspec.Struct, frozen=True):
    """How to handle a failure: the problem, and how long to wait, or that trying again is useless."""

    problem: Problem
    wait_s: float
    refused: bool = False

    @property
    def reason(self) -> str:
        """The problem in English, for the log."""
        return english(self.problem)


def backoff(tries: int, longest_s: float = LONGEST_S) -> float:
    """Return the seconds until the next try: 1, 2, 4... with jitter, at most `longest_s`."""
    return min(longest_s, 2.0 ** min(max(tries - 1, 0), 10)) * random.uniform(0.75, 1.0)  # noqa: S311 - jitter


def classify(error: BaseException, tries: int, doing: Problem, permission: Problem = ALLOW_POSTING) -> RetryDecision:
    """Decide what to do after a failed request.

    `doing` says what was tried, `tries` how often it failed in a row, `permission` what to do if it is forbidden.
    """
    wait = backoff(tries)
    match error:
        case discord.HTTPException(code=code) if code == _OLD_EDITS:
            pause_s = min(LONGEST_LIMITED_S, LIMITED_S * 2.0 ** min(max(tries - 1, 0), 10))
            return RetryDecision(Problem.of("discord.old_edits", doing=doing), pause_s)
        case discord.HTTPException(code=code) if code in FORBIDDEN:
            return RetryDecision(Problem.of("discord.forbidden", doing=doing, cure=permission, code=code), LONGEST_S)
        case discord.HTTPException(code=code) if (problem := _describe_channel(code, doing)) is not None:
            return RetryDecision(problem, LONGEST_S)
        case discord.HTTPException(status=401):
            return RetryDecision(Problem.of("discord.token_refused_request", doing=doing), LONGEST_S)
        case discord.RateLimited(retry_after=retry_after):
            return RetryDecision(
                Problem.of("discord.rate_limited_for", doing=doing, seconds=round(retry_after)), retry_after
            )
        case discord.HTTPException(status=429):
            return RetryDecision(Problem.of("discord.rate_limited", doing=doing), wait)
        case discord.HTTPException(status=status) if status >= 500:
            return RetryDecision(Problem.of("discord.server_error", doing=doing, status=status), wait)
        case discord.HTTPException(status=400 | 413):
            return RetryDecision(
                Problem.of("discord.content_refused", doing=doing, error=_shorten_error(error)), 0.0, refused=True
            )
        case discord.HTTPException(status=status):
            return RetryDecision(
                Problem.of("discord.refused", doing=doing, status=status, error=_shorten_error(error)), wait
            )
        case _:
            return RetryDecision(
                Problem.of("discord.unreachable_request", doing=doing, error=type(error).__name__), wait
            )


def _describe_channel(code: int, doing: Problem) -> Problem | None:
    """Return why a channel accepts no messages until somebody changes it or the setting, or None for other codes."""
    match code:
        case 10003:
            return Problem.of("discord.no_such_channel", doing=doing)
        case 50008:
            return Problem.of("discord.not_a_text_channel", doing=doing)
        case 50083:
            return Problem.of("discord.archived_thread", doing=doing)
        case 160005:
            return Problem.of("discord.locked_thread", doing=doing)
    return None


def retry_after_s(error: BaseException | None) -> float:
    """Return how long Discord asks to wait, seconds; 0 if it did not say. At the log-in that may be an hour."""
    if isinstance(error, discord.RateLimited):
        return error.retry_after
    if isinstance(error, discord.HTTPException) and error.status == HTTPStatus.TOO_MANY_REQUESTS:
        with contextlib.suppress(ValueError):
            return max(0.0, float(error.response.headers.get("Retry-After", 0.0)))
    return 0.0


def is_forbidden(error: BaseException) -> bool:
    """Tell whether the bot lacks a permission that somebody has to grant."""
    return isinstance(error, discord.HTTPException) and error.code in FORBIDDEN


def is_closed(error: BaseException) -> bool:
    """Tell whether the channel accepts no message or edit until somebody changes it or the bot's permissions there."""
    return is_forbidden(error) or (isinstance(error, discord.HTTPException) and error.code in CLOSED_THREAD)


def is_limited(error: BaseException) -> bool:
    """Tell whether Discord may accept the edit later: it is rate-limited, or the message is old."""
    return isinstance(error, discord.RateLimited) or (
        isinstance(error, discord.HTTPException) and error.code == _OLD_EDITS
    )


def describe_disconnect(error: BaseException | None) -> Problem:
    """Return why a connection ended, with the cure."""
    match error:
        case SessionStartsUsedUp(used=used, total=total):
            return Problem.of("discord.session_starts_used_up", used=used, total=total)
        case ClosedBeforeReady():
            return Problem.of("discord.closed_at_once")
        case None:
            return Problem.of("discord.closed")
        case discord.LoginFailure():
            return Problem.of("discord.token_refused")
        case discord.ConnectionClosed(code=4004):
            return Problem.of("discord.gateway_token_refused")
        case discord.PrivilegedIntentsRequired() | discord.ConnectionClosed(code=4014):
            return Problem.of("discord.intent_missing", cure=ENABLE_INTENT)
        case discord.ConnectionClosed(code=code):
            return Problem.of("discord.closed_with_code", code=code)
        case discord.RateLimited() | discord.HTTPException(status=429):
            return Problem.of("discord.logins_limited")
        case discord.HTTPException(status=status):
            return Problem.of("discord.down", status=status)
        case discord.GatewayNotFound():
            return Problem.of("discord.no_gateway")
        case aiohttp.ClientError() | OSError() | TimeoutError():
            return Problem.of("discord.unreachable", error=type(error).__name__)
        case _:
            return Problem.of("discord.unreadable", error=type(error).__name__)


def needs_new_token(error: BaseException | None) -> bool:
    """Tell whether Discord refused the token: then a person has to act first, and the next try can wait."""
    return isinstance(error, discord.LoginFailure) or (
        isinstance(error, discord.ConnectionClosed) and error.code == 4004
    )


def is_intent_missing(error: BaseException | None) -> bool:
    """Tell whether Discord refused the connection because the message content intent is missing."""
    return isinstance(error, discord.PrivilegedIntentsRequired) or (
        isinstance(error, discord.ConnectionClosed) and error.code == 4014
    )


def _shorten_error(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
