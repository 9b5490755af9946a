"""Discord fails in every way while people watch: the cause is named, and tracking and saving go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from launcher.supervision.supervision_settings import SupervisionSettings
from simulator.discord.model.permissions import SEND_MESSAGES
from simulator.nights.stage import ANNOUNCE, CINEMA
from tests.deadlines import WITHIN_S
from tests.faults.watched_evening import Evening, evening_at

pytestmark = pytest.mark.slow


def has_card(stage: Evening, title: str) -> bool:
    """Tell whether the film's card is in the channel."""
    return any(title in message.text for message in stage.discord.messages(ANNOUNCE, by_bot=True))


def watches_meanwhile(stage: Evening, who: str, film: str) -> None:
    """Let somebody watch a film from start to end; it is tracked and recorded as always."""
    stage.plays(who, film)
    stage.wait_until(stage.minute + 0.5)
    stage.stops(who)
    stage.wait_recorded(who)


def crashes_for_good(stage: Evening) -> None:
    """Let the actor die at each start until its limit; the launcher then says what to do."""
    dead = {0}
    for _ in range(SupervisionSettings().crash_limit + 1):
        stage.wait_for(lambda: stage.pid("discord") not in dead, WITHIN_S, "another process of it")
        dead.add(pid := stage.pid("discord"))
        os.kill(pid, signal.SIGKILL)
    stage.health_says("discord", "killed by SIGKILL", state="failed")
    stage.log_has("discord", "It has failed and rests", "the others go on")


def test_tracking_and_saving_go_on_whatever_discord_does(tmp_path: Path) -> None:
    """429 storm, missing permission, lost intent, refused token, crash loop; announcements are posted later."""
    with evening_at(tmp_path, "Rosa") as stage:
        faults = stage.discord.faults
        stage.discord.join_voice("Iris", CINEMA)
        stage.plays("Rosa", "Metropolis")
        stage.log_has("Iris began “Metropolis”")
        storm = faults.rate_limit(retry_after_s=0.3)
        watches_meanwhile(stage, "Anton", "M")
        faults.heal(storm)
        stage.wait_for(lambda: has_card(stage, "M (1931)"), 30, "the announcement that waited for the storm to pass")
        stage.discord.deny_permissions(ANNOUNCE, SEND_MESSAGES)
        watches_meanwhile(stage, "Berta", "Sunrise")
        stage.health_says("discord", "Send Messages")
        stage.discord.deny_permissions(ANNOUNCE)
        stage.discord.allow_message_content(False)
        faults.close_connections(4014)
        stage.health_says("discord", "Message Content Intent")
        stage.wait_for(lambda: stage.discord.is_connected, 30, "the bot without the intent")
        assert stage.discord.slash("Iris", "activewatches").wait_reply(20).text
        stage.wait_for(lambda: has_card(stage, "Sunrise"), 90, "the announcement that waited for the permission")
        watches_meanwhile(stage, "Cem", "Casablanca")
        faults.refuse_token = True
        faults.close_connections(4004)
        stage.health_says("discord", "refused the token")
        watches_meanwhile(stage, "Dörte", "Alien")
        crashes_for_good(stage)
        watches_meanwhile(stage, "Emil", "Charade")
        stage.stops("Rosa")
        stage.wait_recorded("Rosa", "Iris")
        rows = stage.rows()
        assert stage.stop_service()[0] == 0
    assert rows["Iris"]["source"] == "voice"
    # Who is in the channel is not known while the bot is away: that time is nobody's, and Iris's is her record.
    assert 0 < rows["Iris"]["playing_s"] < rows["Rosa"]["playing_s"] + 30
    stage.nothing_is_lost(unmeasured="Iris")
    assert "❌" not in stage.service_log()
    stage.no_token_was_written()
