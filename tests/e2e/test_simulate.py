"""`python run.py simulate --once`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.slow


def test_simulate_plays_the_night_and_every_expectation_holds(tmp_path: Path) -> None:
    """Exit 0 in time: the channel, the saved files, the health table; nothing is left in the folder."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "simulate", "--once"], cwd=tmp_path, capture_output=True,
        encoding="utf-8", env={**environment, "PYTHONUTF8": "1"}, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "✘" not in done.stdout and done.stdout.count("✔") > 10
    for words in ("watch_history.json", "user_stats.json", "user_badges.json", "Rashomon", "persistence", "running"):
        assert words in done.stdout
    assert list(tmp_path.iterdir()) == []
