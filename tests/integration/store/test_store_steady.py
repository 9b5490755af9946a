"""Viewers who only kept watching are saved without reading earlier years, with the same result as a recount."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from sqlalchemy import Table, event, select

from awards import read_badges
from messages import LinkAccount, Privacy, SetPrivacy, Sitting, WatchRecord
from persistence.badge_files import default_badges
from persistence.database.tables import CHECKPOINT, VIEWER_BADGES, VIEWER_STATS, VIEWERS
from persistence.json_files.files import ALL
from persistence.operations.finish_watch import finish_watch
from persistence.operations.link import link
from persistence.operations.save import save
from persistence.records.viewers import set_privacy
from persistence.rules import StatisticsRules
from persistence.store import Store
from tests.unit.persistence.record_builders import EVENING, FILM, closes, open_store, record, running

PLEX = "plex:srv:7"
VIEWERS_OF_TESTS = ("501", "502", "503", PLEX)
OWN = "\n".join(
    f'[[badge]]\nid = "own_{rule}_{hours}"\nname = "Own"\nemoji = "⏳"\nrarity = "rare"\n'
    f'description = "Own."\nrule = "{rule}"\nthreshold = {hours}\n'
    for rule in ("hours", "hours_in_a_day")
    for hours in (1, 2, 3, 5, 8, 13)
)
RULES = StatisticsRules(
    ZoneInfo("Europe/Berlin"), (*default_badges(), *read_badges(OWN, "own")), watched_percent=80.0, min_watch_s=60.0
)
TABLES = (VIEWER_STATS, VIEWERS, VIEWER_BADGES, CHECKPOINT)


def rows_of(store: Store, table: Table) -> list[Any]:
    """All rows of a table, in the order of its keys."""
    with store.reader.connect() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key)).all())


class Evening:
    """People who begin, pause, go on and leave, by chance."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # chance that can be had again
        self.now_s = EVENING + self.rng.choice([-9000, -7300, 7000, 9000, 24_000])
        self.running: dict[str, WatchRecord] = {}
        self._number = 0

    def step(self) -> list[WatchRecord]:
        """Let time pass; return what ended."""
        rng = self.rng
        passed_s = rng.choice([5.0, 60.0, 300.0, 300.0, 1800.0, 7000.25])
        self.now_s += passed_s
        for watch_id, before in self.running.items():
            self.running[watch_id] = self._go_on(before, passed_s)
        if len(self.running) < 6 and rng.random() < 0.5:
            self._begin()
        gone = [watch_id for watch_id in self.running if rng.random() < 0.06]
        return [self.running.pop(watch_id) for watch_id in gone]

    def _begin(self) -> None:
        self._number += 1
        rng, who = self.rng, self.rng.choice(VIEWERS_OF_TESTS)
        item = replace(
            FILM,
            rating_key=str(rng.randrange(3)),
            title=rng.choice(["Alien", "Brazil"]),
            kind=rng.choice(["movie", "episode"]),
        )
        watch_id = f"r{self._number}"
        self.running[watch_id] = record(
            watch_id, who, item, username=rng.choice(["Zoë", f"name {who}"]), started_at_s=self.now_s,
            ended_at_s=self.now_s, playing_s=0.0, spans=(), coverage_ms=0, completion_percent=0.0, completed=False,
            brief=True, join_position_ms=rng.choice([0, 900_000]), source="plex" if who == PLEX else "voice",
            party=rng.random() < 0.5, first_seat=rng.random() < 0.5, guild_id=rng.choice(["", "7"]),
        )  # fmt: skip

    def _go_on(self, before: WatchRecord, passed_s: float) -> WatchRecord:
        rng = self.rng
        played_s = passed_s * rng.choice([0.0, 0.5, 0.98, 1.0, 1.0, 1.0])
        sittings = list(before.sittings)
        if played_s and sittings and rng.random() < 0.8:
            last = sittings[-1]
            sittings[-1] = Sitting(last.start_s, self.now_s, last.playing_s + played_s)
        elif played_s:
            sittings.append(Sitting(self.now_s - played_s, self.now_s, played_s))
        playing_s = before.playing_s + played_s
        covered = min(7_200_000, round(playing_s * 1000))
        return replace(
            before, ended_at_s=self.now_s, playing_s=playing_s, paused_s=before.paused_s + passed_s - played_s,
            sittings=() if self._is_old(before) else tuple(sittings), spans=((0, covered),), coverage_ms=covered,
            completion_percent=covered / 72_000, completed=covered >= 5_760_000, brief=playing_s < 60,
        )  # fmt: skip

    def _is_old(self, watch: WatchRecord) -> bool:
        """Whether it is one without sittings."""
        return int(watch.watch_id[1:]) % 5 == 0


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """A store as it is, and one that counts everybody anew at each save."""
    with ExitStack() as opened:
        stores = []
        for name in ("kept", "anew"):
            (tmp_path / name).mkdir()
            store = open_store(tmp_path / name, RULES)
            opened.callback(store.close)
            stores.append(store)
        yield stores[0], stores[1]


@pytest.mark.parametrize("seed", range(4))
def test_saves_give_the_same_as_a_recount(both: tuple[Store, Store], tmp_path: Path, seed: int) -> None:
    """After every save, whatever happens in between: rows, badges, checkpoint, and the copies byte by byte."""
    evening, kept_on = Evening(seed), 0
    for number in range(40):
        for ended in evening.step():
            for store in both:
                finish_watch(
                    store,
                    ended,
                    closes(ended),
                    f"m-{ended.watch_id}",
                    running(*evening.running.values()),
                    evening.now_s,
                )
        _change_something(both, evening)
        both[1].steady_viewers.forget()
        before = both[0].steady_viewers.count
        for store in both:
            save(store, running(*evening.running.values()), evening.now_s, "auto")
        kept_on += before > 0
        for table in TABLES:
            assert rows_of(both[0], table) == rows_of(both[1], table), f"{table.name} after step {number}"
        for name in ALL:
            files = [tmp_path / folder / name for folder in ("kept", "anew")]
            contents = [file.read_bytes() if file.exists() else b"" for file in files]
            assert contents[0] == contents[1], f"{name} after step {number}"
    assert kept_on > 12


def _change_something(both: tuple[Store, Store], evening: Evening) -> None:
    """Now and then somebody links an account, chooses who sees them, or a store was asked to read all again."""
    chance = evening.rng.random()
    choices: list[Privacy] = ["open", "private", "untracked", "open"]
    choice = evening.rng.choice(choices)
    for store in both:
        if chance < 0.02 and not any(each.viewer_id == "502" for each in evening.running.values()):
            with store.change(evening.now_s, running(*evening.running.values())) as change:
                if not any(row.plex_id == PLEX for row in _links(store)):
                    link(change, LinkAccount(PLEX, "plex", "502", "name 502", "1"), evening.now_s)
        elif chance < 0.06:
            asked = SetPrivacy("503", "name 503", choice)
            with store.change(evening.now_s, running(*evening.running.values())) as change:
                set_privacy(change, asked, evening.now_s)
        elif chance < 0.1:
            store.json_sync.forget_viewers()


def _links(store: Store) -> list[Any]:
    from persistence.database.tables import ACCOUNT_LINKS

    return rows_of(store, ACCOUNT_LINKS)


def test_nothing_is_read_of_viewers_who_only_kept_watching(both: tuple[Store, Store]) -> None:
    """The save writes three figures for each of them."""
    store = both[0]
    first = record(
        "r1",
        completed=False,
        sittings=(Sitting(EVENING, EVENING + 1800, 1800.0),),
        ended_at_s=EVENING + 1800,
        playing_s=1800.0,
    )
    save(store, running(first), EVENING + 1800, "auto")
    longer = replace(
        first, ended_at_s=EVENING + 2100, playing_s=2100.0, sittings=(Sitting(EVENING, EVENING + 2100, 2100.0),)
    )
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(store._writer, "before_cursor_execute", note)
    save(store, running(longer), EVENING + 2100, "auto")
    assert not [each for each in statements if "totals" in each or "FROM viewer_badges WHERE" in each]
    (row,) = rows_of(store, VIEWER_STATS)
    assert (row.total_watch_time_s, row.saved_at_s) == (2100.0, EVENING + 2100)


def test_a_failed_save_does_not_change_what_is_remembered(both: tuple[Store, Store]) -> None:
    """What was counted for it is discarded; the next save counts again."""
    store = both[0]
    first = record("r1", completed=False, ended_at_s=EVENING + 1800, playing_s=1800.0)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    store.json_sync.plan, plan = fail, store.json_sync.plan  # type: ignore[method-assign,assignment]
    with pytest.raises(Exception, match="no space left"):
        save(store, running(first), EVENING + 1800, "auto")
    assert store.steady_viewers.count == 0
    store.json_sync.plan = plan  # type: ignore[method-assign]
    save(store, running(first), EVENING + 1900, "auto")
    assert store.steady_viewers.count == 1
