"""The rule for showing a hidden viewer: to others as Somebody, without an id.

A viewer who chose to be private or untracked is hidden (`ViewerDirectory.shows`). An anonymous viewer is named
everywhere except in rankings, which show their figures as Somebody's, so that nobody else sees those with the name.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from messages import SOMEBODY, ActiveWatch, Attendee, Item, LeaderboardRow, Screening
from viewers.directory import ViewerDirectory


def may_see(directory: ViewerDirectory, viewer_id: str, asker: str) -> bool:
    """Tell whether an asker may see a viewer's own data. `asker`: Discord id, as digits; empty for nobody."""
    return directory.shows(viewer_id) or (asker != "" and directory.viewer(viewer_id) == asker)


def hides_figures(directory: ViewerDirectory, viewer_id: str, asker: str) -> bool:
    """Tell whether a viewer's totals and places in rankings are hidden from an asker. `asker`: as in `may_see`."""
    return directory.choice(viewer_id) == "anonymous" and directory.viewer(viewer_id) != asker


def list_shown(viewer_ids: Iterable[str], directory: ViewerDirectory) -> list[str]:
    """Return the viewers who are not hidden, in the given order: only these are named or counted."""
    return [viewer_id for viewer_id in viewer_ids if directory.shows(viewer_id)]


def anonymise_rows(rows: Iterable[LeaderboardRow], directory: ViewerDirectory) -> tuple[LeaderboardRow, ...]:
    """Return places in a ranking without names and ids of anonymous viewers.

    The rows are in the order of `ranking_order`.
    """
    return tuple(
        replace(row, viewer_id="", username=SOMEBODY) if directory.choice(row.viewer_id) == "anonymous" else row
        for row in rows
    )


def ranking_order(directory: ViewerDirectory, viewer_id: str, name: str) -> tuple[bool, str, str]:
    """Return the sort key for equal figures: by name; anonymous viewers last, as the order would reveal them."""
    if directory.choice(viewer_id) == "anonymous":
        return True, "", ""
    return False, name.casefold(), viewer_id


def redact_screening(
    screening: Screening,
    hides: Callable[[str], bool],
    host_id: str = "",
    hides_host: Callable[[str], bool] = lambda _name: False,
) -> Screening:
    """Return a screening without the viewers that `hides` hides by id; the same object if it hides none of them.

    `host_id`: viewer id of the session's account. If it is not known, the host is hidden if `hides_host` hides the
    name, or if a hidden attendee has that name. A hidden host's player is hidden too: people name their players after
    themselves.
    """
    hidden = {attendee.viewer_id for attendee in screening.seats if hides(attendee.viewer_id)}
    if host_id:
        is_host_hidden = hides(host_id)
    else:
        names = {attendee.username for attendee in screening.seats if attendee.viewer_id in hidden}
        is_host_hidden = screening.host in names or hides_host(screening.host)
    if hidden:
        seats = (_redact_attendee(each) if each.viewer_id in hidden else each for each in screening.seats)
        screening = replace(screening, seats=tuple(seats))
    if is_host_hidden:
        screening = replace(screening, host=SOMEBODY, player="")
    return screening


def tells_of_nobody(screening: Screening) -> bool:
    """Tell whether others may see nobody of a screening, so that its title is hidden too."""
    if screening.seats:
        return not any(seat.viewer_id for seat in screening.seats)
    return screening.host == SOMEBODY


def redact_item(item: Item) -> Item:
    """Return an item without its title and anything else that identifies it."""
    return Item(item.server_id, "", item.kind, "")


def redact_watch(watch: ActiveWatch, hides: Callable[[str], bool]) -> ActiveWatch:
    """Return a running watch without the name and id of a hidden viewer."""
    return replace(watch, viewer_id="", username=SOMEBODY) if hides(watch.viewer_id) else watch


def _redact_attendee(attendee: Attendee) -> Attendee:
    return replace(attendee, viewer_id="", username=SOMEBODY)
