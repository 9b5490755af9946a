"""Permissions, mentions, ids, faults and the record of requests."""

import json
from pathlib import Path

import pytest

from simulator.discord.faults import DiscordFaults
from simulator.discord.model.default_guild import build_default_guild
from simulator.discord.model.guild import Member, User
from simulator.discord.model.ids import snowflake
from simulator.discord.model.messages import mentions_of
from simulator.discord.model.permissions import ADMINISTRATOR, SEND_MESSAGES
from simulator.discord.model.world import DiscordWorld
from simulator.discord.request_recorder import RequestRecorder
from simulator.discord.user_actions import UserActions


def test_ids_rise() -> None:
    """Even within one millisecond."""
    ids = [snowflake() for _ in range(10_000)]
    assert ids == sorted(set(ids))


def test_a_channel_denies_the_bot_alone() -> None:
    """An Administrator and the owner are stopped by nothing."""
    world = DiscordWorld()
    people, guild = UserActions(world), world.guild
    channel = people.channel("film-club")
    people.deny_permissions(channel, SEND_MESSAGES)
    able = {
        name: bool(guild.permissions(people.member(name), channel) & SEND_MESSAGES)
        for name in ("Usher", "Iris", "Rosa", "Chiara")
    }
    assert able == {"Usher": False, "Iris": True, "Rosa": True, "Chiara": True}
    assert guild.permissions(people.member("Iris")) & ADMINISTRATOR
    assert not guild.permissions(people.member("Chiara")) & ADMINISTRATOR
    people.deny_permissions(channel)
    assert guild.permissions(people.member("Usher"), channel) & SEND_MESSAGES


def test_a_guild_shows_who_is_in_voice_and_hides_the_rest() -> None:
    """As without the members intent; with it, all."""
    bot = User(snowflake(), "Usher", bot=True)
    guild = build_default_guild(bot)
    chiara = next(each for each in guild.members.values() if each.display_name == "Chiara")
    chiara.voice_channel = guild.afk_channel
    seen = {each["user"]["username"] for each in guild.payload(bot.id)["members"]}
    assert seen == {"Usher", "chiara"}
    assert len(guild.payload(bot.id, all_members=True)["members"]) == len(guild.members)


@pytest.mark.parametrize(
    ("allowed", "pings"),
    [
        (None, ("<@1>", "<@&2>", "@everyone")),
        ({"parse": []}, ()),
        ({"parse": ["users"]}, ("<@1>",)),
        ({"parse": [], "users": ["1"]}, ("<@1>",)),
        ({"parse": [], "users": ["3"]}, ()),
        ({"parse": ["everyone", "roles"]}, ("<@&2>", "@everyone")),
    ],
)
def test_allowed_mentions_decide_who_is_mentioned(allowed: dict[str, list[str]] | None, pings: tuple[str, ...]) -> None:
    """None: everybody whom the text names."""
    assert mentions_of("<@1> <@&2> @everyone", allowed) == pings


def test_people_and_channels_are_found_by_name_and_number() -> None:
    """And who is not there is said with who is."""
    people = UserActions(DiscordWorld())
    chiara = people.member("Chiara")
    assert people.member("chiara") is people.member(chiara.id) is chiara
    assert people.channel(people.channel("Cinema").id).name == "Cinema"
    with pytest.raises(LookupError, match="Chiara"):
        people.member("Nobody")
    with pytest.raises(LookupError, match="film-club"):
        people.channel("nowhere")
    newcomer = people.add_member("Zoë", nick="Zo")
    assert isinstance(newcomer, Member) and people.member("Zo") is newcomer


def test_a_fault_is_counted_down() -> None:
    """Only for its requests; the newest first; healed at once."""
    faults = DiscordFaults()
    faults.fail_requests(503, "/messages", times=2)
    assert faults.take("GET", "/users/@me") is None
    assert [bool(faults.take("POST", "/channels/1/messages")) for _ in range(3)] == [True, True, False]
    lasting = faults.delay_requests(1.0)
    faults.refuse_requests(50013, "Missing Permissions", times=1)
    first, second = (faults.take("GET", "/x") for _ in range(2))
    assert first is not None and first.code == 50013
    assert second is lasting
    faults.heal(lasting)
    assert faults.take("GET", "/x") is None
    faults.refuse_token = True
    faults.heal()
    assert not faults.refuse_token


def test_the_record_keeps_no_token(tmp_path: Path) -> None:
    """An interaction's is in its path: written as TOKEN."""
    recorder = RequestRecorder()
    recorder.add("POST", "/interactions/12/aW50/callback?with_response=1", {"type": 5})
    recorder.add("PATCH", "/webhooks/34/aW50/messages/@original", {"content": "é"})
    recorder.add("POST", "/webhooks/34/aW50?wait=1", None)
    recorder.add("GET", "/users/@me", None)
    assert recorder.write(tmp_path / "requests.jsonl") == 4
    text = (tmp_path / "requests.jsonl").read_text(encoding="utf-8")
    assert "aW50" not in text and "é" in text
    assert [json.loads(line)["path"] for line in text.splitlines()] == [
        "/interactions/12/TOKEN/callback?with_response=1",
        "/webhooks/34/TOKEN/messages/@original",
        "/webhooks/34/TOKEN?wait=1",
        "/users/@me",
    ]
    assert recorder.count("POST", "/webhooks") == 1
