"""The web actor beside a real persistence actor and a real store, on the in-memory transport."""

from __future__ import annotations

import contextlib
import functools
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actors.persistence.actor import Persistence
from actors.runtime import Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from config import Settings
from messages import Item, Privacy, SetPrivacy, WatchRecord
from messages.base import DurationMs, PositionMs
from persistence.store import Store
from tests.deadlines import WITHIN_S
from tests.moments import SetClock
from tests.unit.persistence.record_builders import DAY, EVENING, finish, open_store, record
from tests.unit.web.page_stage import PageStage

NOW_S = EVENING + 2 * DAY
"""The last film night is two days past, and the first one of the year is not a year ago."""
FILMS = (
    ("Nosferatu", 1922, 94, "Horror|Fantasy", "F. W. Murnau"),
    ("The General", 1926, 78, "Comedy|Action", "Buster Keaton"),
    ("Metropolis", 1927, 148, "Drama|Science Fiction", "Fritz Lang"),
    ("M", 1931, 110, "Crime|Thriller", "Fritz Lang"),
    ("His Girl Friday", 1940, 92, "Comedy|Romance", "Howard Hawks"),
    ("Rashomon", 1950, 88, "Crime|Drama", "Akira Kurosawa"),
    ("Carnival of Souls", 1962, 78, "Horror|Mystery", "Herk Harvey"),
    ("Charade", 1963, 113, "Comedy|Mystery", "Stanley Donen"),
)
PEOPLE = ("Iris", "Björn", "Chiara", "אורי", "Dr. *Noodle*", "Anton", "Berta")
IDS = {name: str(500 + number) for number, name in enumerate(PEOPLE)}


def make_item(number: int) -> Item:
    """Return a film of the club."""
    title, year, minutes, genres, director = FILMS[number]
    return Item(
        "srv", str(number), "movie", title, year, DurationMs(minutes * 60_000), tuple(genres.split("|")), (director,)
    )


def make_party(number: int, at_s: float, chance: random.Random, name: str) -> list[WatchRecord]:
    """Return the watches of a watch party: some come late, some leave early."""
    item = make_item(number)
    length = item.duration_ms or 0
    records = []
    for place, who in enumerate(chance.sample(PEOPLE, chance.randint(2, len(PEOPLE)))):
        start = 0 if chance.random() < 0.7 else round(length * chance.uniform(0.05, 0.4) / 1000) * 1000
        end = length if chance.random() < 0.7 else round(length * chance.uniform(0.5, 0.95) / 1000) * 1000
        ran_s = (end - start) / 1000
        percent = 100 * (end - start) / length
        records.append(
            record(
                f"{name}-{place}",
                IDS[who],
                item,
                username=who,
                screening_id=name,
                source="plex" if place == 0 else "voice",
                party=True,
                started_at_s=at_s + start / 1000,
                ended_at_s=at_s + end / 1000,
                join_position_ms=PositionMs(start),
                leave_position_ms=PositionMs(end),
                playing_s=ran_s,
                spans=((start, end),),
                coverage_ms=DurationMs(end - start),
                completion_percent=percent,
                completed=percent >= 80,
            )
        )
    return records


def fill_store(store: Store, nights: int, seed: int = 7) -> None:
    """Write a year of film nights that end with the one of EVENING."""
    chance = random.Random(seed)  # noqa: S311  # the same nights each time
    for number in range(nights):
        at_s = EVENING - (nights - 1 - number) * 350 * DAY / max(nights, 1)
        finish(store, *make_party(chance.randrange(len(FILMS)), at_s, chance, f"night{number}"))


class PageHouse(PageStage):
    """A page whose questions a real store answers."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, SetClock(NOW_S), **settings)
        self.caller = self.add_neighbour("caller")
        """Whoever asks persistence something: the Discord actor, the command line."""
        node = Endpoint("persistence", self.network.transport("persistence"), DeadLetters(None, "persistence"))
        chosen = Settings(data_dir=str(folder), timezone="Europe/Berlin", web_port=1, backup_interval_hours=0)
        self._persistence = Persistence.start(Context(node, chosen, self.clock, folder))

    def choose_privacy(self, name: str, choice: Privacy) -> None:
        """Make a choice of privacy, as a member does on Discord."""
        self.caller.ask("persistence", SetPrivacy(IDS[name], name, choice), WITHIN_S)

    def wait_until_ready(self) -> None:
        """Wait until the store answers what pages ask."""
        end = time.monotonic() + WITHIN_S
        while self.get("/board")[0] != 200:
            assert time.monotonic() < end, self.get("/board")[2]
            time.sleep(0.1)

    def wait_for(self, path: str, text: str) -> str:
        """Return a page as soon as it says something."""
        end = time.monotonic() + WITHIN_S
        while text not in (page := self.get(path)[2]):
            assert time.monotonic() < end, f"{text} never was on {path}"
            time.sleep(0.05)
        return page

    def wait_until_changed(self, path: str, gone: str) -> None:
        """Wait until a page does not say something any more; two seconds are promised."""
        end = time.monotonic() + WITHIN_S
        while gone in self.get(path)[2]:
            assert time.monotonic() < end, f"{gone} is still on {path}"
            time.sleep(0.05)

    def close(self) -> None:
        """Stop both actors."""
        self._persistence.stop()
        super().close()


@functools.cache
def _write_club(nights: int) -> dict[str, bytes]:
    """Return the files of a data folder with a year of film nights, written once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder)
        fill_store(store, nights)
        store.ensure_page_key()  # copies of the folder have the same addresses
        store.close()
        return {file.name: file.read_bytes() for file in folder.iterdir()}


def make_club(folder: Path, nights: int) -> Path:
    """Return a data folder with a year of film nights."""
    folder.mkdir(parents=True)
    for name, content in _write_club(nights).items():
        (folder / name).write_bytes(content)
    return folder


@contextlib.contextmanager
def open_house(folder: Path, **settings: Any) -> Iterator[PageHouse]:
    """Yield a page beside the store of a data folder."""
    house = PageHouse(folder, **settings)
    try:
        house.answer_load()
        house.wait_until_ready()
        yield house
    finally:
        house.close()
