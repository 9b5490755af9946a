"""Whether a store works: everything is asked of it, and it is saved to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from messages import (
    FindAccounts,
    GetBadgeCatalogue,
    GetCommunityYear,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetMyData,
    GetNight,
    GetViewerAccount,
    GetViewerStats,
    GetYear,
    LoadChatState,
    Question,
    SuggestTitles,
)
from persistence.operations.save import save
from persistence.queries.answers import load_answers
from persistence.rules import StatisticsRules
from persistence.store import Store
from tests.unit.persistence.record_builders import EVENING, RULES, ask, finish, open_store, record, running


def use_store(store: Store) -> None:
    """Ask, finish a watch, save, and look after the copies. Raises what would fail in the service."""
    with store.reader.connect() as connection:
        viewers = [str(row[0]) for row in connection.exec_driver_sql("SELECT viewer_id FROM viewers LIMIT 3")]
    for question in _questions(viewers or ["501"]):
        if type(question) in load_answers():
            msgspec.msgpack.encode(ask(store, question, record("fuzz-running", "502")))
    finish(store, record("fuzz-finished", "501"))
    save(store, running(record("fuzz-running", "502")), EVENING + 9000, "auto")
    store.read_resumable(0.0)
    store.read_unannounced_badges()
    store.repair_json_files()


def _questions(viewers: list[str]) -> Iterator[Question[Any]]:
    yield from (GetHistory(), GetHistory(title="a"), SuggestTitles("a"), GetMovieStats(), GetMovieStats("alien"))
    yield from (GetNight(), GetCommunityYear(2026), GetBadgeCatalogue(), LoadChatState(), FindAccounts())
    yield from (GetLeaderboard(order) for order in ("time", "movies", "badges", "streak"))
    for viewer in viewers:
        yield from (GetViewerStats(viewer), GetYear(viewer, 2026), GetHistory(viewer), GetViewerAccount(viewer))
        yield GetMyData(viewer)


def build_store(folder: Path, rules: StatisticsRules = RULES) -> Path:
    """Make a sound store with some evenings in it; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(folder, rules)
    for number in range(24):
        began_s = EVENING - 86_400 * number
        finish(store, record(f"w{number}", str(501 + number % 4), started_at_s=began_s, ended_at_s=began_s + 7200))
    save(store, running(record("r1", "501")), EVENING + 9000, "auto")
    store.close()
    return folder / "usher.db"
