"""Who wants to be seen, whose data it is, and being forgotten: the persistence actor with a store on the disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from awards.badges import RARITIES
from messages import (
    PLEX_TV,
    DropViewerWatches,
    EraseViewer,
    FindAccounts,
    GetCommunityYear,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetMyData,
    GetViewerAccount,
    GetViewerStats,
    GetWhoSaw,
    GetYear,
    LinkAccount,
    LoadWatches,
    MyData,
    Question,
    SaveNow,
    SetPrivacy,
    UnlinkAccount,
    ViewerAccount,
    ViewerDirectoryChanged,
    ViewerProfile,
    WatchesLoaded,
)
from persistence.operations.erase import erase_viewer
from persistence.records.checkpoint import JUST_THEN_S
from tests.deadlines import WITHIN_S
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import DAY, EVENING, open_store, record

SUMS = ("film_viewers", "viewer_periods")
"""What is kept by viewer of what the watches add up to."""
OPEN, SHY, QUIET, GONE = "501", "502", "503", "504"
PLEX = "plex:srv:7"
NAMES = {OPEN: "Olga", SHY: "Shirin", QUIET: "Quirin", GONE: "Gonzalo"}
QUESTIONS: tuple[Question[Any], ...] = (
    *(GetLeaderboard(kind) for kind in ("movies", "time", "streak", "badges")),
    *(GetLeaderboard(kind, since_s=EVENING - DAY) for kind in ("movies", "time")),
    GetHistory(),
    GetHistory(title="alien", asker=OPEN),
    GetMovieStats(),
    GetMovieStats("alien"),
    GetWhoSaw("alien", 80.0),
    GetCommunityYear(2026),
    GetYear(OPEN, 2026),
    *(question for who in (QUIET, GONE) for question in (
        GetViewerStats(who, asker=OPEN), GetViewerStats(who),
        GetHistory(viewer_id=who, asker=OPEN), GetYear(who, 2026, asker=OPEN),
    )),
)  # fmt: skip
"""Everything that can be asked about others."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor; five people who saw one film together, and four who watch it again."""
    made = House(tmp_path)
    made.clock.at_s = EVENING + 3 * 3600
    for number, (who, name) in enumerate(NAMES.items()):
        made.finish(record(f"w{number}", who, username=name, party=True))
    made.finish(record("w-plex", PLEX, username="annaplex", source="plex"))
    made.clock.at_s = EVENING + DAY
    again: dict[str, Any] = {"started_at_s": EVENING + DAY - 1800, "ended_at_s": EVENING + DAY, "playing_s": 1800.0}
    made.report(*(record(f"r{who}", who, username=name, **again) for who, name in NAMES.items()))
    made.tick()
    yield made
    made.close()


def choose(house: House, who: str, privacy: Any) -> ViewerAccount:
    """Somebody's choice."""
    return house.ask(SetPrivacy(who, NAMES[who], privacy))


def ask_as_text(house: House, question: Question[Any]) -> str:
    """An answer as text in which a name would be found."""
    return msgspec.json.encode(msgspec.to_builtins(house.ask(question))).decode()


def test_nobody_sees_who_is_private_or_not_tracked(house: House) -> None:
    """Neither name nor id is in any answer to others; before the choice both were."""
    before = [ask_as_text(house, question) for question in QUESTIONS]
    for who in (QUIET, GONE):
        assert sum(NAMES[who] in text or f'"{who}"' in text for text in before) > 10
    choose(house, QUIET, "private")
    choose(house, GONE, "untracked")
    for question in QUESTIONS:
        text = ask_as_text(house, question)
        for who in (QUIET, GONE):
            assert NAMES[who] not in text and f'"{who}"' not in text, (question, text)
    assert house.ask(GetViewerStats(QUIET, asker=OPEN)) == ViewerProfile(None, (), (), hidden=True)
    assert house.ask(GetMovieStats()).viewers == 5  # but what they watched is in the totals


def test_a_private_viewer_sees_their_own_data(house: House) -> None:
    """Everything about themselves is answered."""
    choose(house, QUIET, "private")
    own = house.ask(GetViewerStats(QUIET, asker=QUIET))
    assert own.stats is not None and own.stats.username == "Quirin" and not own.hidden
    assert house.ask(GetHistory(viewer_id=QUIET, asker=QUIET)).total == 1
    assert house.ask(GetYear(QUIET, 2026, asker=QUIET)).username == "Quirin"
    seen = house.ask(GetWhoSaw("alien", 80.0))
    assert QUIET not in {row.viewer_id for row in seen.viewers}, "the whole channel reads that answer"


def test_an_anonymous_viewer_keeps_the_place(house: House) -> None:
    """In rankings without name and id, at the same rank; elsewhere by name."""
    ranks = [(row.rank, row.value) for row in house.ask(GetLeaderboard("time")).rows]
    choose(house, SHY, "anonymous")
    for question in (GetLeaderboard("time"), GetLeaderboard("time", since_s=EVENING - DAY)):
        rows = house.ask(question).rows
        assert len(rows) == 5 and [row.username for row in rows].count("Somebody") == 1
        assert "Shirin" not in str(rows) and SHY not in {row.viewer_id for row in rows}
    assert [(row.rank, row.value) for row in house.ask(GetLeaderboard("time")).rows] == ranks
    assert "Shirin" not in str(house.ask(GetCommunityYear(2026)).top)
    for asker in (OPEN, ""):  # rank and figures beside the name would say who Somebody is
        others = house.ask(GetViewerStats(SHY, asker=asker))
        assert others.stats is not None and others.rank_by_time == 0 and others.figures_hidden
        assert (others.stats.total_movies, others.stats.total_watch_time_s, others.badges, others.days) == (
            0,
            0,
            (),
            (),
        )
        assert not any(badge.progress for badge in others.progress)
        year = house.ask(GetYear(SHY, 2026, asker=asker))
        assert year.figures_hidden and not year.figures.films and not year.badges
    assert house.ask(GetViewerStats(SHY, asker=SHY)).rank_by_time > 0
    assert house.ask(GetViewerStats(OPEN, asker=SHY)).rank_by_time > 0


def test_what_is_not_tracked_is_not_stored(house: House) -> None:
    """Running or finished: acknowledged, in no statistic and no checkpoint; and stored again after the choice ended."""
    choose(house, GONE, "untracked")
    rows = len(sql(house.folder, "SELECT 1 FROM watches"))
    house.tick()
    kept = {row["viewer_id"] for row in sql(house.folder, "SELECT viewer_id FROM checkpoint")}
    assert kept == {OPEN, SHY, QUIET}
    house.finish(record(f"r{GONE}", GONE, username="Gonzalo", started_at_s=EVENING + DAY))
    assert len(sql(house.folder, "SELECT 1 FROM watches")) == rows
    assert house.ask(GetViewerStats(GONE, asker=GONE)).stats is not None  # what was, still is
    choose(house, GONE, "open")
    house.finish(record("later", GONE, username="Gonzalo", started_at_s=EVENING + 2 * DAY))
    assert len(sql(house.folder, "SELECT 1 FROM watches")) == rows + 1


def test_the_tracker_is_told_of_privacy_choices(house: House) -> None:
    """At the start with the watches of the last run, and after each change."""
    house.until(lambda: ViewerDirectoryChanged((), ()) in house.told)
    choose(house, QUIET, "private")
    choose(house, SHY, "anonymous")
    choose(house, QUIET, "open")
    house.until(lambda: house.told[-1] == ViewerDirectoryChanged((), ((QUIET, "open"),), is_change=True))
    changes = [each for each in house.told if isinstance(each, ViewerDirectoryChanged) and each.is_change]
    assert [each.privacy for each in changes] == [((QUIET, "private"),), ((SHY, "anonymous"),), ((QUIET, "open"),)]
    loaded = house.tracker.ask("persistence", LoadWatches(0.0), WITHIN_S)
    assert isinstance(loaded, WatchesLoaded) and loaded.privacy == ((SHY, "anonymous"),)


def test_badges_of_who_is_hidden_are_not_announced(house: House) -> None:
    """Earned all the same; and not told later, when the choice has ended."""
    choose(house, QUIET, "private")
    told = len(house.list_awarded())
    for number in range(4):
        start = EVENING + (2 + number) * DAY
        house.finish(record(f"n{number}", QUIET, started_at_s=start, ended_at_s=start + 7200))
    assert len(sql(house.folder, f"SELECT 1 FROM viewer_badges WHERE viewer_id = '{QUIET}'")) > 2  # noqa: S608  # a constant
    choose(house, QUIET, "open")
    house.ask(SaveNow("test"))
    assert len(house.list_awarded()) == told


def test_mydata_has_everything_of_one_viewer(house: House) -> None:
    """Watches, badges, statistics and choice, and nothing of anybody else."""
    choose(house, QUIET, "private")
    found = house.ask(GetMyData(QUIET))
    assert found.total_bytes == len(found.content) and found.watches == 1
    document = json.loads(found.content)
    assert [watch["watch_id"] for watch in document["watches"]] == ["w2"]
    assert document["watches"][0]["spans_ms"] == [[0, 7_200_000]]
    assert document["statistics"][0]["username"] == "Quirin" and document["badges"]
    assert document["privacy"][0]["choice"] == "private"
    assert document["watching_now"][0]["watch_id"] == f"r{QUIET}"
    for other in (OPEN, SHY, GONE):
        assert NAMES[other] not in found.content.decode()
    assert house.ask(GetMyData("999")) == MyData(b"", 0, 0)


def test_my_data_comes_in_parts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts are one file, though what is stored changes meanwhile."""
    monkeypatch.setattr("actors.persistence.viewer_requests.PART_BYTES", 1000)
    content = b""
    while True:
        part = house.ask(GetMyData(OPEN, len(content)))
        content += part.content
        if len(content) >= part.total_bytes:
            break
        house.tick()
    assert len(content) > 2000 and json.loads(content)["viewer_id"] == OPEN


def test_my_data_half_fetched_is_gone_with_the_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is forgotten while the file is fetched gets no more of it: nothing of it stays in memory."""
    monkeypatch.setattr("actors.persistence.viewer_requests.PART_BYTES", 1000)
    part = house.ask(GetMyData(OPEN))
    assert part.total_bytes > 1000
    house.ask(EraseViewer(OPEN))
    assert house.ask(GetMyData(OPEN, 1000)) == MyData(b"", 0, 0)


def test_files_that_nobody_fetches_on_are_not_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last few are; the first is made anew where it is still wanted."""
    monkeypatch.setattr("actors.persistence.viewer_requests.PART_BYTES", 1000)
    monkeypatch.setattr("actors.persistence.viewer_requests.MAX_EXPORTS", 1)
    first = house.ask(GetMyData(OPEN))
    house.ask(GetMyData(QUIET))
    again = house.ask(GetMyData(OPEN, 1000))
    assert again.total_bytes >= first.total_bytes - 10 and again.content


def test_a_forgotten_viewer_is_removed_everywhere(house: House) -> None:
    """From every table and every file; the others' lines stay as they were; the answer names the backups."""
    house.ask(SaveNow("test"))
    others = [line for line in history_lines(house) if f'"{SHY}"' not in line]
    gone = house.ask(EraseViewer(SHY))
    assert (gone.watches, gone.backups) == (1, 0) and gone.badges > 0
    house.until(lambda: DropViewerWatches((SHY,)) in house.told)
    assert history_lines(house) == others
    for name in ("user_stats.json", "user_badges.json", "watch_history.json"):
        text = (house.folder / name).read_text(encoding="utf-8")
        assert "Shirin" not in text and f'"{SHY}"' not in text
    for table in ("watches", "viewers", "viewer_stats", "viewer_badges", "checkpoint", "privacy", "watch_parts", *SUMS):
        assert SHY not in str(sql(house.folder, f"SELECT * FROM {table}")), table  # noqa: S608  # a constant
    assert house.ask(GetViewerAccount(SHY)).watches == 0
    house.tick()  # the tracker's report still has the running watch
    assert SHY not in load(house.folder, "user_stats.json")


def test_late_messages_do_not_bring_a_forgotten_viewer_back(house: House) -> None:
    """A watch that began before is dropped, by message, report or restart; a later one is stored."""
    house.ask(EraseViewer(SHY))
    house.finish(record(f"r{SHY}", SHY, started_at_s=EVENING + DAY - 1800, ended_at_s=EVENING + DAY))
    house.finish(record("w1", SHY))
    assert house.ask(GetHistory(viewer_id=SHY, asker=SHY)).total == 0
    house.stop()
    house.start()
    loaded = house.tracker.ask("persistence", LoadWatches(0.0), WITHIN_S)
    assert isinstance(loaded, WatchesLoaded)
    assert SHY not in {watch.viewer_id for watch in loaded.running} | {watch.viewer_id for watch in loaded.resumable}
    house.finish(record("anew", SHY, started_at_s=EVENING + DAY + 60, ended_at_s=EVENING + DAY + 7260))
    assert house.ask(GetHistory(viewer_id=SHY, asker=SHY)).total == 1
    lines = history_lines(house)
    assert "anew" in lines[-1] and len(lines) == 5
    house.stop()
    house.start()
    assert house.ask(GetViewerAccount(SHY)).watches == 1


def test_the_choice_not_to_be_tracked_outlives_being_forgotten(house: House) -> None:
    """Or else the next film would begin a new record; the name is not kept with it."""
    choose(house, SHY, "untracked")
    house.ask(EraseViewer(SHY))
    assert house.ask(GetViewerAccount(SHY)).privacy == "untracked"
    assert "Shirin" not in str(sql(house.folder, "SELECT * FROM privacy"))


def test_accounts_that_nobody_is_linked_to(house: House) -> None:
    """Plex accounts by name, with what they watched; Discord members are none."""
    found = house.ask(FindAccounts("ANNA")).accounts
    assert [(account.plex_id, account.name, account.watches) for account in found] == [(PLEX, "annaplex", 1)]
    assert house.ask(FindAccounts("nobody")).accounts == ()


def test_an_account_that_is_hidden_is_found_by_administrators_alone(house: House) -> None:
    """As it was while it was a private member's: its name and what it watched are nobody else's matter."""
    house.ask(LinkAccount(PLEX, "annaplex", SHY, "Shirin", "1"))
    choose(house, SHY, "private")
    house.ask(UnlinkAccount(PLEX, SHY, SHY))
    assert house.ask(FindAccounts()).accounts == ()
    (found,) = house.ask(FindAccounts(with_hidden=True)).accounts
    assert found.plex_id == PLEX


def history_lines(house: House) -> list[str]:
    """Every record of the history copy, as its line."""
    text = (house.folder / "watch_history.json").read_text(encoding="utf-8")
    assert isinstance(json.loads(text), list)
    return [line.removesuffix(",") for line in text.splitlines() if line.startswith("{")]


def test_unlinking_keeps_a_private_account_hidden(house: House) -> None:
    """An administrator may unlink it: the account keeps the choice that its member had made."""
    house.ask(LinkAccount(PLEX, "annaplex", QUIET, NAMES[QUIET], "1"))
    choose(house, QUIET, "private")
    assert not house.ask(UnlinkAccount(PLEX, QUIET, "1")).problem
    assert "annaplex" not in ask_as_text(house, GetHistory())
    assert house.ask(GetViewerStats(PLEX, asker=OPEN)).hidden


def test_a_crash_before_the_tracker_heard_is_made_good(house: House) -> None:
    """It is told again at the start, of the account too: else it would go on with a watch that nobody stores."""
    house.ask(LinkAccount(PLEX, "shirin", SHY, "Shirin", PLEX_TV))
    house.stop()
    store = open_store(house.folder)
    with store.change(house.clock.at_s) as change:
        erase_viewer(change, SHY, house.clock.at_s)
    store.close()  # and there the process dies, before it has told anybody
    house.told.clear()
    house.start()
    told = DropViewerWatches((SHY, PLEX), house.clock.at_s - JUST_THEN_S)
    house.until(lambda: told in house.told)


def test_a_film_that_just_began_is_forgotten_with_its_viewer(house: House) -> None:
    """What the tracker said before it heard of that is not saved once more."""
    began_s = EVENING + 40 * DAY
    house.clock.at_s = began_s + JUST_THEN_S - 2
    ends: Any = {"started_at_s": began_s, "ended_at_s": house.clock.at_s, "playing_s": 3.0}
    house.report(record("new", SHY, username="Shirin", **ends), record("other", OPEN, username="Olga", **ends))
    house.ask(EraseViewer(SHY))
    house.tick()
    assert [row["viewer_id"] for row in sql(house.folder, "SELECT viewer_id FROM checkpoint")] == [OPEN]
    assert SHY not in {row["viewer_id"] for row in sql(house.folder, "SELECT viewer_id FROM viewers")}


def test_a_clock_that_was_years_ahead_keeps_nobody_forgotten(house: House) -> None:
    """It is set right and Usher starts again: from then on a film counts, and what began before does not."""
    now_s = house.clock.at_s = EVENING + 40 * DAY
    house.clock.at_s += 3650 * DAY
    house.ask(EraseViewer(SHY))
    house.stop()
    house.clock.at_s = now_s
    house.start()
    house.finish(record("before", SHY, started_at_s=now_s - 7200, ended_at_s=now_s))
    house.finish(record("after", SHY, started_at_s=now_s + 10, ended_at_s=now_s + 7200))
    rows = sql(house.folder, "SELECT watch_id, viewer_id FROM watches")
    assert [row["watch_id"] for row in rows if row["viewer_id"] == SHY] == ["after"]


def test_a_clock_that_is_set_back_while_it_runs_keeps_nobody_forgotten(house: House) -> None:
    """From the next tick on a film counts, also where nobody watched at that tick; what began before does not."""
    house.clock.at_s = EVENING + 40 * DAY
    house.ask(EraseViewer(SHY))
    house.report()
    house.clock.at_s -= 3600
    house.tick()
    now_s = house.clock.at_s
    new: Any = {"started_at_s": now_s + 600, "ended_at_s": now_s + 3000, "playing_s": 2400.0}
    house.clock.at_s = now_s + 3000
    house.report(record("after", SHY, **new))
    house.tick()
    assert [row["watch_id"] for row in sql(house.folder, "SELECT watch_id FROM checkpoint")] == ["after"]
    house.finish(record("after", SHY, **new))
    house.finish(record("before", SHY, started_at_s=now_s - 1800, ended_at_s=now_s + 60))
    rows = sql(house.folder, "SELECT watch_id, viewer_id FROM watches")
    assert [row["watch_id"] for row in rows if row["viewer_id"] == SHY] == ["after"]


def test_badges_of_everybodys_year_are_those_of_who_may_be_seen(house: House) -> None:
    """The rarest first, each with how many earned it in that year: without those who are private, as in films."""
    badges = house.ask(GetCommunityYear(2026)).badges
    everybody = {badge.name: badge.viewers for badge in badges}
    assert everybody["First Ticket"] == len(NAMES) + 1
    ranks = [RARITIES.index(badge.rarity) for badge in badges]
    assert len(ranks) > 1 and ranks == sorted(ranks, reverse=True)
    choose(house, QUIET, "private")
    choose(house, SHY, "anonymous")
    seen = {badge.name: badge.viewers for badge in house.ask(GetCommunityYear(2026)).badges}
    assert seen["First Ticket"] == everybody["First Ticket"] - 1
    assert house.ask(GetCommunityYear(2025)).badges == ()
