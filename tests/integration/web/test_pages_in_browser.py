"""Every page in a real browser: readable by everybody, from 320 pixels on, in both themes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.integration.web.members_house import open_members_house
from tests.integration.web.page_house import PageHouse, make_club, open_house
from tests.integration.web.test_share import find_badge, find_night, share
from tests.unit.persistence.record_builders import open_store

CHROMIUM = shutil.which("chromium")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PAGES = {
    "tonight": "/",
    "nights": "/nights?m=2026-11",
    "nights of a day": "/nights?d=2026-11-20",
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

COLOUR_RULES = ("color-contrast", "link-in-text-block")
"""The rules of axe of which the themes can differ."""
MOST_STOPS = 60
DESCRIBE_FOCUS = """() => {
    const focused = document.activeElement, box = focused.getBoundingClientRect();
    if (focused === document.body) return null;
    const points = [[.5, .5], [.1, .2], [.9, .8]].map(([x, y]) => [box.left + x * box.width, box.top + y * box.height]);
    const isSeen = ([x, y]) => {
        const top = document.elementFromPoint(x, y);
        return top !== null && (focused.contains(top) || top.contains(focused));
    };
    return {
        text: focused.textContent.trim().slice(0, 40),
        outline: getComputedStyle(focused).outlineStyle,
        covered: box.height < 600 && !points.some(isSeen),
    };
}"""
"""Returns what has the focus, and whether it is seen; null where nothing has it."""

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
def test_every_page_is_accessible(house: PageHouse, browser: Browser, name: str) -> None:
    """axe finds nothing, nothing overflows, and neither the script nor the content policy reports an error."""
    check_page(browser, find_address(house, name))


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", ["tonight", "night", "film", "viewer", "board", "history", "server", "not found"])
def test_the_keyboard_reaches_everything(house: PageHouse, browser: Browser, name: str, width: int) -> None:
    """The first stop is the way to the content; each one that fits is seen, with its outline, below nothing fixed."""
    page = browser.new_page(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    page.goto(find_address(house, name))
    stops: list[str] = []
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(DESCRIBE_FOCUS)
        if stop is None:
            break
        stops.append(stop["text"])
        assert stop["outline"] != "none", stop
        assert not stop["covered"], stop
    assert stops[:2] == ["Skip to content", "Usher"]
    page.goto(find_address(house, name))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main, footer') !== null"), "it leads past the menu"
    page.close()


def test_an_empty_page_offers_nothing_to_search(browser: Browser, tmp_path: Path) -> None:
    """Nothing was watched yet: no field, no order; and nothing of it sticks out."""
    store = open_store(tmp_path)
    store.ensure_page_key()
    store.close()
    with open_house(tmp_path) as empty:
        for path in ("/", "/nights", "/films", "/viewers", "/board", "/history", "/server"):
            check_page(browser, f"http://127.0.0.1:{empty.port}{path}")
            assert "<input" not in empty.get(path)[2], path


def test_shared_pages_are_accessible(browser: Browser, tmp_path: Path) -> None:
    """A year, a night and a badge, with their pictures."""
    with open_members_house(make_club(tmp_path / "data", 24)) as members:
        owner = members.open_browser("Iris")
        for kind, subject in (("year", "2026"), ("night", find_night(owner)), ("badge", find_badge(members))):
            path = share(owner, kind, subject)
            assert members.get_bytes(f"{path}/preview.png")[0] == 200
            check_page(browser, f"http://127.0.0.1:{members.port}{path}")


def check_page(browser: Browser, address: str) -> None:
    """Hold a page against axe in both themes, on a phone and on a desktop; nothing overflows at any width."""
    context = browser.new_context(reduced_motion="reduce", color_scheme="dark")
    page = context.new_page()
    problems = _collect_problems(page)
    page.goto(address)
    page.evaluate(Axe().axe_script)
    for width in (320, 390, 720, 861, 1440):  # 720: a screen of 1440 at 200 %
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        if width in (390, 1440):
            page.emulate_media(color_scheme="dark")
            assert_accessible(page, f"dark {width}")
            page.emulate_media(color_scheme="light")
            assert_accessible(page, f"light {width}", only=COLOUR_RULES)
    page.emulate_media(media="print")
    ground = page.evaluate("getComputedStyle(document.querySelector('.card, body')).backgroundColor")
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), "it is printed on the dark ground"
    page.emulate_media(media="screen", forced_colors="active")
    assert page.locator("h1").first.is_visible()
    assert problems == []
    context.close()


def assert_accessible(page: Page, what: str, *, only: Sequence[str] = ()) -> None:
    """Run axe, which the page has loaded: the rules `only`, or all that are on by default."""
    options = {"resultTypes": ["violations"], **({"runOnly": only} if only else {})}
    found = AxeResults(page.evaluate("options => axe.run(document, options)", options))
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
