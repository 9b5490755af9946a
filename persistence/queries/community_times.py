"""When the community watches: by hour of the week, month and night."""

from datetime import date

from messages import CommunityTimes, GetCommunityTimes, NightEntry
from persistence.database.tables import EVERYBODY
from persistence.queries.answers import answers
from persistence.queries.night import read_nights
from persistence.store import StoreSnapshot
from persistence.summaries.days import list_years, sum_days, sum_hours
from persistence.summaries.parties import iterate_largest

MOST_NIGHTS = 10


@answers(GetCommunityTimes)
def read_community_times(asked: GetCommunityTimes, store: StoreSnapshot) -> CommunityTimes:
    """Return when the community watched, in a year or over all time."""
    store.require_summaries()
    years = list_years(store)
    if asked.year:
        first, last = date(asked.year, 1, 1).toordinal(), date(asked.year, 12, 31).toordinal()
        days = sum_days(store, EVERYBODY, first, last)
    else:
        days = sum_days(store, EVERYBODY, 0)
    months: dict[str, float] = {}
    for day, seconds in days.items():
        months[day[:7]] = months.get(day[:7], 0.0) + seconds
    nights: list[NightEntry] = []
    for year in [asked.year] if asked.year else years:
        nights = _take_largest(store, year, nights)
    return CommunityTimes(sum_hours(store, asked.year), tuple(months.items()), tuple(nights), years)


def _take_largest(store: StoreSnapshot, year: int, nights: list[NightEntry]) -> list[NightEntry]:
    """Return the largest among these nights and those of a year.

    The stored size of a party includes hidden viewers, so that it is an upper bound: parties are checked from the
    largest on until none that follows can have more visible viewers.
    """
    known = {night.screening_id for night in nights}
    for parties in iterate_largest(store, year):
        more = read_nights(store, [screening_id for screening_id, _ in parties if screening_id not in known])
        nights = sorted([*nights, *more], key=_rank)[:MOST_NIGHTS]
        if len(nights) == MOST_NIGHTS and nights[-1].viewers >= parties[-1][1]:
            break
    return nights


def _rank(night: NightEntry) -> tuple[int, float, str]:
    return -night.viewers, night.started_at_s, night.screening_id
