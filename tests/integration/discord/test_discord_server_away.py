"""While the Discord server is unavailable, the last known members of the voice channel are not reported as present."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import VoicePresence
from tests.integration.discord.discord_stage import Stage, open_stage, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


def present(stage: Stage) -> tuple[bool, list[str]] | None:
    """Whether the channel is known, and who was last told to be in it."""
    reports = stage.tracker.list_heard(VoicePresence)
    return (reports[-1].connected, sorted(member.name for member in reports[-1].members)) if reports else None


def is_away(stage: Stage) -> bool:
    """Whether the tracker was last told that nobody knows who is in the channel."""
    report = present(stage)
    return report is not None and not report[0]


def test_a_member_who_left_while_the_server_was_unavailable_is_gone(stage: Stage) -> None:
    """discord.py would keep whoever was in voice before: the list in GUILD_CREATE counts."""
    stage.discord.join_voice("Chiara")
    stage.discord.join_voice("Iris")
    with stage.acting():
        until(lambda: present(stage) == (True, ["Chiara", "Iris"]), "both are there")
        stage.discord.take_server_away()
        until(lambda: is_away(stage), "the tracker is told that nothing is known")
        assert "is unavailable" in stage.until_health("is unavailable")
        stage.discord.leave_voice("Chiara")
        stage.discord.bring_server_back()
        until(lambda: present(stage) == (True, ["Iris"]), "only who is still there")
        stage.until_well()


def test_members_are_read_again_when_the_server_is_back_at_once(stage: Stage) -> None:
    """Unavailable and available follow each other directly: a member who left in between is gone."""
    stage.discord.join_voice("Chiara")
    stage.discord.join_voice("Iris")
    with stage.acting():
        until(lambda: present(stage) == (True, ["Chiara", "Iris"]), "both are there")
        stage.discord.take_server_away()
        stage.discord.leave_voice("Iris")
        stage.discord.bring_server_back()
        until(lambda: present(stage) == (True, ["Chiara"]), "only who is still there")
        stage.until_well()


def test_the_channel_was_deleted_while_the_server_was_unavailable(stage: Stage) -> None:
    """Nobody in it is credited any more; health names what to set."""
    stage.discord.join_voice("Chiara")
    with stage.acting():
        until(lambda: present(stage) == (True, ["Chiara"]), "she is there")
        stage.discord.take_server_away()
        until(lambda: is_away(stage), "nothing is known")
        stage.discord.leave_voice("Chiara")
        stage.discord.remove_channel("Cinema")
        stage.discord.bring_server_back()
        assert "WATCH_PARTY_VOICE_CHANNEL_ID" in stage.until_health("cannot be seen")
        assert is_away(stage)


def test_the_bot_is_removed_and_invited_again(stage: Stage) -> None:
    """Nobody is credited after the removal; members who are there at the invitation are reported then."""
    stage.discord.join_voice("Chiara")
    with stage.acting():
        until(lambda: present(stage) == (True, ["Chiara"]), "she is there")
        stage.discord.take_server_away(removed=True)
        until(lambda: is_away(stage), "nothing is known")
        assert "invite it" in stage.until_health("is not in the server")
        stage.discord.join_voice("Iris")
        stage.discord.leave_voice("Chiara")
        stage.discord.bring_server_back(invited=True)
        until(lambda: present(stage) == (True, ["Iris"]), "who is there by now")
        stage.until_well()
