"""The page in a real browser, beside the whole service: live, recovering by itself, and accessible.

Needs Debian's chromium; without it, these tests are skipped.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from simulator.nights.stage import CINEMA, ServiceStage, find_free_port
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening

HOST, GUEST, FILM = "Rosa", "Björn", "Metropolis"
BROWSER_SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
CHROMIUM = shutil.which("chromium")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(BROWSER_SWITCHES))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceStage]:
    """The service at real speed: Rosa plays a film into the channel, and Björn is there."""
    port = find_free_port()
    settings = {"PLEX_POLL_SECONDS": "1", "HEALTH_INTERVAL_SECONDS": "0.2", "WEB_PORT": str(port)}
    folder = tmp_path_factory.mktemp("page") / "data"
    with ServiceStage(folder, speed=1.0, party_user=HOST, evening=evening(), **settings) as stage:
        stage.discord.join_voice(GUEST, CINEMA)
        stage.plex.play(HOST, FILM)
        yield stage


@pytest.fixture
def page(browser: Browser, night: ServiceStage) -> Iterator[Page]:
    """The page Tonight, with its film; whatever its script complains of fails the test."""
    opened = browser.new_page(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(night.page_url)
    opened.get_by_role("heading", name=FILM).wait_for(timeout=WITHIN_S * 1000)
    yield opened
    opened.close()
    assert problems == []


def read_clock(page: Page) -> float:
    """Return the position that the page shows, seconds."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d)", page.locator("[data-clock]").inner_text())
    assert match is not None
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])


def true_position_s(night: ServiceStage) -> float:
    """Return where the simulator's film is, seconds."""
    (session,) = night.plex.sessions
    return session.true_ms(night.plex.now()) / 1000


def wait_until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds, looking every tenth of a second."""
    for _ in range(round(WITHIN_S * 10)):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not within {WITHIN_S:g} s: {what}; the page says:\n{page.locator('main').inner_text()}")


def test_the_position_moves_and_is_right(page: Page, night: ServiceStage) -> None:
    """Between two reports too, the page shows the film's position within two seconds."""
    first = read_clock(page)
    wait_until(page, lambda: read_clock(page) >= first + 3, "the position to move on")
    before_s, shown_s, after_s = true_position_s(night), read_clock(page), true_position_s(night)
    assert before_s - 2 <= shown_s <= after_s + 2


def test_arrivals_and_departures_show_without_a_reload(page: Page, night: ServiceStage) -> None:
    """A lane appears for a new viewer, and later says when they left."""
    page.evaluate("window.kept = true")
    lane = page.locator(".row", has_text="Chiara")
    night.discord.join_voice("Chiara", CINEMA)
    lane.wait_for(timeout=WITHIN_S * 1000)
    wait_until(page, lambda: "3 watching" in page.locator(".hero").inner_text(), "three watching")
    night.discord.leave_voice("Chiara")
    wait_until(page, lambda: "1 left" in page.locator(".hero").inner_text(), "one left")
    assert page.evaluate("window.kept") is True


def test_the_position_stands_still_during_a_pause(page: Page, night: ServiceStage) -> None:
    """After the pause it moves again."""
    (session,) = night.plex.sessions
    night.plex.pause(session)
    wait_until(page, lambda: "Paused" in page.locator(".pills").inner_text(), "the pause")
    stood = read_clock(page)
    page.wait_for_timeout(2500)
    assert read_clock(page) == stood
    night.plex.resume(session)
    wait_until(page, lambda: "Playing now" in page.locator(".pills").inner_text(), "the film to go on")


@pytest.mark.parametrize("actor", ["web", "tracker", "persistence"])
def test_the_page_recovers_by_itself_after_a_kill(page: Page, night: ServiceStage, actor: str) -> None:
    """After kill -9 of an actor, the position is right without a reload."""
    page.evaluate("window.kept = true")
    pid = night.kill(actor)
    night.wait_for(
        lambda: any(r["actor"] == actor and r["pid"] != pid and r["state"] == "running" for r in night.health()),
        WITHIN_S,
        f"{actor} to be back",
    )
    wait_until(page, lambda: abs(read_clock(page) - true_position_s(night)) <= 2, "the right position")
    before = page.locator("[data-part=hero]").get_attribute("data-at")
    wait_until(
        page,
        lambda: page.locator("[data-part=hero]").get_attribute("data-at") != before,
        "an update after the kill",
    )
    assert page.evaluate("window.kept") is True
    wait_until(page, lambda: page.locator("[data-stale]").inner_text() == "", "contact")


def test_a_lost_connection_is_shown(page: Page) -> None:
    """The page says since when; the notice goes when the connection is back."""
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the stream is opened anew, and fails
    stale = page.locator("[data-stale]")
    wait_until(page, lambda: "No connection to Usher since" in stale.inner_text(), "no contact")
    page.context.set_offline(False)
    wait_until(page, lambda: stale.inner_text() == "", "contact again")


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (1440, "dark"), (1440, "light")])
def test_the_page_never_scrolls_sideways(page: Page, width: int, scheme: str) -> None:
    """From 320 pixels on, in both themes."""
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1440, "dark"), (1440, "light")])
def test_the_page_is_accessible(page: Page, width: int, scheme: str) -> None:
    """axe finds nothing: contrast, names, order, roles."""
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_is_complete_without_a_script(browser: Browser, night: ServiceStage) -> None:
    """It shows the state as of when it was loaded."""
    context = browser.new_context(java_script_enabled=False, locale="de-DE")
    opened = context.new_page()
    opened.goto(night.page_url)
    assert "Läuft gerade" in opened.locator(".pills").inner_text()
    assert opened.locator(".lane").count() >= 2
    assert opened.locator(".hero img.poster").evaluate("image => image.complete && image.naturalWidth > 0")
    context.close()
