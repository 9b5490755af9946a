"""The page of administrators and the page of one's own: what they show, and what their forms do."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime import Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from config import Settings
from launcher.service_facts import build_service_facts, list_settings
from messages import (
    ActorHealth,
    Answer,
    GetHealth,
    GetLogTail,
    GetServiceFacts,
    HealthReport,
    LogLine,
    LogTail,
    PrivacyChosen,
    StartTracking,
    TrackingOutcome,
    TrackingPlan,
)
from persistence.audit_log import AuditLog
from tests.deadlines import WITHIN_S
from tests.integration.web.members_house import ADMIN, NO_MEMBER, MembersHouse, open_members_house
from tests.integration.web.page_house import IDS, make_club

SECRET = "never-to-be-seen"  # it is what must be nowhere


class LauncherStandIn(threading.Thread):
    """Answers what the launcher and the tracker are asked by administrators."""

    def __init__(self, house: MembersHouse, folder: Path) -> None:
        super().__init__(daemon=True)
        self.launcher = Endpoint("launcher", house.network.transport("launcher"), DeadLetters(None, "launcher"))
        self.tracker = house.tracker
        self.plan = TrackingPlan((), (), "", (), "Nothing is playing on Plex: start the film, then try again.")
        self.started: list[StartTracking] = []
        self.state = "running"
        self._house = house
        self._folder = folder
        self._leaves = threading.Event()

    def run(self) -> None:
        """Answer until the test ends."""
        while not self._leaves.is_set():
            for endpoint in (self.launcher, self.tracker):
                endpoint.pump(0.01)
                while (incoming := endpoint.mailbox.get()) is not None:
                    if incoming.delivery_id:
                        endpoint.acknowledge(incoming)
                    elif answer := self._answer(incoming.message):
                        endpoint.answer(incoming, answer)
        self.launcher.close()

    def _answer(self, asked: object) -> Answer | None:
        match asked:
            case GetHealth():
                row = ActorHealth("plex", 7, self.state, 60.0, 2, 3, 400, 0.1, 0.9, 28.5, "Plex is away")  # type: ignore[arg-type]
                return HealthReport(self._house.clock.now(), (row,), 1)
            case GetServiceFacts():
                return build_service_facts(Settings(plex_token=SECRET, timezone="Europe/Berlin"), self._folder)
            case GetLogTail():
                return LogTail((LogLine(self._house.clock.now().wall_s, "launcher", "INFO", "<b>Usher runs</b>"),))
            case StartTracking(simulate=True):
                return self.plan
            case StartTracking():
                self.started.append(asked)
                return self.plan
        return None

    def close(self) -> None:
        """End it."""
        self._leaves.set()
        self.join(WITHIN_S)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MembersHouse]:
    """A page for members."""
    with open_members_house(make_club(tmp_path / "data", 4)) as opened:
        yield opened


@pytest.fixture
def launcher(house: MembersHouse, tmp_path: Path) -> Iterator[LauncherStandIn]:
    """A launcher and a tracker that answer."""
    logs = tmp_path / "data" / "logs"
    logs.mkdir(exist_ok=True)
    letter: dict[str, object] = {
        "ts": "2026-11-29T20:00:00.000+00:00",
        "actor": "tracker",
        "from": "plex",
        "tag": "voice_presence",
    }
    letter |= {"reason": "its mailbox is full", "body": {"members": ["Iris"]}}
    (logs / "dead_letters.jsonl").write_text(f'torn"}}\n{json.dumps(letter)}\n', encoding="utf-8")
    stand_in = LauncherStandIn(house, tmp_path / "data")
    stand_in.start()
    yield stand_in
    stand_in.close()


def list_acts(tmp_path: Path) -> list[tuple[str, str, str, str]]:
    """Return what is in the audit log: who, what, outcome and from where, the newest first."""
    entries = AuditLog(tmp_path / "data").read(20, 0).entries
    return [(each.who.name, each.act, each.outcome, each.source) for each in entries]


def wait_for_acts(tmp_path: Path, count: int) -> list[tuple[str, str, str, str]]:
    """Return the audit log as soon as it has so many entries."""
    end = time.monotonic() + WITHIN_S
    while len(acts := list_acts(tmp_path)) < count:
        assert time.monotonic() < end, acts
        time.sleep(0.05)
    return acts


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ("Behind the scenes", "1 problem", "degraded", "Plex is away", "its mailbox is full", "Save now")),
        ("de", ("Hinter den Kulissen", "Jetzt sichern", "eingeschränkt")),
    ],
)
def test_administrators_see_how_the_service_is(
    house: MembersHouse, launcher: LauncherStandIn, language: str, texts: tuple[str, ...]
) -> None:
    """Actors, what was set aside and why, the log as text; of secrets only whether they are set."""
    launcher.state = "degraded"
    page = house.open_browser(ADMIN, language=language).get("/admin")
    assert page.status == 200
    for text in texts:
        assert text in page.text, text
    assert "&lt;b&gt;Usher runs" in page.text
    assert "Europe/Berlin" in page.text
    assert SECRET not in page.text
    assert "<code>PLEX_TOKEN</code>" in page.text
    assert "Iris" not in page.text, "what was in a message is shown to nobody"


def test_a_page_is_there_while_other_parts_are_away(house: MembersHouse) -> None:
    """With what answers: nobody does but the store."""
    page = house.open_browser(ADMIN).get("/admin")
    assert page.status == 200
    assert "last backup" in page.text


def test_secrets_are_shown_as_set_or_not_set() -> None:
    """Every secret setting; nothing of its value."""
    shown = {each.name: each for each in list_settings(Settings(plex_token=SECRET, discord_client_secret=SECRET))}
    assert SECRET not in repr(shown)
    assert shown["PLEX_TOKEN"].is_set and not shown["DISCORD_TOKEN"].is_set
    assert shown["TRACKED_TYPES"].value == "movie, episode"


def test_administrators_save_and_back_up(house: MembersHouse, launcher: LauncherStandIn, tmp_path: Path) -> None:
    """And each act is in the audit log."""
    browser = house.open_browser(ADMIN)
    assert browser.post("/admin/save").location == "/admin?done=saved"
    assert "Saved." in browser.get("/admin?done=saved").text
    assert browser.post("/admin/backup").location == "/admin?done=backed_up"
    assert list((tmp_path / "data" / "backups").glob("*.db"))
    assert wait_for_acts(tmp_path, 2) == [
        (ADMIN, "backup", "done", "web page"),
        (ADMIN, "savedata", "done", "web page"),
    ]


def test_administrators_start_tracking(house: MembersHouse, launcher: LauncherStandIn, tmp_path: Path) -> None:
    """At a position; what is in the way is told once, and in no address."""
    browser = house.open_browser(ADMIN)
    assert browser.post("/admin/start", {"session": "7", "position": "nonsense"}).location == "/admin"
    assert "isn&#39;t a position" in browser.get("/admin").text
    assert "isn&#39;t a position" not in browser.get("/admin").text
    assert browser.post("/admin/start", {"session": "7", "position": "42:10"}).location == "/admin"
    assert launcher.started == [StartTracking("7", 2_530_000, requested_by=ADMIN)]  # type: ignore[arg-type]
    assert "Nothing is playing on Plex" in browser.get("/admin").text
    launcher.plan = TrackingPlan((), (), "7", (TrackingOutcome("501", "Björn", "started"),))
    assert browser.post("/admin/start", {"session": "", "position": ""}).location == "/admin?done=started"
    acts = wait_for_acts(tmp_path, 2)
    assert [outcome for _who, _act, outcome, _source in acts] == ["done", launcher_problem()]


def launcher_problem() -> str:
    """Return what the tracker says where nothing plays."""
    return "Nothing is playing on Plex: start the film, then try again."


def test_members_cannot_open_the_administrators_page(house: MembersHouse, launcher: LauncherStandIn) -> None:
    """It answers like an unknown address; nothing is done."""
    browser = house.open_browser("Iris")
    never = browser.get("/nowhere")
    for path in ("/admin", "/admin/events"):
        assert (browser.get(path).status, browser.get(path).text) == (404, never.text)
    for path in ("/admin/save", "/admin/backup", "/admin/start"):
        assert browser.post(path).status == 404
    assert not launcher.started


def test_the_actors_are_shown_live(house: MembersHouse, launcher: LauncherStandIn) -> None:
    """While an administrator looks."""
    browser = house.open_browser(ADMIN)
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=WITHIN_S)
    connection.request("GET", "/admin/events", headers={"Cookie": f"usher={browser.cookies['usher']}"})
    stream = connection.getresponse()
    assert stream.status == 200
    launcher.state = "failed"
    while b"failed" not in stream.readline():
        pass
    stream.close()
    connection.close()


def test_an_open_page_ends_with_the_session(house: MembersHouse) -> None:
    """Its updates too: nobody goes on reading who has signed out, or is no member."""
    browser = house.open_browser("Iris")
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=WITHIN_S)
    connection.request("GET", "/events", headers={"Cookie": f"usher={browser.cookies['usher']}"})
    stream = connection.getresponse()
    assert stream.status == 200
    browser.post("/sign-out")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        stream.read()
    connection.close()
    assert house.discord.members[IDS["Iris"]] is not NO_MEMBER


def test_members_choose_their_privacy_on_their_page(house: MembersHouse) -> None:
    """It applies to every page at once, and Discord is told; their own record stays visible to them."""
    browser, other = house.open_browser("Chiara"), house.open_browser("Björn")
    assert "Chiara" in other.get("/viewers").text
    page = browser.get("/me").text
    assert 'value="open" checked' in page
    assert browser.post("/me/privacy", {"choice": "private"}).location == "/me?done=privacy"
    page = browser.get("/me?done=privacy").text
    assert 'value="private" checked' in page
    assert "Your choice applies" in page
    assert 'class="tiles"' in page
    end = time.monotonic() + 2.0
    while "Chiara" in other.get("/viewers").text:
        assert time.monotonic() < end, "two seconds are promised"
    while not any(isinstance(each, PrivacyChosen) for each in house.discord.asked):
        assert time.monotonic() < end + WITHIN_S
        time.sleep(0.02)
    assert browser.post("/me/privacy", {"choice": "nonsense"}).status == 404


def test_members_download_their_data(house: MembersHouse) -> None:
    """Everything that is stored, for the member only."""
    reply = house.open_browser("Iris").get("/me/data")
    assert reply.headers["Content-Disposition"].startswith("attachment")
    document = json.loads(reply.text)
    assert document["viewer_id"] == IDS["Iris"]
    assert document["watches"]
    assert house.open_browser(ADMIN).get("/me/data").status == 200  # a session is stored of them
    assert house.open_browser().get("/me/data").status == 303
