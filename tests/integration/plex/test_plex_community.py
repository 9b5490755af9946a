"""The poller of a further community: it opens its sealed token, and contacts only permitted addresses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.media.plex import PlexPoller
from actors.media.plex.http import OTHERS_BODY_LIMIT, OTHERS_TREE_LIMIT
from actors.media.sealing import TokenSealer, make_key
from actors.runtime import FatalStartupError
from actors.runtime.communities.host import MEMORY_MB_EACH
from config import PlexServer, Settings, write_servers
from messages import PlaybackSnapshot
from simulator.plex import SimulatedPlex
from simulator.plex.faults import FaultKind
from tests.integration.plex.poller_fixture import Rig, until

KEY, COMMUNITY = make_key(), "123"


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex() as server:
        yield server


def settings(
    plex: SimulatedPlex, sealed: str = "", *, allowed: bool = True, keys: tuple[str, ...] = (KEY,)
) -> Settings:
    """The community's, as its process has them; `sealed`: its token, by default the server's."""
    sealed = sealed or TokenSealer([KEY]).seal(plex.token, COMMUNITY, plex.machine_id)
    servers = [PlexServer("http://127.0.0.1:9", sealed, "Away", plex.machine_id)]
    servers.append(PlexServer(plex.url, sealed, "Den", plex.machine_id))
    process = Settings(usher_keys=keys, allow_private_plex=allowed, plex_poll_seconds=0.1, plex_token="not-theirs")
    return process.for_community(COMMUNITY, {"PLEX_SERVERS": write_servers(servers)})


def test_it_polls_with_the_token_that_it_opens(
    plex: SimulatedPlex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It reports its second server to its own community's tracker; the token is in no message and no log line."""
    caplog.set_level(logging.DEBUG)
    with Rig(settings(plex), tmp_path, "plex-2@123", PlexPoller) as rig:
        snapshot = rig.hear(PlaybackSnapshot)
        assert (snapshot.server_id, snapshot.poller) == (plex.machine_id, "plex-2@123")
        assert plex.token not in caplog.text + repr(rig.heard) + repr(rig.settings)


def test_a_server_in_a_private_network_is_not_contacted(plex: SimulatedPlex, tmp_path: Path) -> None:
    """The health table says so, and what its owner can do; not one request has reached it."""
    with Rig(settings(plex, allowed=False), tmp_path, "plex-2@123", PlexPoller) as rig:
        assert "is in a private network (127.0.0.1)" in rig.failure("refused").detail
        until(lambda: "Remote Access" in rig.degraded, "the health table names it")


@pytest.mark.parametrize("case", ["another community", "another server", "plain", "no key", "another key"])
def test_a_token_that_cannot_be_opened_is_not_used(case: str, plex: SimulatedPlex, tmp_path: Path) -> None:
    """Copied from another community's row, or sealed with a lost key: it says so, and contacts no server."""
    sealer = TokenSealer([KEY])
    sealed = {
        "another community": sealer.seal(plex.token, "124", plex.machine_id),
        "another server": sealer.seal(plex.token, COMMUNITY, "another"),
        "plain": plex.token,
        "another key": TokenSealer([make_key()]).seal(plex.token, COMMUNITY, plex.machine_id),
    }
    keys = () if case == "no key" else (KEY,)
    with (
        pytest.raises(FatalStartupError, match="USHER_KEYS"),
        Rig(settings(plex, sealed.get(case, ""), keys=keys), tmp_path, "plex@123", PlexPoller),
    ):
        pytest.fail("it polls")


@pytest.mark.parametrize(("fault", "size", "said"), [
    ("huge", 3 * 2**20, f"more than {OTHERS_BODY_LIMIT} bytes"),
    ("many_sessions", 6_000, f"more than {OTHERS_TREE_LIMIT} bytes in memory"),
])  # fmt: skip
def test_the_largest_answers_fit_into_the_memory_limit(
    fault: FaultKind, size: int, said: str, plex: SimulatedPlex, tmp_path: Path
) -> None:
    """All servers answer as much as they may at once: that fits into what the limit grows by for each."""
    assert OTHERS_BODY_LIMIT + OTHERS_TREE_LIMIT < MEMORY_MB_EACH * 2**20 / 2
    with plex.with_fault(fault, size=size), Rig(settings(plex), tmp_path, "plex-2@123", PlexPoller) as rig:
        assert said in rig.failure("too_large").detail
