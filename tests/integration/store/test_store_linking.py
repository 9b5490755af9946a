"""A Plex account and a Discord member become one viewer, and two again: nothing is lost, nothing counts twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from awards import Totals
from messages import (
    PLEX_TV,
    EraseViewer,
    FindAccounts,
    GetHistory,
    GetLeaderboard,
    GetViewerStats,
    LinkAccount,
    LoadWatches,
    SaveNow,
    SetPrivacy,
    UnlinkAccount,
    ViewerAccount,
    ViewerDirectoryChanged,
    WatchesLoaded,
)
from persistence.database.rows import encode_totals
from persistence.database.tables import VIEWERS
from persistence.operations.erase import erase_viewer
from persistence.operations.link import link, unlink
from persistence.records.change_set import ChangeSet
from tests.deadlines import WITHIN_S
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, finish, open_store, record

MEMBER, OTHER = "501", "502"
PLEX, SECOND = "plex:srv:7", "plex:srv:8"
REMAKE = replace(FILM, rating_key="200", year=2017)
TABLES = ("watches", "viewers", "viewer_stats", "viewer_badges", "account_links", "watch_parts")
FILES = ("user_stats.json", "user_badges.json", "watch_history.json")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor."""
    made = House(tmp_path)
    made.clock.at_s = EVENING + DAY
    yield made
    made.close()


def link_account(house: House, plex_id: str = PLEX, member: str = MEMBER) -> ViewerAccount:
    """Link them."""
    return house.ask(LinkAccount(plex_id, "annaplex", member, "Anna", "1"))


def unlink_account(house: House, plex_id: str = PLEX, member: str = MEMBER) -> ViewerAccount:
    """Take the link back."""
    return house.ask(UnlinkAccount(plex_id, member, "1"))


def read_all(folder: Path) -> dict[str, Any]:
    """Every row that concerns people, and every byte of the files; without the times of saves."""
    rows = {name: sql(folder, f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES}  # noqa: S608  # constants
    for row in rows["viewer_stats"]:
        del row["saved_at_s"], row["badges_saved_at_s"]
    return rows | {name: (folder / name).read_bytes() for name in FILES}


def stats(house: House, viewer_id: str = MEMBER) -> Any:
    """A viewer's statistics."""
    return house.ask(GetViewerStats(viewer_id, asker=MEMBER)).stats


def two_evenings(house: House) -> None:
    """The account watched one film, the member another."""
    house.finish(record("home", PLEX, username="annaplex", source="plex"))
    later: dict[str, Any] = {"started_at_s": EVENING + DAY, "ended_at_s": EVENING + DAY + 7200}
    house.clock.at_s = EVENING + DAY + 7300
    house.finish(record("club", MEMBER, username="Anna", item=REMAKE, **later))
    all_announced(house)


def all_announced(house: House) -> None:
    """Wait until Discord has taken over every badge."""
    house.until(lambda: not sql(house.folder, "SELECT 1 FROM viewer_badges WHERE NOT announced"))


def test_the_two_are_one_viewer(house: House) -> None:
    """Films, hours, days and badges of both; the account is nobody's any more; the old id leads to the viewer."""
    two_evenings(house)
    before = {row.viewer_id for row in house.ask(GetLeaderboard("time")).rows}
    assert before == {PLEX, MEMBER}
    found = link_account(house)
    assert (found.watches, [each.plex_name for each in found.links], found.problem) == (2, ["annaplex"], "")
    assert (stats(house).total_movies, stats(house).total_watch_time_s) == (2, 14400.0)
    assert stats(house).longest_streak_days == 2
    rows = house.ask(GetLeaderboard("time")).rows
    assert [(row.viewer_id, row.value) for row in rows] == [(MEMBER, 14400.0)]
    assert house.ask(GetHistory(viewer_id=PLEX)).total == 2
    assert set(load(house.folder, "user_stats.json")) == {MEMBER}
    assert {each["viewer_id"] for each in load(house.folder, "watch_history.json")} == {MEMBER}
    assert house.ask(FindAccounts()).accounts == ()
    house.until(lambda: isinstance(house.told[-1], ViewerDirectoryChanged) and house.told[-1].links == found.links)


def test_unlinking_restores_everything(house: House) -> None:
    """Every row and every byte of the copies, also if one film was watched under both ids at once."""
    two_evenings(house)
    house.finish(
        record("stream", PLEX, source="plex", started_at_s=EVENING + 3 * DAY, ended_at_s=EVENING + 3 * DAY + 7200)
    )
    house.finish(
        record(
            "channel",
            MEMBER,
            started_at_s=EVENING + 3 * DAY + 60,
            ended_at_s=EVENING + 3 * DAY + 7200,
            playing_s=7140.0,
        )
    )
    house.ask(SaveNow("test"))
    all_announced(house)
    before = read_all(house.folder)
    assert link_account(house).watches == 3
    assert read_all(house.folder) != before
    assert unlink_account(house).links == ()
    assert read_all(house.folder) == before


def test_one_film_at_one_time_counts_once(house: House) -> None:
    """The host sits in the channel: one film, and its minutes once, whichever record ends first."""
    two_evenings(house)
    link_account(house)
    for number, order in enumerate(((PLEX, MEMBER), (MEMBER, PLEX))):
        start = EVENING + (5 + number) * DAY
        for who in order:
            house.finish(record(f"{who}-{number}", who, started_at_s=start, ended_at_s=start + 7200))
        assert stats(house).total_movies == 3 + number
        assert stats(house).total_watch_time_s == (3 + number) * 7200
        ids = {each["watch_id"] for each in load(house.folder, "watch_history.json")}
        assert len(ids) == 3 + number
    assert house.ask(SaveNow("test")).watches == 4


def test_two_running_watches_of_a_linked_viewer_count_once(house: House) -> None:
    """A save in the middle of the film has its minutes once; the checkpoint keeps both watches."""
    two_evenings(house)
    link_account(house)
    start = EVENING + 5 * DAY
    now: dict[str, Any] = {"started_at_s": start, "ended_at_s": start + 3600, "playing_s": 3600.0}
    house.clock.at_s = start + 3600
    house.report(record("r1", PLEX, source="plex", **now), record("r2", MEMBER, **now))
    house.tick()
    assert load(house.folder, "user_stats.json")[MEMBER]["total_watch_time_seconds"] == 2 * 7200 + 3600
    assert {row["viewer_id"] for row in sql(house.folder, "SELECT * FROM checkpoint")} == {PLEX, MEMBER}


def test_the_tracker_gets_watches_under_their_original_ids(house: House) -> None:
    """Watches that can be resumed are returned with the ids they had, parts unmerged."""
    link_account(house)
    told = [
        record("stream", PLEX, source="plex"),
        record("channel", MEMBER, started_at_s=EVENING + 60, playing_s=7140.0),
    ]
    for each in told:
        house.finish(each)
    loaded = house.tracker.ask("persistence", LoadWatches(0.0), WITHIN_S)
    assert isinstance(loaded, WatchesLoaded)
    assert sorted(loaded.resumable, key=lambda each: each.viewer_id) == sorted(told, key=lambda each: each.viewer_id)
    longer = replace(told[1], ended_at_s=EVENING + 9000, playing_s=8900.0)
    house.finish(longer)  # resumed: it takes the place of its own part
    assert stats(house).total_movies == 1 and stats(house).total_watch_time_s == pytest.approx(8960)
    unlink_account(house)
    assert stats(house).total_watch_time_s == 8900.0


def test_a_linked_member_has_the_badges_of_both(house: House) -> None:
    """The account's with the time at which it earned them; after unlinking, each has its own again."""
    two_evenings(house)
    held = sql(house.folder, "SELECT * FROM viewer_badges ORDER BY 1, 2")
    told = len(house.list_awarded())
    link_account(house)
    mine = sql(house.folder, "SELECT * FROM viewer_badges ORDER BY 1, 2")
    assert {row["viewer_id"] for row in mine} == {MEMBER}
    first = {row["badge_id"]: row["earned_at_s"] for row in mine}
    for row in held:
        assert first[row["badge_id"]] <= row["earned_at_s"]
    assert len(house.list_awarded()) == told
    unlink_account(house)
    assert sql(house.folder, "SELECT * FROM viewer_badges ORDER BY 1, 2") == held


def test_an_account_has_one_owner(house: House) -> None:
    """Linked to somebody it cannot be linked to another; to link it again says nothing; nor can others unlink it."""
    two_evenings(house)
    link_account(house)
    assert "linked to another member already" in link_account(house, member=OTHER).problem
    assert link_account(house).problem == ""
    assert "not linked to this member" in unlink_account(house, member=OTHER).problem
    assert [each.viewer_id for each in link_account(house).links] == [MEMBER]


def test_several_accounts_of_one_member(house: House) -> None:
    """Taken back in another order than they came."""
    two_evenings(house)
    house.finish(record("away", SECOND, source="plex", started_at_s=EVENING + 60))
    house.ask(SaveNow("test"))
    all_announced(house)
    before = read_all(house.folder)
    link_account(house)
    link_account(house, SECOND)
    assert stats(house).total_movies == 2  # "home" and "away" were one film at one time
    unlink_account(house)
    assert house.ask(GetHistory(viewer_id=PLEX)).total == 1
    unlink_account(house, SECOND)
    assert read_all(house.folder) == before


def test_an_account_that_never_watched(house: House) -> None:
    """It can be linked before its first film."""
    assert link_account(house).watches == 0
    house.finish(record("home", PLEX, source="plex"))
    assert stats(house).total_movies == 1
    assert set(load(house.folder, "user_stats.json")) == {MEMBER}
    unlink_account(house)
    assert stats(house) is None and set(load(house.folder, "user_stats.json")) == {PLEX}


def test_the_choice_holds_for_linked_accounts(house: House) -> None:
    """An untracked member's account is not tracked either, and is forgotten with the member."""
    two_evenings(house)
    house.ask(LinkAccount(PLEX, "annaplex", MEMBER, "Anna", PLEX_TV))
    house.ask(SetPrivacy(MEMBER, "Anna", "untracked"))
    house.finish(record("more", PLEX, source="plex", started_at_s=EVENING + 4 * DAY))
    assert house.ask(GetHistory(viewer_id=MEMBER, asker=MEMBER)).total == 2
    assert house.ask(EraseViewer(MEMBER)).watches == 2
    for name in TABLES:
        assert PLEX not in str(sql(house.folder, f"SELECT * FROM {name}")), name  # noqa: S608  # a constant
    assert "annaplex" not in "".join((house.folder / name).read_text() for name in FILES)


def test_forgetting_keeps_what_an_account_watched_before_an_admins_link(house: House) -> None:
    """The link may have been an impostor's: only what the account watched since is removed."""
    two_evenings(house)
    before = house.ask(GetHistory(viewer_id=PLEX, asker="")).total
    assert before
    house.clock.at_s = EVENING + 3 * DAY
    assert link_account(house).unproven == (PLEX,)
    house.finish(record("since", PLEX, source="plex", started_at_s=EVENING + 4 * DAY, ended_at_s=EVENING + 5 * DAY))
    gone = house.ask(EraseViewer(MEMBER))
    assert gone.kept_accounts == ("annaplex",)
    assert house.ask(GetHistory(viewer_id=MEMBER, asker=MEMBER)).total == 0
    kept = house.ask(GetHistory(viewer_id=PLEX, asker=""))
    assert kept.total == before and "since" not in {row.watch_id for row in kept.records}
    figures = house.ask(GetViewerStats(PLEX, "")).stats
    assert figures is not None and figures.total_movies == before
    assert set(load(house.folder, "user_stats.json")) == {PLEX}


def test_forgetting_removes_everything_of_an_account_signed_in_to(house: House) -> None:
    """Also if an administrator had linked it first."""
    two_evenings(house)
    link_account(house)
    assert house.ask(LinkAccount(PLEX, "annaplex", MEMBER, "Anna", PLEX_TV)).unproven == ()
    assert house.ask(EraseViewer(MEMBER)).kept_accounts == ()
    assert house.ask(GetHistory(viewer_id=PLEX, asker="")).total == 0
    assert load(house.folder, "user_stats.json") == {}


@pytest.mark.parametrize("order", [(PLEX, SECOND), (SECOND, PLEX)])
def test_imported_hours_stay_with_their_viewer(tmp_path: Path, order: tuple[str, str]) -> None:
    """Hours beyond the history, of two accounts and the member, in whatever order they are unlinked."""
    claimed = {PLEX: 1_000.0, SECOND: 10_000.0, MEMBER: 100_000.0}
    store = open_store(tmp_path)
    for number, (who, seconds) in enumerate(claimed.items()):
        start = EVENING + number * DAY
        finish(store, record(f"w{number}", who, started_at_s=start, ended_at_s=start + 7200))
        with store.change(EVENING) as change:
            base = encode_totals(Totals(playing_s=seconds))
            change.connection.execute(update(VIEWERS).where(VIEWERS.c.viewer_id == who).values(base=base))
            change.viewers.add(who)
    for plex_id in (PLEX, SECOND):
        with store.change(EVENING + 5 * DAY) as change:
            link(change, LinkAccount(plex_id, "", MEMBER, "Anna", "1"), EVENING + 5 * DAY)
    linked_now = {PLEX, SECOND}
    for taken_back in ("", *order):
        if taken_back:
            with store.change(EVENING + 6 * DAY) as change:
                unlink(change, UnlinkAccount(taken_back, MEMBER, "1"))
            linked_now.remove(taken_back)
        found = sql(tmp_path, "SELECT viewer_id, total_watch_time_s FROM viewer_stats")
        apart = {who: claimed[who] + 7200 for who in claimed if who not in linked_now}
        apart[MEMBER] += sum(claimed[who] + 7200 for who in linked_now)
        assert {row["viewer_id"]: row["total_watch_time_s"] for row in found} == apart
    store.close()


def test_a_change_that_fails_changes_nothing(house: House) -> None:
    """A link in a transaction that breaks is no link."""
    two_evenings(house)
    house.stop()
    store = open_store(house.folder)
    with pytest.raises(RuntimeError), store.change(EVENING) as change:
        assert isinstance(change, ChangeSet)
        erase_viewer(change, MEMBER, EVENING)
        raise RuntimeError("the disk is on fire")
    store.close()
    assert len(sql(house.folder, "SELECT * FROM watches")) == 2
