"""Two further communities beside the environment's, in real processes, keep their data apart through kills."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.media.sealing import TokenSealer, make_key
from config import PlexServer, write_servers
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import GetHealth, GetHistory, ListActiveWatches, RemoveCommunity, SaveCommunity
from simulator.nights.stage import ServiceStage
from simulator.plex import SimulatedAccount, SimulatedPlex
from tests.nights.evidence import evening

pytestmark = pytest.mark.slow

FILM, MINUTES = "An Evening's Film", 60
SPEED, WITHIN_S = 120.0, 60.0
SETTINGS = {"PLEX_POLL_SECONDS": "20", "END_GRACE_SECONDS": "240", "POSITION_SLACK_SECONDS": "300"}


class Club:
    """A further community with a Discord server, a Plex server and one viewer, who has an account on that one alone."""

    def __init__(self, stage: ServiceStage, plex: SimulatedPlex, sealer: TokenSealer, viewer: str) -> None:
        self.stage, self.plex, self.viewer = stage, plex, viewer
        guild = stage.discord.add_guild(f"{viewer}'s club")
        self.guild_id = str(guild.id)
        self.folder = stage.data_dir / "communities" / self.guild_id
        channel = next(channel.id for channel in guild.channels.values() if channel.kind == 0)
        token = sealer.seal(plex.token, self.guild_id, plex.machine_id)
        chosen = {
            "DISCORD_ANNOUNCE_CHANNEL_ID": str(channel),
            "PLEX_SERVERS": write_servers([PlexServer(plex.url, token, plex.name, plex.machine_id)]),
        }
        with ServiceClient(stage.data_dir) as service:
            service.ask(SaveCommunity(self.guild_id, guild.name, chosen, "a test"))

    def play(self) -> None:
        """Have the viewer begin the film."""
        self.plex.play(SimulatedAccount(77, self.viewer), self.plex.add_movie(FILM, minutes=MINUTES))

    def are_running(self) -> bool:
        """Whether each of its four actors runs, as the launcher says."""
        with contextlib.suppress(NotReachedError), ServiceClient(self.stage.data_dir) as service:
            rows = service.ask(GetHealth()).actors
            return [row.state for row in rows if row.actor.endswith(f"@{self.guild_id}")] == ["running"] * 4
        return False

    def watching(self) -> list[str]:
        """Who watches now, as its tracker says."""
        with contextlib.suppress(NotReachedError), ServiceClient(self.stage.data_dir, self.guild_id) as service:
            return [watch.username for watch in service.ask(ListActiveWatches()).watches]
        return []

    def history(self) -> list[tuple[str, str]]:
        """Who saw what, as its persistence says."""
        with contextlib.suppress(NotReachedError), ServiceClient(self.stage.data_dir, self.guild_id) as service:
            return [(record.username, record.item.title) for record in service.ask(GetHistory()).records]
        return []


@pytest.fixture
def clubs(tmp_path: Path) -> Iterator[list[Club]]:
    """Two further communities of a service whose environment has one too; all of their actors run."""
    key = make_key()
    settings = {**SETTINGS, "USHER_KEYS": key, "ALLOW_PRIVATE_PLEX": "true"}
    with contextlib.ExitStack() as opened:
        stage = ServiceStage(tmp_path / "data", speed=SPEED, party_user="nobody", evening=evening(), **settings)
        opened.enter_context(stage)
        made, clock = [], stage.clock
        for viewer in ("Ann", "Bea"):
            plex = SimulatedPlex(name=viewer, machine_id=f"of-{viewer}", now=lambda: clock.now().wall_s, speed=SPEED)
            plex.start()
            opened.callback(plex.stop)
            made.append(Club(stage, plex, TokenSealer((key,)), viewer))
        for club in made:
            stage.wait_for(club.are_running, WITHIN_S, f"the actors of {club.viewer} run")
        yield made


def test_communities_keep_their_records_apart_through_kills(clubs: list[Club]) -> None:
    """Three watch at once, and processes are killed; each film is one record, only in its own store and folder."""
    ann, bea = clubs
    stage = ann.stage
    stage.plex.play("Rosa", stage.plex.add_movie(FILM, minutes=MINUTES))
    ann.play()
    bea.play()
    stage.wait_for(lambda: ann.watching() == ["Ann"] and bea.watching() == ["Bea"], WITHIN_S, "both watches are known")
    for actor in ("tracker", "persistence", "plex"):
        stage.kill(actor)
        stage.wait_for(lambda: ann.are_running() and bea.are_running(), WITHIN_S, f"all run again without {actor}")
    stage.wait_for(lambda: bool(ann.history() and bea.history() and stage.history()), WITHIN_S, "three records")
    assert (ann.history(), bea.history()) == ([("Ann", FILM)], [("Bea", FILM)])
    assert [record["username"] for record in stage.history()] == ["Rosa"]
    for club in clubs:
        copy = json.loads((club.folder / "watch_history.json").read_text(encoding="utf-8"))
        assert [record["username"] for record in copy] == [club.viewer]


def test_a_removed_community_keeps_its_data(clubs: list[Club]) -> None:
    """Its actors stop, the other's continue; added again, it has its records."""
    ann, bea = clubs
    with ServiceClient(ann.stage.data_dir) as service:
        left = service.ask(RemoveCommunity(ann.guild_id, "a test")).communities
    assert [community.guild_id for community in left] == [bea.guild_id]
    ann.stage.wait_for(lambda: not ann.are_running() and bea.are_running(), WITHIN_S, "one of them is gone")
    assert (ann.folder / "usher.db").exists()
