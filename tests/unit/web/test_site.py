"""Pages that are kept: bounded in number and in characters, and dropped where the store changed."""

from __future__ import annotations

import logging
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from actors.runtime import Clock
from actors.web import site as site_module
from actors.web.document import Document, DocumentDeclaration
from actors.web.page import PageRequest
from actors.web.readers import ANYBODY_HERE
from actors.web.site import Site

SIZE = 1000


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that keeps three documents of a thousand characters, or five smaller ones."""
    monkeypatch.setattr(site_module, "MOST_KEPT_SIZE", 3 * SIZE + SIZE // 2)
    monkeypatch.setattr(site_module, "MOST_KEPT", 5)
    nothing: Any = None
    made = Site(
        nothing,
        nothing,
        Clock(),
        ZoneInfo("UTC"),
        lambda _item: "",
        lambda: (),
        lambda: (),
        logging.getLogger("web"),
        nothing,
    )
    made._key = b"k"
    return made


async def count_made(site: Site, sizes: list[tuple[str, int]]) -> list[str]:
    """Ask for documents one after another; return the names of those that were made anew."""
    made: list[str] = []
    for name, size in sizes:

        async def make(_request: PageRequest, name: str = name, size: int = size) -> Document:
            made.append(name)
            return Document("x" * size, "text/plain")

        await site.make_document(DocumentDeclaration(name, f"/{name}", make), "en", ANYBODY_HERE, {}, {}, "")
    return made


async def test_documents_are_cached(site: Site) -> None:
    """Until the store changes."""
    assert await count_made(site, [("a", SIZE), ("a", SIZE)]) == ["a"]
    site.drop_kept()
    assert await count_made(site, [("a", SIZE), ("a", SIZE)]) == ["a"]


async def test_large_pages_push_others_out(site: Site) -> None:
    """Those that were not asked for longest; one that is larger than all of it is not kept."""
    three = [("a", SIZE), ("b", SIZE), ("c", SIZE)]
    assert await count_made(site, [*three, *three]) == ["a", "b", "c"]
    assert await count_made(site, [("d", SIZE), ("b", SIZE), ("c", SIZE), ("a", SIZE)]) == ["d", "a"]
    assert await count_made(site, [("huge", 10 * SIZE), ("huge", 10 * SIZE)]) == ["huge", "huge"]


async def test_many_small_pages_push_others_out(site: Site) -> None:
    """Their number is bounded, too."""
    assert await count_made(site, [(name, 1) for name in "abcdefa"]) == list("abcdefa")
