"""The summaries, and every answer from them, equal what the records add up to, whatever happens to these."""

import logging
import math
import operator
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace
from sqlalchemy import delete, select, text, update

from actors.persistence import read_worker, summary_filler
from actors.persistence.read_worker import QuestionPool
from actors.runtime import Declined
from messages import (
    CommunityTimes,
    CommunityYear,
    GetCommunityTimes,
    GetCommunityYear,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetViewerStats,
    GetWhoSaw,
    GetYear,
    LinkAccount,
    MovieStats,
    Question,
    SetPrivacy,
    Sitting,
    SuggestTitles,
    UnlinkAccount,
    VoiceMember,
    WatchRecord,
    YearOfViewer,
)
from messages.base import DurationMs
from persistence.database.errors import SummariesNotFilled
from persistence.database.tables import FACTS, SUMMARIES, VIEWER_PERIODS, WATCHES
from persistence.operations.erase import erase_viewer
from persistence.operations.finish_watch import finish_watch
from persistence.operations.legacy_files import LegacyFiles, LegacyWatch
from persistence.operations.legacy_import import import_legacy_files
from persistence.operations.link import CannotLink, link, unlink
from persistence.queries import history, movie_stats
from persistence.queries.answers import load_answers
from persistence.queries.leaderboard import find_rank, rank_by_figure
from persistence.records.viewers import set_privacy
from persistence.rules import StatisticsRules
from persistence.store import Store, StoreSnapshot
from persistence.summaries import build, films, viewer_counts
from tests.deadlines import WITHIN_S
from tests.integration.store.film_list_check import check_film_list
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import DAY, FILM, RULES, ask, closes, finish, open_store, record, running
from tests.unit.persistence.slow_answers import SlowAnswers, check_posters, is_same

BERLIN = StatisticsRules(ZoneInfo("Europe/Berlin"), RULES.badges, 80.0, 60.0)
NEW_YEAR_S = 1_798_754_400.0
"""2026-12-31 22:00 UTC, an hour before the new year in Berlin."""
ANN, BEN, PLEX, SECOND = "501", "502", "plex:srv:7", "plex:srv:8"
PEOPLE = (ANN, BEN, PLEX, SECOND)
ITEMS = (
    FILM,
    replace(FILM, rating_key="200", year=2017, genres=("Horror",), guid="plex://movie/2"),
    replace(FILM, rating_key="201", genres=()),
    replace(FILM, rating_key="300", title="Ärger 100%", year=None, directors=()),
    replace(FILM, rating_key="400", kind="episode", title="Pilot", show="Alienist", season=1, episode=1),
)
BASES_S = (NEW_YEAR_S, NEW_YEAR_S - 20 * DAY, NEW_YEAR_S - 400 * DAY, NEW_YEAR_S - 600 * DAY)


@st.composite
def watches(draw: st.DrawFn) -> WatchRecord:
    """A watch of one to three sittings, some of them brief, some over midnight and the year."""
    start_s = draw(st.sampled_from(BASES_S)) + draw(st.integers(-30, 30)) * 900.0 + draw(st.sampled_from([0.0, 0.25]))
    sittings: list[Sitting] = []
    at_s = start_s
    for _ in range(draw(st.integers(1, 3))):
        lasts_s = draw(st.sampled_from([20.0, 1800.0, 5400.5, 14_400.0]))
        sittings.append(Sitting(at_s, at_s + lasts_s, lasts_s * 0.9))
        at_s += lasts_s + draw(st.sampled_from([600.0, 30_000.0]))
    playing_s = sum(sitting.playing_s for sitting in sittings)
    ended_s = sittings[-1].end_s
    percent = draw(st.sampled_from([None, 40.0, 85.0]))
    if draw(st.integers(0, 4)) == 0:
        sittings = []  # of an older version
    item = draw(st.sampled_from(ITEMS))
    until = draw(st.sampled_from([1_000_000, 4_000_000, 7_000_000]))
    return record(
        f"w{draw(st.integers(0, 40))}",
        draw(st.sampled_from(PEOPLE)),
        item,
        username=draw(st.sampled_from(["Ann", "ben", "Zoë"])),
        screening_id=draw(st.sampled_from(["s1", "s2", "s3", ""])),
        source=draw(st.sampled_from(["voice", "plex"])),
        started_at_s=start_s,
        ended_at_s=ended_s,
        playing_s=playing_s,
        sittings=tuple(sittings),
        spans=((draw(st.sampled_from([0, 900_000])), until),),
        completion_percent=percent,
        completed=percent == 85.0,
        brief=playing_s < 60,
        party=draw(st.booleans()),
    )


QUESTIONS: tuple[Question[Any], ...] = (
    *(GetMovieStats(title) for title in ("", "ali", "ÄRGER 100%", "nothing")),
    *(GetMovieStats("", NEW_YEAR_S - 25 * DAY), GetMovieStats("alien", NEW_YEAR_S - 410 * DAY)),
    *(GetHistory(who, title, since_s, 3, offset, who)
      for who in ("", ANN, PLEX) for title in ("", "alien") for since_s in (None, NEW_YEAR_S - 390.5 * DAY)
      for offset in (0, 4, 30)),
    *(GetLeaderboard(kind, since_s) for kind in ("movies", "time")
      for since_s in (-1e9, NEW_YEAR_S - 700 * DAY, NEW_YEAR_S - 21.2 * DAY, NEW_YEAR_S, 2e10)),
    *(SuggestTitles(part, 2) for part in ("", "ali", "%")),
    *(GetWhoSaw(title, 80.0) for title in ("alien", "Alien (2017)", "ärger", "Alien (1979)")),
    GetWhoSaw("a", 80.0, (VoiceMember(ANN, "Ann"), VoiceMember("9", "Nobody"))),
    *(GetYear(who, year, who) for who in (ANN, BEN, PLEX) for year in (2025, 2026, 2027)),
    *(GetCommunityYear(year) for year in (2025, 2026, 2027)),
    *(GetCommunityTimes(year) for year in (0, 2025, 2026, 2027)),
)  # fmt: skip


def check(store: Store, now: tuple[WatchRecord, ...] = ()) -> None:
    """Hold the summaries and every answer against the records."""
    assert store.check_summaries() == []
    functions = load_answers()
    at_s = NEW_YEAR_S + 2 * DAY
    with store.snapshot(running(*now), at_s) as snapshot:
        slow = SlowAnswers(snapshot)
        for asked in QUESTIONS:
            found = functions[type(asked)](asked, snapshot)
            if isinstance(found, YearOfViewer | CommunityYear):
                check_posters(found)
                found = msgspec.structs.replace(found, posters=(), badges=())  # of no summaries
            if isinstance(found, CommunityTimes):
                found = msgspec.structs.replace(found, nights=())
            right = slow.answer(asked)
            assert is_same(msgspec.to_builtins(found), msgspec.to_builtins(right)), (asked, found, right)
        check_film_list(snapshot, "", "ali", "ärger 100%")
        community = films.read_films(snapshot)
        movies = [film for film in community.visible if film.facts.media_type == "movie" and film.facts.duration_ms]
        length = operator.attrgetter("facts.duration_ms")
        assert max(map(length, community.find_longest()), default=0) == max(map(length, movies), default=0)
        for kind in ("movies", "time", "streak", "badges"):
            ranks = {row.viewer_id: row.rank for row in rank_by_figure(snapshot, kind)}
            assert {who: find_rank(snapshot, kind, who) for who in PEOPLE} == {who: ranks.get(who, 0) for who in PEOPLE}
        for who in PEOPLE:
            days = functions[GetViewerStats](GetViewerStats(who, who), snapshot).days  # type: ignore[attr-defined]
            if not snapshot.directory.links.get(who):
                since = snapshot.rules.today(at_s - 366 * DAY).isoformat()
                assert is_same(days, slow.days_of(who, since))


class AnyLife(RuleBasedStateMachine):
    """Watches end, go on and run; accounts are linked, people hide and are forgotten, files come in."""

    @initialize()
    def begin(self) -> None:
        """A new store."""
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(Path(self.folder.name), BERLIN)
        self.at_s = NEW_YEAR_S
        self.number = 0

    @rule(watch=watches())
    def finish(self, watch: WatchRecord) -> None:
        """A watch ends; one that ended before has more by now."""
        self.number += 1
        self.at_s += 60
        finish_watch(self.store, watch, closes(replace(watch, ended_at_s=self.at_s)), f"m{self.number}", [], self.at_s)

    @rule(found=st.lists(watches(), max_size=5, unique_by=lambda watch: watch.watch_id))
    def import_files(self, found: list[WatchRecord]) -> None:
        """Old records come in; some of them are known."""
        plain = [LegacyWatch(replace(watch, viewer_id=BEN), True) for watch in found]
        import_legacy_files(self.store, LegacyFiles((), (), tuple(plain), ("watch_history.json",)), self.at_s)

    @rule(account=st.sampled_from((PLEX, SECOND)), member=st.sampled_from((ANN, BEN)))
    def link(self, account: str, member: str) -> None:
        """An account is linked, if it is nobody else's."""
        try:
            with self.store.change(self.at_s) as change:
                link(change, LinkAccount(account, "plex", member, "Linked", "1"), self.at_s)
        except CannotLink:
            pass

    @rule(account=st.sampled_from((PLEX, SECOND)), member=st.sampled_from((ANN, BEN)))
    def unlink(self, account: str, member: str) -> None:
        """A link is taken back, if there is one."""
        try:
            with self.store.change(self.at_s) as change:
                unlink(change, UnlinkAccount(account, member, "1"))
        except CannotLink:
            pass

    @rule(who=st.sampled_from(PEOPLE), choice=st.sampled_from(["open", "anonymous", "private", "untracked"]))
    def choose(self, who: str, choice: Any) -> None:
        """Somebody hides, or shows again."""
        with self.store.change(self.at_s) as change:
            set_privacy(change, SetPrivacy(who, "name", choice), self.at_s)

    @rule(who=st.sampled_from(PEOPLE))
    def forget(self, who: str) -> None:
        """Somebody is forgotten."""
        with self.store.change(self.at_s) as change:
            erase_viewer(change, who, self.at_s - 30 * DAY)

    @rule(now=st.lists(watches(), max_size=3, unique_by=lambda watch: watch.watch_id))
    def compare(self, now: list[WatchRecord]) -> None:
        """What is answered while watches run, some of which ended before."""
        check(self.store, tuple(now))

    @invariant()
    def sums_up(self) -> None:
        """The summaries are right after each step."""
        if hasattr(self, "store"):
            assert self.store.check_summaries() == []

    def teardown(self) -> None:
        """Compare a last time, also after it was all filled anew."""
        if hasattr(self, "store"):
            check(self.store)
            self.store.clear_summaries()
            while self.store.fill_summaries(3) is not None:
                pass
            assert self.store.check_summaries() == []
            self.store.close()
            self.folder.cleanup()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_summaries_and_answers_match_the_records() -> None:
    """Random histories of a store, compared after each step."""
    lives = settings(
        max_examples=6,
        stateful_step_count=8,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make one smaller takes minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(AnyLife, settings=lives)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a few watches."""
    made = open_store(tmp_path)
    finish(made, *(record(f"w{n}", f"50{n % 3}", ITEMS[n % len(ITEMS)], party=True) for n in range(12)))
    yield made
    made.close()


def test_a_large_store_is_filled_in_parts(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question is declined with the share that is done; a watch that ends meanwhile counts once."""
    with store.transaction() as connection:  # as an older version left it
        connection.execute(delete(FACTS).where(FACTS.c.name == "summaries"))
        connection.execute(update(WATCHES).values(film_hash=None))
        for table in SUMMARIES:
            connection.execute(delete(table))
    store.close()
    monkeypatch.setattr(build, "FILLED_AT_ONCE", 5)
    large = open_store(tmp_path)
    assert large.summary_progress == (0, 12)
    assert large.fill_summaries(4) == (4, 12)
    finish(large, record("new"), record("w1", "501", playing_s=9000.0, ended_at_s=NEW_YEAR_S))
    with pytest.raises(SummariesNotFilled) as declined:
        ask(large, GetMovieStats())
    assert declined.value.problem.code == "summaries.filling" and declined.value.problem.parameters["percent"] == 30
    large.close()
    again = open_store(tmp_path)
    assert again.summary_progress == (4, 13)
    while again.fill_summaries(4) is not None:
        pass
    check(again)
    assert ask(again, GetMovieStats()).watches == 13
    again.close()


def test_another_time_zone_has_other_days(store: Store, tmp_path: Path) -> None:
    """The summaries are filled anew for the days of TIMEZONE."""
    late_s = NEW_YEAR_S + 1.25 * 3600
    finish(store, record("late", started_at_s=late_s, ended_at_s=late_s + 1800, playing_s=1800.0))
    assert ask(store, GetYear("501", 2027)).figures.films == 0
    store.close()
    moved = open_store(tmp_path, BERLIN)
    check(moved)
    assert ask(moved, GetYear("501", 2027)).figures.films == 1
    moved.close()


def test_wrong_summaries_are_found_and_rebuilt(store: Store, tmp_path: Path) -> None:
    """A wrong count at the next start, a wrong figure by `run.py summaries`."""
    with store.transaction() as connection:
        connection.execute(update(VIEWER_PERIODS).values(playing_us=VIEWER_PERIODS.c.playing_us + 1))
    assert store.check_summaries() == ["viewer_periods"]
    with store.transaction() as connection:
        connection.execute(delete(WATCHES).where(WATCHES.c.watch_id == "w3"))
    store.close()
    again = open_store(tmp_path)
    check(again)
    with again.reader.connect() as connection:
        assert len(connection.execute(select(WATCHES)).all()) == 11
    again.close()


def test_a_year_of_days_is_all_that_is_shown(store: Store) -> None:
    """Seconds are whole microseconds in the store, and add up to what was played."""
    total = ask(store, GetMovieStats()).watch_time_s
    assert math.isclose(total, 12 * 7200.0)


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_a_question_that_takes_too_long_is_interrupted(
    on: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails in time; thread and connection are ready for the next question."""
    store = Store(request.getfixturevalue("url"), tmp_path, RULES) if on == "postgresql" else open_store(tmp_path)
    monkeypatch.setattr(GetMovieStats, "patience_s", 0.5)
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")

    def count_for_ever(_asked: Any, snapshot: StoreSnapshot) -> Any:
        return snapshot.connection.execute(endless).scalar_one()

    pool, began_s = QuestionPool(), time.monotonic()
    answers = [pool.submit(store, count_for_ever, GetMovieStats(), (), 0.0) for _ in range(3 * read_worker.THREADS)]
    for answer in answers:  # those that have to wait for a thread are not even begun
        with pytest.raises(Declined, match=r"took longer than 0\.\d+ s"):
            answer.result(WITHIN_S)
    assert time.monotonic() - began_s < 20.0
    monkeypatch.undo()
    found = pool.submit(store, load_answers()[GetMovieStats], GetMovieStats(), (), 0.0).result(WITHIN_S)
    assert isinstance(found, MovieStats) and found.watches == 0
    pool.close()
    store.close()


def test_the_actor_fills_a_large_store_and_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Watches end meanwhile; the same questions are answered when it is done."""
    monkeypatch.setattr(build, "FILLED_AT_ONCE", 5)
    monkeypatch.setattr(summary_filler, "AT_ONCE", 4)
    house = House(tmp_path)
    try:
        for number in range(12):
            house.finish(record(f"w{number}", "501"))
        house.stop()
        with closing(sqlite3.connect(tmp_path / "usher.db")) as connection, connection:
            connection.execute("DELETE FROM facts WHERE name = 'summaries'")
        with caplog.at_level(logging.INFO):
            house.start()
            house.finish(record("new", "502"))
            house.until(lambda: "Built the summaries" in caplog.text)
        assert "Building summaries: 0 %" in caplog.text and re.search(r"Building summaries: [1-9]\d? %", caplog.text)
        assert house.ask(GetMovieStats()).watches == 13
    finally:
        house.close()


def test_the_longest_film_is_one_that_may_be_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the candidates only a hidden viewer has seen any: then all films are looked at."""
    monkeypatch.setattr(films, "CANDIDATES", 1)
    long = replace(ITEMS[0], rating_key="900", title="Sátántangó", duration_ms=DurationMs(26_340_000), guid="plex://9")
    finish(store, record("long", "502", long))
    with store.change(NEW_YEAR_S) as change:
        set_privacy(change, SetPrivacy("502", "name", "private"), NEW_YEAR_S)
    check(store)
    with store.snapshot(running(), NEW_YEAR_S) as snapshot:
        assert "Sátántangó" not in {film.facts.title for film in films.read_films(snapshot).find_longest()}


@pytest.mark.parametrize(("few", "candidates"), [(-1, 60), (1, 0), (2, 0), (2, 1)])
def test_a_search_that_finds_nearly_everything_is_answered_alike(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int, candidates: int
) -> None:
    """It is counted by viewer and read in the order of time, instead of by film; hidden viewers' part is read late."""
    monkeypatch.setattr(films, "CANDIDATES", candidates)
    for module in (films, history, movie_stats, viewer_counts):
        monkeypatch.setattr(module, "BROAD", -1)
        monkeypatch.setattr(module, "FEW_FILMS", few)
    with store.change(NEW_YEAR_S) as change:
        set_privacy(change, SetPrivacy("502", "name", "private"), NEW_YEAR_S)
    check(store, (record("w1", "501", playing_s=9000.0), record("new", PLEX, ITEMS[1])))
