"""Unusual reports of the voice channel: many changes at once, and members known only by their ids."""

import time
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


def newest(stage: Stage) -> VoicePresence:
    """The newest report to the tracker."""
    return stage.tracker.list_heard(VoicePresence)[-1]


def test_a_crowd_that_leaves_at_once_is_one_report(stage: Stage) -> None:
    """A thousand members: the tracker gets one report of all, and the actor keeps answering."""
    crowd = [stage.discord.add_member(f"Guest {number}") for number in range(1000)]
    for member in crowd:
        stage.discord.join_voice(member)
    with stage.acting():
        until(
            lambda: len(newest(stage).members) == 1000 if stage.tracker.list_heard(VoicePresence) else False,
            "all are in",
        )
        before = len(stage.tracker.list_heard(VoicePresence))
        for member in crowd:
            stage.discord.leave_voice(member)
        asked_s = time.monotonic()
        assert not stage.health()
        assert time.monotonic() - asked_s < 10.0
        until(lambda: not newest(stage).members, "all are out")
        changes = {len(report.members) for report in stage.tracker.list_heard(VoicePresence)[before:]}
        assert len(changes) <= 3, "one report, and those of the usual interval"


def test_a_member_known_by_id_alone_is_not_absent(stage: Stage) -> None:
    """The server comes without its members and the look-up fails: they are in the channel all the same."""
    stage.discord.join_voice("Chiara")
    chiara = str(stage.discord.member("Chiara").id)
    stage.discord.faults.names_no_members = True
    fault = stage.discord.faults.fail_requests(500, f"/members/{chiara}")
    with stage.acting():
        until(lambda: stage.tracker.list_heard(VoicePresence) and newest(stage).connected, "a report")
        assert newest(stage).unnamed == (chiara,) and newest(stage).members == ()
        stage.discord.faults.heal(fault)
        until(lambda: [member.name for member in newest(stage).members] == ["Chiara"], "her name", 30)
        assert newest(stage).unnamed == ()
