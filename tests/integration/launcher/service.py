"""The service as `python run.py` runs it, with small actors in place of the real ones: `python -m ... DATA_DIR`."""

from __future__ import annotations

import sys

from config import Settings
from launcher.commands import serve
from launcher.launcher import Launcher
from launcher.supervision.supervision_settings import SupervisionSettings
from tests.integration.launcher.scripted_actors import WITH_STAGEHAND

QUICK = SupervisionSettings(ping_every_s=0.1, first_retry_s=0.05, crash_limit=1, look_every_s=0.02)

if __name__ == "__main__":
    sys.exit(
        serve.main(
            Settings(data_dir=sys.argv[1], health_interval_seconds=1.0),
            lambda settings: Launcher(settings, actors=WITH_STAGEHAND, timings=QUICK),
        )
    )
