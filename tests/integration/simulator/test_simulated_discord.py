"""The real discord.py against the simulated Discord: what a bot can see and do."""

import asyncio
import datetime
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
import requests
import yarl

from simulator.discord import CommandNotOffered, SimulatedDiscord
from simulator.discord.model.permissions import (
    ATTACH_FILES,
    BOT_CAN,
    EMBED_LINKS,
    MANAGE_CHANNELS,
    SEND_MESSAGES,
    VIEW_CHANNEL,
)
from tests.integration.simulator.discord_bot import Robot


def pointed_at(server: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch) -> SimulatedDiscord:
    """discord.py talks to this server."""
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
    return server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedDiscord]:
    """A Discord without rate limits."""
    with SimulatedDiscord(rate_limits=False, heartbeat_s=0.3) as made:
        yield pointed_at(made, monkeypatch)


@pytest.fixture
def robot(server: SimulatedDiscord) -> Iterator[Robot]:
    """A bot that is logged in and may read messages."""
    with Robot(server, message_content=True) as made:
        made.wait_heard("ready")
        yield made


def expect_refusal(robot: Robot, *needles: str, **parts: Any) -> discord.HTTPException:
    """Posting this is refused, with these words."""
    with pytest.raises(discord.HTTPException) as caught:
        robot.send(**parts)
    for needle in needles:
        assert needle in str(caught.value)
    return caught.value


def test_a_bot_logs_in_and_sees_the_server(server: SimulatedDiscord) -> None:
    """Channels, roles, the AFK channel, and of the members those in voice, without the members intent."""
    server.join_voice("Chiara", "Cinema")
    with Robot(server, message_content=True) as robot:
        robot.wait_heard("ready")
        guild = robot.get_guild(server.guild_id)
        assert guild is not None and guild.name == "Saturday Night Cinema"
        assert {channel.name for channel in guild.channels} == {"film-club", "off-topic", "Cinema", "Premieres", "AFK"}
        assert guild.afk_channel is not None and guild.afk_channel.name == "AFK"
        cinema = guild.get_channel(server.channel("Cinema").id)
        assert isinstance(cinema, discord.VoiceChannel)
        assert [member.display_name for member in cinema.members] == ["Chiara"]
        assert guild.get_member(server.member("Björn").id) is None
        assert server.command_names == ["stats", "save", "late", "twice"]
        assert robot.application_flags.gateway_message_content


def test_a_hybrid_command_works_in_both_ways(robot: Robot, server: SimulatedDiscord) -> None:
    """By ! and by /, with a member and a number as options."""
    by_word = server.wait_reply(server.say("Chiara", "film-club", f"!stats {server.member('אורי').mention} 4"))
    asked = server.slash("Chiara", "stats", {"who": server.member("אורי"), "count": 4})
    by_slash = asked.wait_reply()
    assert by_word.embeds[0]["title"] == by_slash.embeds[0]["title"] == "אורי: 4"
    assert asked.wait_ack() < 1.0
    assert by_slash.asked_by == server.member("Chiara").user
    assert server.slash("Chiara", "stats").wait_reply().embeds[0]["title"] == "Chiara: 3"


def test_a_deferred_answer_takes_the_place_of_thinking(robot: Robot, server: SimulatedDiscord) -> None:
    """One message, first loading, then whole."""
    seen: list[bool] = []
    server.world.on_post.append(lambda message: seen.append(message.is_loading))
    asked = server.slash("Chiara", "stats")
    message = asked.wait_reply()
    assert seen == [True] and asked.ack_type == 5
    assert asked.replies == [message] and not message.is_loading
    assert server.messages("film-club", by_bot=True) == [message]


def test_ephemeral_answers_are_seen_by_one(robot: Robot, server: SimulatedDiscord) -> None:
    """And more answers may follow."""
    asked = server.slash("Iris", "save")
    first, second = asked.wait_replies(2)
    assert (first.content, second.content) == ("saved", "twice")
    assert first.is_ephemeral and second.is_ephemeral
    with pytest.raises(discord.NotFound):
        robot.do(robot.text_channel().fetch_message(first.id))


def test_a_command_for_administrators_is_not_offered_to_others(robot: Robot, server: SimulatedDiscord) -> None:
    """Unless the server's settings say so."""
    with pytest.raises(CommandNotOffered):
        server.slash("Chiara", "save")
    assert server.slash("Chiara", "save", hidden_too=True).wait_replies(1)[0].content == "saved"


def test_choices_are_offered_while_typing(robot: Robot, server: SimulatedDiscord) -> None:
    """By autocompletion."""
    offered = server.autocomplete("Chiara", "stats", "count", "4")
    assert offered == [{"name": "45", "value": 5}, {"name": "47", "value": 7}]


def test_buttons_selects_and_forms_work(robot: Robot, server: SimulatedDiscord) -> None:
    """In place, later, to one person, through a form."""
    message = server.slash("Chiara", "stats").wait_reply()
    assert server.click("Iris", message, "page:2").wait_reply() is message
    assert message.content == "page 2"
    server.click("Iris", message, "Later").wait_ack()
    assert server.wait_until(lambda: message.content == "changed later")
    chosen = server.click("Iris", message, "pick", values=["m"]).wait_reply()
    assert (chosen.content, chosen.is_ephemeral) == ("chose m", True)
    opened = server.click("Iris", message, "Form")
    opened.wait_ack()
    assert server.submit(opened, {"position": "0:30:00"}).wait_reply().content == "from 0:30:00"
    with pytest.raises(LookupError):
        server.click("Iris", message, "no such button")


def test_a_persistent_view_survives_a_restart(server: SimulatedDiscord) -> None:
    """timeout=None, custom_ids, add_view in setup_hook."""
    with Robot(server, message_content=True) as robot:
        robot.wait_heard("ready")
        message = server.slash("Chiara", "stats").wait_reply()
    with Robot(server, message_content=True) as robot:
        robot.wait_heard("ready")
        assert server.click("Chiara", message, "Next").wait_reply().content == "page 2"


def test_a_late_acknowledgement_is_refused(monkeypatch: pytest.MonkeyPatch, server: SimulatedDiscord) -> None:
    """With 10062; acknowledging twice gives 40060."""
    server._interactions.deadline_s = 0.2  # the three seconds, in short
    with Robot(server) as robot:
        robot.wait_heard("ready")
        late = server.slash("Chiara", "late")
        assert server.wait_until(lambda: robot.errors)
        assert isinstance(robot.errors[0], discord.NotFound) and robot.errors[0].code == 10062
        assert late.ack_after_s is None
        assert server.slash("Chiara", "twice").wait_reply().content == "first"
        assert server.wait_until(lambda: len(robot.errors) == 2)
        assert isinstance(robot.errors[1], discord.HTTPException) and robot.errors[1].code == 40060


def test_pictures_are_uploaded_and_shown(robot: Robot, server: SimulatedDiscord) -> None:
    """attachment:// becomes an address that serves the file."""
    posted = robot.send(
        embed=discord.Embed(title="x").set_image(url="attachment://p.png"),
        files=[discord.File(io.BytesIO(b"picture"), "p.png"), discord.File(io.BytesIO(b"[]"), "all.json")],
    )
    message = server.wait_for(lambda m: bool(m.attachments))
    assert [(each.filename, each.content) for each in message.attachments] == [
        ("p.png", b"picture"),
        ("all.json", b"[]"),
    ]
    url = posted.embeds[0].image.url
    assert url is not None and requests.get(url, timeout=5).content == b"picture"
    robot.do(posted.edit(content="fewer", attachments=[posted.attachments[1]]))
    assert [each.filename for each in message.attachments] == ["all.json"]


def test_voice_updates_are_sent_at_once(robot: Robot, server: SimulatedDiscord) -> None:
    """Who joins, moves, streams and leaves."""
    cinema, afk = server.channel("Cinema").id, server.channel("AFK").id
    server.join_voice("Chiara")
    robot.wait_heard("voice_state_update")
    guild = robot.get_guild(server.guild_id)
    assert guild is not None
    voice = guild.get_channel(cinema)
    assert isinstance(voice, discord.VoiceChannel)
    server.join_voice("jukebox")
    server.share_screen("Chiara")
    robot.wait_heard("voice_state_update", 3)
    states = {
        member.display_name: (member.bot, bool(member.voice and member.voice.self_stream)) for member in voice.members
    }
    assert states == {"Chiara": (False, True), "jukebox": (True, False)}
    server.move_voice("Chiara", "AFK")
    server.leave_voice("jukebox")
    robot.wait_heard("voice_state_update", 5)
    assert voice.members == []
    assert guild.afk_channel is not None and guild.afk_channel.id == afk
    assert [member.display_name for member in guild.afk_channel.members] == ["Chiara"]


def test_without_the_intent_messages_come_empty(server: SimulatedDiscord) -> None:
    """Except those that mention the bot, are its own, or are written to it directly."""
    with Robot(server, dm_messages=True) as robot:
        robot.wait_heard("ready")
        server.say("Chiara", "film-club", "!stats")
        server.say("Chiara", "film-club", f"<@{server.world.bot.id}> hello")
        server.send_direct_message("Chiara", "psst")
        robot.send("my own")
        robot.wait_heard("message", 4)
        assert [message.content for message in robot.said] == ["", f"<@{server.world.bot.id}> hello", "psst", "my own"]


def test_too_long_is_refused_with_its_place(robot: Robot) -> None:
    """As Discord does: 50035 and the path; nothing is posted."""
    long = discord.Embed(description="x" * 4097)
    assert expect_refusal(robot, "In embeds.0.description", embed=long).code == 50035
    fields = discord.Embed()
    for _ in range(26):
        fields.add_field(name="n", value="v")
    expect_refusal(robot, "In embeds.0.fields", embed=fields)
    expect_refusal(robot, "In content", content="x" * 2001)
    expect_refusal(robot, "In nonce", content="x", nonce="n" * 26)
    expect_refusal(robot, "6000", embeds=[discord.Embed(description="x" * 3001) for _ in range(2)])
    assert expect_refusal(robot, content="").code == 50006
    assert robot.server.messages("film-club") == []


def test_a_nonce_posts_once(robot: Robot, server: SimulatedDiscord) -> None:
    """A second post with it brings back the first."""
    first = robot.send("started", nonce="screening-1")
    second = robot.send("started", nonce="screening-1")
    assert second.id == first.id
    assert len(server.messages("film-club", by_bot=True)) == 1


def test_allowed_mentions_decide_who_is_mentioned(robot: Robot, server: SimulatedDiscord) -> None:
    """An embed mentions nobody."""
    text = f"@everyone {server.member('Iris').mention}"
    robot.send(text, embed=discord.Embed(description=text), allowed_mentions=discord.AllowedMentions.none())
    robot.send(text, allowed_mentions=discord.AllowedMentions(everyone=False, users=True))
    none, one = server.messages("film-club", by_bot=True)
    assert none.pings == ()
    assert one.pings == (server.member("Iris").mention,)


def test_permissions_are_a_channels_own(robot: Robot, server: SimulatedDiscord) -> None:
    """50013 where the bot may not, 50001 where it cannot see; commands are answered all the same."""
    server.deny_permissions("film-club", SEND_MESSAGES)
    assert expect_refusal(robot, content="x").code == 50013
    assert server.slash("Iris", "save").wait_replies(1)[0].content == "saved"
    server.deny_permissions("film-club", EMBED_LINKS, ATTACH_FILES)
    assert expect_refusal(robot, embed=discord.Embed(title="x")).code == 50013
    assert expect_refusal(robot, file=discord.File(io.BytesIO(b"x"), "x")).code == 50013
    server.deny_permissions("film-club", VIEW_CHANNEL)
    assert expect_refusal(robot, content="x").code == 50001
    channel, me = robot.text_channel(), robot.text_channel().guild.me
    assert server.wait_until(lambda: not channel.permissions_for(me).view_channel)
    server.deny_permissions("film-club")
    assert robot.send("x").content == "x"


def test_messages_are_listed_edited_and_deleted(robot: Robot, server: SimulatedDiscord) -> None:
    """History, reactions, replies, threads, bulk deletion."""

    async def live() -> list[str]:
        channel = robot.text_channel()
        first = await channel.send("one")
        await first.edit(content="uno")
        await first.add_reaction("🍿")
        await first.reply("two")
        thread = await first.create_thread(name="Talk")
        await thread.send("inside")
        history = [message.content async for message in channel.history(limit=10)]
        await channel.delete_messages([message async for message in channel.history(limit=10)])
        return history

    assert robot.do(live()) == ["two", "uno"]
    assert server.messages("film-club") == []
    assert [message.content for message in server.messages("Talk")] == ["inside"]
    theirs = server.say("Chiara", "off-topic", "mine")
    with pytest.raises(discord.Forbidden):
        robot.do(robot.text_channel("off-topic").get_partial_message(theirs.id).edit(content="yours"))


def test_the_rest_of_the_api_that_a_bot_needs(robot: Robot, server: SimulatedDiscord) -> None:
    """Direct messages, members, events, a channel's status."""
    server.allow_bot(BOT_CAN | MANAGE_CHANNELS)
    now = discord.utils.utcnow()

    async def live() -> tuple[str, list[str], str]:
        guild = await robot.fetch_guild(server.guild_id)
        member = await guild.fetch_member(server.member("Chiara").id)
        await member.send("hello")
        found = await robot.guilds[0].query_members("Bj", limit=5)
        cinema = robot.get_channel(server.channel("Cinema").id)
        assert isinstance(cinema, discord.VoiceChannel)
        event = await robot.guilds[0].create_scheduled_event(
            name="Metropolis", start_time=now + datetime.timedelta(hours=1), channel=cinema,
            privacy_level=discord.PrivacyLevel.guild_only,
        )  # fmt: skip
        await event.start()
        await cinema.edit(status="Metropolis")
        return member.display_name, [each.display_name for each in found], event.name

    assert robot.do(live()) == ("Chiara", ["Björn"], "Metropolis")
    assert server.channel("Cinema").status == "Metropolis"
    assert [event["status"] for event in server.guild.events.values()] == [2]
    assert [
        message.content for message in server.messages(server.world.direct_channel(server.member("Chiara").user))
    ] == ["hello"]


def test_presence_is_limited_to_five_in_twenty_seconds(robot: Robot, server: SimulatedDiscord) -> None:
    """More are dropped, as on Discord."""

    async def show() -> None:
        for number in range(7):
            await robot.change_presence(
                activity=discord.Activity(type=discord.ActivityType.watching, name=f"Film {number}")
            )

    robot.do(show())
    assert server.wait_until(lambda: server.world.presences_dropped == 2)
    assert server.activity_name == "Film 4"


def test_a_rush_of_messages_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five in five seconds and channel: discord.py heeds the headers, and is never refused."""

    async def rush(channel: discord.TextChannel) -> None:
        await asyncio.gather(*(channel.send(str(number)) for number in range(6)))

    with SimulatedDiscord(heartbeat_s=0.3) as server, Robot(pointed_at(server, monkeypatch)) as robot:
        robot.wait_heard("ready")
        began_s = time.monotonic()
        robot.do(rush(robot.text_channel()))
        assert 4.0 < time.monotonic() - began_s < 9.0
        assert server.recorder.count("POST", "/messages") == 6
        assert server.bad_requests == 0


def test_a_second_server_is_separate(robot: Robot, server: SimulatedDiscord) -> None:
    """More guilds are possible."""
    guild = server.add_guild("Sunday Matinee")
    robot.wait_heard("guild_join")
    assert {each.name for each in robot.guilds} == {"Saturday Night Cinema", "Sunday Matinee"}
    assert robot.get_guild(guild.id) is not None


def test_the_record_holds_no_token(robot: Robot, server: SimulatedDiscord, tmp_path: Path) -> None:
    """Neither the bot's nor an interaction's."""
    asked = server.slash("Chiara", "stats")
    asked.wait_reply()
    server.recorder.write(tmp_path / "requests.jsonl")
    text = (tmp_path / "requests.jsonl").read_text(encoding="utf-8")
    assert server.token not in text and asked.token not in text
    assert re.search(r'"path": "/interactions/\d+/TOKEN/callback', text)
    assert "poster.png" in text
