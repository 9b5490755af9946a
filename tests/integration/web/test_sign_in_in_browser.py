"""Signing in, one's own page and that of administrators in a real browser: used, and readable by everybody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.integration.web.members_house import ADMIN, MembersHouse, open_members_house
from tests.integration.web.page_house import make_club
from tests.integration.web.test_admin import LauncherStandIn
from tests.integration.web.test_pages_in_browser import CHROMIUM, SWITCHES, _collect_problems, assert_accessible

PICTURES = os.environ.get("USHER_TEST_PICTURES", "")
"""Folder into which the pages are drawn, to be looked at; none where it is empty."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MembersHouse]:
    """A page for members and for all, where one signs in at Discord too."""
    folder = make_club(tmp_path_factory.mktemp("members") / "data", 24)
    with open_members_house(folder, web_access="public", discord_client_id=77) as opened:
        launcher = LauncherStandIn(opened, folder)
        launcher.state = "degraded"
        launcher.start()
        yield opened
        launcher.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield launched
        launched.close()


def sign_in(house: MembersHouse, context: BrowserContext, name: str) -> Page:
    """Open a link in a browser, and go on as whom it is for."""
    page = context.new_page()
    page.goto(address(house, house.make_link(name)))
    page.get_by_role("button", name=f"Continue as {name}").click()
    page.wait_for_url(address(house, "/"))
    return page


def address(house: MembersHouse, path: str) -> str:
    """Return the whole address of a page."""
    return f"http://127.0.0.1:{house.port}{path}"


def test_a_member_signs_in_chooses_and_signs_out(house: MembersHouse, browser: Browser) -> None:
    """By the buttons of the page; the cookie is no script's."""
    context = browser.new_context(locale="en-GB")
    page = sign_in(house, context, "Iris")
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("link", name="My page").click()
    page.get_by_role("heading", level=1, name="Iris").wait_for()
    page.locator("input[value=private]").check()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("status").get_by_text("Your choice applies").wait_for()
    assert page.locator("input[value=private]").is_checked()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "usher.json"
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url(address(house, "/sign-in"))
    page.goto(address(house, "/me"))
    assert "/sign-in?back=/me" in page.url
    context.close()


def test_an_administrator_saves_and_sees_it(house: MembersHouse, browser: Browser) -> None:
    """The table of the actors is there, and goes on by itself."""
    context = browser.new_context(locale="en-GB")
    page = sign_in(house, context, ADMIN)
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("button", name="Save now").click()
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    before = page.locator("[data-part=actors] .small").inner_text()
    page.wait_for_function("text => document.querySelector('[data-part=actors] .small').innerText !== text", arg=before)
    context.close()


@pytest.mark.parametrize(
    ("name", "who", "path"),
    [
        ("sign-in", "", "/sign-in"),
        ("link", "", ""),
        ("over", "", "/sign-in/never"),
        ("public board", "", "/board"),
        ("public viewers", "", "/viewers"),
        ("privacy", "", "/privacy"),
        ("me", "Björn", "/me"),
        ("admin", ADMIN, "/admin"),
    ],
)
def test_the_personal_pages_are_accessible(
    house: MembersHouse, browser: Browser, name: str, who: str, path: str
) -> None:
    """axe finds nothing, nothing overflows, and neither the script nor the content policy reports an error."""
    for language, scheme in (("en-GB", "dark"), ("de-DE", "light")):
        context = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce", locale=language
        )
        page = context.new_page()
        problems = _collect_problems(page)
        if who:
            context.add_cookies([{"name": "usher", "value": house.open_browser(who).cookies["usher"],
                                  "url": address(house, "/")}])  # fmt: skip
        page.goto(address(house, path or house.make_link("Iris")))
        page.evaluate(Axe().axe_script)
        for width in (320, 390, 861, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
            if width in (390, 1440):
                assert_accessible(page, f"{scheme} {width}")
                if PICTURES:
                    page.screenshot(path=Path(PICTURES) / f"{name}-{scheme}-{width}.png", full_page=True)
        assert problems == []
        context.close()
    assert shutil.which("chromium")
