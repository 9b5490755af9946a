"""Every page in a real browser: readable by everybody, from 320 pixels on, in both themes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.integration.web.members_house import open_members_house
from tests.integration.web.page_house import PageHouse, make_club, open_house
from tests.integration.web.test_share import find_badge, find_night, share

CHROMIUM = shutil.which("chromium")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PAGES = {
    "tonight": "/",
    "nights": "/nights?m=2026-11",
    "night": "/nights/night23",
    "films": "/films",
    "film": "",
    "viewers": "/viewers",
    "viewer": "",
    "board": "/board?by=time",
    "history": "/history",
    "server": "/server",
    "server's year": "/server/2026",
    "viewer's year": "",
    "embed": "/embed/tonight",
    "not found": "/nowhere",
}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageHouse]:
    """A page beside a store with a year of film nights."""
    with open_house(make_club(tmp_path_factory.mktemp("club") / "data", 24)) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield launched
        launched.close()


def find_address(house: PageHouse, name: str) -> str:
    """Return the address of a page; of one that has a name of its own, the first that another page leads to."""
    path = PAGES[name]
    if not path:
        kind, is_year, _rest = name.partition("'s year")
        found = re.search(rf'href="(/{kind}s/[a-z2-7]+)"', house.get(f"/{kind}s")[2])
        assert found is not None
        path = f"{found[1]}/2026" if is_year else found[1]
    return f"http://127.0.0.1:{house.port}{path}"


def _collect_problems(page: Page) -> list[str]:
    """Return a list that gets whatever the script or the content policy complains of."""
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            problems.append(message.text)

    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", note)
    return problems


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(house: PageHouse, browser: Browser, name: str) -> None:
    """No finding of axe, nothing sticks out, and no error of the script or of the content policy."""
    check_page(browser, find_address(house, name))


def test_everybody_can_read_what_is_shared(browser: Browser, tmp_path: Path) -> None:
    """A year, a night and a badge, with their pictures."""
    with open_members_house(make_club(tmp_path / "data", 24)) as members:
        owner = members.open_browser("Iris")
        for kind, subject in (("year", "2026"), ("night", find_night(owner)), ("badge", find_badge(members))):
            path = share(owner, kind, subject)
            assert members.get_bytes(f"{path}/preview.png")[0] == 200
            check_page(browser, f"http://127.0.0.1:{members.port}{path}")


def check_page(browser: Browser, address: str) -> None:
    """Hold a page against axe in both themes and at three widths."""
    for scheme in ("dark", "light"):
        context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        page = context.new_page()
        problems = _collect_problems(page)
        page.goto(address)
        for width in (320, 390, 720, 861, 1440):  # 720: a screen of 1440 at 200 %
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
            if width in (390, 1440):
                found = Axe().run(page)
                assert found.violations_count == 0, f"{scheme} {width}: {found.generate_report()}"
        page.emulate_media(media="print")
        ground = page.evaluate("getComputedStyle(document.querySelector('.card, body')).backgroundColor")
        assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), "it is printed on the dark ground"
        page.emulate_media(media="screen", forced_colors="active")
        assert page.locator("h1").first.is_visible()
        assert problems == []
        context.close()
