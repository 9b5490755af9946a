"""Every trial by its name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tests.fuzz.alert_streams import alert_streams
from tests.fuzz.damaged_backups import damaged_backups
from tests.fuzz.damaged_badges import badge_files
from tests.fuzz.damaged_imports import import_folders, tautulli_files
from tests.fuzz.plex.trials import damaged_answers, heavy_answers
from tests.fuzz.trial import Case, TrialResult, run_trial

TRIALS: Mapping[str, Callable[[], AbstractContextManager[Case]]] = {
    "plex": damaged_answers,
    "heavy": heavy_answers,
    "alerts": alert_streams,
    "imports": import_folders,
    "tautulli": tautulli_files,
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
