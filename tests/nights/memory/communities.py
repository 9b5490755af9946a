"""Nights of several communities in one installation, and the same nights in installations of their own."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from config import PlexServer, Settings, write_servers
from messages import WatchRecord
from persistence.database.engine import reader_engine
from tests.nights.memory import derived_data
from tests.nights.memory.disk import Disk
from tests.nights.memory.night import MemoryNight, NightPlace
from tests.nights.memory.timeline import Timeline

GUILDS = ("100000000000000007", "100000000000000008")
"""The further communities; the environment's own is the first of the three."""
LABELS = (" Amber", " Birch", " Cedar")
"""What is in every title and name of a community's."""
LONGEST_S = 86_400.0
APART_S = 0.5
"""Between the starts of the communities' actors: in the simulation one waits for its first answer after the other."""


@dataclass(frozen=True)
class Outcome:
    """What a night left of one community."""

    records: list[WatchRecord]
    copies: dict[str, bytes]
    """The JSON copies, by name."""
    problems: list[str]
    store_url: str
    settings: Settings

    @property
    def viewers(self) -> list[str]:
        """Ids of all who have a record."""
        return sorted({record.viewer_id for record in self.records})


class CommunityNights:
    """Three nights of one seed, in folders of their own. The same records may be expected, wherever they are played."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.has_overlap = False
        """Whether two communities' actors waited for answers at once: the simulation, which has one thread, then lets
        one go on late, so that its records differ by that."""
        rng = random.Random(f"communities {seed}")  # noqa: S311  # chance that can be had again
        self._seeds = [rng.randrange(10**9) for _ in LABELS]
        self._operators = Settings(
            plex_poll_seconds=rng.choice([5.0, 10.0]),
            auto_save_interval_minutes=rng.choice([1.0, 5.0]),
            end_grace_seconds=rng.choice([0.0, 30.0, 30.0]),
            backup_interval_hours=0.0,
        )
        self._chosen = [_choose(rng) for _ in LABELS]
        self.together = [
            Disk(folder / f"empty-{number}", _data_dir(folder / "together", community))
            for number, community in enumerate(("", *GUILDS))
        ]
        self.alone = [Disk(folder / f"empty-{number}", folder / f"alone-{number}") for number in range(len(LABELS))]
        for number in range(len(LABELS)):
            (folder / f"empty-{number}").mkdir(exist_ok=True)

    def play_together(self) -> list[Outcome]:
        """Play all three at once in one installation: one network, one time, one data folder."""
        timeline, nights = Timeline(), list[MemoryNight]()
        for disk in self.together:
            disk.format()
        own = _replace(self._operators, self._chosen[0], self.together[0].folder)
        base = _replace(self._operators, {}, self.together[0].folder)
        settings = [own, *(base.for_community(*each) for each in zip(GUILDS, self._chosen[1:], strict=True))]
        lines: dict[str, object] = {}
        for number, community in enumerate(("", *GUILDS)):
            place = NightPlace(community, settings[number], timeline, lines, LABELS[number])  # type: ignore[arg-type]
            nights.append(MemoryNight(self._seeds[number], self.together[number], place=place))
        with contextlib.ExitStack() as mounted:
            for disk in self.together:
                mounted.enter_context(disk.mount())
            for number, night in enumerate(nights):
                timeline.at(number * APART_S, night.begin)
                timeline.at(night.script.length_s + 5, night.end)
            timeline.run(LONGEST_S, lambda: all(night.is_over for night in nights))
        self.has_overlap = timeline.has_overlap
        return [_look_at(night) for night in nights]

    def play_alone(self) -> list[Outcome]:
        """Play each in an installation of its own."""
        outcomes = []
        for number, disk in enumerate(self.alone):
            settings = _replace(self._operators, self._chosen[number], disk.folder)
            night = MemoryNight(self._seeds[number], disk, place=NightPlace(settings=settings, label=LABELS[number]))
            night.run(number * APART_S)
            outcomes.append(_look_at(night))
        return outcomes


def _choose(rng: random.Random) -> dict[str, str]:
    """Return what a community chose, as text."""
    chosen = {
        "TIMEZONE": rng.choice(["UTC", "Europe/Berlin", "America/New_York"]),
        "PLEX_SERVERS": write_servers([PlexServer("http://127.0.0.1:1", "token")]),  # the night's, which is in memory
    }
    if rng.random() < 0.6:
        chosen["WATCH_PARTY_PLEX_USER"] = "1"
        chosen["EXCLUDED_PLEX_USERS"] = rng.choice(["", "1"])
    chosen["MIN_WATCH_SECONDS"] = rng.choice(["30", "60"])
    return {name: text for name, text in chosen.items() if text}


def _replace(settings: Settings, chosen: dict[str, str], folder: Path) -> Settings:
    """Return the settings with what a community chose, as the environment's own community has them."""
    own = settings.for_community("1", chosen)
    return Settings(
        **{name: getattr(own, name) for name in Settings.__struct_fields__ if name not in ("data_dir", "database_url")},
        data_dir=str(folder),
    )


def _data_dir(root: Path, community: str) -> Path:
    return root / "communities" / community if community else root


def _look_at(night: MemoryNight) -> Outcome:
    engine = reader_engine(night.disk.store_url)
    try:
        with engine.connect() as connection:
            records = derived_data.read_records(connection)
            problems = night.problems + derived_data.check(night, connection, records)
    finally:
        engine.dispose()
    copies = {file.name: file.read_bytes() for file in sorted(night.disk.folder.glob("*.json"))}
    return Outcome(records, copies, problems, night.disk.store_url, night.settings)


def play_both(seeds: Sequence[int], folder: Path) -> Iterator[tuple[CommunityNights, list[Outcome], list[Outcome]]]:
    """Play the nights of each seed in both ways, but for those in which the simulation itself makes a difference."""
    for seed in seeds:
        nights = CommunityNights(seed, folder)
        together = nights.play_together()
        if not nights.has_overlap:
            yield nights, together, nights.play_alone()
