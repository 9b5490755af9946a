"""Pages of the history that follow one another by the last watch of the page before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from messages import GetHistory, SetPrivacy
from persistence.records.viewers import set_privacy
from persistence.store import Store
from tests.unit.persistence.record_builders import EVENING, FILM, ask, finish, open_store, record


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Seventeen watches of two viewers and two films; several ended at the same instant."""
    opened = open_store(tmp_path)
    finish(
        opened,
        *(
            record(
                f"w{number:02}",
                str(501 + number % 2),
                replace(FILM, title="Alien" if number % 3 else "Dune", rating_key=str(number % 3)),
                ended_at_s=EVENING + 3600 * (number // 4),
            )
            for number in range(17)
        ),
    )
    yield opened
    opened.close()


def walk(store: Store, limit: int, **asked: Any) -> list[str]:
    """Return the ids of all watches, page after page."""
    found: list[str] = []
    after = ""
    while True:
        page = ask(store, GetHistory(limit=limit, after=after, **asked))
        found += [each.watch_id for each in page.records]
        if not page.next_after:
            return found
        after = page.next_after


def walk_back(store: Store, limit: int, **asked: Any) -> list[str]:
    """Return the ids of all watches, from the last page back to the first."""
    whole = ask(store, GetHistory(limit=100, **asked)).records
    found = [whole[-1].watch_id]
    before = found[0]
    while before:
        page = ask(store, GetHistory(limit=limit, before=before, **asked))
        if not page.next_before:  # the first page is a whole one, whatever of it was on the one after it
            return [each.watch_id for each in page.records if each.watch_id not in found] + found
        assert len(page.records) == limit
        found = [each.watch_id for each in page.records] + found
        before = page.next_before
    return found


FILTERS: tuple[dict[str, Any], ...] = ({}, {"viewer_id": "501"}, {"title": "dune"}, {"since_s": EVENING + 3600})


@pytest.mark.parametrize("asked", FILTERS)
@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_the_way_back_is_the_same(store: Store, asked: dict[str, Any], limit: int) -> None:
    """From the last watch to the first, each once, in the order of the pages; the first page says that it is that."""
    whole = [each.watch_id for each in ask(store, GetHistory(limit=100, **asked)).records]
    assert walk_back(store, limit, **asked) == whole
    assert ask(store, GetHistory(limit=limit, **asked)).next_before == ""
    second = ask(store, GetHistory(limit=1, after=whole[0], **asked))
    assert second.next_before == whole[1]
    assert ask(store, GetHistory(before="nothing")).next_before == ""


@pytest.mark.parametrize("asked", FILTERS)
@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_the_pages_contain_every_watch_once(store: Store, asked: dict[str, Any], limit: int) -> None:
    """In order, also watches that ended at the same instant."""
    whole = [each.watch_id for each in ask(store, GetHistory(limit=100, **asked)).records]
    assert len(whole) > 4
    assert walk(store, limit, **asked) == whole


def test_new_watches_do_not_move_the_pages(store: Store) -> None:
    """A page after a watch begins after it, whatever was added before it."""
    first = ask(store, GetHistory(limit=4))
    then = ask(store, GetHistory(limit=4, after=first.next_after))
    finish(store, record("newer", "501", ended_at_s=EVENING + 9e5))
    assert ask(store, GetHistory(limit=4, after=first.next_after)).records == then.records


def test_hidden_viewers_are_on_no_page(store: Store) -> None:
    """Nor does a page begin at a watch that nobody may see."""
    with store.change(EVENING) as change:
        set_privacy(change, SetPrivacy("502", "b", "private"), EVENING)
    assert all(int(watch_id[1:]) % 2 == 0 for watch_id in walk(store, 2))
    assert ask(store, GetHistory(after="nothing")).records == ()
