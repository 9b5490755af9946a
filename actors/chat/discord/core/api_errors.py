"""What a failure of Discord means, in words with a cure, and whether and when to try again."""

import random
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

LONGEST_S = 60.0
LIMITED_S, LONGEST_LIMITED_S = 60.0, 600.0
"""First and longest wait where Discord takes no more edits of an old message."""
FORBIDDEN = frozenset({50001, 50013})
"""Discord's codes for what the bot may not do there, until somebody lets it."""
_NO_CHANNEL = 10003
_OLD_EDITS = 30046
"""Discord's code where a message that is older than an hour was edited too often."""
INTENT_CURE = (
    "turn on Message Content Intent at discord.com/developers > your application > Bot > Privileged Gateway Intents"
)

POST_PERMISSION = "give the bot View Channel, Send Messages, Embed Links and Attach Files there"

API_ERRORS: Final = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What a request to Discord may raise. discord.py lets some of aiohttp's errors through, and not all of them are
OSErrors: a connection that closes instead of answering is none."""


@dataclass(frozen=True)
class RetryDecision:
    """What to make of a failure: its reason with the cure, how long to wait, or that trying again is no use."""

    reason: str
    wait_s: float
    refused: bool = False


def backoff(tries: int, longest_s: float = LONGEST_S) -> float:
    """Seconds until the next try: 1, 2, 4... with jitter, at most `longest_s`."""
    return min(longest_s, 2.0 ** min(max(tries - 1, 0), 10)) * random.uniform(0.75, 1.0)  # noqa: S311 - jitter


def classify(error: BaseException, tries: int, doing: str, permission: str = POST_PERMISSION) -> RetryDecision:
    """What to make of a failed request.

    `doing` says what was tried, `tries` how often it failed in a row, `permission` what to do where it is
    forbidden.
    """
    wait = backoff(tries)
    match error:
        case discord.HTTPException(code=code) if code == _OLD_EDITS:
            pause_s = min(LONGEST_LIMITED_S, LIMITED_S * 2.0 ** min(max(tries - 1, 0), 10))
            return RetryDecision(
                f"Discord takes no more edits of an old message now, to {doing}: trying again later", pause_s
            )
        case discord.HTTPException(code=code) if code in FORBIDDEN:
            return RetryDecision(f"Discord forbids to {doing}: {permission} (Discord's code {code})", LONGEST_S)
        case discord.HTTPException(code=code) if code == _NO_CHANNEL:
            return RetryDecision(
                f"Discord knows no such channel, to {doing}: check DISCORD_ANNOUNCE_CHANNEL_ID", LONGEST_S
            )
        case discord.HTTPException(status=401):
            return RetryDecision(f"Discord refused the token, to {doing}: check DISCORD_TOKEN", LONGEST_S)
        case discord.RateLimited(retry_after=retry_after):
            return RetryDecision(f"Discord limits the rate, to {doing}: waiting {retry_after:.0f} s", retry_after)
        case discord.HTTPException(status=429):
            return RetryDecision(f"Discord limits the rate, to {doing}: trying again by itself", wait)
        case discord.HTTPException(status=status) if status >= 500:
            return RetryDecision(f"Discord fails (HTTP {status}), to {doing}: trying again by itself", wait)
        case discord.HTTPException(status=400 | 413):
            return RetryDecision(
                f"Discord refuses what was sent, to {doing}: {_shorten_error(error)}", 0.0, refused=True
            )
        case discord.HTTPException(status=status):
            return RetryDecision(f"Discord refuses (HTTP {status}), to {doing}: {_shorten_error(error)}", wait)
        case _:
            return RetryDecision(
                f"Discord cannot be reached ({type(error).__name__}), to {doing}: trying again by itself", wait
            )


def is_forbidden(error: BaseException) -> bool:
    """Whether the bot may not do it there, until somebody lets it."""
    return isinstance(error, discord.HTTPException) and error.code in FORBIDDEN


def is_limited(error: BaseException) -> bool:
    """Whether Discord would take this edit, only not yet: it says for how long, or that the message is old."""
    return isinstance(error, discord.RateLimited) or (
        isinstance(error, discord.HTTPException) and error.code == _OLD_EDITS
    )


def describe_disconnect(error: BaseException | None) -> str:
    """Why a connection ended, with the cure."""
    match error:
        case None:
            return "Discord closed the connection: connecting again"
        case discord.LoginFailure():
            return "Discord refused the token: set DISCORD_TOKEN to the one of Developer Portal > Bot > Reset Token"
        case discord.ConnectionClosed(code=4004):
            return "Discord's gateway refused the token: set DISCORD_TOKEN to a fresh one (Bot > Reset Token)"
        case discord.PrivilegedIntentsRequired() | discord.ConnectionClosed(code=4014):
            return f"Discord does not let the bot read messages: {INTENT_CURE}"
        case discord.ConnectionClosed(code=code):
            return f"Discord closed the connection (code {code}): connecting again"
        case discord.RateLimited() | discord.HTTPException(status=429):
            return "Discord limits the rate of log-ins: waiting"
        case discord.HTTPException(status=status):
            return f"Discord is down (HTTP {status} at log-in): connecting again"
        case discord.GatewayNotFound():
            return "Discord's gateway cannot be found: connecting again"
        case aiohttp.ClientError() | OSError() | TimeoutError():
            return f"Discord cannot be reached ({type(error).__name__}): connecting again"
        case _:
            return f"Discord sent what could not be read ({type(error).__name__}): connecting again"


def needs_new_token(error: BaseException | None) -> bool:
    """Whether a person has to do something first: then there is no hurry to try again."""
    return isinstance(error, discord.LoginFailure) or (
        isinstance(error, discord.ConnectionClosed) and error.code == 4004
    )


def is_intent_missing(error: BaseException | None) -> bool:
    """Whether Discord refused the connection for want of the message content intent."""
    return isinstance(error, discord.PrivilegedIntentsRequired) or (
        isinstance(error, discord.ConnectionClosed) and error.code == 4014
    )


def _shorten_error(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
