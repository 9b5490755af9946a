"""Power cuts while watches are stored; `python -m tests.faults.power_cuts` plays as many as are asked for."""

from pathlib import Path

import pytest

from tests.faults.power_cuts import play_cuts
from tests.faults.test_failing_files import can_trace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_trace(), reason="strace is not there, or may not trace"),
]


def test_a_power_cut_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Of the writes that were not flushed any part may be missing: everything acknowledged is in the store."""
    assert play_cuts(tmp_path, range(40)) == {}


def test_without_flushes_watches_are_lost(tmp_path: Path) -> None:
    """The control: the judge detects lost watches if no flush counts."""
    assert play_cuts(tmp_path, range(40), counts_flushes=False)
