"""Charts by the process that draws them: real pictures, small, in time, in any script; and what happens without."""

import asyncio
import datetime
import logging
import struct
import subprocess
import sys
import time
from pathlib import Path

import msgpack
import msgspec
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from actors.chat.discord.framework import chart_renderer
from actors.chat.discord.framework.chart_renderer import ChartRenderer
from charts import AttendancePanel, ChartLocale, CountsPanel, Picture, WeeksPanel, YearPanel
from charts.draw import _draw_counts, _draw_weeks, _draw_year
from charts.fonts import fit_label
from charts.scripts import is_drawn

LOG = logging.getLogger("discord")
TODAY = datetime.date(2026, 11, 22)
DAYS = tuple(((TODAY - datetime.timedelta(days=back)).isoformat(), 600.0 * (back % 9)) for back in range(364, -1, -1))
NAMES = ("Drama", "Комедия", "דרמה", "كوميديا", "ドラマ 漢字", "한국 영화", "हिन्दी", "ละครไทย", "$x_1^{", "🎬🍿")
PICTURES = {
    "attendance": Picture((AttendancePanel("羅生門 · אורי · $x", tuple(range(120)), 88 * 60.0),)),
    "no viewers": Picture((AttendancePanel("", (0,), 60.0),)),
    "weeks": Picture(
        (WeeksPanel("Hours by week", DAYS[::7][-12:]), CountsPanel("Genres", tuple((n, 5) for n in NAMES)))
    ),
    "year": Picture((YearPanel("The year of " + "Ω" * 10_000, DAYS, TODAY.isoformat()),)),
    "an empty year": Picture((YearPanel("", (), TODAY.isoformat()),)),
    "figures beyond all reason": Picture(
        (WeeksPanel("x", ((TODAY.isoformat(), 1e15),)), CountsPanel("y", (("z", 10**15),)))
    ),
}


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, pixels."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("name", PICTURES)
async def test_every_kind_is_drawn(tmp_path: Path, name: str) -> None:
    """As a PNG of a phone's width, below 150 kB, well before the deadline."""
    began = time.monotonic()
    drawn = await ChartRenderer(tmp_path, LOG).draw(PICTURES[name])
    assert time.monotonic() - began < chart_renderer.DEADLINE_S
    width, height = size(drawn)
    assert width == 880
    assert 150 < height < 900
    assert len(drawn) < 150_000


async def test_what_is_written_by_itself_is_in_the_language(tmp_path: Path) -> None:
    """Months, hours and figures come with the data: the same data in other words is another picture."""
    panels = (
        WeeksPanel("Stunden", (("2026-10-05", 5_400.0), ("2026-12-07", 7_200.0))),
        CountsPanel("Genres", (("Drama", 1_234),)),
    )
    german = ChartLocale(months=("Okt",) * 12, day="{day}. {month}", hours="{hours} Std.", number="1.234,5")
    one, other = Picture(panels), Picture(panels, locale=german)
    drawn = await ChartRenderer(tmp_path, LOG).draw(one)
    assert drawn == await ChartRenderer(tmp_path, LOG).draw(one)
    assert drawn != await ChartRenderer(tmp_path, LOG).draw(other)


def test_a_short_week_is_no_week_of_nothing() -> None:
    """Below a tenth of an hour its bar says the minutes, in the language of the others."""
    axes = Figure().add_subplot()
    german = ChartLocale(hours="{hours} Std.", number="1.234,5", minutes="{minutes} Min.")
    _draw_weeks(axes, WeeksPanel("", (("2026-11-09", 400.0), ("2026-11-16", 100.0), ("2026-11-23", 20.0))), german)
    assert [text.get_text() for text in axes.texts] == ["0,1 Std.", "2 Min.", "1 Min."]


@pytest.mark.parametrize(
    ("until", "days"),
    [("2026-12-31", 365), ("2024-12-31", 366), ("2040-12-31", 366), ("2024-02-29", 366), ("2026-11-22", 365)],
)
def test_a_year_has_all_its_days(until: str, days: int) -> None:
    """Also one of 366, and one of those that begins on a Sunday: the first day is there, and none is cut off."""
    axes = Figure().add_subplot()
    _draw_year(axes, YearPanel("", (), until), ChartLocale())
    squares = [patch.get_x() for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert len(squares) == days
    left, right = axes.get_xlim()
    assert left <= min(squares)
    assert max(squares) + 0.8 <= right


def test_no_letter_of_a_script_is_missing() -> None:
    """The drawing process says nothing of missing glyphs, which the library warns of."""
    data = msgpack.packb(msgspec.to_builtins(PICTURES["weeks"]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "charts"], input=data, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"missing" not in done.stderr


def test_no_bar_is_without_a_name() -> None:
    """Where no font has its letters, the number of its place stands there, which the words beside explain."""
    labels = ("Drama", "தமிழ்", "বাংলা নাটক", "አማርኛ", "ខ្មែរ", "🎬🍿", "ドラマ", "👨\u200d👩\u200d👧", "!!!", "తెలుగు TV")
    axes = Figure().add_subplot()
    _draw_counts(axes, CountsPanel("", tuple((label, 5) for label in labels)), ChartLocale())
    written = [text.get_text() for text in axes.get_yticklabels()]
    assert written == ["Drama", "№ 2", "№ 3", "№ 4", "№ 5", "№ 6", "ドラマ", "№ 8", "!!!", "… TV"]
    drawn = [text == label for text, label in zip(written, labels, strict=True)]
    assert [is_drawn(label) for label in labels] == drawn
    assert fit_label("The year of தமிழ் நாடகம்", 62) == "The year of …"


@pytest.mark.parametrize("name", [name for name in NAMES if name[0].isalpha()])
def test_every_script_that_is_said_to_be_drawn_is(name: str) -> None:
    """Whole, so that its number is not said beside the picture."""
    assert is_drawn(name) and fit_label(name, 62) == name


def test_nothing_is_said_of_a_script_without_bold_letters() -> None:
    """A heading is bold where its font is, and else as it comes: neither drawing nor drawing by hand complains."""
    data = msgpack.packb(msgspec.to_builtins(PICTURES["attendance"]))
    png_alone = "import sys, msgpack, msgspec; from charts import Picture; from charts.draw import render_png; " + (
        "render_png(msgspec.convert(msgpack.unpackb(sys.stdin.buffer.read()), Picture))"
    )
    for code in (["-m", "charts"], ["-c", png_alone]):
        done = subprocess.run([sys.executable, *code], input=data, capture_output=True, check=True, timeout=60)
        assert b"findfont" not in done.stderr


@pytest.mark.parametrize("data", [b"", b"\xc1", msgpack.packb([1, 2]), b"\0" * 1_000_001])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """With a reason, not a traceback."""
    done = subprocess.run([sys.executable, "-m", "charts"], input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr
    assert b"Traceback" not in done.stderr


async def test_a_drawing_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the deadline; the log says so, and the next one is drawn."""
    made = ChartRenderer(tmp_path, LOG)
    with monkeypatch.context() as hasty:
        hasty.setattr(chart_renderer, "DEADLINE_S", 0.05)
        assert await made.draw(PICTURES["attendance"]) == b""
    assert "not within" in caplog.text
    assert await made.draw(PICTURES["attendance"])


async def test_without_the_library_the_words_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A Python that has no such module."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert await ChartRenderer(tmp_path, LOG).draw(PICTURES["attendance"]) == b""
    assert "figures are shown in words" in caplog.text


async def test_a_rush_of_charts_is_bounded(tmp_path: Path) -> None:
    """One at a time, few waiting; the others get none at once."""
    made = ChartRenderer(tmp_path, LOG)
    tasks = [asyncio.ensure_future(made.draw(PICTURES["no viewers"])) for _ in range(chart_renderer.MOST_WAITING + 3)]
    done, pending = await asyncio.wait(tasks, timeout=0.2)
    assert [task.result() for task in done] == [b""] * len(done)
    assert len(done) >= 3
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


def test_the_service_does_not_load_the_plotting_library() -> None:
    """Not with the Discord actor, nor with what it says of pictures."""
    code = "import sys, actors.chat.discord.actor, charts; assert not {'matplotlib', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_no_token_is_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the process that draws."""
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("PLEX_TOKEN", "secret")
    assert "secret" not in str(ChartRenderer(tmp_path, LOG)._environment())
