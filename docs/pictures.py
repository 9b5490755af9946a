"""Writes docs/pictures/*.png: messages of the scripted night as people see them, and the page. Needs Chromium.

The service, its messages, its page and every figure are real; `simulator.discord.transcript.html_page` draws Discord's
look.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops
from playwright.sync_api import Page, ViewportSize, sync_playwright

from simulator.discord.model.messages import ChannelMessage
from simulator.discord.transcript.html_page import DARK, LIGHT, render_page
from simulator.nights.demo.main import SETTINGS
from simulator.nights.demo.script import CUES, ENDS, HOST, IRIS, PARTY_FILM, STARTS
from simulator.nights.director import THIS_YEAR, Director
from simulator.nights.script import Cue, at_minute
from simulator.nights.stage import ANNOUNCE, ROOT, ServiceStage, find_free_port

FOLDER = Path(__file__).resolve().parent / "pictures"
SPEED = 180.0
MOST_BYTES = 150_000
WIDTH, TALLEST, SCALE = 620, 1500, 2
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 1240, 960, 14
HALF = STARTS + 32.5
WELL_INTO_IT = 30
ASKED = ("stats", "moviestats", f"wrapped year={THIS_YEAR}")
Pages = dict[str, str]
"""A message as a page in HTML, by theme."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FILMS = (
    ("Nosferatu", 1922, 94, "Horror|Fantasy", "F. W. Murnau"),
    ("The General", 1926, 78, "Comedy|Action", "Buster Keaton"),
    ("Metropolis", 1927, 148, "Drama|Sci-Fi", "Fritz Lang"),
    ("M", 1931, 110, "Crime|Thriller", "Fritz Lang"),
    ("His Girl Friday", 1940, 92, "Comedy|Romance", "Howard Hawks"),
    ("Stray Dog", 1949, 122, "Drama|Crime", "Akira Kurosawa"),
    ("Charade", 1963, 113, "Comedy|Mystery", "Stanley Donen"),
    ("Carnival of Souls", 1962, 78, "Horror|Mystery", "Herk Harvey"),
)


def earlier_evenings(folder: Path, viewer_id: str, evening: datetime.datetime) -> None:
    """Write a year of history in the older bot's format, for the charts to have something to show."""
    chance = random.Random(7)  # noqa: S311 - not for secrets
    records = []
    for back in range(360, 0, -1):
        if chance.random() > (0.5 if (evening - datetime.timedelta(days=back)).weekday() >= 4 else 0.16):
            continue
        title, year, minutes, genres, director = chance.choice(_FILMS)
        began = (evening - datetime.timedelta(days=back)).replace(tzinfo=None)
        records.append(
            {
                "user_id": viewer_id, "username": IRIS, "movie_title": title, "year": year,
                "start_time": began.isoformat(), "end_time": (began + datetime.timedelta(minutes=minutes)).isoformat(),
                "watch_duration_minutes": minutes, "completion_percentage": 100.0, "genres": genres.split("|"),
                "director": director, "movie_duration_ms": minutes * 60_000, "completed": True,
            }
        )  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "watch_history.json").write_text(json.dumps(records), encoding="utf-8")


def night(folder: Path) -> None:
    """Play the night, and draw each message at its moment."""
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    evening = datetime.datetime.combine(day, datetime.time(20, 30), datetime.UTC)
    settings = {**SETTINGS, "WEB_PORT": str(find_free_port())}
    stage = ServiceStage(folder / "data", speed=SPEED, party_user=HOST, evening=evening, **settings)
    earlier_evenings(folder / "old", str(stage.discord.member(IRIS).id), evening)
    subprocess.run(  # noqa: S603 - our own interpreter and file
        [sys.executable, str(ROOT / "run.py"), "import", str(folder / "old")], check=True, stdout=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(stage.data_dir)}, cwd=folder,
    )  # fmt: skip
    with stage:
        director = Director(stage, lambda text: None)
        pages = _while_it_runs(stage, director) | _afterwards(stage, director)
    for name, shown in pages.items():
        _shoot(shown, name)


def _while_it_runs(stage: ServiceStage, director: Director) -> dict[str, Pages]:
    """Take the plan before the film, and the live card in its midst."""
    _play(director, 0.0, STARTS)
    plan = _of_film(stage)
    pages = {"planned-night": _pages(plan, stage)}
    with _open_windows() as windows:
        _play(director, STARTS, HALF)
        stage.wait_until(HALF)
        _shoot_page(windows, stage.page_url, "page-tonight")
    return pages | {"live-card": _pages(_of_film(stage, after=plan), stage)}


def _afterwards(stage: ServiceStage, director: Director) -> dict[str, Pages]:
    """Take the night's record, and what Iris asks when it is over."""
    _play(director, HALF, ENDS + 4)
    stage.wait_until(ENDS + 4)
    for asked in ASKED:
        director.play([at_minute(ENDS + 4, "slash", IRIS, asked)])
    drawn = stage.discord.wait_until(
        lambda: sum(any(a.description for a in m.attachments) for m in stage.discord.messages(ANNOUNCE)) >= 6, 60.0
    )
    if not drawn:
        raise SystemExit("the charts were not drawn within a minute")
    plan, *answers = (message for message in stage.discord.messages(ANNOUNCE) if message.asked_with)
    names = (asked.partition(" ")[0] for asked in ASKED)
    shown = dict(zip(names, answers, strict=True)) | {"nights-record": _of_film(stage, after=plan)}
    return {name: _pages(message, stage) for name, message in shown.items()}


def _play(director: Director, since: float, until: float) -> None:
    """Play what people do from one minute of the script to another."""
    director.play([cue for cue in CUES if since <= cue.at_s / 60 < until and _calm(cue)])


def _calm(cue: Cue) -> bool:
    """Keep anything from breaking while a picture is taken, and from asking for what is not drawn."""
    return cue.verb in {"join", "leave", "interested", "play", "pause", "resume", "stop", "seek"} or "night" in cue.what


def _of_film(stage: ServiceStage, after: ChannelMessage | None = None) -> ChannelMessage:
    """Return the first message of the party's film; the first after another one, if that is given."""
    posted = stage.discord.messages(ANNOUNCE)
    return next(each for each in posted[posted.index(after) + 1 if after else 0 :] if PARTY_FILM in each.text)


def _pages(message: ChannelMessage, stage: ServiceStage) -> Pages:
    """Return a message as it is now, on both themes."""
    return {
        theme: render_page([message], stage.discord.world, colours)
        for theme, colours in (("dark", DARK), ("light", LIGHT))
    }


def _find_browser() -> str:
    browser = next((found for each in BROWSERS if (found := shutil.which(each))), None)
    if browser is None:
        raise SystemExit(f"no browser: install one of {', '.join(BROWSERS)} (Debian: apt install chromium)")
    return browser


@contextlib.contextmanager
def _open_windows() -> Iterator[dict[str, Page]]:
    """Yield a window of a browser for each theme: the film runs on while a browser is started."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_browser(), args=["--no-sandbox", "--disable-gpu"])
        size: ViewportSize = {"width": PAGE_WIDTH, "height": PAGE_HEIGHT}
        themes: tuple[Literal["dark", "light"], ...] = ("dark", "light")
        yield {
            theme: browser.new_context(  # without a script the page stays as it was at this moment
                viewport=size,
                color_scheme=theme,
                locale="en-GB",
                java_script_enabled=False,
            ).new_page()
            for theme in themes
        }
        browser.close()


def _shoot_page(windows: dict[str, Page], url: str, name: str) -> None:
    """Open a page as somebody does, and write how it looks: down to the last lane."""
    for page in windows.values():
        page.goto(url)
        while _read_minute(page) < WELL_INTO_IT:  # a busy machine is late with what people do
            page.reload()
    for theme, page in windows.items():
        page.locator(".hero img").evaluate("image => image.decode()")
        lanes = page.locator("section[data-part=lanes]").bounding_box()
        if lanes is None:
            raise SystemExit("nobody watches: there are no lanes to show")
        clip = {"x": 0, "y": 0, "width": PAGE_WIDTH, "height": lanes["y"] + lanes["height"] + MARGIN}
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder, "shot.png")
            page.screenshot(path=shot, full_page=True, clip=clip)  # type: ignore[arg-type]  # as it is typed there
            _write(shot, f"{name}-{theme}")


def _read_minute(page: Page) -> float:
    """Return which minute of the film a page shows."""
    position_ms = page.locator("[data-position]").get_attribute("data-position", timeout=60_000)
    return int(position_ms or 0) / 60_000


def _shoot(pages: Pages, name: str) -> None:
    """Have a browser draw the pages, and write each as small as it can be."""
    browser = _find_browser()
    for theme, source in pages.items():
        with tempfile.TemporaryDirectory() as folder:
            shot, file = Path(folder, "shot.png"), Path(folder, "page.html")
            file.write_text(source, encoding="utf-8")
            subprocess.run(  # noqa: S603 - found on the PATH; the page is ours
                [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--force-device-scale-factor={SCALE}", f"--window-size={WIDTH},{TALLEST}",
                 f"--user-data-dir={folder}/profile", f"--screenshot={shot}", file.as_uri()],
                check=True, capture_output=True, timeout=120,
            )  # fmt: skip
            _write(shot, f"{name}-{theme}")


def _write(shot: Path, name: str) -> None:
    target = FOLDER / f"{name}.png"
    target.write_bytes(_crop(shot))
    sys.stdout.write(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1000:.0f} kB\n")


def _crop(shot: Path) -> bytes:
    """Return the picture without the empty page below it, in 256 colours."""
    with Image.open(shot) as opened:
        whole = opened.convert("RGB")
    empty = Image.new("RGB", whole.size, whole.getpixel((0, whole.height - 1)))
    box = ImageChops.difference(whole, empty).getbbox()
    bottom = min(whole.height, (box[3] if box else whole.height) + 18 * SCALE)
    written = io.BytesIO()
    whole.crop((0, 0, whole.width, bottom)).quantize(256).save(written, "PNG", optimize=True)
    if len(written.getvalue()) > MOST_BYTES:
        raise SystemExit(f"a picture of {len(written.getvalue())} bytes is larger than {MOST_BYTES}")
    return written.getvalue()


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="usher-pictures-") as folder:
        night(Path(folder))


if __name__ == "__main__":
    main()
