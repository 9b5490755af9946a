"""Two Discord servers in one installation: set up on Discord, watching at the same time, each for itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.discord.model.messages import ChannelMessage
from simulator.discord.user_actions import UserActions
from simulator.nights.stage import CINEMA, ServiceStage
from simulator.plex import OWNER, SimulatedPlex
from simulator.plextv import SimulatedPlexTv
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening

pytestmark = pytest.mark.slow

OURS, THEIRS = "A Trip to the Moon", "The General"
HOST = "Rosa"
SPEED = 120.0
KEY = base64.b64encode(b"k" * 32).decode()


def text(message: ChannelMessage) -> str:
    """Everything that a message says."""
    return str(message.embeds)


def read_posts(people: UserActions) -> str:
    """Everything that the bot wrote into a server's channel."""
    return str([message.embeds for message in people.messages("film-club", by_bot=True)])


class Manager:
    """Iris of a further server, who sets Usher up there."""

    def __init__(self, stage: ServiceStage, people: UserActions, plex_tv: SimulatedPlexTv) -> None:
        self.stage, self.people, self._plex_tv = stage, people, plex_tv

    def wait(self, found: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        self.stage.wait_for(found, WITHIN_S, what)

    def press(self, message: ChannelMessage, control: str, *values: str | int, shows: str) -> None:
        """Press a button or choose in a menu, and wait until the message shows something."""
        self.people.click("Iris", message, control, values=values).wait_ack(5)
        self.wait(lambda: shows in text(message), f"{shows} after {control}")

    def ask(self, where: UserActions, command: str, shows: str) -> str:
        """Give a command until its answer shows something; return it. What is for her alone is read in her messages."""
        answers: list[str] = []

        def has_answered() -> bool:
            asked = where.say("Iris", "film-club", command)
            answers.append(text(self.stage.discord.wait_reply(asked, WITHIN_S)))
            answers.extend(text(each) for each in where.direct_messages("Iris"))
            return any(shows in each for each in answers)

        self.wait(has_answered, f"{shows} in the answer to {command}")
        return answers[-1]

    def read_health(self) -> str:
        """Return the error of the further server's Discord actor."""
        rows = {row["actor"]: row for row in self.stage.health()}
        return str(rows.get(f"discord@{self.people.guild.id}", {}).get("last_error", ""))

    def set_up(self) -> None:
        """Choose channels and language, and connect Plex."""
        self.wait(lambda: self.stage.discord.list_commands(self.people.guild.id) == ["setup"], "setup is offered")
        page = self.people.slash("Iris", "setup").wait_reply()
        self.press(page, "Set it up here", shows="Announcements")
        for setting, name in (("DISCORD_ANNOUNCE_CHANNEL_ID", "film-club"), ("WATCH_PARTY_VOICE_CHANNEL_ID", CINEMA)):
            chosen = self.people.channel(name).id
            self.press(page, f"usher:setup:set:home:{setting}", chosen, shows=f"<#{chosen}>")
        self.press(page, "usher:setup:set:home:BOT_LANGUAGE", "de", shows="Ankündigungen")
        self.press(page, "Plex verbinden", shows="plex.tv/link")
        code = re.search(r"\*\*([A-Z0-9]{4})\*\*", text(page))
        assert code is not None
        self._plex_tv.type_in(code[1], OWNER)
        self.wait(lambda: "Welche deiner Server" in text(page), "the servers")
        menu = next(each for each in page.controls if each["custom_id"].startswith("usher:setup:servers:"))
        self.press(page, menu["custom_id"], menu["options"][0]["value"], shows="Alles eingerichtet")


def test_two_servers_watch_at_the_same_time(tmp_path: Path) -> None:
    """Cards, statistics and health of each are on its own server only; one continues without the other."""
    cellar = SimulatedPlex(machine_id="cellar", now=lambda: stage.clock.now().wall_s, speed=SPEED)
    plex_tv = SimulatedPlexTv(cellar)
    settings = {
        "PLEX_POLL_SECONDS": "20", "END_GRACE_SECONDS": "60", "POSITION_SLACK_SECONDS": "300",
        "USHER_KEYS": KEY, "ALLOW_PRIVATE_PLEX": "true", "PLEX_TV_URL": plex_tv.url,
    }  # fmt: skip
    stage = ServiceStage(tmp_path / "data", speed=SPEED, party_user=HOST, evening=evening(), **settings)
    with cellar, plex_tv, stage:
        people = stage.discord.at(stage.discord.add_guild("Sunday Matinee"))
        manager = Manager(stage, people, plex_tv)
        manager.set_up()
        manager.wait(lambda: "stats" in stage.discord.list_commands(people.guild.id), "its commands")
        stage.plex.play(HOST, OURS)
        cellar.play(HOST, THEIRS)
        manager.wait(lambda: OURS in read_posts(stage.discord), "the film of the one")
        manager.wait(lambda: THEIRS in read_posts(people), "the film of the other")
        assert stage.discord.activity_name == ""
        for plex in (stage.plex, cellar):
            plex.stop_all()
        ours = manager.ask(stage.discord, "!history", OURS)
        theirs = manager.ask(people, "!history", THEIRS)
        assert THEIRS not in ours + read_posts(stage.discord)
        assert OURS not in theirs + read_posts(people)
        assert "Verlauf" in theirs and "Verlauf" not in ours
        assert "settings" in manager.ask(people, "!audit", "settings")
        people.take_server_away(removed=True)
        manager.wait(lambda: "is not in the server" in manager.read_health(), "its row of the health log")
        assert OURS in manager.ask(stage.discord, "!history", OURS)
        assert stage.stop_service()[0] == 0
        log = stage.service_log()
    assert "Traceback" not in log
    assert cellar.token not in log
    assert KEY not in log
    folder = stage.data_dir / "communities" / str(people.guild.id)
    assert THEIRS in (folder / "watch_history.json").read_text(encoding="utf-8")
    assert THEIRS not in (stage.data_dir / "watch_history.json").read_text(encoding="utf-8")
