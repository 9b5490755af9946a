"""Every trial by its name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tests.fuzz.alert_streams import alert_streams
from tests.fuzz.damaged_files import badge_files, damaged_backups, import_folders
from tests.fuzz.plex.trials import damaged_answers, heavy_answers
from tests.fuzz.trial import Case, TrialResult, run_trial

TRIALS: Mapping[str, Callable[[], AbstractContextManager[Case]]] = {
    "plex": damaged_answers,
    "heavy": heavy_answers,
    "alerts": alert_streams,
    "imports": import_folders,
    "backups": damaged_backups,
    "badges": badge_files,
}


def play_trial(name: str, seeds: range) -> TrialResult:
    """Play the cases of some seeds."""
    logging.disable(logging.CRITICAL)
    try:
        with TRIALS[name]() as case:
            return run_trial(name, case, seeds)
    finally:
        logging.disable(logging.NOTSET)
