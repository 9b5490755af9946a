"""What `run.py record` writes: nothing that identifies anybody, and all that the scenario tests need to play it."""

import io
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from rich.console import Console

from actors.media.plex.client import PlexClient
from actors.media.plex.http import BoundedSession
from actors.media.plex.scrubber import Scrubber
from actors.media.plex.session_parser import read_sessions
from actors.runtime import Clock
from actors.runtime.clock import Pace
from config import Settings
from launcher.commands import record
from simulator.plex import ODDITIES, PHONE, TELEVISION, SimulatedPlex
from tests.deadlines import WITHIN_S
from tests.nights.observations import SERVER
from tests.scenarios.play import ScenarioPlayer, offline_server, read

SPEED = 60.0
PRIVATE = """<MediaContainer size="1" identifier="com.secret.place">
<Video type="movie" sessionKey="7" ratingKey="42" key="/library/metadata/42?X-Plex-Token=tok-123" title="Heat | Part 1"
 viewOffset="60000" duration="7200000" file="/home/anton/Heat.mkv" art="/a?X-Plex-Token=tok-123">
<Media duration="7200000" selected="1"><Part file="/home/anton/Heat.mkv" key="/library/parts/1"/></Media>
<User id="4711" title="Anton Gruber" thumb="https://plex.tv/users/abc/avatar"/>
<Player machineIdentifier="9f3aab" title="Anton's phone" product="Plex for iOS" address="192.168.7.9"
 remotePublicAddress="203.0.113.9" state="playing" userID="4711"/>
<Session id="sess-99" bandwidth="1" location="lan"/><Director tag="Michael Mann"/>
</Video></MediaContainer>"""


def parse_xml(text: str) -> Element:
    """A text as XML."""
    return fromstring(text)  # noqa: S314  # written in this file, or by the recorder


def test_nothing_private_is_recorded() -> None:
    """Names, ids, addresses, paths and tokens are gone; what a watch is made of is there."""
    shown = Scrubber(("tok-123", "192.168.7.9")).sessions(parse_xml(PRIVATE))
    for private in ("Anton", "anton", "Gruber", "4711", "9f3aab", "sess-99", "192.168", "203.0", "tok-123", "plex.tv"):
        assert private not in shown
    session = parse_xml(shown)[0]
    assert (session.get("title"), session.get("viewOffset"), session.get("key")) == (
        "Heat | Part 1",
        "60000",
        "/library/metadata/42",
    )
    assert [child.tag for child in session] == ["Media", "User", "Player", "Session", "Director"]
    assert "\n" not in shown


def test_pseudonyms_are_stable_and_tell_people_apart() -> None:
    """The same account, player and session have the same names all through; the owner and nobody stay who they are."""
    scrubber = Scrubber()

    def users(*accounts: tuple[str, str]) -> list[tuple[str | None, str | None]]:
        inner = "".join(f'<Video><User id="{number}" title="{name}"/></Video>' for number, name in accounts)
        shown = parse_xml(scrubber.sessions(parse_xml(f"<MediaContainer>{inner}</MediaContainer>")))
        return [(user.get("id"), user.get("title")) for user in shown.iter("User")]

    assert users(("4711", "Anton"), ("1", "Rosa"), ("0", "")) == [("1001", "account-1"), ("1", "account-2"), ("0", "")]
    assert users(("4712", "Berta"), ("4711", "Anton")) == [("1002", "account-3"), ("1001", "account-1")]


def test_alerts_are_reduced_to_what_happened() -> None:
    """Session, state and position of a playing alert stay; other alerts are left out."""
    entry = {"sessionKey": "7", "state": "stopped", "ratingKey": "42", "viewOffset": 1, "clientIdentifier": "9f3aab"}
    shown = Scrubber().alert({"type": "playing", "size": 1, "PlaySessionStateNotification": [entry]})
    assert '"state": "stopped"' in shown
    assert "9f3aab" not in shown
    assert Scrubber().alert({"type": "timeline", "TimelineEntry": [{"title": "Heat"}]}) == ""
    assert Scrubber().alert("nonsense") == ""


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.002)


def wait_for_polls(recorder: record.Recorder, more: int) -> None:
    """Wait until it has polled that often again."""
    enough = recorder.polls + recorder.failed + more
    wait_until(lambda: recorder.polls + recorder.failed >= enough, f"{more} polls more")


def record_evening(
    plex: SimulatedPlex, clock: Clock, file: Path, evening: Sequence[tuple[float, Callable[[], object]]]
) -> tuple[record.Recorder, float]:
    """Record an evening: at each time (seconds of the recording) something is done to the server, and two polls follow.

    Return the recorder, and when the last thing was done.
    """
    settings = Settings(plex_url=plex.url, plex_token=plex.token, plex_poll_seconds=10.0)
    done_s = 0.0
    with file.open("w", encoding="utf-8") as out:
        recorder = record.Recorder(settings, out, clock)
        began_s = clock.now().steady_s
        thread = threading.Thread(target=recorder.run, args=(None,))
        thread.start()
        for at_s, act in evening:
            while (done_s := clock.now().steady_s - began_s) < at_s:
                time.sleep(0.002)
            act()
            wait_for_polls(recorder, 2)
        recorder.stop()
        thread.join(WITHIN_S)
        assert not thread.is_alive()
    return recorder, done_s


def test_a_recording_is_played_to_its_records(tmp_path: Path) -> None:
    """From a server over real HTTP and websocket into a file, and from the file to the records: an outage included."""
    clock = Clock(Pace.starting_now(SPEED, 1_795_000_000.0))
    file = tmp_path / "evening.txt"
    with SimulatedPlex(now=lambda: clock.now().wall_s, speed=SPEED) as plex:
        film = plex.play("Anton", "Metropolis", TELEVISION)
        other = plex.play("Berta", "Alien", PHONE, at_ms=600_000)

        def stop_film() -> None:
            wait_until(lambda: plex.listener_count == 1, "somebody hears of it")
            plex.stop_session(film)
            wait_until(lambda: '"state": "stopped"' in file.read_text(encoding="utf-8"), "the alert is recorded")

        evening = [
            (100.0, lambda: plex.pause(other)),
            (130.0, lambda: plex.set_fault("status", code=503)),
            (180.0, plex.heal),
            (240.0, stop_film),
        ]
        recorder, stopped_s = record_evening(plex, clock, file, evening)
        secrets = (plex.token, plex.url, "127.0.0.1", "Anton", "Berta", "4711", TELEVISION.machine_id)
    text = file.read_text(encoding="utf-8")
    assert [secret for secret in secrets if secret in text] == []
    assert recorder.polls > 5
    assert recorder.failed > 1
    assert re.search(r"^[\d:.]+ +\| plex +\| failed server_error$", text, re.MULTILINE)
    outcome = ScenarioPlayer(read(file)).play()
    (ended,) = outcome.records.values()
    assert (ended.username, ended.item.title, ended.end_reason) == ("account-1", "Metropolis", "stopped")
    assert ended.playing_s == pytest.approx(stopped_s, abs=40)
    assert ended.coverage_ms / 1000 == pytest.approx(stopped_s, abs=40)
    (runs,) = outcome.engine.running_watches()
    assert (runs.username, runs.item.title, runs.state) == ("account-2", "Alien", "paused")


@pytest.mark.parametrize("oddity", ODDITIES)
def test_unusual_sessions_are_recorded_as_they_are(oddity: str) -> None:
    """What makes a session hard to read is still there when it is played."""

    with SimulatedPlex() as plex:
        plex.distort(plex.play("Anton", "Metropolis", TELEVISION, at_ms=60_000), oddity)
        source = PlexClient(plex.url, plex.token, BoundedSession(plex.url))
        source.connect()
        container = source.fetch_sessions()
        shown = parse_xml(Scrubber((plex.token,)).sessions(container))
        truly = source.parse_sessions(container)
        source.close()
    played = read_sessions(shown, offline_server())
    assert len(played.playbacks) == len(truly.playbacks)
    assert played.unreadable == truly.unreadable
    for there, here in zip(truly.playbacks, played.playbacks, strict=True):
        assert (here.session_key, here.state, here.position_ms) == (there.session_key, there.state, there.position_ms)
        assert (here.item.title, here.item.duration_ms) == (there.item.title, there.item.duration_ms)
        assert here.item.server_id == SERVER
        assert bool(here.account_id) == bool(there.account_id)


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    """It names the file, counts, never writes over one, and says why nothing could be recorded."""
    said = io.StringIO()
    console = Console(file=said, width=200)
    file = tmp_path / "evening.txt"
    with SimulatedPlex() as plex:
        settings = Settings(plex_url=plex.url, plex_token=plex.token, plex_poll_seconds=0.1)
        assert record.main(settings, file, 0.01, console) == 0
        assert record.main(settings, file, 0.01, console) == 1
        refused = Settings(plex_url=plex.url, plex_token="wrong", plex_poll_seconds=0.1)
        assert record.main(refused, tmp_path / "refused.txt", 0.01, console) == 1
    assert record.main(Settings(), tmp_path / "none.txt", 0.01, console) == 1
    assert record.main(settings, tmp_path / "none.txt", -1.0, console) == 1
    text = said.getvalue()
    for part in (
        "polls in",
        "File exists): name another file",
        "refuses the token",
        "No Plex server is set",
        "--minutes",
    ):
        assert part in text
    assert not (tmp_path / "none.txt").exists()
