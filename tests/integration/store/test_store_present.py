"""Figures while something runs are those that they will be once it is stored, however it ends."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import update

from awards import Totals
from messages import (
    GetCommunityYear,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetViewerAccount,
    GetViewerStats,
    GetWhoSaw,
    GetYear,
    LinkAccount,
    Question,
    UnlinkAccount,
    ViewerDirectoryChanged,
    WatchRecord,
)
from persistence.database.rows import encode_totals
from persistence.database.tables import VIEWERS
from persistence.operations.finish_watch import finish_watch
from persistence.operations.link import CannotLink, link, unlink
from persistence.operations.save import save
from persistence.records import statistics
from persistence.store import Store
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import (
    DAY,
    EVENING,
    FILM,
    RULES,
    AnswerT,
    ask,
    closes,
    finish,
    open_store,
    record,
    running,
)

MEMBER, PLEX, SECOND, STRANGER = "501", "plex:srv:7", "plex:srv:8", "plex:srv:9"
REMAKE = replace(FILM, rating_key="200", year=2017)
NAMED = replace(FILM, guid="plex://movie/alien")
ELSEWHERE = replace(NAMED, server_id="two", rating_key="9")
HOUR = 3600.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor that knows a member with a linked account."""
    made = House(tmp_path)
    made.clock.at_s = EVENING
    made.ask(LinkAccount(PLEX, "annaplex", MEMBER, "Anna", "1"))
    yield made
    made.close()


def hosting(watch_id: str = "P", **changes: Any) -> WatchRecord:
    """The watch of the member's own Plex session."""
    return replace(record(watch_id, PLEX, username="annaplex", source="plex", party=True), **changes)


def sitting(watch_id: str = "V", **changes: Any) -> WatchRecord:
    """The watch of the member in the voice channel."""
    return replace(record(watch_id, MEMBER, username="Anna", party=True), **changes)


def figures(house: House) -> tuple[int, float]:
    """Films and hours of the member."""
    stats = house.ask(GetViewerStats(MEMBER, asker=MEMBER)).stats
    assert stats is not None
    return stats.total_movies, stats.total_watch_time_s / HOUR


def read_saved(house: House) -> tuple[int, float]:
    """Films and hours of the member, as last saved."""
    entry = load(house.folder, "user_stats.json")[MEMBER]
    return entry["total_movies"], entry["total_watch_time_minutes"] / 60


def test_a_party_that_ends_one_watch_after_the_other_is_one_film(house: House) -> None:
    """The host's watch is stored while the one of the voice channel still runs: no badge for a film too many."""
    for number in range(3):
        start = EVENING - (5 - number) * DAY
        film = replace(FILM, rating_key=f"9{number}", title=f"Film {number}")
        house.finish(sitting(f"old{number}", item=film, started_at_s=start, ended_at_s=start + 2 * HOUR))
    house.clock.at_s = EVENING + 2 * HOUR
    house.report(hosting(), sitting())
    house.tick()
    assert (figures(house), read_saved(house)) == ((4, 8.0), (4, 8.0))
    house.finish(hosting(), still=1)
    assert (figures(house), read_saved(house)) == ((4, 8.0), (4, 8.0))
    house.finish(sitting())
    assert (figures(house), read_saved(house)) == ((4, 8.0), (4, 8.0))
    assert "films_5" not in {row["badge_id"] for row in sql(house.folder, "SELECT badge_id FROM viewer_badges")}


def test_staying_in_the_channel_after_ones_own_player_ended(house: House) -> None:
    """The player ran for the first hour; the second hour adds an hour, not a film."""
    house.clock.at_s = EVENING + HOUR
    first: dict[str, Any] = {"playing_s": HOUR, "ended_at_s": EVENING + HOUR}
    house.report(hosting(**first), sitting(**first))
    house.finish(hosting(**first), still=1)
    house.clock.at_s = EVENING + 2 * HOUR
    house.report(sitting())
    house.tick()
    assert (figures(house), read_saved(house)) == ((1, 2.0), (1, 2.0))
    assert house.ask(GetMovieStats()).watches == 1
    assert house.ask(GetYear(MEMBER, 2026, asker=MEMBER)).figures.films == 1
    rows = house.ask(GetLeaderboard("time", since_s=EVENING - DAY)).rows
    assert [(row.viewer_id, row.value) for row in rows] == [(MEMBER, 2 * HOUR)]


def test_one_part_that_goes_on_is_one_with_all_that_was_stored(house: House) -> None:
    """Both are stored and one record; then the member goes on alone."""
    first: dict[str, Any] = {"playing_s": HOUR, "ended_at_s": EVENING + HOUR, "completed": False}
    house.finish(hosting(**first | {"started_at_s": EVENING - HOUR, "playing_s": 2 * HOUR}))
    house.finish(sitting(**first))
    house.clock.at_s = EVENING + 3 * HOUR
    again = sitting(playing_s=1.5 * HOUR, ended_at_s=EVENING + 3 * HOUR, completed=False)
    house.report(again)
    house.tick()
    running = figures(house)
    house.finish(again)
    assert running == figures(house) == read_saved(house)
    assert running[0] == 1


def test_a_member_is_called_by_the_name_of_now(house: House) -> None:
    """Not by the account's, and by a new one as soon as it is seen; the tracker hears of it, once."""
    house.finish(hosting())
    assert house.ask(GetHistory(MEMBER)).records[0].username == "Anna"
    house.finish(sitting("V2", username="Anna the Great", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 60))
    house.finish(hosting("P3", started_at_s=EVENING + 2 * DAY, ended_at_s=EVENING + 2 * DAY + 7200))
    assert {each.username for each in house.ask(GetHistory(MEMBER)).records} == {"Anna the Great"}
    assert {each.username for each in house.ask(GetMovieStats()).recent} == {"Anna the Great"}
    assert house.ask(GetYear(MEMBER, 2026, asker=MEMBER)).username == "Anna the Great"
    assert [each.username for each in house.ask(GetViewerAccount(MEMBER)).links] == ["Anna the Great"]
    rows = house.ask(GetLeaderboard("time")).rows
    assert [row.username for row in rows] == ["Anna the Great"]
    told = [each for each in house.told if isinstance(each, ViewerDirectoryChanged) and each.links]
    assert [each.links[0].username for each in told] == ["Anna", "Anna the Great"]


def names(house: House) -> set[str]:
    """What a member's links and figures call her."""
    links = {each.username for each in house.ask(GetViewerAccount(MEMBER)).links}
    return links | {each.username for each in house.ask(GetHistory(MEMBER)).records}


def test_of_several_names_the_newest_holds(house: House) -> None:
    """Of two links, of two running watches, and of one that ends late."""
    house.clock.at_s = EVENING + 1
    house.ask(LinkAccount(SECOND, "annas television", MEMBER, "Annie", "1"))
    house.finish(hosting(started_at_s=EVENING + 2, ended_at_s=EVENING + 7200))
    assert names(house) == {"Annie"}
    old = sitting("V1", username="Anne", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 9000)
    new = sitting("V2", item=REMAKE, username="Anouk", started_at_s=EVENING + DAY + 600, ended_at_s=EVENING + DAY + 660)
    house.clock.at_s = EVENING + DAY + 700
    for order in ((old, new), (new, old)):
        house.report(*order)
        house.tick()
        assert names(house) == {"Anouk"}
    house.finish(new)
    assert names(house) == {"Anouk"}
    house.finish(old)
    assert names(house) == {"Anouk"}


_END_S = EVENING + 100 * 60
_WATCHES = st.tuples(
    st.just("watch"),
    st.sampled_from((PLEX, SECOND, MEMBER, STRANGER)),
    st.sampled_from((NAMED, ELSEWHERE, REMAKE)),
    st.integers(0, 40),
    st.integers(5, 40),
    st.sampled_from(("stored", "runs", "goes on")),
)
_STEPS = st.one_of(
    _WATCHES,
    _WATCHES,
    st.tuples(st.sampled_from(("link", "unlink")), st.sampled_from((PLEX, SECOND))),
    st.tuples(st.just("end"), st.integers(0, 9)),
)


@given(st.lists(_STEPS, max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_figures_stay_the_same_when_running_watches_end(steps: list[tuple[Any, ...]]) -> None:
    """Whatever runs, is stored, or continues, linked or not: every answer is the one after everything has ended now."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        runs: dict[str, WatchRecord] = {}
        for number, step in enumerate(steps):
            _do(store, runs, number, *step)
            save(store, running(*runs.values()), _END_S, "auto")
        before = _answers(store, *runs.values())
        for watch_id in sorted(runs):
            _end(store, runs, watch_id, "last")
        assert _answers(store) == before
        store.close()


def _do(store: Store, runs: dict[str, WatchRecord], number: int, what: str, *how: Any) -> None:
    """One thing happens; `runs` is what runs."""
    if what == "watch":
        who, film, begins, minutes, fate = how
        one = _part(f"{number}-{who}", who, film, begins, minutes)
        if fate != "runs":
            finish_watch(store, one, closes(one), f"m{number}", running(*runs.values()), _END_S)
        if fate != "stored":
            more_s = _END_S - one.ended_at_s
            runs[one.watch_id] = replace(one, ended_at_s=_END_S, playing_s=one.playing_s + more_s / 2)
    elif what == "end":
        if runs:
            _end(store, runs, sorted(runs)[how[0] % len(runs)], f"e{number}")
    else:
        with contextlib.suppress(CannotLink), store.change(EVENING, running(*runs.values())) as change:
            if what == "link":
                link(change, LinkAccount(how[0], "", MEMBER, "Anna", "1"), EVENING)
            else:
                unlink(change, UnlinkAccount(how[0], MEMBER, "1"))


def _end(store: Store, runs: dict[str, WatchRecord], watch_id: str, why: str) -> None:
    """A running watch ends."""
    ended = runs.pop(watch_id)
    finish_watch(store, ended, closes(ended), f"{why}-{watch_id}", running(*runs.values()), _END_S)


def _part(watch_id: str, who: str, film: Any, begins: int, minutes: int) -> WatchRecord:
    start_s = EVENING + begins * 60
    return record(
        watch_id, who, item=film, username=f"name {who}", source="voice" if who == MEMBER else "plex",
        started_at_s=start_s, ended_at_s=start_s + minutes * 60, playing_s=minutes * 60.0,
        spans=((0, minutes * 60_000),), coverage_ms=minutes * 60_000, completed=minutes > 30,
        completion_percent=minutes / 1.2,
    )  # fmt: skip


def _answers(store: Store, *runs: WatchRecord) -> Any:
    """Every answer that has running watches in it, without what says that they run and who is called how."""

    def answer(asked: Question[AnswerT]) -> AnswerT:
        return ask(store, asked, *runs, at_s=_END_S)

    found: list[Any] = []
    for who in (PLEX, SECOND, MEMBER, STRANGER):
        profile = answer(GetViewerStats(who, asker=who))
        if profile.stats is not None:
            seconds = round(profile.stats.total_watch_time_s, 3)
            found.append(replace(profile.stats, watching_now="", username="", badges=0, total_watch_time_s=seconds))
        found.append([(day, round(seconds, 3)) for day, seconds in profile.days])
        year = answer(GetYear(who, 2026, asker=who))
        found.append(replace(year.figures, watch_time_s=round(year.figures.watch_time_s, 3)))
    films = answer(GetMovieStats())
    found.append((films.watches, films.completed, films.viewers, round(films.watch_time_s, 3), films.genres))
    for asked in (GetLeaderboard("time"), GetLeaderboard("movies"), GetLeaderboard("time", since_s=EVENING)):
        rows = answer(asked).rows
        found.append(sorted((row.viewer_id, round(row.value, 3)) for row in rows))
    all_of = answer(GetCommunityYear(2026))
    found.append((all_of.viewers, all_of.figures.films, all_of.night))
    saw = answer(GetWhoSaw("alien", 80.0))
    found.append(sorted((row.viewer_id, row.state, row.percent) for row in saw.viewers))
    return found


@pytest.mark.parametrize("beside", ["nothing", "an import", "a watch of no time", "a brief watch", "another's watch"])
def test_a_day_that_a_watch_leaves_when_it_goes_on_needs_no_counting_of_all(
    beside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored on two days, gone on with on a third: the second is watched only where something else says so."""
    store = open_store(tmp_path)
    stopped = record("w", ended_at_s=EVENING + DAY)
    goes_on = replace(stopped, ended_at_s=EVENING + 2 * DAY, playing_s=9000.0)
    others = {
        "a watch of no time": record("o", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 60, playing_s=0.0),
        "a brief watch": record("o", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 60, brief=True),
        "another's watch": record("o", "502", started_at_s=EVENING + DAY, ended_at_s=EVENING + DAY + 60),
    }
    finish(store, stopped, *([others[beside]] if beside in others else []))
    if beside == "an import":
        with store.change(EVENING) as change:
            change.connection.execute(update(VIEWERS).values(base=encode_totals(Totals(days={"2026-11-21": 0.0}))))
            change.viewers.add(MEMBER)
    with store.snapshot(running(goes_on)) as snapshot:
        connection, present = snapshot.connection, snapshot.running
        anew = statistics.count_totals(connection, RULES, MEMBER, present.instead_of)
        finished = statistics.read_totals(connection, MEMBER)
        assert finished is not None and set(finished.days) == {"2026-11-20", "2026-11-21"}
        monkeypatch.setattr(statistics, "count_totals", None)
        without = statistics.subtract_replaced(connection, RULES, MEMBER, finished, present)
    # The day it began on has no time left, until what goes on is added.
    assert without == replace(anew, days={"2026-11-20": 0.0} | anew.days)
    assert ("2026-11-21" in anew.days) == (beside in ("an import", "a watch of no time"))
    store.close()
