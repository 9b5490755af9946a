"""Every page beside a real store: what is in it, and what must not be."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.web.pages.nights import MOST_A_DAY
from messages import Privacy
from tests.integration.web.page_house import IDS, PageHouse, make_club, make_party, open_house
from tests.unit.persistence.record_builders import DAY, EVENING, finish, open_store

NIGHTS = 24


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a year of film nights."""
    return make_club(tmp_path_factory.mktemp("club") / "data", NIGHTS)


@pytest.fixture(scope="module")
def house(club: Path) -> Iterator[PageHouse]:
    """A page beside that store; nobody changes it."""
    with open_house(club) as opened:
        yield opened


@pytest.fixture
def own_house(club: Path, tmp_path: Path) -> Iterator[PageHouse]:
    """A page beside a store of the test's own."""
    folder = Path(shutil.copytree(club, tmp_path / "data"))
    with open_house(folder) as opened:
        yield opened


def find_path(house: PageHouse, page: str, pattern: str) -> str:
    """Return the first address of a kind on a page."""
    found = re.search(rf'href="({pattern})"', house.get(page)[2])
    assert found is not None, house.get(page)[2]
    return found[1]


def find_viewer(house: PageHouse, name: str) -> str:
    """Return the address of a viewer's page, from the directory."""
    found = re.search(rf'href="(/viewers/[a-z2-7]+)"><bdi>{re.escape(name)}</bdi>', house.get("/viewers")[2])
    assert found is not None
    return found[1]


def list_pages(house: PageHouse) -> list[str]:
    """Return an address of every page that there is, and of each viewer, film and night."""
    pages = ["/", "/nights", "/nights?m=2026-11", "/films", "/films?sort=title", "/viewers", "/board", "/history"]
    pages += [f"/board?by={board}" for board in ("time", "streak", "badges")]
    pages += ["/server", "/server/2026", "/server/1999"]
    for page in ("/nights?m=2026-11", "/films", "/viewers", "/history", "/board"):
        pages += re.findall(r'href="(/(?:nights|films|viewers)/[a-z0-9]+)"', house.get(page)[2])
    pages += [f"{path}/2026" for path in pages if re.fullmatch(r"/viewers/[a-z2-7]+", path)]
    return list(dict.fromkeys(pages))


@pytest.mark.parametrize(
    ("language", "more", "label", "heading"),
    [
        ("en", "3 more nights", "3 more nights on Monday, 9 November 2026", "Monday, 9 November 2026"),
        ("de", "3 weitere Filmabende", "3 weitere Filmabende am Montag, 9. November 2026", "Montag, 9. November 2026"),
    ],
)
def test_a_day_with_many_nights_has_a_page(  # two languages
    club: Path, tmp_path: Path, language: str, more: str, label: str, heading: str
) -> None:
    """The month shows the first of them, counts all, and leads to the others; JSON has them all."""
    folder = Path(shutil.copytree(club, tmp_path / "data"))
    store = open_store(folder)
    monday_s = EVENING - 11 * DAY
    chance = random.Random(1)  # noqa: S311  # the same nights each time
    for number in range(MOST_A_DAY + 3):
        finish(store, *make_party(number, monday_s + 300 * number, chance, f"monday{number}"))
    store.close()
    with open_house(folder) as house:
        month = house.get("/nights?m=2026-11", Accept_Language=language)[2]
        link = f'<a class="more" href="/nights?d=2026-11-09" aria-label="{label}">{more}</a>'
        assert link in month
        assert re.findall(r"/nights/(monday\d)", month) == [f"monday{n}" for n in range(MOST_A_DAY)]
        whole = json.loads(house.get("/api/v1/nights?m=2026-11")[2])["nights"]
        assert f'<span class="quiet">{len(whole)} ' in month
        day = house.get("/nights?d=2026-11-09", Accept_Language=language)[2]
        assert f"<h1>{heading}</h1>" in day
        assert re.findall(r"/nights/(monday\d)", day) == [f"monday{n}" for n in range(MOST_A_DAY + 3)]
        assert 'href="/nights?m=2026-11"' in day
        same = json.loads(house.get("/api/v1/nights?d=2026-11-09")[2])["nights"]
        assert [night["screening_id"] for night in same] == [f"monday{n}" for n in range(MOST_A_DAY + 3)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_there_in_every_language(house: PageHouse, language: str) -> None:
    """With a title, a language and a heading; without a gap that was not filled."""
    for path in list_pages(house):
        status, _headers, text = house.get(path, Accept_Language=language)
        assert status == 200, path
        assert f'<html lang="{language}">' in text
        assert re.search(r"<h[12]", text), path
        assert not re.search(r"\{[a-z_]+\}", text.replace("{clock}", "")), path


def test_pages_lead_to_one_another(house: PageHouse) -> None:
    """From the history to a film, from there to a viewer and to a night."""
    film = find_path(house, "/history", "/films/[a-z2-7]+")
    assert "How it was watched" in house.get(film)[2]
    viewer = find_path(house, film, "/viewers/[a-z2-7]+")
    assert "The last year" in house.get(viewer)[2]
    night = find_path(house, film, "/nights/night[0-9]+")
    assert "Who sat where" in house.get(night)[2]


def test_a_year_of_a_viewer_and_of_everybody(house: PageHouse) -> None:
    """What was watched most with its place, the days, what stands out; and the way to the years around it."""
    viewer = find_viewer(house, "Iris")
    year = house.get(viewer + "/2026")[2]
    for text in ("Iris&#39;s 2026", "Day by day", "favourite genre", "Badges earned", f'href="{viewer}/2025"'):
        assert text in year
    assert year.count('class="place"') == 3
    assert "Nothing watched in 2031." in house.get(viewer + "/2031")[2]
    everybody = house.get("/server/2026")[2]
    for text in ("Our 2026", "When we watch", "Biggest nights", "Month by month", "November"):
        assert text in everybody
    assert 'href="/server/2026"' in house.get("/server")[2]


def test_tonight_shows_the_last_night_where_nothing_plays(house: PageHouse) -> None:
    """With its lanes and the way to its record."""
    page = house.wait_for("/", "The last film night")
    assert f'href="/nights/night{NIGHTS - 1}"' in page


@pytest.mark.parametrize("choice", ["private", "untracked"])
def test_hidden_viewers_are_on_no_page(own_house: PageHouse, choice: Privacy) -> None:
    """Not by name, and not by a page of their own, which looks like an unknown one, byte for byte."""
    own = find_viewer(own_house, "Chiara")
    own_house.choose_privacy("Chiara", choice)
    own_house.wait_until_changed("/viewers", "Chiara")
    for path in list_pages(own_house):
        assert "Chiara" not in own_house.get(path)[2], path
    for path in ("", "/2026"):
        gone, never = own_house.get(own + path), own_house.get("/viewers/abcdefghijklm" + path)
        assert (gone[0], gone[2]) == (404, never[2])


def test_anonymous_viewers_have_no_figures_beside_their_name(own_house: PageHouse) -> None:
    """Neither in the directory nor on their page; the leaderboard has their rank without a name."""
    own_house.choose_privacy("Björn", "anonymous")
    own_house.wait_until_changed("/board", "Björn")
    assert "Somebody" in own_house.get("/board")[2]
    row = re.search(r"<bdi>Björn</bdi>.*?</tr>", own_house.get("/viewers")[2], re.S)
    assert row is not None
    assert not re.search(r"\d", row[0])
    page = own_house.get(find_viewer(own_house, "Björn"))[2]
    assert "anonymous in rankings" in page
    assert 'class="tiles"' not in page
    assert "/2026" not in page
    assert own_house.get(find_viewer(own_house, "Björn") + "/2026")[0] == 404
    assert "Björn" not in own_house.get("/server/2026")[2]


def test_no_page_contains_an_id_of_a_viewer(house: PageHouse) -> None:
    """Addresses are made with a secret key of the store."""
    for path in list_pages(house):
        text = house.get(path)[2]
        for viewer_id in IDS.values():
            assert not re.search(rf"\b{viewer_id}\b", re.sub(r'(width|height|x|d|viewBox)="[^"]*"', "", text)), path


@pytest.mark.parametrize(
    "path",
    [
        "/nights/never",
        "/server/0000",
        "/server/20266",
        "/server/abcd",
        "/viewers/abcdefghijklm/2026",
        "/films/aaaa",
        "/viewers/..%2f..%2fetc",
        "/nights?m=2026-13",
        "/nights?m=nonsense",
        "/nights?d=2026-11-31",
        "/nights?d=2026-11",
        "/films/%00",
    ],
)
def test_an_unknown_address_is_a_page(house: PageHouse, path: str) -> None:
    """With the right status."""
    status, _headers, text = house.get(path)
    assert status == 404
    assert "Page not found" in text


@pytest.mark.parametrize(
    "path",
    [
        "/board?by=nonsense&days=99&page=-3",
        "/board?page=999999",
        "/history?page=99999999999999",
        "/history?q=%F0%9F%8E%AC%00%25_",
        "/films?sort=x&after=nobody",
        "/viewers?after=nobody&q=" + "x" * 3000,
    ],
)
def test_no_query_causes_an_error(house: PageHouse, path: str) -> None:
    """Whatever somebody types."""
    assert house.get(path)[0] == 200


def test_history_pages_link_to_older_and_newer_ones(house: PageHouse) -> None:
    """With the search; the first page has no link to a newer one, the last none to an older one."""

    def links(page: str) -> dict[str, str]:
        return dict(re.findall(r'rel="(first|prev|next)" href="([^"]+)"', page))

    for search in ("", "q=a"):
        first = house.get(f"/history?{search}")[2]
        assert set(links(first)) == {"next"}
        pages, page = [first], first
        while "next" in links(page):
            assert search in links(page)["next"]
            page = house.get(links(page)["next"].replace("&amp;", "&"))[2]
            pages.append(page)
        assert set(links(page)) == {"first", "prev"}
        rows = [re.findall(r"<td class=\"wide\">.*?</td>", each, re.S) for each in pages]
        back = house.get(links(page)["prev"].replace("&amp;", "&"))[2]
        assert re.findall(r"<td class=\"wide\">.*?</td>", back, re.S) == rows[-2]
        total = int(re.search(r"(\d+) watch", first)[1])  # type: ignore[index]  # it is there
        assert sum(map(len, rows)) == total
        home = links(page)["first"].replace("&amp;", "&")
        assert links(house.get(home)[2]) == links(first)


def test_a_place_in_the_history_that_is_gone_leads_to_the_newest(house: PageHouse) -> None:
    """It says so, and that something is there."""
    page = house.get("/history?after=never")[2]
    assert "begin with the newest" in page
    assert 'rel="first" href="/history"' in page
    assert house.get("/history?before=never")[2].count("<tr>") > 2


def test_a_film_lists_who_has_not_seen_it(own_house: PageHouse) -> None:
    """Only visible viewers who have not."""
    film = find_path(own_house, "/films?sort=title", "/films/[a-z2-7]+")
    for path in re.findall(r'href="(/films/[a-z2-7]+)"', own_house.get("/films")[2]):
        page = own_house.get(path)[2]
        seen = set(re.findall(r'class="who".*?<bdi>([^<]*)</bdi>', page, re.S))
        missing = set(re.findall(r"<li><a href=\"/viewers/[a-z2-7]+\"><bdi>([^<]*)</bdi>", page))
        assert len(seen | missing) == len(IDS), path
        assert not seen & missing
        film = path if "Chiara" in missing else film
    if "Chiara" in own_house.get(film)[2]:
        own_house.choose_privacy("Chiara", "private")
        own_house.wait_until_changed(film, "Chiara")


def test_a_viewers_history_has_the_minutes_of_each_watch(house: PageHouse) -> None:
    """As lanes, and in words."""
    page = house.get(find_viewer(house, "Iris"))[2]
    assert page.count('class="minutes"') >= 3
    assert re.search(r'<td class="minutes"><svg[^>]*aria-label="Iris saw 0:\d\d to \d:\d\d: \d+ %"', page)


def test_a_search_finds_in_any_case(house: PageHouse) -> None:
    """Films by title, viewers by name."""
    assert "Metropolis" in house.get("/films?q=metRO")[2]
    assert "1 film" in house.get("/films?q=metRO")[2]
    assert "Iris" in house.get("/viewers?q=IRI")[2]
    assert "No viewer has that name." in house.get("/viewers?q=nobody")[2]
