"""The voice channel's reports, the presence line, and what a failure is called."""

import asyncio
import contextlib
import logging
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from actors.chat.discord.core.api_errors import backoff, describe_disconnect, is_intent_missing, needs_new_token
from actors.chat.discord.features import bot_activity
from actors.chat.discord.features.bot_activity import BotActivity
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.runtime import ActorUnavailable, AskTimeout, MailboxFull, UnexpectedAnswer
from messages import FilmsFound, FindFilms, ListActiveWatches, NowPlaying, Problem
from tests.unit.discord import samples
from wording.problems import english


class Shown:
    """A connection that notes what it shows."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def change_presence(self, *, activity: discord.Activity | None) -> None:
        """As discord.py's."""
        self.lines.append(activity.name or "" if activity is not None else "")


def test_the_presence_shows_the_party_first() -> None:
    """The film of the voice channel, how many more, and whether it is paused."""
    party = samples.screening(2, "Nosferatu", party=True, state="paused")
    other = samples.screening(1, "Metropolis", party=False)
    assert bot_activity.build_line((other, party)) == "Nosferatu (1927) (paused) and 1 more"
    assert bot_activity.build_line(()) == ""
    assert len(bot_activity.build_line((samples.screening(title="x" * 900),))) <= 128


async def test_the_presence_keeps_to_five_in_twenty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred changes: five are sent at once, and the newest is what stays."""
    monkeypatch.setattr(bot_activity, "WINDOW_S", 0.2)
    shown = Shown()
    line = BotActivity(lambda: shown, logging.getLogger())  # type: ignore[arg-type, return-value]  # as much of a client as it uses
    task = asyncio.ensure_future(line.run())
    for number in range(100):
        line.update(NowPlaying(samples.NOW, (samples.screening(title=f"Film {number}"),)))
        await asyncio.sleep(0.001)
    assert len(shown.lines) == 5
    async with asyncio.timeout(5):
        while shown.lines[-1] != "Film 99 (1927)":  # noqa: ASYNC110 - polls what the code under test did
            await asyncio.sleep(0.01)
    assert len(shown.lines) == 6
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (discord.LoginFailure("no"), "DISCORD_TOKEN"),
        (discord.PrivilegedIntentsRequired(None), "Message Content Intent"),
        (ConnectionRefusedError(), "cannot be reached"),
        (TimeoutError(), "cannot be reached"),
        (discord.GatewayNotFound(), "gateway cannot be found"),  # type: ignore[no-untyped-call]  # discord.py's own
        (KeyError("guild_id"), "something unreadable (KeyError)"),
        (None, "closed the connection"),
    ],
)
def test_each_end_of_a_connection_has_a_name(error: Exception | None, named: str) -> None:
    """With the cure where there is one."""
    assert named in english(describe_disconnect(error))


@pytest.mark.parametrize(("code", "person", "intent"), [(4004, True, False), (4014, False, True), (4000, False, False)])
def test_close_codes_have_different_consequences(code: int, person: bool, intent: bool) -> None:
    """A refused token needs a person; without an intent the bot runs on."""
    error = discord.ConnectionClosed(SimpleNamespace(close_code=code), shard_id=None, code=code)  # type: ignore[arg-type]  # all that it reads
    assert (needs_new_token(error), is_intent_missing(error)) == (person, intent)


def test_backoff_grows_to_its_bound() -> None:
    """From a second to a minute, never more."""
    assert backoff(1) <= 1.0
    assert 45.0 <= backoff(50) <= 60.0


@pytest.mark.parametrize(
    ("failure", "what", "cure"),
    [
        (AskTimeout("no answer"), "The tracker did not answer within 5 s.", "It may still be at work on it"),
        (MailboxFull("1000 wait"), "The tracker is too busy right now.", "Try again in a few seconds."),
        (ActorUnavailable("away"), "The tracker is restarting; nothing is lost.", "Try again in a few seconds."),
        (UnexpectedAnswer("a SaveStatus"), "The tracker answered something unexpected.", "Are all parts of Usher of"),
        (KeyError("x"), "Something went wrong inside Usher. No watch is lost.", "Try again; if it happens"),
    ],
)
async def test_reasons_for_a_missing_answer_are_distinguished(
    actor_client: ActorClient, actors: Any, caplog: pytest.LogCaptureFixture, failure: Exception, what: str, cure: str
) -> None:
    """Slow, too busy, away, of another version, or an unexpected error: only the last is logged, with its traceback."""
    actors.answers[ListActiveWatches] = failure
    with pytest.raises(UnansweredError) as raised:
        await actor_client.ask(ListActiveWatches())
    assert raised.value.what == what
    assert raised.value.cure.startswith(cure)
    assert [bool(record.exc_info) for record in caplog.records] == ([True] if isinstance(failure, KeyError) else [])


async def test_a_second_poller_is_asked_by_name(actor_client: ActorClient, actors: Any) -> None:
    """Everything else is asked of the actor that the question is for."""
    actors.answers[FindFilms] = FilmsFound()
    await actor_client.ask(FindFilms("Alien"))
    await actor_client.ask(FindFilms("Alien"), target="plex-2")
    assert [actor for actor, _ in actors.asked] == ["plex", "plex-2"]


def test_health_holds_several_causes(health: Any) -> None:
    """Each goes when it is gone; the last makes all well."""
    health.degraded.add("a", Problem.of("text", text="first"))
    health.degraded.add("b", Problem.of("text", text="second"))
    assert health.reason == "first; second"
    health.degraded.remove("a")
    assert health.reason == "second"
    health.degraded.remove("b")
    assert health.reason == ""
