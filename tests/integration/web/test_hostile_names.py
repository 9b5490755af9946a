"""Names that are markup, turn the reading around, or never end: on every page, in every document, as text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from messages import Item
from messages.base import DurationMs, PositionMs
from tests.integration.web.page_house import PageHouse, make_club, open_house
from tests.unit.persistence.record_builders import EVENING, finish, open_store, record

HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}{% raw %}\u202eevil\x00\r\nSet-Cookie: a=b"
HEBREW = "שלום עולם"
LONG = "é" * 10_000
NAMES = (HOSTILE, HEBREW, LONG)
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageHouse]:
    """A page whose films, people, genres and directors are all called so."""
    folder = make_club(tmp_path_factory.mktemp("hostile") / "data", 2)
    store = open_store(folder)
    for number, title in enumerate(NAMES):
        item = Item(
            "srv", f"h{number}", "movie", title, 1999, DurationMs(5_400_000), (title[:200],), (title,), thumb="/t"
        )
        finish(
            store,
            *(
                record(
                    f"hostile{number}-{place}",
                    f"90000000000000{place}",
                    item,
                    username=name,
                    screening_id=f"hostile{number}",
                    party=True,
                    started_at_s=EVENING - number * 3600,
                    ended_at_s=EVENING - number * 3600 + 5400,
                    join_position_ms=PositionMs(0),
                    spans=((0, 5_400_000),),
                )
                for place, name in enumerate(NAMES)
            ),
        )
    store.close()
    with open_house(folder) as opened:
        yield opened


def list_addresses(house: PageHouse) -> list[str]:
    """Return an address of every kind, and of each film and viewer."""
    addresses = ["/", "/nights?m=2026-11", "/films", "/viewers", "/board", "/board?by=time", "/history", "/server"]
    addresses += ["/server/2026", *(f"/nights/hostile{number}" for number in range(3))]
    for page in ("/films", "/viewers"):
        found = re.findall(r'href="(/(?:films|viewers)/[a-z2-7]+)"', house.get(page)[2])
        assert len(found) >= 3
        addresses += found
    addresses += [f"{path}/2026" for path in addresses if path.startswith("/viewers/")]
    api = [f"/api/v1{path}" for path in addresses if path != "/" and "?by" not in path]
    return [*addresses, *api, "/embed/tonight", "/nights.ics", "/feed.xml", "/history.csv"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_names_are_text_and_nothing_else(house: PageHouse, language: str) -> None:
    """No markup, no template, no direction character, no header of theirs has any effect, and no page gets long."""
    shown = set()
    for address in list_addresses(house):
        status, headers, text = house.get(address, Accept_Language=language)
        assert status == 200, address
        assert "Set-Cookie" not in headers, address
        is_json = "json" in headers["Content-Type"]
        if "html" in headers["Content-Type"]:
            assert "<script>alert" not in text, address
            assert text.count("<script") == 1, address
            assert "\u202e" not in text, address
            assert f'<html lang="{language}"' in text
        shown |= {name for name in (HEBREW, "alert(1)", "{{7*7}}", "é" * 30) if name in text}
        assert len(text) < (2_000_000 if is_json or address == "/history.csv" else MOST_BYTES), (address, len(text))
    assert shown == {HEBREW, "alert(1)", "{{7*7}}", "é" * 30}
    assert "49" not in re.findall(r"<bdi>(\d+)</bdi>", house.get("/films")[2])
