"""What runs, as others see it: one entry for each viewer, and nobody who does not want to be seen.

Watches keep the id under which they were seen, so that a link can be taken back without loss. Here those of one viewer
become one (`merge`), under the member's name, and hidden viewers become Somebody (`redact`).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from messages import SOMEBODY, ActiveWatch, Attendee, Screening
from viewers.directory import ViewerDirectory
from viewers.merge import attendee_extent, group_same_watch, merge_attendees
from viewers.redact import redact_screening, redact_watch


def show_screening(screening: Screening, host_id: str, directory: ViewerDirectory, min_watch_s: float) -> Screening:
    """Return a screening as others see it.

    `host_id`: id under which the session's account was seen. `min_watch_s`: a shorter watch is brief.
    """
    if not directory:
        return screening
    merged = replace(
        screening,
        host=directory.display_name(host_id, screening.host),
        seats=tuple(_merge_attendees(screening, directory, min_watch_s)),
    )
    return redact_screening(merged, directory.hides, host_id)


def show_host(host_id: str, name: str, player: str, directory: ViewerDirectory) -> tuple[str, str]:
    """Return the names of a session's account and player as others see them: players are called after people."""
    if directory.hides(host_id):
        return SOMEBODY, ""
    return directory.display_name(host_id, name), player


def show_watches(
    watches: Iterable[tuple[ActiveWatch, Attendee]], directory: ViewerDirectory, now_s: float
) -> list[ActiveWatch]:
    """Return running watches, each with its attendee, as others see them: one for one viewer of a screening.

    `now_s`: seconds since 1970, UTC.
    """
    rows = list(watches)
    if not directory:
        return [watch for watch, _ in rows]
    by_viewer: dict[tuple[str, str], list[tuple[ActiveWatch, Attendee]]] = {}
    for watch, attendee in rows:
        key = watch.screening_id, directory.viewer(watch.viewer_id)
        by_viewer.setdefault(key, []).append((watch, attendee))
    merged = (_merge_watches(group, directory, now_s) for group in by_viewer.values())
    return [redact_watch(watch, directory.hides) for watch in merged]


def _merge_attendees(screening: Screening, directory: ViewerDirectory, min_watch_s: float) -> list[Attendee]:
    """Return a screening's attendees, those that are one as one, the first to come first."""
    now_s = screening.seen.wall_s
    members = {link.viewer_id for link in directory.links.values()}
    by_viewer: dict[str, list[Attendee]] = {}
    for attendee in screening.seats:
        by_viewer.setdefault(directory.viewer(attendee.viewer_id), []).append(attendee)
    merged: list[Attendee] = []
    for viewer_id, attendees in by_viewer.items():
        if viewer_id not in members:
            merged += attendees
            continue
        own_name = next((each.username for each in attendees if each.viewer_id == viewer_id), "")
        groups = group_same_watch(attendees, lambda each: attendee_extent(each, now_s), lambda each: each.viewer_id)
        for group in groups:
            attendee = merge_attendees(group, now_s, screening.item.duration_ms, min_watch_s)
            name = own_name or directory.display_name(attendee.viewer_id, attendee.username)
            merged.append(replace(attendee, viewer_id=viewer_id, username=name))
    merged.sort(key=lambda each: each.joined_at_s)
    return merged


def _merge_watches(group: list[tuple[ActiveWatch, Attendee]], directory: ViewerDirectory, now_s: float) -> ActiveWatch:
    """Return the one row of a viewer's running watches of a screening."""
    watch = max(group, key=lambda pair: pair[1].playing_s)[0]
    viewer_id = directory.viewer(watch.viewer_id)
    own_name = next((other.username for other, _ in group if other.viewer_id == viewer_id), "")
    name = own_name or directory.display_name(watch.viewer_id, watch.username)
    watch = replace(watch, viewer_id=viewer_id, username=name)
    if len(group) == 1:
        return watch
    attendee = merge_attendees((each for _, each in group), now_s, watch.item.duration_ms)
    return replace(
        watch,
        join_position_ms=attendee.join_position_ms,
        watched_s=attendee.playing_s,
        started_at_s=attendee.joined_at_s,
        coverage_ms=attendee.coverage_ms,
        completion_percent=attendee.completion_percent,
        party=any(other.party for other, _ in group),
    )
