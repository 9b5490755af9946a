"""Who is not tracked any more: running watches end without a record, and what was remembered of them goes."""

from collections.abc import Callable, Collection

from messages import Moment
from tracking.events import WatchDropped
from tracking.house import House
from tracking.people import People


def know(house: House, people: People) -> None:
    """Take in who is who and who wants what; who chose not to be tracked leaves the house at once."""
    house.people = people
    if people:
        _drop(house, lambda viewer_id: not people.tracks(viewer_id))


def forget(house: House, viewer_ids: Collection[str], at: Moment) -> None:
    """Drop all that is held of some people. Whoever of them goes on watching begins anew at `at`."""
    forgotten = frozenset(viewer_ids)
    _drop(house, forgotten.__contains__)
    for session in house.sessions():
        session.left = {key: seat for key, seat in session.left.items() if seat.viewer_id not in forgotten}
    house.memory.forget(forgotten)
    house.fresh_from.update(dict.fromkeys(forgotten, at))


def _drop(house: House, leaves: Callable[[str], bool]) -> None:
    for session in house.sessions():
        if session.counted and leaves(session.line.viewer_id):
            session.counted, session.waits = False, True
            house.events.append(WatchDropped(session.line))
        for member, state in list(session.guests.items()):
            if leaves(member):
                del session.guests[member]
                house.events.append(WatchDropped(state))
