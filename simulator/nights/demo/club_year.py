"""A year of a film club before the demo's night: who came to which film, and who left early. Pure, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from messages import Item, Sitting, WatchRecord
from messages.base import DurationMs, PositionMs
from messages.ids import plex_viewer_id
from simulator.plex.world.library import MOVIES, LibraryItem

DAY_S = 86_400.0
WEEKS = 52
SEED = 1927


class Habit(NamedTuple):
    """How somebody watches."""

    comes: float
    """Share of the nights that they come to."""
    late: float
    """Share of the nights they come to for which they are late."""
    stays: float
    """Share of the nights they come to that they stay for to the end."""


PARTY_HABITS: Mapping[str, Habit] = {
    "Iris": Habit(0.86, 0.10, 0.90),
    "Björn": Habit(0.72, 0.35, 0.80),
    "Chiara": Habit(0.60, 0.15, 0.95),
    "Dr. *Noodle*": Habit(0.48, 0.20, 0.55),
    "אורי": Habit(0.38, 0.30, 0.75),
    "美美 🎬": Habit(0.15, 0.50, 0.60),
}
"""Members of the voice channel."""
HOME_HABITS: Mapping[str, Habit] = {
    "Anton": Habit(0.75, 0.0, 0.80),
    "Berta": Habit(0.40, 0.0, 0.45),
    "Cem": Habit(0.90, 0.0, 0.85),
    "Dörte": Habit(0.20, 0.0, 0.90),
}
"""Plex accounts that watch at home; `comes` is the share of weeks in which they do."""


class Club(NamedTuple):
    """The club's people and its place."""

    server_id: str
    guild_id: str
    channel_id: str
    members: Mapping[str, str]
    """Discord id of each member, by shown name."""
    accounts: Mapping[str, int]
    """Id of each Plex account, by name; 1 is the host's."""
    host: str


def build_year(club: Club, films: Sequence[LibraryItem], evening_s: float) -> Iterator[list[WatchRecord]]:
    """Yield the records of each week of the year before an evening, the oldest first; seconds since 1970."""
    chance = random.Random(SEED)  # noqa: S311 - the same year each time
    long_films = [film for film in films if film.section_id == MOVIES and (film.duration_ms or 0) > 3_600_000]
    programme = [film for _round in range(WEEKS) for film in chance.sample(long_films, len(long_films))]
    for week in range(WEEKS, 0, -1):
        night_s = evening_s - week * 7 * DAY_S
        records: list[WatchRecord] = []
        if chance.random() < 0.88:  # in some weeks nobody has time
            records += _play_party(club, programme.pop(), f"year-{week}", night_s + chance.randrange(1800), chance)
        for name, habit in HOME_HABITS.items():
            for days in chance.sample(range(-4, 2), chance.choice((1, 1, 2))):
                if chance.random() < habit.comes:
                    film = chance.choice(long_films)
                    began_s = night_s + days * DAY_S + chance.randrange(-7200, 7200)
                    of_whom = plex_viewer_id(club.server_id, str(club.accounts[name]))
                    seen = _choose_stretch(film, habit, chance)
                    number = f"year-{week}-{name}-{len(records)}"
                    records.append(_build_record(club, film, number, (of_whom, name), began_s, seen))
        yield sorted(records, key=lambda each: each.ended_at_s)


def _play_party(
    club: Club, film: LibraryItem, screening_id: str, began_s: float, chance: random.Random
) -> list[WatchRecord]:
    """Return the records of a night in the voice channel; its film is played from the host's account."""
    host = plex_viewer_id(club.server_id, str(club.accounts[club.host]))
    whole = (0.0, (film.duration_ms or 0) / 1000)
    records = [_build_record(club, film, screening_id, (host, club.host), began_s, whole, party=True)]
    for name, habit in PARTY_HABITS.items():
        if chance.random() >= habit.comes:
            continue
        seen = _choose_stretch(film, habit, chance)
        record = _build_record(
            club, film, screening_id, (club.members[name], name), began_s, seen, party=True,
            first_seat=not any(each.first_seat for each in records) and seen[0] == 0.0,
        )  # fmt: skip
        records.append(record)
    return records


def _choose_stretch(film: LibraryItem, habit: Habit, chance: random.Random) -> tuple[float, float]:
    """Return the begin and end of what somebody sees of a film, in seconds of film: some come late or leave early."""
    length_s = (film.duration_ms or 0) / 1000
    start_s = float(chance.randrange(120, 1800)) if chance.random() < habit.late else 0.0
    end_s = length_s if chance.random() < habit.stays else start_s + (length_s - start_s) * chance.uniform(0.1, 0.75)
    return start_s, end_s


def _build_record(
    club: Club, film: LibraryItem, screening_id: str, viewer: tuple[str, str], began_s: float,
    seen_s: tuple[float, float], *, party: bool = False, first_seat: bool = False,
) -> WatchRecord:  # fmt: skip
    viewer_id, name = viewer
    is_account = not viewer_id.isdigit()
    (start_ms, end_ms), length_ms = (round(at_s * 1000) for at_s in seen_s), film.duration_ms or 1
    start_s, end_s = began_s + seen_s[0], began_s + seen_s[1]
    share = (end_ms - start_ms) / length_ms * 100
    return WatchRecord(
        watch_id=f"{screening_id}-{viewer_id}",
        screening_id=screening_id,
        viewer_id=viewer_id,
        username=name,
        source="plex" if is_account else "voice",
        item=_build_item(film, club.server_id),
        media_type="movie",
        started_at_s=start_s,
        ended_at_s=end_s,
        join_position_ms=PositionMs(start_ms),
        leave_position_ms=PositionMs(end_ms),
        playing_s=end_s - start_s,
        paused_s=0.0,
        spans=((start_ms, end_ms),),
        coverage_ms=DurationMs(end_ms - start_ms),
        completion_percent=share,
        completed=share >= 80.0,
        brief=end_s - start_s < 60.0,
        end_reason="ended" if end_ms == length_ms else "left",
        guild_id="" if is_account else club.guild_id,
        channel_id=club.channel_id if party else "",
        party=party,
        first_seat=first_seat,
        sittings=(Sitting(start_s, end_s, end_s - start_s),),
    )


def _build_item(film: LibraryItem, server_id: str) -> Item:
    return Item(
        server_id=server_id,
        rating_key=film.rating_key,
        kind=film.kind,
        title=film.title,
        year=film.year,
        duration_ms=DurationMs(film.duration_ms) if film.duration_ms else None,
        genres=film.genres,
        directors=film.directors,
        guid=film.guid,
        key=film.key,
        library_section_id=film.section_id,
        thumb=film.thumb,
    )
