"""The commands of administrators, and what of them others see."""

from typing import Any

import discord
import pytest

from actors.runtime import ActorUnavailable, RemoteError
from messages import (
    ActiveWatches,
    AdminActed,
    AuditEntry,
    AuditPage,
    AuditSubject,
    BackUpNow,
    BackupReport,
    GetAuditLog,
    GetHealth,
    HealthReport,
    ListActiveWatches,
    Problem,
    SaveNow,
    SaveReport,
)
from tests.unit.discord import samples
from wording.problems import english

fails = pytest.mark.simcord(check_errors=False)


def watching(number: int = 1) -> ActiveWatches:
    """A room of `number` viewers."""
    viewers = tuple(samples.active(f"Viewer {n}", viewer_id=str(n), watch_id=str(n)) for n in range(number))
    return ActiveWatches(samples.NOW, viewers, (samples.screening(),))


def ids(message: Any) -> list[str]:
    """custom_ids of a message's buttons."""
    return [item.custom_id for row in message.components for item in row.children]


@fails
async def test_savedata_is_for_administrators(room: Any, actors: Any) -> None:
    """Others are told so, and nothing is saved."""
    actors.answers[SaveNow] = SaveReport(1, 2, 3, 4, 5.0)
    await room.ana.send(room.channel, "!savedata")
    assert "Only administrators" in room.text()
    assert not actors.questions(SaveNow)


async def test_savedata_answers_with_counts(room: Any, actors: Any) -> None:
    """Users, watch records, badges and how long it took."""
    actors.answers[SaveNow] = SaveReport(users=12, watches=1_345, badges=40, active=3, took_ms=18.4)
    await room.boss.send(room.channel, "!savedata")
    said = room.text()
    for part in ("**12** users", "**1,345** watch records", "**40** badges", "3 active watches", "18 ms"):
        assert part in said


async def test_counts_of_one_are_singular(room: Any, actors: Any) -> None:
    """In what was saved, and in what was read back from a backup."""
    actors.answers[SaveNow] = SaveReport(users=1, watches=1, badges=1, active=1, took_ms=1.0)
    actors.answers[BackUpNow] = BackupReport("/data/backups/usher-1.db", 2_400_000, 1, 1, 900.0)
    await room.boss.send(room.channel, "!savedata")
    assert "**1** user · **1** watch record · **1** badge\n" in room.text()
    await room.boss.send(room.channel, "!backup")
    assert "read back: 1 watch record, 1 viewer\nTook 900 ms" in room.text()


@fails
async def test_a_failed_save_names_its_reason(room: Any, actors: Any) -> None:
    """A full disk is said to the one who asked."""
    cure = Problem.of("cure.free_disk")
    full = Problem.of("save.retry", store="usher.db", cause="No space left on device", cure=cure)
    actors.answers[SaveNow] = RemoteError("persistence", "Declined", english(full), full)
    await room.boss.slash(room.channel, "savedata")
    assert "could not do it: usher.db: No space left on device (make room on the disk;" in room.text()


@fails
async def test_unexpected_exceptions_are_not_shown(room: Any, actors: Any) -> None:
    """Their text was not written for people."""
    actors.answers[SaveNow] = RemoteError("persistence", "KeyError", "'watch'")
    await room.boss.slash(room.channel, "savedata")
    assert "Something went wrong inside Usher" in room.text()
    assert "'watch'" not in room.text()


@pytest.mark.parametrize("command", ["savedata", "starttracking", "health", "backup"])
async def test_admin_commands_are_hidden_from_others(room: Any, bot: Any, command: str) -> None:
    """Discord itself shows them to administrators only."""
    made = bot.tree.get_command(command).to_dict(bot.tree)
    assert made["default_member_permissions"] == discord.Permissions(administrator=True).value


async def test_health_names_every_actor(room: Any, actors: Any) -> None:
    """State, uptime, restarts, depth, last error."""
    sick = samples.health("plex", state="degraded", restarts=2, mailbox_depth=7, last_error="token refused")
    actors.answers[GetHealth] = HealthReport(samples.NOW, (samples.health("tracker"), sick), 99)
    await room.boss.send(room.channel, "!health")
    for part in (
        "**tracker** · running",
        "up 2 h 1 min",
        "**plex** · degraded",
        "2 restarts",
        "mailbox 7",
        "token refused",
    ):
        assert part in room.text()
    await room.ana.click(room.channel.last_message, custom_id=ids(room.channel.last_message)[0])
    assert len(actors.questions(GetHealth)) == 1


async def test_health_marks_past_errors(room: Any, actors: Any) -> None:
    """An old error is not shown as a current one."""
    well = samples.health("plex", last_error="token refused", resolved_for_s=60.0)
    actors.answers[GetHealth] = HealthReport(samples.NOW, (well,), 99)
    await room.boss.send(room.channel, "!health")
    assert f"Resolved <t:{int(samples.NOW.wall_s - 60)}:R>: token refused" in room.text()


async def test_backup_answers_with_the_verified_counts(room: Any, actors: Any) -> None:
    """File, size, and what was read back."""
    actors.answers[BackUpNow] = BackupReport("/data/backups/usher-1.db", 2_400_000, 1_345, 12, 900.0)
    await room.boss.send(room.channel, "!backup")
    assert "`/data/backups/usher-1.db`" in room.text()
    assert "2.4 MB · read back: 1,345 watch records, 12 viewers\nTook 900 ms" in room.text()


@fails
async def test_a_forbidden_channel_is_named_in_health(room: Any, actors: Any, health: Any) -> None:
    """Online but silent for want of a permission: the cause is told."""
    actors.answers[ListActiveWatches] = watching()
    room.env.inject_error("POST", "/channels/*/messages", status=403)
    await room.ana.send(room.channel, "!nowplaying")
    assert "may not answer in channel" in health.reason


@fails
async def test_acts_of_administrators_are_recorded(room: Any, actors: Any) -> None:
    """With who did it, and whether it worked; refused members are not recorded."""
    actors.answers |= {SaveNow: SaveReport(1, 2, 3, 4, 5.0), BackUpNow: ActorUnavailable("away")}
    await room.ana.send(room.channel, "!savedata")
    await room.boss.send(room.channel, "!savedata")
    await room.boss.send(room.channel, "!backup")
    told = [(actor, message.entry) for actor, message in actors.told if isinstance(message, AdminActed)]
    assert [(actor, entry.act, entry.who.id) for actor, entry in told] == [
        ("persistence", "savedata", str(room.boss.id)), ("persistence", "backup", str(room.boss.id)),
    ]  # fmt: skip
    assert told[0][1].outcome == "done" and told[1][1].outcome.startswith("failed: ")


@fails
async def test_the_audit_log_is_for_administrators_alone(room: Any, actors: Any) -> None:
    """In an answer that nobody else reads, with buttons to turn its pages."""
    who = AuditSubject("1", "iris*")
    entry = AuditEntry(samples.NOW.wall_s, who, "link", (AuditSubject("2", "cem"),), "failed: no", "command line")
    actors.answers[GetAuditLog] = lambda asked: AuditPage((entry,) * asked.limit, 25)
    await room.ana.send(room.channel, "!audit")
    assert not actors.questions(GetAuditLog) and "Only administrators" in room.text()
    shown = await room.boss.slash(room.channel, "audit")
    assert shown.response.ephemeral and shown.response.components
    said = shown.response.embeds[0].description
    assert said.count("`link`") == 10 and "iris\\*" in said and "cem" in said and "command line" in said
