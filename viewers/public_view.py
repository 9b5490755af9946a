"""The running watches as others see them: one entry for each viewer, without hidden viewers.

Watches keep the id under which they were seen, so that a link can be undone without loss. Here the watches of one
viewer become one (`merge`), under the member's name, and hidden viewers become Somebody (`redact`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec.structs import replace

from messages import SOMEBODY, ActiveWatch, Attendee, Item, Screening
from viewers.directory import ViewerDirectory
from viewers.merge import MergeRules, attendee_attendance, group_same_watch, merge_attendees
from viewers.redact import redact_item, redact_screening, redact_watch, tells_of_nobody

FindFinished = Callable[[str, Item], Iterable[Attendee]]
"""Returns the finished watches of a film that a viewer may resume, under any of the viewer's ids."""

ShownWatch = tuple[ActiveWatch, Attendee]
"""A running watch, with its attendee."""
GroupFilms = Callable[[list[ShownWatch]], list[list[ShownWatch]]]
"""Returns running watches in groups of one film each."""


class ViewRules(MergeRules, Protocol):
    """The settings that decide which watches are one, and which are brief."""

    @property
    def min_watch_s(self) -> float:
        """A watch with less playing time is brief, seconds."""


def show_screening(
    screening: Screening, host_id: str, directory: ViewerDirectory, rules: ViewRules, find_finished: FindFinished
) -> Screening:
    """Return a screening as others see it. `host_id`: id under which the session's account was seen."""
    if not directory:
        return screening
    merged = replace(
        screening,
        host=directory.display_name(host_id, screening.host),
        seats=tuple(_merge_attendees(screening, directory, rules, find_finished)),
    )
    return redact_screening(merged, directory.hides, host_id)


def show_host(host_id: str, name: str, player: str, directory: ViewerDirectory) -> tuple[str, str]:
    """Return a session's account and player names as others see them: people name players after themselves."""
    if directory.hides(host_id):
        return SOMEBODY, ""
    return directory.display_name(host_id, name), player


def show_item(screening: Screening, host_id: str, directory: ViewerDirectory) -> Item:
    """Return a screening's item, without a title if only hidden viewers watch it. `host_id`: as above."""
    redacted = redact_screening(screening, directory.hides, host_id)
    return redact_item(screening.item) if tells_of_nobody(redacted) else screening.item


def show_watches(
    watches: Iterable[ShownWatch],
    directory: ViewerDirectory,
    now_s: float,
    rules: ViewRules,
    find_finished: FindFinished,
    group_films: GroupFilms,
) -> list[ActiveWatch]:
    """Return running watches, each with its attendee, as others see them: one for one viewer of a film.

    A member who sits in the channel and also plays the film at home has one watch, as in the store; two players of one
    account are two watches. `now_s`: seconds since 1970, UTC.
    """
    rows = list(watches)
    if not directory:
        return [watch for watch, _ in rows]
    screenings: dict[tuple[str, str], list[ShownWatch]] = {}
    for watch, attendee in rows:
        key = directory.viewer(watch.viewer_id), watch.screening_id
        screenings.setdefault(key, []).append((watch, attendee))
    by_viewer: dict[str, list[ShownWatch]] = {}
    for (viewer_id, _), some in screenings.items():
        by_viewer.setdefault(viewer_id, []).append(some[0])
    merged = [
        _merge_watches(group, directory, now_s, rules, find_finished)
        for viewer_id, firsts in by_viewer.items()
        for film in group_films(firsts)
        for group in _split_players([screenings[viewer_id, watch.screening_id] for watch, _ in film])
    ]
    return [redact_watch(watch, directory.hides) for watch in merged]


def _split_players(screenings: list[list[ShownWatch]]) -> list[list[ShownWatch]]:
    """Return a viewer's running watches of a film as one if several ids are among theirs, else by screening."""
    film = [shown for some in screenings for shown in some]
    return [film] if len({watch.viewer_id for watch, _ in film}) > 1 else screenings


def _merge_attendees(
    screening: Screening, directory: ViewerDirectory, rules: ViewRules, find_finished: FindFinished
) -> list[Attendee]:
    """Return a screening's attendees, one for each viewer, in the order in which they joined."""
    now_s, item = screening.seen.wall_s, screening.item
    by_viewer: dict[str, list[Attendee]] = {}
    for attendee in screening.seats:
        by_viewer.setdefault(directory.viewer(attendee.viewer_id), []).append(attendee)
    merged: list[Attendee] = []
    for viewer_id, attendees in by_viewer.items():
        if len(directory.ids_of(viewer_id)) == 1:
            merged += attendees
            continue
        own_name = next((each.username for each in attendees if each.viewer_id == viewer_id), "")
        for group in _group_with_finished(attendees, find_finished(viewer_id, item), now_s, item.duration_ms, rules):
            attendee = merge_attendees(group, now_s, item.duration_ms, rules.min_watch_s)
            name = own_name or directory.display_name(attendee.viewer_id, attendee.username)
            merged.append(replace(attendee, viewer_id=viewer_id, username=name))
    merged.sort(key=lambda each: each.joined_at_s)
    return merged


def _group_with_finished(
    attendees: Iterable[Attendee],
    finished: Iterable[Attendee],
    now_s: float,
    duration_ms: int | None,
    rules: MergeRules,
) -> list[list[Attendee]]:
    """Return a viewer's attendees in groups that are one watch each, with the finished watches that belong to it."""
    shown = list(attendees)
    groups = group_same_watch(
        [*shown, *(each for each in finished if each not in shown)],
        lambda each: attendee_attendance(each, now_s, duration_ms, rules),
        rules,
    )
    return [group for group in groups if any(each in shown for each in group)]


def _merge_watches(
    group: list[ShownWatch],
    directory: ViewerDirectory,
    now_s: float,
    rules: ViewRules,
    find_finished: FindFinished,
) -> ActiveWatch:
    """Return the single row for a viewer's running watches of a screening."""
    watch = max(group, key=lambda pair: pair[1].playing_s)[0]
    viewer_id = directory.viewer(watch.viewer_id)
    own_name = next((other.username for other, _ in group if other.viewer_id == viewer_id), "")
    name = own_name or directory.display_name(watch.viewer_id, watch.username)
    watch = replace(watch, viewer_id=viewer_id, username=name)
    attendees = [attendee for _, attendee in group]
    if len(directory.ids_of(viewer_id)) > 1:
        finished, duration_ms = find_finished(viewer_id, watch.item), watch.item.duration_ms
        groups = _group_with_finished(attendees, finished, now_s, duration_ms, rules)
        attendees = [attendee for some in groups for attendee in some]
    if len(attendees) == 1:
        return watch
    attendee = merge_attendees(attendees, now_s, watch.item.duration_ms)
    return replace(
        watch,
        join_position_ms=attendee.join_position_ms,
        watched_s=attendee.playing_s,
        started_at_s=attendee.joined_at_s,
        coverage_ms=attendee.coverage_ms,
        completion_percent=attendee.completion_percent,
        party=any(other.party for other, _ in group),
    )
