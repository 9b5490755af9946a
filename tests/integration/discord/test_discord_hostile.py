"""A hostile or clumsy member: names and titles made to harm, everything typed wrongly, two at one button, things gone.

The real bot on the real store. Whatever comes, it answers; nobody is pinged, no markdown of theirs works, Discord
refuses nothing, and the log has no fault of ours.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from messages import (
    ActiveWatches,
    FilmsFound,
    FindFilms,
    GetPoster,
    ListActiveWatches,
    PlexSignIn,
    Poster,
    StartPlexSignIn,
    StartTracking,
    TrackingPlan,
    VoiceMember,
)
from simulator.discord.model.messages import ChannelMessage
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.integration.discord.privacy_worlds import StoreThread
from tests.unit.discord import samples
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, record

TEXTS = {
    "everyone": "@everyone @here free nitro",
    "mentions": "<@1> <@&2> <#3> </stats:4> <t:0:R> <:a:5>",
    "markdown": "**b** __u__ ~~s~~ ||x|| `c` ```py",
    "links": "[click](https://evil.example) https://evil.example discord.gg/evil",
    "lines": "one\n# two\n> three\n- four\n-# five",
    "quote": "\"unclosed ' “quotes‘",
    "right to left": "\u202eevil\u202c \u2067אורי\u2069",
    "invisible": "\u200b\u2060\ufeff\u00ad\u3164",
    "blank": "   ",
    "zalgo": "Z" + "\u0334\u0301\u0302" * 60 + "algo",
    "control": "bell\x07 esc\x1b[31m nul\x00",
    "surrogate": "half \ud83c letter",
    "long": "x" * 3000,
    "wide": "🎬" * 300,
    "format": "{name} {0} %s %n ${x}",
    "numbers": "9" * 400,
}
ACTIVE = re.compile(
    r"@(everyone|here)\b|(?<!\\)<(@[!&]?\d|#\d|/\w)|(?<!\\)\[[^\]]*\]\((?!https://discord\.com)[^)]*\)|\x1b|\u202e"
)
"""What would do something where Discord shows it. The bot's own links lead to Discord."""
LEFT_OUT = {"setup", "settings", "savedata", "backup", "health", "diagnose", "toproles", "audit", "starttracking"}
"""Commands of administrators."""


TYPED = ("stats", "history", "whosaw", "suggest", "vote", "night", "help", "link", "privacy", "wrapped")


def in_store(text: str) -> str:
    """Return a text as Plex and Discord may give it: whole letters."""
    return text.encode("utf-8", "replace").decode()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A community in which every viewer and every film is called so."""
    (tmp_path / "store").mkdir()
    with open_stage(tmp_path) as made:
        store = StoreThread(tmp_path / "store")
        watches, members = [], []
        for number, text in enumerate(TEXTS.values()):
            name, viewer_id = in_store(text), str(600_000_000_000_000_000 + number)
            film = replace(FILM, title=name, rating_key=str(number), genres=(name,), directors=(name,))
            store.finish(
                record(f"w{number}", viewer_id, film, username=name, party=True, screening_id="s",
                       started_at_s=EVENING - number * DAY, ended_at_s=EVENING - number * DAY + 7200)
            )  # fmt: skip
            watches.append(samples.active(name, viewer_id=viewer_id, watch_id=str(number), item=film))
            members.append(VoiceMember(viewer_id, name))
        made.tracker.answers |= {
            ListActiveWatches: ActiveWatches(samples.NOW, tuple(watches), (), ""),
            StartTracking: TrackingPlan((), tuple(members), "", ()),
        }
        films = tuple(each.item for each in watches)
        sign_in = PlexSignIn(problem="plex.tv is away.")
        made.plex.answers |= {StartPlexSignIn: sign_in, FindFilms: FilmsFound(films), GetPoster: Poster()}
        store.answer(made.persistence)
        try:
            with made.acting():
                yield made
        finally:
            store.close()


def check(reply: ChannelMessage) -> None:
    """Hold an answer against what may be said."""
    assert reply.text.strip() and "went wrong inside" not in reply.text
    assert not reply.pings
    shown = re.sub(r"<@\d+> \(\*\*", "(**", reply.text)  # who asks for a link is named so, and not pinged
    assert (found := ACTIVE.search(shown)) is None, (found, reply.text[:500])


def find_faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says of faults of ours, and of what Discord refused."""
    lines = [record for record in caplog.records if record.name.startswith("discord")]
    return [line.getMessage() for line in lines if line.exc_info or "Invalid Form" in line.getMessage()]


def is_forward(control: dict[str, Any]) -> bool:
    """Tell whether a control is the button to the next page, and may be pressed."""
    return ":+:" in str(control.get("custom_id")) and not control.get("disabled")


def list_options(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """Return each command with each of its options into which people type."""
    commands = stage.discord.world.commands[stage.discord.guild.id]
    return [
        (command["name"], option)
        for command in commands
        if command["name"] not in LEFT_OUT
        for option in command.get("options", ())
        if option["type"] == 3 and not option.get("choices")
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_whatever_is_typed_into_a_command_is_answered(
    stage: Stage, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As a / command into each option, with what is suggested meanwhile; as a ! command, by an administrator too."""
    discord, typed = stage.discord, in_store(TEXTS[text])
    for name, option in list_options(stage):
        needed = {"night": {"title": "x", "when": "friday 20:30"}}.get(name, {})
        asked = discord.slash(discord.add_member("Nosy", admin=True), name, {**needed, option["name"]: typed[:6000]})
        check(asked.wait_reply())
        if option.get("autocomplete"):
            for choice in discord.autocomplete(discord.add_member("Nosy"), name, option["name"], typed[:100]):
                assert 1 <= len(choice["name"]) <= 100 and 1 <= len(choice["value"]) <= 100
    for number, name in enumerate(TYPED):
        channel = discord.add_channel(f"{text}-{number}".replace(" ", "-"))
        said = discord.say(discord.add_member("Nosy", admin=number % 2 == 0), channel, f"!{name} {typed[:1900]}")
        check(discord.wait_reply(said, WITHIN_S))
    assert find_faults(caplog) == []


def test_discord_accepts_lists_of_malicious_names_and_titles(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Every page of every list, with its buttons and menus."""
    discord = stage.discord
    for name in ("activewatches", "moviestats", "leaderboard", "topwatchers", "history", "allbadges", "suggestions"):
        reply = discord.slash(discord.add_member("Nosy"), name).wait_reply()
        check(reply)
        for _page in range(5):
            forward = [each["custom_id"] for each in reply.controls if is_forward(each)]
            if not forward:
                break
            before = reply.text
            discord.click(discord.add_member("Nosy"), reply, forward[0])
            until(lambda reply=reply, before=before: reply.text != before, "the next page")  # type: ignore[misc]
            check(reply)
    assert find_faults(caplog) == []
