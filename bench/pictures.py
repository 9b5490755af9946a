"""A picture: time, CPU and memory of the process that draws it, beside one that only reads its data.

The reference is the same process on data that are not a picture: Python's start and the reading, which every drawing
needs. All take turns, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import datetime
import io
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import msgpack
import msgspec
from PIL import Image

from charts.picture import (
    AnyDrawing,
    BadgeMark,
    CountsPanel,
    Figure,
    LaneRow,
    LanesPanel,
    Picture,
    PosterMark,
    PreviewCard,
    WeeksPanel,
    WrappedCard,
    YearPanel,
)

ROUNDS = 9
ROOT = Path(__file__).parents[1]
MINUTE_MS = 60_000
UNTIL = datetime.date(2026, 12, 31)
DAYS = tuple(((UNTIL - datetime.timedelta(days=back)).isoformat(), 900.0 * (back % 9)) for back in range(365))


class Cost(NamedTuple):
    """The cost of one process."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float
    """MB (10^6 bytes), including memory shared with other processes, such as the fonts."""
    size_kb: float
    """Size of the picture."""


def make_night(viewers: int) -> Picture:
    """Return a night with this many viewers."""
    rows = tuple(
        LaneRow(
            f"Viewer {number}", "came in at 0:20", "78 %", False, "V", number % 8, ((number * 1000, 88 * MINUTE_MS),)
        )
        for number in range(viewers)
    )
    steps = tuple((number * 1000, number + 1) for number in range(viewers))
    return Picture((LanesPanel("Who sat where", "M", steps, "Watching at each minute", 88 * MINUTE_MS, rows),))


def make_poster() -> bytes:
    """Return a detailed poster, as Plex sends it."""
    stream = io.BytesIO()
    Image.effect_noise((600, 900), 90).convert("RGB").save(stream, "jpeg")
    return stream.getvalue()


def make_drawings() -> dict[str, AnyDrawing]:
    """Return one drawing of each kind."""
    poster = make_poster()
    return {
        "night, 6 viewers": make_night(6),
        "night, 200 viewers": make_night(200),
        "weeks and genres": Picture(
            (
                WeeksPanel("Hours by week", DAYS[:84:7]),
                CountsPanel("Genres", tuple((f"Genre {n}", n) for n in range(8))),
            )
        ),
        "a year": Picture((YearPanel("A year", DAYS, UNTIL.isoformat()),)),
        "wrapped, 3 posters": WrappedCard(
            year="2026",
            name="Iris",
            big=Figure("156", "hours watched"),
            figures=(Figure("9", "films"),) * 4,
            films=(PosterMark("M (1931)", "7×", poster),) * 3,
            days=DAYS,
            until=UNTIL.isoformat(),
            badges=(BadgeMark("🔥", ""),) * 8,
        ),
        "preview of a night": PreviewCard(heading="Film night", title="M (1931)", poster=poster),
    }


def run() -> dict[str, Cost]:
    """Return the median cost of each drawing, and of the reference: "reads only"."""
    data = {
        name: msgpack.packb(msgspec.to_builtins(drawing, builtin_types=(bytes,)))
        for name, drawing in make_drawings().items()
    }
    data = {"reads only": msgpack.packb([]), **data}
    costs: dict[str, list[Cost]] = {name: [] for name in data}
    for _round in range(ROUNDS):
        for name, packed in data.items():
            costs[name].append(_draw(packed))
    return {name: Cost(*map(statistics.median, zip(*each, strict=True))) for name, each in costs.items()}


def _draw(packed: bytes) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "charts"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None and process.stdout is not None
    with process.stdin, process.stdout:
        process.stdin.write(packed)
        process.stdin.close()
        drawn = process.stdout.read()
    _pid, _status, used = os.wait4(process.pid, 0)
    process.returncode = 0  # already waited for
    return Cost(
        (time.perf_counter() - began) * 1000,
        (used.ru_utime + used.ru_stime) * 1000,
        used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6,
        len(drawn) / 1000,
    )


def main() -> None:
    """Print the table."""
    costs = run()
    bare = costs["reads only"]
    print(f"{'':<22}{'wall ms':>9}{'CPU ms':>9}{'ratio':>7}{'peak MB':>9}{'kB':>8}")
    for name, cost in costs.items():
        print(
            f"{name:<22}{cost.wall_ms:>9.0f}{cost.cpu_ms:>9.0f}{cost.cpu_ms / bare.cpu_ms:>7.1f}{cost.peak_mb:>9.1f}"
            f"{cost.size_kb:>8.0f}"
        )


if __name__ == "__main__":
    main()
