"""The role of the top watchers: shown before it is given, taken only from whom it was given to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import GetLeaderboard, Leaderboard, LeaderboardRow
from simulator.discord.model.guild import Role
from simulator.discord.model.ids import snowflake
from simulator.discord.model.messages import ChannelMessage
from simulator.discord.model.permissions import BOT_CAN, MANAGE_ROLES
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until

PRESS = "Confirm"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord with a role below the bot's."""
    with open_stage(tmp_path) as made:
        guild = made.discord.guild
        for role in guild.roles.values():
            role.position += 2 * bool(role.position)  # room below the bot's own
        made.discord.allow_bot(BOT_CAN | MANAGE_ROLES)
        role = Role(snowflake(), "Front Row", 0, 1)
        guild.roles[role.id] = role
        made.changes = {"top_watchers_role_id": role.id, "top_watchers": 2}
        yield made


def rank(stage: Stage, *names: str) -> None:
    """These watched most, in this order; and a Plex viewer, and one who left, more than any."""
    people = [("plex:m:1", "On Plex"), ("1234567890123456", "Gone")]
    people += [(str(stage.discord.member(name).id), name) for name in names]
    rows = tuple(LeaderboardRow(place, *who, 9000.0 - place) for place, who in enumerate(people, start=1))
    stage.persistence.answers[GetLeaderboard] = Leaderboard("time", rows, len(rows))


def holders(stage: Stage) -> list[str]:
    """Who has the role."""
    role_id = stage.changes["top_watchers_role_id"]
    return sorted(member.display_name for member in stage.discord.guild.members.values() if role_id in member.roles)


def read_text(message: ChannelMessage) -> str:
    """What it says."""
    return str(message.embeds[0]["description"])


def test_the_role_is_previewed_given_and_taken_back(stage: Stage) -> None:
    """By an administrator's press, over a restart; never from somebody to whom a person gave it."""
    stage.discord.member("Björn").roles.append(stage.changes["top_watchers_role_id"])
    with stage.acting():
        rank(stage, "Chiara", "אורי")
        preview = answer(stage, "Iris", "!toproles")
        assert "**Chiara** would get it" in read_text(preview)
        assert "Gone" not in read_text(preview)
        assert holders(stage) == ["Björn"]
        denied = stage.discord.click("Chiara", preview, PRESS)
        assert "Only administrators" in denied.wait_reply().embeds[0]["description"]
        assert holders(stage) == ["Björn"]
        stage.discord.click("Iris", preview, PRESS)
        until(lambda: "has it now" in read_text(preview), "it is done")
        assert holders(stage) == ["Björn", "Chiara", "אורי"]
    with stage.acting():
        rank(stage, "אורי")
        preview = answer(stage, "Iris", "!toproles")
        assert "**Chiara** would lose it" in read_text(preview)
        assert "keeps it" in read_text(preview)
        stage.discord.click("Iris", preview, PRESS)
        until(lambda: "lost it" in read_text(preview), "it is done")
        assert holders(stage) == ["Björn", "אורי"]
        again = answer(stage, "Iris", "!toproles")
        assert again.components == []


def test_a_press_that_fails_is_answered(stage: Stage) -> None:
    """Discord fails halfway: whoever pressed is told, and may press again."""
    with stage.acting():
        rank(stage, "Chiara")
        preview = answer(stage, "Iris", "!toproles")
        broken = stage.discord.faults.refuse_requests(0, "Unprocessable", 422, "/roles/")
        pressed = stage.discord.click("Iris", preview, PRESS)
        assert "Something went wrong inside Usher" in pressed.wait_reply().embeds[0]["description"]
        stage.discord.faults.heal(broken)
        stage.discord.click("Iris", preview, PRESS)
        until(lambda: "has it now" in read_text(preview), "it is done")


def test_a_missing_role_setting_or_permission_is_named(stage: Stage) -> None:
    """Each with its cure; nobody gets the role."""
    rank(stage, "Chiara")
    with stage.acting():
        assert "Only administrators" in read_text(answer(stage, "Chiara", "!toproles"))
        preview = answer(stage, "Iris", "!toproles")
        stage.discord.allow_bot(BOT_CAN)
        pressed = stage.discord.click("Iris", preview, PRESS)
        assert "Manage Roles" in read_text(until(lambda: pressed.followups, "why not")[0])
        assert holders(stage) == []
        with stage.discord.world.changed:
            del stage.discord.guild.roles[stage.changes["top_watchers_role_id"]]
    with stage.acting():
        assert "TOP_WATCHERS_ROLE_ID" in read_text(answer(stage, "Iris", "!toproles"))
    stage.changes = {}
    with stage.acting():
        assert "TOP_WATCHERS_ROLE_ID" in read_text(answer(stage, "Iris", "!toproles"))
