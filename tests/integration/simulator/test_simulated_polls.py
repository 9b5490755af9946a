"""The simulated Discord's polls, with the real discord.py: asked, voted in, ended, and what is refused."""

import datetime
import time
from collections.abc import Iterator
from typing import Any

import discord
import pytest
import yarl

from simulator.discord import SimulatedDiscord
from simulator.discord.model.permissions import BOT_CAN, SEND_POLLS
from tests.integration.simulator.discord_bot import Robot


def point_at(server: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have discord.py talk to this server."""
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedDiscord]:
    """A Discord without rate limits."""
    with SimulatedDiscord(rate_limits=False, heartbeat_s=0.3) as made:
        point_at(made, monkeypatch)
        yield made


@pytest.fixture
def robot(server: SimulatedDiscord) -> Iterator[Robot]:
    """A bot that hears of votes."""
    with Robot(server, guild_polls=True) as made:
        made.wait_heard("ready")
        yield made


def ask(robot: Robot, hours: int = 24, *, multiple: bool = False) -> Any:
    """The bot asks which film."""
    poll = discord.Poll("Which film?", datetime.timedelta(hours=hours), multiple=multiple)
    for title in ("Metropolis", "Brazil", "Alien"):
        poll.add_answer(text=title)
    return robot.do(robot.text_channel().send(poll=poll))


def test_votes_are_sent_counted_and_listed(robot: Robot, server: SimulatedDiscord) -> None:
    """One answer for each member, which can be changed or taken back.

    The bot ends its poll; Discord posts the result.
    """
    heard: list[tuple[str, int]] = []
    results: list[discord.Message] = []

    async def on_raw_poll_vote_add(payload: discord.RawPollVoteActionEvent) -> None:
        heard.append(("add", payload.answer_id))

    async def on_raw_poll_vote_remove(payload: discord.RawPollVoteActionEvent) -> None:
        heard.append(("remove", payload.answer_id))

    async def on_message(message: discord.Message) -> None:
        if message.type is discord.MessageType.poll_result:
            results.append(message)

    for listener in (on_raw_poll_vote_add, on_raw_poll_vote_remove, on_message):
        robot.add_listener(listener)
    message = ask(robot)
    assert message.poll is not None and len(message.poll.answers) == 3 and not message.poll.is_finalised()
    posted = server.messages("film-club")[0]
    for who, title in (("Chiara", "Metropolis"), ("Björn", "Metropolis"), ("Iris", "Brazil"), ("Chiara", "Brazil")):
        server.vote(who, posted, title)
    server.vote("Björn", posted, "Metropolis", cast=False)
    server.vote("Rosa", posted, 2)

    async def end() -> tuple[bool, list[int], list[str]]:
        ended = await message.end_poll()
        assert ended.poll is not None
        voters = []
        for answer in ended.poll.answers:
            voters += [user.name async for user in answer.voters()]
        return ended.poll.is_finalised(), [answer.vote_count for answer in ended.poll.answers], sorted(voters)

    assert robot.do(end()) == (True, [0, 3, 0], ["chiara", "iris", "rosa"])
    assert server.wait_until(lambda: len(results) == 1 and len(heard) == 7)
    assert heard == [
        ("add", 1), ("add", 1), ("add", 2), ("remove", 1), ("add", 2), ("remove", 1), ("add", 2),
    ]  # fmt: skip
    assert results[0].reference is not None and results[0].reference.message_id == message.id
    shown = {field.name: field.value for field in results[0].embeds[0].fields}
    assert (shown["victor_answer_text"], shown["victor_answer_votes"], shown["total_votes"]) == ("Brazil", "3", "3")


def test_a_poll_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over by the clock of this Discord; a tie has no winner."""
    at_s = [time.time()]
    with SimulatedDiscord(now=lambda: at_s[0], heartbeat_s=0.3) as quick:
        point_at(quick, monkeypatch)
        with Robot(quick) as robot:
            poll_runs_out(robot, quick, at_s)


def poll_runs_out(robot: Robot, quick: SimulatedDiscord, at_s: list[float]) -> None:
    """A poll of two hours, and two hours later."""
    robot.wait_heard("ready")
    ask(robot, 2, multiple=True)
    posted = quick.messages("film-club")[0]
    quick.vote("Iris", posted, "Brazil")
    quick.vote("Iris", posted, "Alien")
    at_s[0] += 2 * 3600 + 1
    assert quick.wait_until(lambda: len(quick.messages("film-club")) == 2)
    fetched = robot.do(robot.text_channel().fetch_message(posted.id))
    assert fetched.poll is not None and fetched.poll.is_finalised()
    names = {field["name"] for field in quick.messages("film-club")[1].embeds[0]["fields"]}
    assert "victor_answer_id" not in names
    with pytest.raises(LookupError):
        quick.vote("Rosa", posted, "Alien")


def test_invalid_polls_are_refused(robot: Robot, server: SimulatedDiscord) -> None:
    """Too many answers, too long a text, an edit, ending a message that is no poll, and a missing permission."""
    poll = discord.Poll("Which film?", datetime.timedelta(hours=24))
    for number in range(11):
        poll.add_answer(text=f"Film {number}")
    channel = robot.text_channel()
    with pytest.raises(discord.HTTPException, match="between 1 and 10"):
        robot.do(channel.send(poll=poll))
    long = discord.Poll("Which film?", datetime.timedelta(hours=24)).add_answer(text="x" * 56)
    with pytest.raises(discord.HTTPException, match="55 or fewer"):
        robot.do(channel.send(poll=long))
    message = ask(robot)
    with pytest.raises(discord.HTTPException, match="520003"):
        robot.do(message.edit(content="other"))
    robot.do(message.end_poll())
    with pytest.raises(discord.HTTPException, match="520001"):
        robot.do(message.end_poll())
    plain = robot.do(channel.send("no poll"))
    with pytest.raises(discord.HTTPException, match="520006"):
        robot.do(plain.end_poll())
    server.allow_bot(BOT_CAN & ~SEND_POLLS)
    server.guild.roles[server.guild.id].permissions &= ~SEND_POLLS
    with pytest.raises(discord.Forbidden):
        ask(robot)
