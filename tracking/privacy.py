"""Who is not tracked any more: running watches end without a record, and what was remembered of them goes."""

import math
from collections.abc import Callable, Collection

from messages import Moment, WatchState
from tracking.engine import House
from tracking.events import WatchDropped
from viewers.directory import ViewerDirectory


def know(house: House, people: ViewerDirectory) -> None:
    """Take in who is who and who wants what; who chose not to be tracked leaves the house at once."""
    house.people = people
    if people:
        _drop(house, lambda watch: not people.tracks(watch.viewer_id))


def forget(house: House, viewer_ids: Collection[str], at: Moment, began_by_s: float = math.inf) -> None:
    """Drop what is held of some people's watches that began by a time (seconds since 1970, UTC).

    Whoever of them goes on watching begins anew at `at`.
    """
    forgotten = frozenset(viewer_ids)

    def goes(viewer_id: str, began_s: float) -> bool:
        return viewer_id in forgotten and began_s <= began_by_s

    dropped = _drop(house, lambda watch: goes(watch.viewer_id, watch.started_at_s))
    for session in house.sessions():
        session.left = {key: seat for key, seat in session.left.items() if not goes(seat.viewer_id, seat.joined_at_s)}
    house.memory.forget(goes)
    house.fresh_from.update(dict.fromkeys(forgotten if began_by_s == math.inf else dropped, at))


def _drop(house: House, leaves: Callable[[WatchState], bool]) -> set[str]:
    """Drop running watches without a record; return whose they were."""
    dropped = []
    for session in house.sessions():
        if session.counted and leaves(session.line):
            session.counted, session.waits = False, True
            dropped.append(session.line)
        for member, state in list(session.guests.items()):
            if leaves(state):
                del session.guests[member]
                dropped.append(state)
    house.events += map(WatchDropped, dropped)
    return {watch.viewer_id for watch in dropped}
