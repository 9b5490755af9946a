"""From a suggestion to its rating: the real Discord actor and the real store, with the test as Plex and the tracker."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.persistence.actor import Persistence
from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import (
    FilmsFound,
    FindFilms,
    GetPoster,
    Moment,
    Poster,
    ScreeningStarted,
    StartTracking,
    TrackingPlan,
    VoiceMember,
    WatchesReported,
    WatchFinished,
)
from simulator.discord.server import SimulatedDiscord
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import PEERS, Peer, Stage, answer, until
from tests.integration.discord.planned_night import PICTURE, ends, plays, screening
from tests.nights.evidence import sql
from tests.unit.discord import samples
from tests.unit.persistence.record_builders import record

FILMS = tuple(
    replace(samples.item(title, year=year), rating_key=key, thumb="/thumb", guid=f"plex://movie/{key}")
    for title, year, key in (("Metropolis", 1927, "11"), ("Brazil", 1985, "12"), ("Alien", 1979, "13"))
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, the real store, a Plex with three films, and Chiara and Björn in the voice channel."""
    network = MemoryNetwork()
    with contextlib.ExitStack() as stack:
        discord = stack.enter_context(SimulatedDiscord())
        peers = {name: Peer(network, name) for name in PEERS}
        for name in ("tracker", "launcher", "plex"):
            stack.enter_context(peers[name])
        made = Stage(discord, tmp_path / "discord", network, peers)
        (tmp_path / "store").mkdir()
        node = Endpoint("persistence", network.transport("persistence"), DeadLetters(None, "persistence"))
        settings = Settings(data_dir=str(tmp_path / "store"))
        store = Persistence.start(Context(node, settings, Clock(), tmp_path / "store"))
        stack.callback(store.stop, timeout=WITHIN_S)
        made.plex.answers[FindFilms] = lambda asked: FilmsFound(
            tuple(film for film in FILMS if asked.words.casefold() in film.title.casefold())
        )
        made.plex.answers[GetPoster] = Poster(PICTURE, "png")
        members = tuple(VoiceMember(str(discord.member(name).id), name) for name in ("Chiara", "Björn"))
        made.tracker.answers[StartTracking] = TrackingPlan((), members, "", ())
        made.tracker.node.tell("persistence", WatchesReported(Moment(time.time(), time.monotonic()), (), ()))
        yield made


def finish_watch(stage: Stage, who: str, shown: Any) -> None:
    """Let the tracker close somebody's watch in the watch party; it is stored when this returns."""
    watch = record(
        f"watch of {who}", str(stage.discord.member(who).id), shown.item, username=who, party=True,
        screening_id=shown.screening_id, started_at_s=time.time() - 7200, ended_at_s=time.time(),
    )  # fmt: skip
    stored = []
    at = Moment(time.time(), time.monotonic())
    stage.tracker.node.submit(
        lambda: stage.tracker.node.tell("persistence", WatchFinished(at, watch, 0), lambda: stored.append(True))
    )
    until(lambda: stored, f"the watch of {who} is stored")


def counts(folder: Path, member_id: int) -> list[tuple[int, int]]:
    """Votes and suggestions of a member, as the store counts them."""
    rows = sql(folder, f"SELECT votes_cast, movies_requested FROM viewers WHERE viewer_id = '{member_id}'")  # noqa: S608  # digits
    return [(row["votes_cast"], row["movies_requested"]) for row in rows]


def test_a_film_is_suggested_chosen_watched_and_rated(stage: Stage, tmp_path: Path) -> None:
    """Two suggest, three vote, one film wins, is watched together, leaves the list, and gets a rating."""
    discord, store = stage.discord, tmp_path / "store"
    with stage.acting():
        said = answer(stage, "Chiara", "!suggest Metropolis")
        assert "Added to the list." in said.text and "nobody here has seen it" in said.text
        answer(stage, "Iris", "!suggest Brazil")
        wanted = discord.click("Björn", said, "I want it too").wait_reply()
        assert "2 want it" in wanted.text
        listed = answer(stage, "Rosa", "!suggestions")
        assert "1. **Metropolis (1927)** · 2 want it" in listed.text and "Chiara and Björn" in listed.text
        discord.click("Rosa", listed, "usher:want-menu", values=[option_of(listed, "Brazil")]).wait_reply()

        card = answer(stage, "Iris", "!vote 1h")
        poll = until(lambda: [m for m in discord.messages() if m.poll is not None], "the poll")[0]
        for who, film in (("Chiara", 1), ("Björn", 1), ("Rosa", 2)):
            discord.vote(who, poll, film)
        discord.click("Iris", card, "End the vote now")
        discord.wait_for(lambda message: "🏆 Metropolis (1927) won the vote" in message.text)
        chiara = discord.member("Chiara").id
        until(lambda: counts(store, chiara) == [(1, 1)], "vote and suggestion are counted")

        shown = screening(stage, item=FILMS[0])
        assert stage.tracker.tell(ScreeningStarted(samples.NOW, shown)).wait(WITHIN_S)
        plays(stage, shown)
        night = discord.wait_for(lambda message: "🎬 Metropolis" in message.text)
        for who in ("Chiara", "Björn"):
            finish_watch(stage, who, shown)
        ends(stage, shown)
        until(lambda: len(night.controls) == 5, "the record has its buttons")
        assert "Thanks!" in discord.click("Chiara", night, "5").wait_reply().text
        discord.click("Björn", night, "2").wait_reply()
        assert "Changed from 2 to 4." in discord.click("Björn", night, "4").wait_reply().text
        assert "Only those who were there" in discord.click("Rosa", night, "1").wait_reply().text
        assert "⭐ **4.5** of 5 · 2 ratings" in answer(stage, "Rosa", "!moviestats metropolis").text
        left = answer(stage, "Rosa", "!suggestions").text
        assert "Metropolis" not in left and "Brazil (1985)" in left

        data = discord.slash("Chiara", "mydata")
        file, *_lists = until(lambda: [file for reply in data.replies for file in reply.attachments], "the file")
        document = json.loads(file.content)
        assert [rating["rating"] for rating in document["ratings"]] == [5]
        assert [vote["films"] for vote in document["votes"]] == [["Metropolis"]]
        assert document["viewers"][0]["votes_cast"] == 1


def option_of(listed: Any, title: str) -> str:
    """The value of a film in the menu of a list."""
    (menu,) = [control for control in listed.controls if control.get("custom_id") == "usher:want-menu"]
    return str(next(option["value"] for option in menu["options"] if option["label"].startswith(title)))
