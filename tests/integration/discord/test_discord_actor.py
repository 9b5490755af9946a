"""The Discord actor against a simulated Discord: what people see, and who is told of the voice channel."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.chat.discord.features.announcements.announcement_queue import AnnouncementQueue
from messages import (
    ActiveWatches,
    BadgesAwarded,
    GetSaveStatus,
    ListActiveWatches,
    NowPlaying,
    SaveNow,
    SaveReport,
    SaveStatus,
    ScreeningEnded,
    ScreeningStarted,
    VoicePresence,
)
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


def present(stage: Stage) -> tuple[bool, list[str]] | None:
    """Return what the tracker was last told of the voice channel."""
    heard = stage.tracker.list_heard(VoicePresence)
    return (heard[-1].connected, [member.name for member in heard[-1].members]) if heard else None


def test_films_and_badges_are_announced_and_acknowledged(stage: Stage) -> None:
    """A film starts, ends, and earns a badge: a card, its edit and a post, each acknowledged to its sender."""
    with stage.acting():
        assert stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening())).wait(WITHIN_S)
        assert "🎬 Metropolis (1927)" in stage.read_posts()
        done = [
            stage.tracker.tell(ScreeningEnded(samples.NOW, samples.screening())),
            stage.persistence.tell(BadgesAwarded("1", "Dr. *Noodle*", (samples.make_badge(),))),
        ]
        assert all(event.wait(WITHIN_S) for event in done)
        said = stage.read_posts()
        assert "🎬 Metropolis" not in said
        for part in ("🏁 Metropolis (1927)", "Dr. \\*Noodle\\* earned 1 badge"):
            assert part in said


def test_forty_films_are_announced_together(stage: Stage) -> None:
    """Discord allows five messages in five seconds, so many announcements go into one."""
    with stage.acting():
        started = time.monotonic()
        done = [
            stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(number, f"Film {number}.")))
            for number in range(40)
        ]
        assert all(event.wait(WITHIN_S) for event in done)
        took = time.monotonic() - started
        assert all(f"Film {number}." in stage.read_posts() for number in range(40))
        assert took < 10.0, f"took {took:.2f} s; one by one they would take 35 s"


def test_the_presence_shows_the_film(stage: Stage) -> None:
    """And nothing when nothing plays."""
    with stage.acting():
        stage.tracker.tell(NowPlaying(samples.NOW, (samples.screening(),)))
        until(lambda: stage.discord.activity_name == "Metropolis (1927)", "the film is shown")
        stage.tracker.tell(NowPlaying(samples.NOW, ()))
        until(lambda: stage.discord.activity_name == "", "nothing is shown")


def test_the_presence_shows_what_plays_on_all_servers(stage: Stage) -> None:
    """The tracker reports one server at a time: the others' films stay."""
    one = samples.screening(1, "Metropolis", server_id="one", party=False)
    two = samples.screening(2, "Nosferatu", server_id="two")
    with stage.acting():
        stage.tracker.tell(NowPlaying(samples.NOW, (one,), "one"))
        until(lambda: stage.discord.activity_name == "Metropolis (1927)", "the film of one server")
        stage.tracker.tell(NowPlaying(samples.NOW, (two,), "two"))
        until(lambda: stage.discord.activity_name == "Nosferatu (1927) and 1 more", "the party's film comes first")
        stage.tracker.tell(NowPlaying(samples.NOW, (), "two"))
        until(lambda: stage.discord.activity_name == "Metropolis (1927)", "the film of the other server")


def test_the_voice_channel_is_reported_at_each_change(stage: Stage) -> None:
    """Members at the start, arrivals and departures; no bots, and nobody in another channel."""
    stage.discord.join_voice("Chiara")
    with stage.acting():
        until(lambda: present(stage) == (True, ["Chiara"]), "the one who was there")
        stage.discord.join_voice("אורי")
        stage.discord.join_voice("jukebox")
        stage.discord.join_voice("Björn", "AFK")
        until(lambda: present(stage) == (True, ["Chiara", "אורי"]), "the one who came")
        stage.discord.join_voice("Chiara", "AFK")
        until(lambda: present(stage) == (True, ["אורי"]), "the one who moved")
        stage.discord.leave_voice("אורי")
        until(lambda: present(stage) == (True, []), "the last to leave")
        told = stage.tracker.list_heard(VoicePresence)[-1]
        assert (told.guild_id, told.channel_id) == (
            str(stage.discord.guild.id),
            str(stage.discord.channel("Cinema").id),
        )


def test_characters_that_no_store_can_hold_are_removed_from_names(stage: Stage) -> None:
    """PostgreSQL takes no NUL: the member's watches would never be stored."""
    member = stage.discord.member("Chiara")
    member.nick = "Chi\0ara"
    stage.discord.join_voice(member)
    with stage.acting():
        until(lambda: present(stage) == (True, ["Chiara"]), "the one who was there")


def test_a_stage_channel_is_watched_as_well(stage: Stage) -> None:
    """A premiere in a stage channel."""
    stage.changes = {"watch_party_voice_channel_id": stage.discord.channel("Premieres").id}
    with stage.acting():
        stage.discord.join_voice("Chiara", "Premieres")
        until(lambda: present(stage) == (True, ["Chiara"]), "the one on stage")


def test_members_of_an_ignored_role_are_no_viewers(stage: Stage) -> None:
    """Neither with others nor alone; a member who has lost the role counts from the next time they join."""
    ignored = stage.discord.member("Iris").roles[0]
    stage.changes = {"ignored_role_ids": (4242, ignored)}
    with stage.acting():
        stage.discord.join_voice("Iris")
        stage.discord.join_voice("Chiara")
        until(lambda: present(stage) == (True, ["Chiara"]), "the one without the role")
        stage.discord.leave_voice("Iris")
        stage.discord.member("Iris").roles.remove(ignored)
        stage.discord.join_voice("Iris")
        until(lambda: present(stage) == (True, ["Chiara", "Iris"]), "both")


def test_the_voice_channel_is_reported_every_ten_seconds(stage: Stage) -> None:
    """In service time, even if nothing changes."""
    stage.speed = 100.0
    with stage.acting():
        before = len(stage.tracker.list_heard(VoicePresence))
        until(lambda: len(stage.tracker.list_heard(VoicePresence)) >= before + 5, "five more reports")


def test_somebody_unknown_in_voice_is_looked_up(stage: Stage) -> None:
    """Discord names only an id: the actor asks once who it is, then reports the member."""
    with stage.acting():
        until(lambda: present(stage) == (True, []), "the empty room")
        state = {
            "guild_id": str(stage.discord.guild.id),
            "channel_id": str(stage.discord.channel("Cinema").id),
            "user_id": str(stage.discord.member("Chiara").id),
            "session_id": "s", "deaf": False, "mute": False, "self_deaf": False, "self_mute": False,
            "self_video": False, "suppress": False, "request_to_speak_timestamp": None,
        }  # fmt: skip
        stage.discord.gateway.dispatch("VOICE_STATE_UPDATE", state)
        stage.discord.join_voice("Björn")
        until(lambda: sorted((present(stage) or (True, []))[1]) == ["Björn", "Chiara"], "the one who was looked up")


def test_no_voice_channel_no_reports(stage: Stage) -> None:
    """Without WATCH_PARTY_VOICE_CHANNEL_ID the tracker hears nothing."""
    stage.changes = {"watch_party_voice_channel_id": 0}
    with stage.acting():
        stage.discord.join_voice("Chiara")
        stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening())).wait(WITHIN_S)
        assert not stage.tracker.list_heard(VoicePresence)


def test_a_slash_command_is_acknowledged_in_time_though_the_tracker_is_dead(stage: Stage) -> None:
    """Within three seconds; and the answer says what to do."""
    stage.tracker.dead = True
    with stage.acting():
        asked = stage.discord.slash("Chiara", "activewatches")
        assert asked.wait_ack() < 1.0
        reply = asked.wait_reply(15)
        assert "The tracker did not answer within 5 s.\nIt may still be at work on it" in reply.embeds[0]["description"]


def test_commands_answer_as_slash_and_prefix(stage: Stage) -> None:
    """As ! and as /."""
    stage.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (samples.active(),), (samples.screening(),))
    stage.persistence.answers[GetSaveStatus] = SaveStatus(samples.NOW.wall_s, 5.0)
    stage.persistence.answers[SaveNow] = SaveReport(1, 2, 3, 4, 5.0)
    with stage.acting():
        by_slash = stage.discord.slash("Chiara", "activewatches").wait_reply()
        by_word = answer(stage, "Chiara", "!activewatches")
        assert by_slash.embeds[0]["description"] == by_word.embeds[0]["description"]
        denied = answer(stage, "Chiara", "!savedata")
        assert "Only administrators" in denied.embeds[0]["description"]
        saved = answer(stage, "Iris", "!savedata")
        assert saved.embeds[0]["title"] == "💾 Saved"


def test_buttons_work_after_a_restart(stage: Stage) -> None:
    """A page of yesterday turns today."""
    crowd = tuple(samples.active(f"Viewer {number}.", watch_id=str(number)) for number in range(250))
    stage.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, crowd, (samples.screening(),))
    with stage.acting():
        message = stage.discord.slash("Chiara", "activewatches").wait_reply()
        assert "Viewer 0." in message.embeds[0]["description"]
    with stage.acting():
        turned = stage.discord.click("Chiara", message, "▶️")
        assert turned.wait_ack() < 1.0
        until(lambda: "Viewer 0." not in message.embeds[0]["description"], "the page turns")


def test_commands_are_registered_only_when_they_change(stage: Stage) -> None:
    """The second start does not register them again."""
    with stage.acting():
        pass
    with stage.acting():
        assert stage.discord.slash("Chiara", "help").wait_reply().embeds
    assert stage.discord.recorder.count("PUT", "/commands") == 1


def test_an_unexpected_error_ends_the_actor(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's thread fails: the actor crashes, so that the launcher restarts it."""

    async def fail(self: AnnouncementQueue) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AnnouncementQueue, "run", fail)
    with stage.acting(wait=False):
        until(lambda: "discord" not in stage.network.transports, "the actor is gone")


def test_it_stops_within_five_seconds_while_discord_hangs(stage: Stage) -> None:
    """Requests that never end do not keep the actor from stopping."""
    with stage.acting():
        stage.discord.faults.delay_requests(60.0)
        stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening()))
        until(lambda: stage.discord.recorder.count("POST", "/messages"), "a request that hangs")
        began = time.monotonic()
    assert time.monotonic() - began < 5.0


def test_the_start_logs_the_account_and_the_channels(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The actor's own lines are logged, although those of discord.py are held at WARNING."""
    caplog.set_level(logging.INFO, "discord")
    with stage.acting():
        until(lambda: "On Discord as" in caplog.text, "the line")
    (line,) = [each for each in caplog.messages if each.startswith("On Discord as")]
    assert all(str(stage.discord.channel(name).id) in line for name in ("film-club", "Cinema"))
    assert stage.discord.world.bot.name in line
