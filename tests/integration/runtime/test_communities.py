"""Actors of further communities: several in one process, each separate, over a shared socket."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.address import join_address, shared_endpoint
from actors.registry import find_actor, shared_endpoints
from actors.runtime import ActorUnavailable, AskTimeout, Clock, Context, Endpoint
from actors.runtime.communities.host import CommunityHost
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.process import make_endpoint
from actors.runtime.restarts.restart_policy import RestartTimings
from actors.runtime.transport.addressed_frames import AddressedTransport
from actors.runtime.transport.factory import create_network
from config import Settings
from messages import Community, CommunityActorDown, GetSaveStatus, SaveNow, SuggestTitles, TitlesSuggested
from messages.envelope import Heartbeat
from tests.deadlines import WITHIN_S
from tests.integration.runtime.process_actors import Player, watch

QUICK = RestartTimings(first_retry_s=0.02, longest_retry_s=0.05, crash_limit=20)
ANN, BEA = "1001", "1002"


class Town:
    """The processes `tracker` and `persistence` in one, each with its main actor and its further communities; and the
    launcher's endpoint, which the test pumps."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._network = create_network(("launcher", "tracker", "persistence", *shared_endpoints()))
        transport = AddressedTransport("launcher", self._network.transport("launcher"))
        self.launcher: Endpoint = make_endpoint("launcher", transport, data_dir)
        self.told: list[CommunityActorDown] = []
        self.hosts = {name: self._start_main(name) for name in ("persistence", "tracker")}

    def _start_main(self, name: str) -> CommunityHost:
        settings = Settings(data_dir=str(self.data_dir))
        host = CommunityHost(find_actor(name), Player, settings, self._network.spec, QUICK)
        letters = DeadLetters(self.data_dir / "logs" / "dead_letters.jsonl", name)
        endpoint = Endpoint(name, self._network.transport(name), letters)
        Player.start(Context(endpoint, settings, Clock(), self.data_dir, host=host))
        return host

    def serve(self, *communities: Community) -> None:
        """Have both processes host these communities, and wait until each of their actors answers."""
        for host in self.hosts.values():
            host.main.endpoint.submit(functools.partial(host.apply, communities))
        for community in communities:
            for name in self.hosts:
                self.await_heartbeat(join_address(name, community.guild_id))

    def await_heartbeat(self, address: str) -> Heartbeat:
        """Ping an actor until it answers that it is ready."""
        until_s = time.monotonic() + WITHIN_S
        while time.monotonic() < until_s:
            future = self.launcher.ping(address)
            self.pump_until(future.done, 0.3)
            if future.done() and future.result().ready:
                return future.result()
        raise AssertionError(f"{address} does not answer")

    def pump_until(self, condition: Callable[[], object], within_s: float = WITHIN_S) -> bool:
        """Pump the launcher's endpoint until something is so; return whether it is."""
        until_s = time.monotonic() + within_s
        while not condition() and time.monotonic() < until_s:
            self.launcher.pump(0.01)
            while (incoming := self.launcher.mailbox.get()) is not None:
                self._hear(incoming)
        return bool(condition())

    def _hear(self, incoming: ReceivedMessage) -> None:
        assert isinstance(incoming.message, CommunityActorDown)
        self.told.append(incoming.message)

    def lines(self, community: str, what: str) -> list[str]:
        """What an actor of a community noted in its folder."""
        file = self.data_dir / "communities" / community / what
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def close(self) -> None:
        """Stop the main actors and all that they host."""
        for host in self.hosts.values():
            host.main.stop_in_order()
            assert host.main.terminated.wait(WITHIN_S)
            host.finish_stop(WITHIN_S)
        self.launcher.close()
        self._network.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Two processes and the launcher."""
    with contextlib.closing(Town(tmp_path)) as opened:
        yield opened


def community(guild_id: str, **settings: str) -> Community:
    """A community of that server."""
    return Community(guild_id, f"Club {guild_id}", settings)


def test_each_community_has_actors_and_folder_of_its_own(town: Town) -> None:
    """Two with the same words: each hears its own alone, and the environment's hears neither."""
    town.serve(community(ANN), community(BEA))
    town.launcher.tell(f"tracker@{ANN}", SaveNow("for ann"))
    town.launcher.tell(f"tracker@{BEA}", SaveNow("for bea"))
    assert town.pump_until(lambda: town.lines(ANN, f"tracker@{ANN}.told") and town.lines(BEA, f"tracker@{BEA}.told"))
    assert town.lines(ANN, f"tracker@{ANN}.told") == ["for ann"]
    assert town.lines(BEA, f"tracker@{BEA}.told") == ["for bea"]
    assert not (town.data_dir / "tracker.told").exists()


def test_actors_of_a_community_reach_one_another(town: Town) -> None:
    """A question to persistence goes to the one of the asker's community."""
    town.serve(community(ANN))
    town.launcher.tell(f"tracker@{ANN}", SaveNow("ask persistence"))
    assert town.pump_until(lambda: town.lines(ANN, f"tracker@{ANN}.told"))
    assert town.lines(ANN, f"tracker@{ANN}.told") == [repr(TitlesSuggested(("Nos",)))]


def test_the_launcher_asks_and_is_answered(town: Town) -> None:
    """As the command line does for a community that is named."""
    town.serve(community(ANN))
    answer = town.launcher.ask_future(f"persistence@{ANN}", SuggestTitles("Dune"))
    assert town.pump_until(answer.done)
    assert answer.result() == TitlesSuggested(("Dune",))


def test_a_kept_message_is_handled_once_despite_a_crash(town: Town) -> None:
    """Only the community's actor is restarted and gets waiting messages; no other community notices."""
    town.serve(community(ANN), community(BEA))
    before = town.await_heartbeat(f"tracker@{BEA}")
    town.launcher.tell(f"tracker@{ANN}", SaveNow("crash"))
    town.launcher.tell(f"tracker@{ANN}", watch("w1"))
    assert town.pump_until(lambda: town.lines(ANN, f"tracker@{ANN}.told") == ["w1"])
    assert town.pump_until(lambda: not town.launcher.count_unacknowledged())
    assert town.pump_until(lambda: town.told)
    [down] = town.told
    assert (down.actor, down.problem.code, down.is_failed) == (f"tracker@{ANN}", "process.actor_crashed", False)
    assert town.await_heartbeat(f"tracker@{BEA}").pid == before.pid
    assert not town.lines(BEA, f"tracker@{BEA}.saved"), "it was not stopped"


def test_changed_settings_restart_an_actor(town: Town) -> None:
    """After an ordered stop; equal settings do not restart it."""
    town.serve(community(ANN))
    town.serve(community(ANN))
    assert not town.lines(ANN, f"tracker@{ANN}.saved")
    town.serve(community(ANN, WATCHED_PERCENT="55"))
    assert town.pump_until(lambda: len(town.lines(ANN, f"tracker@{ANN}.saved")) == 1)
    town.await_heartbeat(f"tracker@{ANN}")


def test_a_removed_community_is_stopped_in_order(town: Town) -> None:
    """Its actors save, and then nobody answers; its folder stays."""
    town.serve(community(ANN), community(BEA))
    town.serve(community(BEA))
    assert town.pump_until(lambda: town.lines(ANN, f"tracker@{ANN}.saved"))
    assert town.pump_until(lambda: town.lines(ANN, f"persistence@{ANN}.saved"))
    answer = town.launcher.ask_future(f"persistence@{ANN}", GetSaveStatus(), 0.3)
    assert town.pump_until(answer.done)
    assert isinstance(answer.exception(), AskTimeout | ActorUnavailable)
    town.await_heartbeat(f"persistence@{BEA}")


def test_a_stop_ends_every_actor_once(town: Town) -> None:
    """None is restarted while the process stops."""
    town.serve(community(ANN), community(BEA))
    host = town.hosts["tracker"]
    host.begin_stop()
    host.main.stop_in_order()
    assert host.main.terminated.wait(WITHIN_S)
    host.finish_stop(WITHIN_S)
    for one in (ANN, BEA):
        assert len(town.lines(one, f"tracker@{one}.saved")) == 1


def test_an_actor_that_refuses_to_start_says_why(town: Town) -> None:
    """The launcher gets the reason; the others run."""
    folder = town.data_dir / "communities" / ANN
    folder.mkdir(parents=True)
    (folder / f"tracker@{ANN}.start").write_text("refuse")
    for host in town.hosts.values():
        host.main.endpoint.submit(functools.partial(host.apply, [community(ANN)]))
    assert town.pump_until(lambda: town.told)
    assert town.told[0].is_failed and "corrupt" in str(town.told[0].problem)
    town.await_heartbeat(f"persistence@{ANN}")


def test_an_unknown_kind_of_actor_is_refused_at_once(town: Town) -> None:
    """One that communities do not have."""
    answer = town.launcher.ask_future(f"web@{ANN}", GetSaveStatus())
    assert town.pump_until(answer.done)
    assert isinstance(answer.exception(), ActorUnavailable)
    assert shared_endpoint("plex-2@7") == "plex@"
