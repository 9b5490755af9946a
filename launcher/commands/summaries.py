"""`python run.py summaries`: checks the summaries against the records."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rich.console import Console

from config import Settings
from launcher.commands.store import build_rules, exclusive_access, open_store, report_failures, show_progress
from persistence.database.engine import sqlite_file
from persistence.database.errors import StoreError
from persistence.store import Store

_AT_ONCE = 20_000


@report_failures
def main(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    """Compare the summaries with the records while the service is stopped, and compute wrong ones again."""
    file = sqlite_file(settings.store_url)
    if file is not None and not file.exists():
        raise StoreError(f"There is no store {file} to look at: set DATA_DIR to the folder of one.")
    rules = build_rules(settings, may_lack_badges=True)
    with exclusive_access(settings), open_store(settings, rules, is_owner=True) as store, show_progress() as progress:
        _fill(store, progress)
        wrong = store.check_summaries()
        if wrong:
            store.clear_summaries()
            _fill(store, progress)
    if wrong:
        console.print(f"Counted again from the records because they differed: {', '.join(wrong)}.")
    else:
        console.print("The summaries are what the records add up to.")
    return 0


def _fill(store: Store, progress: Callable[[str, int, int], None]) -> None:
    while (left := store.fill_summaries(_AT_ONCE)) is not None:
        progress("summaries", left.done, left.total)
