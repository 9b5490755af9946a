"""Pictures by the process that draws them: in time, small, whatever is in them; and what happens if it fails."""

import asyncio
import datetime
import io
import logging
import subprocess
import sys
import time

import msgpack
import msgspec
import pytest
from PIL import Image

from charts import chart_renderer
from charts.chart_renderer import ChartRenderer
from charts.picture import (
    DATA_LIMIT,
    AnyDrawing,
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

LOG = logging.getLogger("discord")
TODAY = datetime.date(2026, 11, 22)
DAYS = tuple(((TODAY - datetime.timedelta(days=back)).isoformat(), 600.0 * (back % 9)) for back in range(364, -1, -1))
NAMES = ("Drama", "Комедия", "דרמה", "كوميديا", "ドラマ 漢字", "한국 영화", "हिन्दी", "ละครไทย", "$x_1^{", "🎬🍿")
MINUTE = 60_000
ROWS = tuple(
    LaneRow(f"{name} {number}", "all of it", "100 %", False, "x", number, ((number * MINUTE, 80 * MINUTE),))
    for number, name in enumerate(NAMES * 3)
)


def make_night(rows: tuple[LaneRow, ...]) -> Picture:
    """The lanes of a film."""
    lanes = LanesPanel("羅生門 · אורי · $x", "M", ((0, len(rows)),), "Watching at each minute", 88 * MINUTE, rows)
    return Picture((lanes,))


def make_year(*posters: bytes) -> WrappedCard:
    """A year with posters."""
    films = tuple(PosterMark("M (1931)", "7×", poster) for poster in posters)
    return WrappedCard(year="2026", name="Iris", big=Figure("156", "hours"), films=films, days=DAYS, until="2026-12-31")


def encode_poster(width: int = 400, height: int = 600) -> bytes:
    """A poster with much in it, as Plex sends it."""
    stream = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(stream, "jpeg")
    return stream.getvalue()


def make_bomb() -> bytes:
    """A WebP of a few bytes that says that it is small, and holds a frame of 16,383 x 16,383."""
    frame = b"\x9d\x01\x2a" + (0x3FFF).to_bytes(2, "little") * 2
    body = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + (99).to_bytes(3, "little") * 2
    body += b"VP8 " + (100).to_bytes(4, "little") + b"\x10\x02\0" + frame + bytes(90)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


DRAWINGS: dict[str, AnyDrawing] = {
    "a night": make_night(ROWS),
    "one viewer": make_night(ROWS[:1]),
    "no viewers": make_night(()),
    "weeks": Picture(
        (WeeksPanel("Hours by week", DAYS[::7][-12:]), CountsPanel("Genres", tuple((n, 5) for n in NAMES)))
    ),
    "a year": Picture((YearPanel("The year of " + "Ω" * 10_000, DAYS, TODAY.isoformat()),)),
    "an empty year": Picture((YearPanel("", (), TODAY.isoformat()),)),
    "figures beyond all reason": Picture(
        (WeeksPanel("x", ((TODAY.isoformat(), 1e15),)), CountsPanel("y", (("z", 10**15),)))
    ),
    "a card": make_year(encode_poster(), encode_poster(), b""),
    "a preview": PreviewCard(heading="Film night", title="M (1931)", poster=encode_poster()),
}
SIZES = {"a card": (1080, 1350), "a preview": (1200, 630)}


@pytest.mark.parametrize("name", DRAWINGS)
async def test_every_kind_is_drawn(name: str) -> None:
    """As a PNG of its size, of few bytes, well before the deadline."""
    began = time.monotonic()
    drawn = await ChartRenderer(LOG).draw(DRAWINGS[name])
    assert time.monotonic() - began < chart_renderer.DEADLINE_S
    width, height = Image.open(io.BytesIO(drawn)).size
    if name in SIZES:
        assert (width, height) == SIZES[name]
    else:
        assert width == 1080 and 200 < height < 1600
    assert len(drawn) < (1_500_000 if name in SIZES else 200_000)


async def test_drawing_is_deterministic() -> None:
    """Byte for byte: the moment of drawing has no influence."""
    renderer = ChartRenderer(LOG)
    assert await renderer.draw(DRAWINGS["one viewer"]) == await renderer.draw(DRAWINGS["one viewer"])
    assert await renderer.draw(DRAWINGS["one viewer"]) != await renderer.draw(DRAWINGS["no viewers"])


@pytest.mark.parametrize(
    "poster", [make_bomb(), encode_poster()[:2000], b"\x89PNG\r\n\x1a\n" + bytes(100), b"<svg/>" * 100], ids=range(4)
)
async def test_a_malicious_poster_is_left_out(poster: bytes) -> None:
    """Broken ones, and those that need more memory than the process may take; the rest is drawn."""
    drawn = await ChartRenderer(LOG).draw(make_year(encode_poster(), poster))
    assert Image.open(io.BytesIO(drawn)).size == (1080, 1350)


async def test_a_picture_is_drawn_again_without_posters_after_a_crash(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so; the picture has its text and figures."""
    run, asked = chart_renderer.draw_in_process, list[AnyDrawing]()

    async def die_with_posters(drawing: AnyDrawing) -> tuple[bytes, str]:
        asked.append(drawing)
        return (b"", "status -6, 0 bytes") if len(asked) == 1 else await run(drawing)

    monkeypatch.setattr(chart_renderer, "draw_in_process", die_with_posters)
    caplog.set_level(logging.INFO)
    assert await ChartRenderer(LOG).draw(make_year(encode_poster()))
    assert asked[1] == make_year(b"")
    assert "without" not in caplog.text and "with its posters: status -6" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_the_process_may_not_take_all_memory() -> None:
    """Its limit holds whatever its parent's is."""
    code = (
        "import charts.__main__ as m; m._limit_memory()\n"
        "try: bytearray(m.MEMORY_LIMIT)\nexcept MemoryError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout.strip() == b"refused"


@pytest.mark.parametrize("data", [b"", b"\xc1", msgpack.packb([1, 2]), b"\0" * (DATA_LIMIT + 1)], ids=range(4))
def test_a_request_that_is_no_picture_is_refused(data: bytes) -> None:
    """With a reason, not a traceback."""
    done = subprocess.run([sys.executable, "-m", "charts"], input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr
    assert b"Traceback" not in done.stderr


def test_without_its_font_there_is_a_reason_and_no_picture() -> None:
    """A picture without letters would be worse than none."""
    data = msgpack.packb(msgspec.to_builtins(DRAWINGS["one viewer"]))
    code = "import sys, charts.drawing.fonts as f, charts.__main__ as m; f.MAIN = 'no_such'; sys.exit(m.main())"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"install the package no-such" in done.stderr


async def test_a_drawing_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """At the deadline; the log says so, and the next one is drawn."""
    made = ChartRenderer(LOG)
    with monkeypatch.context() as hasty:
        hasty.setattr(chart_renderer, "DEADLINE_S", 0.05)
        assert await made.draw(DRAWINGS["a night"]) == b""
    assert "not within" in caplog.text
    assert await made.draw(DRAWINGS["a night"])


async def test_the_text_is_shown_if_no_process_can_be_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Drawing returns nothing."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert await ChartRenderer(LOG).draw(DRAWINGS["a night"]) == b""
    assert "figures are shown in words" in caplog.text


async def test_the_number_of_waiting_charts_is_limited() -> None:
    """One is drawn at a time, few wait; the others get none at once."""
    made = ChartRenderer(LOG)
    tasks = [asyncio.ensure_future(made.draw(DRAWINGS["no viewers"])) for _ in range(chart_renderer.MOST_WAITING + 3)]
    done, pending = await asyncio.wait(tasks, timeout=0.05)
    assert [task.result() for task in done] == [b""] * len(done)
    assert len(done) >= 3
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


async def test_a_rush_in_one_community_takes_no_chart_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Still one at a time in all."""
    goes_on, drawing, most = asyncio.Event(), 0, 0

    async def draw(_drawing: object) -> tuple[bytes, str]:
        nonlocal drawing, most
        drawing += 1
        most = max(most, drawing)
        await goes_on.wait()
        drawing -= 1
        return b"drawn", ""

    monkeypatch.setattr(chart_renderer, "draw_in_process", draw)
    process = ChartRenderer(LOG)
    busy, other = process.make_another(), process.make_another()
    rush = [asyncio.ensure_future(busy.draw(DRAWINGS["no viewers"])) for _ in range(chart_renderer.MOST_WAITING + 3)]
    await asyncio.wait(rush, return_when=asyncio.FIRST_COMPLETED)
    wanted = asyncio.ensure_future(other.draw(DRAWINGS["a night"]))
    goes_on.set()
    assert await wanted == b"drawn"
    assert sorted(await asyncio.gather(*rush)) == [b""] * 3 + [b"drawn"] * chart_renderer.MOST_WAITING
    assert most == 1


def test_the_service_does_not_import_the_drawing_libraries() -> None:
    """Neither the actors of Discord and of the page, nor their texts about pictures."""
    code = (
        "import sys, actors.chat.discord.actor, actors.web.actor, charts.chart_renderer, wording.cards; "
        "assert not {'resvg_py', 'uharfbuzz', 'PIL', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_drawing_process_has_no_token_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Discord's nor that of Plex."""
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("PLEX_TOKEN", "secret")
    assert "secret" not in str(chart_renderer._choose_environment())
