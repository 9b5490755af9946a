"""The slow way to each answer: all records are read and counted one by one. The summaries are held against it."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import select

from awards import decade_of, record_title
from awards.days import seconds_by_day, seconds_by_hour, sum_by_day, week_of
from messages import (
    Answer,
    CommunityTimes,
    CommunityYear,
    GetCommunityTimes,
    GetCommunityYear,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetWhoSaw,
    GetYear,
    HistoryPage,
    Leaderboard,
    LeaderboardRow,
    MovieStats,
    Question,
    SuggestTitles,
    TitleCount,
    TitlesSuggested,
    WatchRecord,
    WhoSaw,
    YearOfViewer,
)
from messages.ids import is_session_account
from persistence.database.rows import watch_record
from persistence.database.tables import VIEWERS, WATCHES
from persistence.queries.who_saw import SeenWatch, describe_viewer, split_year
from persistence.records.viewers import with_current_name
from persistence.store import StoreSnapshot
from tests.unit.awards.slow_year import (
    began_in_year,
    biggest_night,
    select_year,
    summarise_year,
    top_films,
    top_viewers,
)
from viewers.redact import anonymise_rows, hides_figures, ranking_order
from wording.leaderboards import round_as_shown

MOST, RECENT, WEEKS, OTHERS = 10, 5, 12, 5
ORDER = {"not_yet": 0, "in_part": 1, "seen": 2}
FilmName = tuple[str, int | None]


class SlowAnswers:
    """Answers from the records of a snapshot."""

    def __init__(self, store: StoreSnapshot) -> None:
        self.store = store
        names = store.directory.member_names()
        rows = store.connection.execute(select(WATCHES).order_by(WATCHES.c.seq)).mappings()
        self.stored = [with_current_name(watch_record(row), names) for row in rows]
        """Every record, brief ones and those that run again included."""
        replaced = set(store.running.instead_of)
        self.present = [record for record in self.stored if record.watch_id not in replaced] + store.running.records
        self.counted = [record for record in self.present if not record.brief]
        self.hidden = store.directory.hidden_viewers()
        answers: dict[type[Question[Any]], Callable[[Any], Answer]] = {
            GetMovieStats: self._movie_stats,
            GetHistory: self._history,
            GetLeaderboard: self._leaderboard_since,
            SuggestTitles: self._titles,
            GetWhoSaw: self._who_saw,
            GetYear: self._year,
            GetCommunityYear: self._community_year,
            GetCommunityTimes: self._community_times,
        }
        self._answers = answers

    def answer(self, asked: Question[Any]) -> Answer:
        """Return what is to be answered."""
        return self._answers[type(asked)](asked)

    def days_of(self, viewer_id: str, since: str) -> tuple[tuple[str, float], ...]:
        """Return a viewer's seconds on each day from one on."""
        own = [record for record in self.counted if record.viewer_id == viewer_id]
        return tuple((day, s) for day, s in sum_by_day(own, self.store.rules.zone).items() if day >= since)

    def _is_shown(self, record: WatchRecord) -> bool:
        return record.viewer_id not in self.hidden

    def _movie_stats(self, asked: GetMovieStats) -> MovieStats:
        store, now = self.store, {record.watch_id for record in self.store.running.records}
        part = asked.title.casefold()
        records = [
            record
            for record in self.counted
            if part in record_title(record.item).casefold()
            and (asked.since_s is None or record.watch_id in now or record.ended_at_s >= asked.since_s)
        ]
        shown = [record for record in records if self._is_shown(record)]
        if part:
            records = shown
        genres: Counter[str] = Counter()
        decades: Counter[str] = Counter()
        for record in records:
            genres.update(set(record.item.genres))
            decades.update(filter(None, [decade_of(record.item.year)]))
        today = store.rules.today(store.now_s)
        monday = today - timedelta(days=today.weekday())
        weeks = {(monday - timedelta(weeks=back)).isoformat(): 0.0 for back in range(WEEKS - 1, -1, -1)}
        for day, seconds in sum_by_day(records, store.rules.zone).items():
            if week_of(day) in weeks:
                weeks[week_of(day)] += seconds
        recent = sorted((each for each in shown if each.watch_id not in now), key=lambda r: (-r.ended_at_s, r.watch_id))
        return MovieStats(
            watches=len(records),
            completed=sum(record.completed for record in records),
            viewers=len({record.viewer_id for record in records}),
            titles=len({name_of(record) for record in records}),
            watch_time_s=sum(record.playing_s for record in records),
            most_watched=tuple(count_films(shown)[:MOST]),
            genres=tuple(sorted(genres.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]),
            decades=tuple(sorted(decades.items())),
            recent=tuple(recent[:RECENT]),
            running=tuple(record for record in shown if record.watch_id in now),
            weeks=tuple(weeks.items()),
        )

    def _history(self, asked: GetHistory) -> HistoryPage:
        who = self.store.directory.viewer(asked.viewer_id) if asked.viewer_id else ""
        if who in self.hidden and asked.asker != who:
            return HistoryPage((), 0, hidden=True)
        records = [
            record
            for record in self.stored
            if (record.viewer_id == who if who else self._is_shown(record))
            and asked.title.casefold() in record_title(record.item).casefold()
            and (asked.since_s is None or record.ended_at_s >= asked.since_s)
        ]
        records.sort(key=lambda record: (-record.ended_at_s, record.watch_id))
        rows = tuple(records[asked.offset : asked.offset + asked.limit])
        is_last = not rows or asked.offset + asked.limit >= len(records)
        return HistoryPage(
            rows,
            len(records),
            next_after="" if is_last else rows[-1].watch_id,
            next_before=rows[0].watch_id if rows and asked.offset else "",
        )

    def _leaderboard_since(self, asked: GetLeaderboard) -> Leaderboard:
        assert asked.since_s is not None, "others are not counted from the summaries"
        now = {record.watch_id for record in self.store.running.records}
        values: dict[str, float] = {}
        for record in self.counted:
            if record.watch_id in now or record.ended_at_s >= asked.since_s:
                more = record.playing_s if asked.kind == "time" else float(record.media_type == "movie")
                values[record.viewer_id] = values.get(record.viewer_id, 0.0) + more
        names = dict(self.store.connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
        for record in self.store.running.records:
            if not record.brief:
                names.setdefault(record.viewer_id, record.username)
        order = sorted(
            ((who, names[who], value) for who, value in values.items() if who not in self.hidden and value > 0),
            key=lambda row: (-round_as_shown(asked.kind, row[2]), ranking_order(self.store.directory, row[0], row[1])),
        )
        rows: list[LeaderboardRow] = []
        for place, (who, name, value) in enumerate(order, 1):
            is_same = bool(rows) and round_as_shown(asked.kind, rows[-1].value) == round_as_shown(asked.kind, value)
            rows.append(LeaderboardRow(rows[-1].rank if is_same else place, who, name, value))
        page = anonymise_rows(rows[asked.offset : asked.offset + asked.limit], self.store.directory)
        return Leaderboard(asked.kind, page, len(rows))

    def _titles(self, asked: SuggestTitles) -> TitlesSuggested:
        titles = Counter(record_title(record.item) for record in self.stored if self._is_shown(record))
        fitting = [title for title in titles if asked.part.casefold() in title.casefold()]
        return TitlesSuggested(tuple(sorted(fitting, key=lambda title: (-titles[title], title))[: asked.limit]))

    def _find_films(self, title: str) -> list[TitleCount]:
        shown = [record for record in self.counted if self._is_shown(record)]
        return count_films(record for record in shown if title.casefold() in record_title(record.item).casefold())

    def _who_saw(self, asked: GetWhoSaw) -> WhoSaw:
        title, year = split_year(asked.title)
        films = self._find_films(asked.title)
        if not films and year is not None:
            films = [film for film in self._find_films(title) if film.year == year]
        if not films:
            return WhoSaw(None, (), (), 0, 0, 0)
        text = (title if year is not None else asked.title).strip().casefold()
        meant = next((film for film in films if film.title.casefold() == text), films[0])
        present = {member.user_id: member.name for member in asked.members}
        everybody = dict(self.store.connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
        everybody |= {record.viewer_id: record.username for record in self.store.running.records} | present
        of_film = [record for record in self.counted if name_of(record) == (meant.title, meant.year)]
        now = {record.viewer_id for record in self.store.running.records if record in of_film}
        rows = []
        for who, name in everybody.items():
            own = [SeenWatch.of(record) for record in of_film if record.viewer_id == who]
            is_other = bool(present) and who not in present
            if self.store.directory.shows(who) and (own or not is_other):
                row = describe_viewer(who, name, own, asked.watched_percent, who in now)
                rows.append(replace(row, other=is_other))
        rows.sort(key=lambda row: (row.other, ORDER[row.state], row.username.casefold(), row.viewer_id))
        count = Counter((row.state, row.other) for row in rows)
        return WhoSaw(
            meant,
            tuple(film for film in films if film is not meant)[:OTHERS],
            tuple(rows[asked.offset : asked.offset + asked.limit]),
            not_yet=count["not_yet", False],
            in_part=count["in_part", False],
            seen=count["seen", False],
            others_in_part=count["in_part", True],
            others_seen=count["seen", True],
        )

    def _year(self, asked: GetYear) -> YearOfViewer:
        who = self.store.directory.viewer(asked.viewer_id)
        if who in self.hidden and asked.asker != who:
            return YearOfViewer("", summarise_year((), asked.year, self.store.rules.zone), (), hidden=True)
        if hides_figures(self.store.directory, who, asked.asker):
            return YearOfViewer("", summarise_year((), asked.year, self.store.rules.zone), (), figures_hidden=True)
        own = [record for record in self.present if record.viewer_id == who]
        names = self._names_now()
        parties = {record.screening_id for record in own if record.party and record.screening_id and not record.brief}
        company = {
            (record.screening_id, record.viewer_id, names.get(record.viewer_id, ""))
            for record in [*self.stored, *self.store.running.records]
            if record.screening_id in parties
            and not record.brief
            and not (is_session_account(record.source) and record.channel_id)
            and record.viewer_id not in {who, *self.hidden}
        }
        figures = summarise_year(own, asked.year, self.store.rules.zone, company)
        name = self.store.connection.execute(select(VIEWERS.c.username).where(VIEWERS.c.viewer_id == who)).scalar()
        begun = [record for record in self.counted if record.viewer_id == who and record.media_type == "movie"]
        films = count_films(r for r in begun if began_in_year(r, asked.year, self.store.rules.zone))
        return YearOfViewer(name or next((record.username for record in own), ""), figures, (), films=tuple(films[:5]))

    def _names_now(self) -> dict[str, str]:
        names = dict(self.store.connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
        names |= {record.viewer_id: record.username for record in self.store.running.records}
        return names | self.store.directory.member_names()

    def _community_year(self, asked: GetCommunityYear) -> CommunityYear:
        year, zone = asked.year, self.store.rules.zone
        played = select_year(self.counted, year, zone)
        names = self._names_now()
        shown = [replace(each, username=names[each.viewer_id]) for each in played if self._is_shown(each)]
        named = [record for record in shown if began_in_year(record, year, zone)]
        return CommunityYear(
            summarise_year(played, year, zone, named=named),
            len({record.viewer_id for record in played}),
            top_films(named),
            anonymise_rows(
                top_viewers(shown, year, zone, functools.partial(ranking_order, self.store.directory)),
                self.store.directory,
            ),
            biggest_night(sorted(named, key=lambda record: (record.started_at_s, record.watch_id))),
        )

    def _community_times(self, asked: GetCommunityTimes) -> CommunityTimes:
        """Return the answer without its nights."""
        zone, wanted = self.store.rules.zone, asked.year or None
        hours: dict[int, float] = {}
        months: dict[str, float] = {}
        years: set[int] = set()
        for record in self.counted:
            for (year, hour), seconds in seconds_by_hour(record, zone).items():
                if wanted in (None, year):
                    hours[hour] = hours.get(hour, 0.0) + seconds
            for day, seconds in seconds_by_day(record, zone).items():
                years.add(int(day[:4]))
                if wanted in (None, int(day[:4])):
                    months[day[:7]] = months.get(day[:7], 0.0) + seconds
        return CommunityTimes(
            tuple(hours.get(hour, 0.0) for hour in range(168)),
            tuple((month, months[month]) for month in sorted(months)),
            (),
            tuple(sorted(years)),
        )


def name_of(record: WatchRecord) -> FilmName:
    """Return title and year."""
    return record_title(record.item), record.item.year


def count_films(records: Iterable[WatchRecord]) -> list[TitleCount]:
    """Return films by title and year, the most watched first."""
    films: dict[FilmName, list[WatchRecord]] = {}
    for record in records:
        films.setdefault(name_of(record), []).append(record)
    counts = [_count_film(name, same) for name, same in films.items()]
    return sorted(counts, key=lambda film: (-film.watches, -round(film.watch_time_s, 6), film.title, film.year or 0))


def _count_film(name: FilmName, same: Sequence[WatchRecord]) -> TitleCount:
    viewers = {record.viewer_id for record in same}
    return TitleCount(*name, len(same), len(viewers), sum(record.playing_s for record in same))


def check_posters(year: YearOfViewer | CommunityYear) -> None:
    """Have every film's poster be of this film; which of its watches it is from does not matter."""
    for film, item in zip(year.films, year.posters, strict=True):
        assert item is None or (record_title(item), item.year) == (film.title, film.year)


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two answers are the same, sums of seconds to the hundredth: they add up in another order."""
    if isinstance(one, float) or isinstance(other, float):
        return None not in (one, other) and math.isclose(one, other, rel_tol=1e-9, abs_tol=0.01)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)
