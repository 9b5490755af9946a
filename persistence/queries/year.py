"""The rows of one year, for `wrapped`; what they add up to is awards' matter."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, select

from awards.year import (
    Presence,
    began_in_year,
    biggest_night,
    select_year,
    summarise_year,
    title_with_year,
    top_films,
    top_viewers,
)
from messages import CommunityYear, GetCommunityYear, GetYear, WatchRecord, YearOfViewer
from messages.ids import SESSION_SOURCE, is_session_account
from persistence.database.rows import watch_record
from persistence.database.sql import split_batches
from persistence.database.tables import VIEWER_BADGES, VIEWERS, WATCHES
from persistence.queries.answers import answers
from persistence.records.badges import describe_badge
from persistence.records.running_watches import RunningWatches
from persistence.records.viewers import read_directory, with_current_name
from persistence.rules import StatisticsRules
from persistence.store import StoreSnapshot
from viewers.redact import anonymise_rows, hides_figures, may_see, ranking_order


@answers(GetYear)
def read_viewer_year(asked: GetYear, store: StoreSnapshot) -> YearOfViewer:
    """Return a viewer's year."""
    connection, rules, running, people = store.connection, store.rules, store.running, store.directory
    who = people.viewer(asked.viewer_id)
    if not may_see(people, who, asked.asker):
        return YearOfViewer("", summarise_year((), asked.year, rules.zone), (), hidden=True)
    if hides_figures(people, who, asked.asker):
        return YearOfViewer("", summarise_year((), asked.year, rules.zone), (), figures_hidden=True)
    records = _records(connection, rules, asked.year, running, WATCHES.c.viewer_id == who)
    records = [record for record in records if record.viewer_id == who]
    name = connection.execute(select(VIEWERS.c.username).where(VIEWERS.c.viewer_id == who)).scalar()
    unseen = people.hidden_viewers()
    company = [row for row in _company(connection, records, running) if row[1] not in unseen]
    first_s, end_s = _bounds(asked.year, rules)
    earned = connection.execute(
        select(VIEWER_BADGES)
        .where(
            VIEWER_BADGES.c.viewer_id == who,
            VIEWER_BADGES.c.earned_at_s >= first_s,
            VIEWER_BADGES.c.earned_at_s < end_s,
        )
        .order_by(VIEWER_BADGES.c.earned_at_s.desc(), VIEWER_BADGES.c.badge_id)
    ).mappings()
    badges = tuple(describe_badge(rules, row["badge_id"], row["earned_at_s"], row["progress"]) for row in earned)
    username = name or next((record.username for record in records), "")
    return YearOfViewer(username, summarise_year(records, asked.year, rules.zone, company), badges)


@answers(GetCommunityYear)
def read_community_year(asked: GetCommunityYear, store: StoreSnapshot) -> CommunityYear:
    """Return everybody's year."""
    connection, rules, running, people = store.connection, store.rules, store.running, store.directory
    year, zone = asked.year, rules.zone
    played = select_year(_records(connection, rules, year, running), year, zone)
    begun = [record for record in played if began_in_year(record, year, zone)]
    shown = [record for record in played if people.shows(record.viewer_id)]
    nameable = {title_with_year(record) for record in shown}  # a film that only hidden viewers saw is not named
    named = [record for record in begun if title_with_year(record) in nameable]

    def order(viewer_id: str, name: str) -> tuple[bool, str, str]:
        return ranking_order(people, viewer_id, name)

    return CommunityYear(
        replace(summarise_year(played, year, zone), longest_film=summarise_year(named, year, zone).longest_film),
        len({record.viewer_id for record in played}),
        top_films(named),
        anonymise_rows(top_viewers(shown, year, zone, order), people),
        biggest_night(named),
    )


def _bounds(year: int, rules: StatisticsRules) -> tuple[float, float]:
    """When a year begins and ends in TIMEZONE, seconds since 1970."""
    first, end = datetime(year, 1, 1, tzinfo=rules.zone), datetime(year + 1, 1, 1, tzinfo=rules.zone)
    return first.timestamp(), end.timestamp()


def _records(
    connection: Connection,
    rules: StatisticsRules,
    year: int,
    running: RunningWatches,
    *chosen: ColumnElement[bool],
) -> list[WatchRecord]:
    """Return the watches of a year, and everything that runs."""
    first_s, end_s = _bounds(year, rules)
    query = select(WATCHES).where(
        WATCHES.c.ended_at_s >= first_s,
        WATCHES.c.started_at_s < end_s,
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(running.instead_of),
        *chosen,
    )
    names = read_directory(connection).member_names()
    return [
        *(with_current_name(watch_record(row), names) for row in connection.execute(query).mappings()),
        *running.records,
    ]


def _company(connection: Connection, records: Iterable[WatchRecord], running: RunningWatches) -> Iterable[Presence]:
    """Who else was at the watch parties; the account of the party's own Plex session is the screen, no company."""
    mine = {record.screening_id: record.viewer_id for record in records if record.party and record.screening_id}
    columns = (WATCHES.c.screening_id, WATCHES.c.viewer_id, WATCHES.c.username)
    presences: list[Presence] = []
    for some in split_batches(mine):
        query = select(*columns).where(
            WATCHES.c.screening_id.in_(some), WATCHES.c.brief.is_(False), WATCHES.c.source != SESSION_SOURCE
        )
        presences += [(row.screening_id, row.viewer_id, row.username) for row in connection.execute(query)]
    presences += [
        (each.screening_id, each.viewer_id, each.username)
        for each in running.records
        if not is_session_account(each.source) and not each.brief
    ]
    names = read_directory(connection).member_names()
    return [
        (screening_id, viewer_id, names.get(viewer_id, username))
        for screening_id, viewer_id, username in presences
        if viewer_id != mine.get(screening_id, viewer_id)
    ]
