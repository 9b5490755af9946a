"""Who is who, and who is shown: links and choices, as persistence tells them.

Watches keep the id under which they were seen, so that a link can be taken back without loss. Here is what follows
from links and choices for whom to track, and for what others are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from messages import SOMEBODY, ActiveWatch, Attendee, LinkedAccount, Privacy, Screening, spans
from messages.base import DurationMs


@dataclass(frozen=True, slots=True)
class ViewerDirectory:
    """Links and choices as they stand."""

    links: Mapping[str, LinkedAccount] = field(default_factory=dict)
    """By Plex id."""
    choices: Mapping[str, Privacy] = field(default_factory=dict)
    """By viewer id; who is not in it is open."""

    @classmethod
    def from_message(cls, links: Iterable[LinkedAccount], privacy: Iterable[tuple[str, Privacy]]) -> ViewerDirectory:
        """Return them as a message tells them."""
        return cls({link.plex_id: link for link in links}, dict(privacy))

    def __bool__(self) -> bool:
        """Tell whether anybody is linked, or chose anything."""
        return bool(self.links or self.choices)

    def viewer(self, raw_id: str) -> str:
        """Return the id of the one viewer: the member's, where a Plex account is linked."""
        link = self.links.get(raw_id)
        return link.viewer_id if link is not None else raw_id

    def choice(self, raw_id: str) -> Privacy:
        """Return what somebody chose; a member's choice holds for the linked accounts too."""
        return self.choices.get(self.viewer(raw_id), "open")

    def tracks(self, raw_id: str) -> bool:
        """Tell whether somebody's watches are recorded."""
        return self.choice(raw_id) != "untracked"

    def shows(self, raw_id: str) -> bool:
        """Tell whether others may see that somebody watches. Who chose not to be tracked is as good as private."""
        return self.choice(raw_id) not in ("private", "untracked")

    def name(self, raw_id: str, username: str) -> str:
        """Return the name under which others see somebody."""
        if not self.shows(raw_id):
            return SOMEBODY
        link = self.links.get(raw_id)
        return link.username if link is not None else username

    def names(self) -> dict[str, str]:
        """Return the names of the members who have an account linked, by viewer id."""
        return {link.viewer_id: link.username for link in self.links.values()}

    def log_name(self, raw_id: str, username: str) -> str:
        """Return what the log calls somebody: who does not want to be seen, by the id alone."""
        return username if self.shows(raw_id) else self.viewer(raw_id)


def redact_screening(screening: Screening, host_id: str, people: ViewerDirectory, min_watch_s: float) -> Screening:
    """Return a screening as others see it: one seat for one viewer, and nobody who does not want to be seen.

    `host_id`: raw id of the session's account. `min_watch_s`: a shorter watch is brief.
    """
    if not people:
        return screening
    host, player = redact_host(host_id, screening.host, screening.player, people)
    seats = _one_each(screening, people, min_watch_s)
    return replace(screening, host=host, player=player, seats=tuple(_shown_seat(seat, people) for seat in seats))


def redact_host(host_id: str, name: str, player: str, people: ViewerDirectory) -> tuple[str, str]:
    """Return the names of a session's account and player as others see them: players are called after people."""
    return people.name(host_id, name), player if people.shows(host_id) else ""


def redact_watches(
    watches: Iterable[tuple[ActiveWatch, Attendee]], people: ViewerDirectory, now_s: float
) -> list[ActiveWatch]:
    """Return running watches, each with its seat, as others see them: one for one viewer of a screening.

    `now_s`: seconds since 1970, UTC.
    """
    rows = list(watches)
    if not people:
        return [watch for watch, _ in rows]
    by_viewer: dict[tuple[str, str], list[tuple[ActiveWatch, Attendee]]] = {}
    for watch, seat in rows:
        by_viewer.setdefault((watch.screening_id, people.viewer(watch.viewer_id)), []).append((watch, seat))
    return [_shown_watch(group, people, now_s) for group in by_viewer.values()]


def merge_seats(seats: Iterable[Attendee], now_s: float, duration_ms: int | None, min_watch_s: float = 0.0) -> Attendee:
    """Return the one seat of a viewer who was seen under several ids at overlapping times.

    The seat with the longest playing time stays, with what was seen on any of them; of the others' playing time only
    the part counts that lies outside. `now_s`: until when those last who are still there, seconds since 1970, UTC.
    """
    longest_first = sorted(seats, key=lambda seat: (-seat.playing_s, seat.joined_at_s, seat.viewer_id))
    if len(longest_first) == 1:
        return longest_first[0]
    first = min(longest_first, key=lambda seat: seat.joined_at_s)
    present = any(seat.present for seat in longest_first)
    playing_s = _playing_s(longest_first, now_s)
    seen = spans.union(stretch for seat in longest_first for stretch in seat.spans)
    coverage_ms = max(spans.coverage(seen), *(int(seat.coverage_ms) for seat in longest_first))
    shares = [seat.completion_percent for seat in longest_first if seat.completion_percent is not None]
    if shares and duration_ms and duration_ms > 0:
        shares.append(min(100.0, coverage_ms / duration_ms * 100))
    return replace(
        longest_first[0],
        joined_at_s=first.joined_at_s,
        join_position_ms=first.join_position_ms,
        playing_s=playing_s,
        coverage_ms=DurationMs(coverage_ms),
        completion_percent=max(shares, default=None),
        present=present,
        left_at_s=None if present else max(_left_s(seat, now_s) for seat in longest_first),
        brief=not present and playing_s < min_watch_s,
        spans=seen,
    )


def _playing_s(longest_first: Iterable[Attendee], now_s: float) -> float:
    """Return the playing time of all together, no moment of it twice."""
    there: tuple[tuple[int, int], ...] = ()
    playing_s = 0.0
    for seat in longest_first:
        began_ms, ended_ms = round(seat.joined_at_s * 1000), round(_left_s(seat, now_s) * 1000)
        with_it = spans.union((*there, (began_ms, ended_ms)))
        outside_ms = spans.coverage(with_it) - spans.coverage(there)
        playing_s += seat.playing_s * (outside_ms / (ended_ms - began_ms) if there and ended_ms > began_ms else 1.0)
        there = with_it
    return playing_s


def _left_s(seat: Attendee, now_s: float) -> float:
    return now_s if seat.left_at_s is None else seat.left_at_s


def _one_each(screening: Screening, people: ViewerDirectory, min_watch_s: float) -> list[Attendee]:
    """Return a screening's seats, those of one viewer at overlapping times as one, the first to come first."""
    now_s = screening.seen.wall_s
    linked = {link.viewer_id for link in people.links.values()}
    by_viewer: dict[str, list[Attendee]] = {}
    for seat in screening.seats:
        by_viewer.setdefault(people.viewer(seat.viewer_id), []).append(seat)
    every: list[Attendee] = []
    for viewer, seats in by_viewer.items():
        if viewer not in linked:
            every += seats
            continue
        own_name = next((seat.username for seat in seats if seat.viewer_id == viewer), "")
        for group in _overlapping(seats, now_s):
            one = merge_seats(group, now_s, screening.item.duration_ms, min_watch_s)
            name = own_name or people.name(one.viewer_id, one.username)
            every.append(replace(one, viewer_id=viewer, username=name))
    every.sort(key=lambda seat: seat.joined_at_s)
    return every


def _overlapping(seats: Iterable[Attendee], now_s: float) -> list[list[Attendee]]:
    """Return seats in groups that hang together in time; one after another is twice."""
    groups: list[list[Attendee]] = []
    until_s = 0.0
    for seat in sorted(seats, key=lambda seat: seat.joined_at_s):
        if groups and seat.joined_at_s < until_s:
            groups[-1].append(seat)
        else:
            groups.append([seat])
            until_s = 0.0
        until_s = max(until_s, _left_s(seat, now_s))
    return groups


def _shown_seat(seat: Attendee, people: ViewerDirectory) -> Attendee:
    if people.shows(seat.viewer_id):
        return seat
    return replace(seat, viewer_id="", username=SOMEBODY)


def _shown_watch(group: list[tuple[ActiveWatch, Attendee]], people: ViewerDirectory, now_s: float) -> ActiveWatch:
    """Return the one row of a viewer's running watches of a screening."""
    watch = max(group, key=lambda pair: pair[1].playing_s)[0]
    viewer = people.viewer(watch.viewer_id)
    if len(group) > 1:
        seat = merge_seats((seat for _, seat in group), now_s, watch.item.duration_ms)
        watch = replace(
            watch,
            join_position_ms=seat.join_position_ms,
            watched_s=seat.playing_s,
            started_at_s=seat.joined_at_s,
            coverage_ms=seat.coverage_ms,
            completion_percent=seat.completion_percent,
            party=any(other.party for other, _ in group),
        )
    if not people.shows(viewer):
        return replace(watch, viewer_id="", username=SOMEBODY)
    own_name = next((other.username for other, _ in group if other.viewer_id == viewer), "")
    return replace(watch, viewer_id=viewer, username=own_name or people.name(watch.viewer_id, watch.username))
