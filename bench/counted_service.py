"""The service with a tracker that counts the bytes it sends to persistence, for bench.communities.

All communities' trackers run in one process; their total, in bytes, is in the file TRAFFIC of the data folder.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from actors.address import split_address
from actors.tracker.actor import Tracker
from simulator.nights.stage import ServiceStage

TRAFFIC = "traffic"
EVERY_S = 1.0
_sent = [0]
"""Bytes that this process's trackers have sent to persistence."""


class CountingTracker(Tracker):
    """The tracker, with a count of the bytes that it sends to persistence."""

    def on_start(self) -> None:
        """Insert the counting transport."""
        self.endpoint._transport = _CountedTransport(self.endpoint._transport)
        if not self.context.community:
            file = self.context.data_dir / TRAFFIC
            threading.Thread(target=_write_count, args=(file,), name="count", daemon=True).start()
        super().on_start()


class _CountedTransport:
    """Wraps a transport and counts its bytes."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self, peer: str, frame: bytes) -> bool:
        """Count the frame and send it."""
        if split_address(peer)[0] == "persistence":
            _sent[0] += len(frame)
        return bool(self._transport.send(peer, frame))


def _write_count(file: Path) -> None:
    while True:
        file.write_text(str(_sent[0]))
        time.sleep(EVERY_S)


class CountedStage(ServiceStage):
    """A stage whose service counts this traffic."""

    def command(self) -> list[str]:
        """See ServiceStage."""
        return [sys.executable, "-m", "bench.counted_service"]

    def read_traffic(self) -> int:
        """Return how many bytes the trackers have sent to persistence; the figure is at most a second old."""
        return int((self.data_dir / TRAFFIC).read_text() or 0)


def main() -> int:
    """Run until told to stop."""
    from config import load_settings
    from launcher.commands import serve
    from launcher.launcher import Launcher
    from simulator.nights.service import stop_with_parent

    settings = load_settings(os.environ)
    threading.Thread(target=stop_with_parent, name="life-line", daemon=True).start()
    classes = {"persistence": "", "tracker": "bench.counted_service:CountingTracker", "discord": "", "plex": ""}
    return serve.main(settings, lambda checked: Launcher(checked, actors=classes))


if __name__ == "__main__":
    sys.exit(main())
