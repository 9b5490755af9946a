"""The poller against a simulated Plex server, over real sockets, through the real PlexAPI."""

import bisect
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from actors.media.plex.actor import PollDue, select_server
from actors.runtime import FatalStartupError
from config import PlexServer, Settings
from messages import FindHistory, HistoryFound, PlaybackSnapshot, PollFailed
from simulator.plex import MEMBER_TOKEN, ODDITIES, OLD_MEMBER_TOKEN, PHONE, TELEVISION, SimulatedPlex
from tests.integration.plex.poller_fixture import HastyPoller, Rig, until

SESSIONS = "/status/sessions"
POLL_S = 0.1


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server where nobody watches anything."""
    with SimulatedPlex() as server:
        yield server


@pytest.fixture
def rig(plex: SimulatedPlex, tmp_path: Path) -> Iterator[Rig]:
    """A poller of that server, polling ten times a second."""
    with Rig(settings_for(plex), tmp_path) as running:
        yield running


def settings_for(plex: SimulatedPlex, token: str = "", poll_s: float = POLL_S) -> Settings:
    """Settings to poll this server."""
    return Settings(plex_url=plex.url, plex_token=token or plex.token, plex_poll_seconds=poll_s)


def titles(snapshot: PlaybackSnapshot) -> list[str]:
    """Return what is playing."""
    return [playback.item.title for playback in snapshot.playbacks]


def test_a_session_is_reported(plex: SimulatedPlex, rig: Rig) -> None:
    """Who plays what, on which player and at which position, with the server's identity."""
    plex.play("Anton", "Metropolis", TELEVISION, at_ms=60_000)
    snapshot = rig.snapshot(lambda told: told.playbacks)
    (playback,) = snapshot.playbacks
    assert (snapshot.server_id, snapshot.server_name, snapshot.poller) == (plex.machine_id, plex.name, "plex")
    assert (playback.account_id, playback.account_name, playback.state) == ("4711", "Anton", "playing")
    assert (playback.item.title, playback.item.year) == ("Metropolis", 1927)
    assert playback.position_ms == 60_000
    assert abs(snapshot.taken.wall_s - time.time()) < 5


def test_one_request_a_poll(plex: SimulatedPlex, rig: Rig) -> None:
    """Ten polls of sessions with every oddity cost ten requests, and GET / once."""
    for oddity in ODDITIES:
        session = plex.play("Anton", "Metropolis", TELEVISION)
        plex.distort(session, oddity)
    plex.play("Berta", "The Late Film Club", PHONE)
    rig.snapshot(lambda told: len(told.playbacks) + len(told.unreadable) == len(ODDITIES) + 1)
    until(lambda: plex.listener_count, "the websocket to open")
    plex.forget_requests()
    for _ in range(10):
        rig.snapshot()
    paths = [request.path for request in plex.requests]
    assert set(paths) == {SESSIONS}
    assert 10 <= len(paths) <= 12


@pytest.mark.parametrize("oddity", ODDITIES)
def test_one_odd_session_costs_no_other(plex: SimulatedPlex, rig: Rig, oddity: str) -> None:
    """The others are reported; the odd one is reported too, or named as unreadable."""
    plex.play("Anton", "Alien", TELEVISION)
    odd = plex.play("Berta", "Metropolis", PHONE)
    plex.play("Cem", "Alien", PHONE)
    plex.distort(odd, oddity)
    snapshot = rig.snapshot(lambda told: len(told.playbacks) + len(told.unreadable) == 3)
    assert titles(snapshot).count("Alien") == 2
    broken = oddity in ("unknown_type", "no_type", "empty_keys", "text_keys")
    assert bool(snapshot.unreadable) == broken


def test_250_sessions_are_all_reported(plex: SimulatedPlex, rig: Rig) -> None:
    """PlexAPI's page size of 100 is no limit, and causes no further requests."""
    plex.set_fault("many_sessions", paths=(SESSIONS,), size=250)
    snapshot = rig.snapshot(lambda told: told.playbacks)
    assert len({playback.session_key for playback in snapshot.playbacks}) == 250


FAULTS = [
    ("refuse", {}, "refused"),
    ("hang", {}, "timeout"),
    ("slow", {"seconds": 3.0}, "timeout"),
    ("status", {"code": 401}, "unauthorized"),
    ("status", {"code": 403}, "forbidden"),
    ("status", {"code": 404}, "not_found"),
    ("status", {"code": 500}, "server_error"),
    ("status", {"code": 503}, "server_error"),
    ("status", {"code": 520}, "server_error"),
    ("html", {}, "garbage"),
    ("truncated", {}, "garbage"),
    ("empty", {}, "garbage"),
    ("no_content", {}, "garbage"),
    ("entity_bomb", {}, "garbage"),
    ("huge", {"size": 80 * 2**20}, "too_large"),
    ("many_sessions", {"size": 2001}, "too_large"),
    ("endless_redirect", {}, "redirected"),
    ("redirect", {"location": "http://127.0.0.1:9/login"}, "redirected"),
]


@pytest.mark.parametrize(("kind", "details", "named"), FAULTS, ids=[f"{kind}-{named}" for kind, _, named in FAULTS])
def test_every_fault_is_named_and_passes(
    plex: SimulatedPlex, rig: Rig, kind: str, details: dict[str, object], named: str
) -> None:
    """The tracker gets its kind and its cure; health shows it, and clears when it is over."""
    plex.play("Anton", "Alien", TELEVISION)
    rig.snapshot(lambda told: told.playbacks)
    plex.set_fault(kind, paths=(SESSIONS,), **details)  # type: ignore[arg-type]  # the table has the simulator's own words
    failed = rig.failure()
    assert (failed.kind, failed.server_id, failed.poller) == (named, plex.machine_id, "plex")
    assert f"127.0.0.1:{plex.port}" in failed.detail
    assert plex.token not in failed.detail
    until(lambda: rig.degraded == failed.detail, "the failure in health")
    plex.heal()
    snapshot = rig.snapshot(lambda told: told.taken.steady_s > failed.at.steady_s)
    assert titles(snapshot) == ["Alien"]
    until(lambda: rig.degraded == "", "health to recover")


@pytest.mark.parametrize("kind", ["no_charset", "control_entity", "raw_control"])
def test_invalid_bytes_in_a_title_cost_no_session(plex: SimulatedPlex, rig: Rig, kind: str) -> None:
    """Neither the other sessions nor this one."""
    plex.play("Dörte", "Alien", TELEVISION)
    plex.play("Anton", "Metropolis", PHONE)
    plex.set_fault(kind, paths=(SESSIONS,))  # type: ignore[arg-type]  # as above
    snapshot = rig.snapshot(lambda told: len(told.playbacks) == 2)
    assert snapshot.playbacks[0].account_name == "Dörte"
    assert not [message for message in rig.heard if isinstance(message, PollFailed)]


@pytest.mark.parametrize(("token", "kind"), [(MEMBER_TOKEN, "forbidden"), (OLD_MEMBER_TOKEN, "unauthorized")])
def test_a_members_token_is_not_enough(plex: SimulatedPlex, tmp_path: Path, token: str, kind: str) -> None:
    """Both generations of servers are recognised, and the cure is named."""
    with Rig(settings_for(plex, token), tmp_path) as rig:
        failed = rig.failure()
    assert failed.kind == kind
    assert "sign in to Plex Web as the server's owner" in failed.detail
    assert token not in failed.detail


def test_a_refused_token_is_tried_ever_less_often(plex: SimulatedPlex, tmp_path: Path) -> None:
    """Up to six times less often, because only a person can correct it. A busy machine leaves turns out."""
    turns: list[float] = []

    class CountedPoller(HastyPoller):
        """Notes when it was its turn to poll."""

        def handlers(self) -> Mapping[type[Any], Callable[[Any], Any]]:
            known = super().handlers()

            def note_turn(due: PollDue) -> None:
                turns.append(self.context.clock.now().steady_s)
                known[PollDue](due)

            return {**known, PollDue: note_turn}

    with Rig(settings_for(plex, "wrong-token"), tmp_path, poller=CountedPoller) as rig:
        for _ in range(5):
            rig.failure("unauthorized")
    times = [message.at.steady_s for message in rig.heard if isinstance(message, PollFailed)]
    used = [bisect.bisect(turns, at_s) for at_s in times]
    assert used == [1, 2, 4, 8, 14], "the gaps are 1, 2, 4 and 6 turns"
    early_s = [number * POLL_S - (at_s - turns[0]) for number, at_s in enumerate(turns)]
    assert max(early_s) < POLL_S, "turns are on a grid, at most late"


def test_a_failure_is_logged_when_it_changes(plex: SimulatedPlex, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Many failed polls are one line, and so is the end of them; no line has the token."""
    caplog.set_level(logging.DEBUG)
    rig.snapshot()
    plex.set_fault("status", code=503)
    for _ in range(5):
        rig.failure("server_error")
    plex.heal()
    rig.snapshot()
    until(lambda: "answers again" in caplog.text, "the line of recovery")
    assert caplog.text.count("HTTP 503") == 1
    assert plex.token not in caplog.text


def test_slow_answers_do_not_delay_later_polls(plex: SimulatedPlex, rig: Rig) -> None:
    """Polls stay on their schedule: there is no drift."""
    plex.set_fault("slow", paths=(SESSIONS,), seconds=0.04)
    taken = [rig.snapshot().taken.steady_s for _ in range(12)]
    # Polls that each began after the last answer would each be 0.04 s later; a busy machine makes some late, not all.
    late_s = [at_s - taken[0] - number * POLL_S for number, at_s in enumerate(taken)]
    assert min(late_s[6:]) < 6 * 0.04 / 2


def test_a_restarted_server_is_the_same(plex: SimulatedPlex, rig: Rig) -> None:
    """Its keys begin again at 1; its identity stays."""
    plex.play("Anton", "Alien", TELEVISION, session_key=450)
    before = rig.snapshot(lambda told: told.playbacks)
    plex.restart()
    after = rig.snapshot(lambda told: told.playbacks and told.playbacks[0].session_key == "1")
    assert before.server_id == after.server_id


def test_another_server_at_the_same_address_is_another(
    plex: SimulatedPlex, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Its sessions come under its own identity, and the log says so."""
    caplog.set_level(logging.WARNING)
    rig.snapshot()
    plex.stop()
    rig.failure("refused")
    with SimulatedPlex(port=plex.port, machine_id="another", name="Another box"):
        snapshot = rig.snapshot(lambda told: told.server_id == "another")
    assert snapshot.server_name == "Another box"
    assert "Another Plex server" in caplog.text


def test_history_is_reported_once(plex: SimulatedPlex, rig: Rig) -> None:
    """Rows of the account and item since the time, oldest first, without duplicates, in UTC."""
    now_s = 1_790_000_000.0
    alien = plex.library["Alien"]
    for account, title, at_s in [
        ("Anton", "Alien", now_s),
        ("Anton", "Alien", now_s + 1),
        ("Anton", "Alien", now_s + 59),
        ("Anton", "Alien", now_s + 7200),
        ("Anton", "Alien", now_s - 100),
        ("Berta", "Alien", now_s + 10),
        ("Anton", "Metropolis", now_s + 10),
    ]:
        plex.add_history(account, title, TELEVISION, viewed_at_s=int(at_s))
    rig.snapshot()
    rig.tracker.tell("plex", FindHistory("w1", plex.machine_id, "4711", str(alien.rating_key), now_s - 5))
    found = rig.hear(HistoryFound)
    assert (found.watch_id, found.failed) == ("w1", "")
    assert [row.viewed_at_s for row in found.rows] == [now_s, now_s + 7200]
    assert {(row.account_id, row.rating_key) for row in found.rows} == {("4711", str(alien.rating_key))}


@pytest.mark.parametrize("server", ["right", "wrong"])
def test_a_failed_history_request_says_why(plex: SimulatedPlex, rig: Rig, server: str) -> None:
    """A fault of the server, or another server than the watch's: there is always an answer."""
    rig.snapshot()
    if server == "right":
        plex.set_fault("status", paths=("/status/sessions/history",), code=500)
    server_id = plex.machine_id if server == "right" else "gone"
    rig.tracker.tell("plex", FindHistory("w1", server_id, "4711", "1001", 0.0))
    found = rig.hear(HistoryFound)
    assert found.rows == ()
    assert ("HTTP 500" if server == "right" else "another Plex server") in found.failed
    rig.snapshot()


def test_history_while_plex_is_away_is_answered_at_once(plex: SimulatedPlex, rig: Rig) -> None:
    """Forty questions to a server that hangs do not wait forty times."""
    rig.snapshot()
    plex.set_fault("hang")
    rig.failure("timeout")
    began_s = time.monotonic()
    for number in range(40):
        rig.tracker.tell("plex", FindHistory(f"w{number}", plex.machine_id, "4711", "1001", 0.0))
    rig.hear(HistoryFound, lambda found: found.watch_id == "w39")
    answers = [message for message in rig.heard if isinstance(message, HistoryFound)]
    assert len(answers) == 40
    assert all(found.failed for found in answers)
    assert time.monotonic() - began_s < 6


def test_each_poller_has_its_server() -> None:
    """plex asks the first, plex-2 the second; a name without a server refuses to start."""
    second = PlexServer("http://127.0.0.2:1", "b")
    both = Settings(plex_url="http://127.0.0.1:1", plex_token="a", plex_servers=(second,))
    assert select_server("plex", both) == PlexServer("http://127.0.0.1:1", "a")
    assert select_server("plex-2", both) == second
    assert select_server("plex", Settings(plex_servers=(second,))) == second
    with pytest.raises(FatalStartupError, match="PLEX_URL"):
        select_server("plex-3", both)


def test_a_second_poller_sends_its_name(plex: SimulatedPlex, tmp_path: Path) -> None:
    """Questions about its server then go to that poller."""
    settings = Settings(
        plex_url="http://127.0.0.1:9",
        plex_token="x",
        plex_servers=(PlexServer(plex.url, plex.token),),
        plex_poll_seconds=POLL_S,
    )
    with Rig(settings, tmp_path, name="plex-2") as rig:
        assert rig.snapshot().poller == "plex-2"
