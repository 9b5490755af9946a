"""`!savedata` with a long history: how long the copy takes, how much memory, and what a finish costs meanwhile.

`python -m bench.savedata` writes 100,000 records; `python -m bench.savedata 1000000` a million. Meanwhile watches end
one after another, as in the actor: none may wait for the copy.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from bench.save import NOW_S
from bench.store import fill, finish_one, open_bench_store
from persistence.operations.save import save

RECORDS = 100_000
VIEWERS = 2_000
APART_S = 0.05


class Written(NamedTuple):
    """The cost."""

    answered_ms: float
    """Time until the save was done and the copy had begun."""
    written_s: float
    more_mb: float
    """Maximum additional memory."""
    alone_ms: float
    """Median finish before."""
    meanwhile_ms: float
    """Median finish while the copy is written."""
    worst_ms: float
    lines: int


def run(records: int = RECORDS) -> Written:
    """Save everything with this many records, while watches end."""
    with tempfile.TemporaryDirectory() as name, open_bench_store(Path(name)) as store:
        fill(store, records, VIEWERS)
        is_written = threading.Event()
        rewriter = store.json_sync.rewriter
        rewriter.start(is_written.set)
        alone = [finish_one(store, f"a{number}", number) for number in range(20)]
        before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        began = time.perf_counter()
        save(store, [], NOW_S + 1, "command")
        answered_ms = (time.perf_counter() - began) * 1000
        meanwhile: list[float] = []
        while rewriter.is_running:
            meanwhile.append(finish_one(store, f"b{len(meanwhile)}", len(meanwhile) % VIEWERS))
            if is_written.wait(APART_S):
                is_written.clear()
                store.json_sync.complete_rewriting()
        written_s = time.perf_counter() - began
        more_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 - before_mb
        with (Path(name) / "watch_history.json").open("rb") as stream:
            lines = sum(line.startswith(b"{") for line in stream)
        rewriter.close()
        assert lines == records + VIEWERS + len(alone) + len(meanwhile), "the copy has not every record"
        return Written(
            answered_ms, written_s, more_mb, statistics.median(alone), statistics.median(meanwhile),
            max(meanwhile), lines,
        )  # fmt: skip


def main() -> None:
    """Print the figures."""
    found = run(int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else RECORDS)
    print(f"{found.lines:,} records written in {found.written_s:.1f} s (aim: a million in 30 s)")
    print(f"  the save itself took {found.answered_ms:.0f} ms, memory rose by {found.more_mb:.0f} MB at most")
    print(
        f"  a finish takes {found.alone_ms:.1f} ms, meanwhile {found.meanwhile_ms:.1f} ms, "
        f"at most {found.worst_ms:.1f} ms"
    )


if __name__ == "__main__":
    main()
