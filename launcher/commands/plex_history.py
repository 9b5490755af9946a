"""Reads a Plex server's play history, and the library's data about the items played. For `import --from-plex`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.session_parser import ODDITIES, item_of
from messages import Item
from persistence.database.errors import ImportFault
from persistence.plex_history.plays import Play

HISTORY = "/status/sessions/history/all"
ROWS_A_REQUEST, ITEMS_A_REQUEST = 500, 50
_LATEST_S = 250_000_000_000
"""Seconds since 1970; later times have no date in some time zones."""
Progress = Callable[[str, int, int], None]


class PlayHistory(NamedTuple):
    """The plays that a server remembers."""

    plays: list[Play]
    unreadable: int
    """Rows without a time or an account."""


def read_play_history(server: Any, url: str, progress: Progress) -> PlayHistory:
    """Return all plays that a server remembers. `server`: PlexAPI's. Raises ImportFault if it does not answer."""
    try:
        rows = list(_read_rows(server, progress))
        keys = sorted({key for row in rows if (key := row.get("ratingKey", ""))}, key=lambda key: (len(key), key))
        items = _read_items(server, url, keys, progress)
        accounts = {str(account.id): str(account.name or "") for account in server.systemAccounts()}
    except POSSIBLE as error:
        raise ImportFault(f"{classify_failure(error, url).detail} Nothing was changed.") from error
    server_id = str(server.machineIdentifier)
    plays = [play for row in rows if (play := _read_play(row, server_id, items, accounts)) is not None]
    return PlayHistory(plays, len(rows) - len(plays))


def _read_rows(server: Any, progress: Progress) -> Iterator[Element]:
    """Yield every row, the oldest first, so that plays added meanwhile come last and shift no page."""
    start = 0
    while True:
        container = server.query_page(f"{HISTORY}?sort=viewedAt:asc", start, ROWS_A_REQUEST)
        rows = list(container)
        yield from rows
        start += len(rows)
        total = _read_whole(container.get("totalSize", ""))
        progress("plays", start, max(start, total or 0))
        if len(rows) != ROWS_A_REQUEST:  # the last page, or a server without paging
            return


def _read_items(server: Any, url: str, keys: Sequence[str], progress: Progress) -> dict[str, Item]:
    """Return the library's items with these keys. The server answers 404 if it has none of them any more."""
    found: dict[str, Item] = {}
    for start in range(0, len(keys), ITEMS_A_REQUEST):
        some = keys[start : start + ITEMS_A_REQUEST]
        try:
            results = server.fetchItems(f"/library/metadata/{','.join(some)}")
        except POSSIBLE as error:
            if classify_failure(error, url).kind != "not_found":
                raise
            results = []
        for result in results:
            with contextlib.suppress(*ODDITIES):
                item = item_of(result._data, vars(result), str(server.machineIdentifier))
                found[item.rating_key] = item
        progress("library", start + len(some), len(keys))
    return found


def _read_play(row: Element, server_id: str, items: Mapping[str, Item], accounts: Mapping[str, str]) -> Play | None:
    """Return a row as a play; None if it has no time or no account."""
    account, viewed_at_s = _read_whole(row.get("accountID", "")), _read_whole(row.get("viewedAt", ""))
    if account is None or not viewed_at_s or viewed_at_s >= _LATEST_S:
        return None
    key = row.get("ratingKey", "")
    item = items.get(key) or _read_item(row, server_id, key)
    history_key = row.get("historyKey", "").rpartition("/")[2] or f"{account}/{viewed_at_s}/{key}"
    return Play(history_key, str(account), accounts.get(str(account), ""), float(viewed_at_s), item)


def _read_item(row: Element, server_id: str, key: str) -> Item:
    """Return the item of a row that the library no longer has."""
    is_episode = row.get("type") == "episode"
    return Item(
        server_id=server_id,
        rating_key=key if key.isascii() and key.isdigit() else "",
        kind=row.get("type", ""),
        title=row.get("title", ""),
        year=None if is_episode else _read_whole(row.get("originallyAvailableAt", "")[:4]),
        show=row.get("grandparentTitle", "") if is_episode else "",
        season=_read_whole(row.get("parentIndex", "")) if is_episode else None,
        episode=_read_whole(row.get("index", "")) if is_episode else None,
    )


def _read_whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
