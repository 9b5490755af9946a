"""Links, unlinks, watches and forgets in any order: the store is what the records say."""

import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from messages import (
    LinkAccount,
    UnlinkAccount,
    WatchRecord,
)
from messages.base import DurationMs
from persistence.database.rows import decode_item
from persistence.operations.finish_watch import finish_watch
from persistence.operations.link import CannotLink, link, unlink
from persistence.operations.save import save
from persistence.store import Store
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import EVENING, FILM, closes, open_store, record
from tracking.watches.film import same_film

MEMBER, OTHER = "501", "502"
PLEX, SECOND = "plex:srv:7", "plex:srv:8"
ALIEN = replace(FILM, guid="plex://movie/alien")
REMAKE = replace(FILM, rating_key="200", year=2017)
FILMS = {
    "alien": ALIEN,
    "elsewhere": replace(ALIEN, server_id="two", rating_key="9"),
    "remake": REMAKE,
    "its key": replace(REMAKE, guid="plex://movie/brazil", duration_ms=DurationMs(8_400_000), title="Brazil"),
}


class Linking(RuleBasedStateMachine):
    """Any order of watches, their repetition and resumption, links and their end."""

    @initialize()
    def begin(self) -> None:
        """An empty store."""
        self.temporary = tempfile.TemporaryDirectory()
        self.store: Store = open_store(Path(self.temporary.name))
        self.truth: dict[str, WatchRecord] = {}
        self.links: set[str] = set()
        self.now_s = EVENING
        self.told = 0

    def teardown(self) -> None:
        """Close it."""
        self.store.close()
        self.temporary.cleanup()

    @rule(
        who=st.sampled_from((PLEX, SECOND, MEMBER)), number=st.integers(0, 2), film=st.sampled_from(sorted(FILMS)),
        begins=st.integers(0, 100), minutes=st.integers(5, 100),
    )  # fmt: skip
    def watch(self, who: str, number: int, film: str, begins: int, minutes: int) -> None:
        """Somebody watches, or goes on with, or tells again, a film."""
        watch_id = f"{who}-{film}-{number}"
        start = EVENING + begins * 60
        told = record(
            watch_id, who, item=FILMS[film], started_at_s=start, ended_at_s=start + minutes * 60,
            playing_s=minutes * 60.0, spans=((0, minutes * 60_000),), coverage_ms=minutes * 60_000, completed=False,
            completion_percent=minutes / 1.2,
        )  # fmt: skip
        before = self.truth.get(watch_id)
        if before is not None:
            told = replace(
                before,
                ended_at_s=max(before.ended_at_s, told.ended_at_s),
                playing_s=max(before.playing_s, told.playing_s),
            )
        self.told += 1
        finish_watch(self.store, told, closes(told), f"m{self.told}", [], self.now_s)
        self.truth[watch_id] = told

    @rule(plex_id=st.sampled_from((PLEX, SECOND)))
    def link(self, plex_id: str) -> None:
        """Link an account; to do it again changes nothing."""
        with self.store.change(self.now_s) as change:
            link(change, LinkAccount(plex_id, "", MEMBER, "Anna", "1"), self.now_s)
        self.links.add(plex_id)

    @rule(plex_id=st.sampled_from((PLEX, SECOND)))
    def unlink(self, plex_id: str) -> None:
        """Take it back; refused where there is none."""
        try:
            with self.store.change(self.now_s) as change:
                unlink(change, UnlinkAccount(plex_id, MEMBER, "1"))
        except CannotLink:
            assert plex_id not in self.links
        else:
            self.links.remove(plex_id)

    @invariant()
    def nothing_is_lost_and_nothing_twice(self) -> None:
        """Each record is there once, as a whole or as a part; no two of a member's records of a film overlap."""
        if not hasattr(self, "store"):
            return
        folder = Path(self.temporary.name)
        rows, parts = sql(folder, "SELECT * FROM watches"), sql(folder, "SELECT * FROM watch_parts")
        whole = {row["watch_id"] for row in rows}
        apart = {row["watch_id"] for row in parts}
        assert whole | apart == set(self.truth)
        assert {row["kept_as"] for row in parts} <= whole and (whole & apart) == {row["kept_as"] for row in parts}
        for row in rows:
            assert row["viewer_id"] == (MEMBER if row["identity"] in self.links else row["identity"])
        if self.links:
            mine = sorted((row for row in rows if row["viewer_id"] == MEMBER), key=lambda row: row["started_at_s"])
            for one, other in itertools.combinations(mine, 2):
                is_same = same_film(decode_item(one["item"]), decode_item(other["item"]))
                is_same &= one["identity"] != other["identity"]
                assert not (is_same and other["started_at_s"] < one["ended_at_s"])
        else:
            assert not apart
            for row in rows:
                assert row["playing_s"] == self.truth[row["watch_id"]].playing_s
        if not self.truth:
            return
        assert [each["watch_id"] for each in load(folder, "watch_history.json")] == [
            row["watch_id"] for row in sorted(rows, key=lambda row: row["seq"])
        ]
        assert save(self.store, [], self.now_s, "auto").watches == len(rows)
        stats = {row["viewer_id"]: row["total_watch_time_s"] for row in sql(folder, "SELECT * FROM viewer_stats")}
        for viewer_id in {row["viewer_id"] for row in rows}:
            total = sum(row["playing_s"] for row in rows if row["viewer_id"] == viewer_id)
            assert stats[viewer_id] == pytest.approx(total)


Linking.TestCase.settings = settings(
    max_examples=25, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLinking = Linking.TestCase
