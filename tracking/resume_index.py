"""Remembers finished watches that can be resumed, and screenings that were announced."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from messages import Attendee, Item, Moment, WatchRecord, WatchState
from messages.ids import is_session_account, parse_plex_account
from tracking.grouping.session_group import SessionGroup
from tracking.rules import Rules
from tracking.sessions.display import past_attendee_of
from tracking.sessions.session import Session
from tracking.watches.film import film_keys, has_same_key, same_film

WHERE_LEFT_MS = 60_000
"""How far from where it was left a player goes on: most step back some seconds."""
FORGET_EVERY = 256
"""How many endings pass between two rounds of forgetting: a round looks at everything remembered."""


class FinishedWatch(NamedTuple):
    """A finished watch, and when it ended on the steady clock: the wall clock may be set in between."""

    record: WatchRecord
    ended_steady_s: float
    matched: Item | None = None
    """Its item as listed in the end, where Plex matched it anew in mid-play."""

    @property
    def keys(self) -> Iterable[str]:
        """The keys under which its film is looked up."""
        items = (self.record.item, self.matched or self.record.item)
        return dict.fromkeys(key for item in items for key in film_keys(item))

    def is_of(self, item: Item) -> bool:
        """Tell whether an item is its film, by the first match of the metadata or the last."""
        return same_film(self.record.item, item) or (self.matched is not None and same_film(self.matched, item))


def _was_matched_anew(record: WatchRecord, item: Item, position_ms: int | None) -> bool:
    """Tell whether a film that is listed with another guid is that of a watch, with its metadata re-matched since.

    Then it has the same key and length, and goes on where the watch was left; another film that got the key would start
    at its beginning.
    """
    lengths = (record.item.duration_ms, item.duration_ms)
    if not has_same_key(record.item, item) or None in lengths or lengths[0] != lengths[1]:
        return False
    left_ms, there_ms = record.leave_position_ms or 0, position_ms or 0
    return there_ms > WHERE_LEFT_MS and abs(there_ms - left_ms) <= WHERE_LEFT_MS


class PastScreening(msgspec.Struct):
    """A screening that ended and may be resumed."""

    screening_id: str
    item: Item
    started_at_s: float
    ended_steady_s: float
    attendees: dict[str, Attendee]
    first_seat_taken: bool
    announced_playing_s: float
    """Playing time of all who watched it when its end was announced, seconds."""
    group: SessionGroup | None = None
    """The screening of several accounts that it was part of when it ended."""

    @property
    def own_id(self) -> str:
        """The id under which it goes on; empty if that is the id of all who watched it together."""
        return "" if self.group is not None and self.group.screening_id == self.screening_id else self.screening_id

    def is_completed(self, rules: Rules) -> bool:
        """Tell whether any viewer completed the film."""
        return any((each.completion_percent or 0.0) >= rules.watched_percent for each in self.attendees.values())


class ResumeIndex(msgspec.Struct):
    """The finished watches and screenings of the resume window."""

    records: dict[tuple[str, str], list[FinishedWatch]] = msgspec.field(default_factory=dict)
    """By viewer and each key of the film: the newest of each film that a key was given to."""
    screenings: dict[tuple[str, str, str], PastScreening] = msgspec.field(default_factory=dict)
    """The newest by server, account and each key of the film: on another player it is still the same evening."""
    loaded: dict[str, PastScreening] = msgspec.field(default_factory=dict)
    """What the last run finished, by screening: also of one whose host still watches, who has no record yet."""
    endings: int = 0

    def add(self, record: WatchRecord, ended_steady_s: float, shown: Item | None = None) -> None:
        """Remember a finished watch. `shown`: its item as it was listed last."""
        matched = shown if shown is not None and not same_film(shown, record.item) else None
        finished = FinishedWatch(record, ended_steady_s, matched)
        for key in finished.keys:
            others = self.records.setdefault((record.viewer_id, key), [])
            newest = next((each for each in others if each.is_of(record.item)), None)
            if newest is not None:
                if newest.record.watch_id != record.watch_id and newest.ended_steady_s > ended_steady_s:
                    continue
                others.remove(newest)
            others.append(finished)

    def find(self, viewer_id: str, item: Item, position_ms: int | None = None) -> FinishedWatch | None:
        """Return the viewer's newest finished watch of a film that is shown at `position_ms` (None: not told)."""
        finished = [each for key in film_keys(item) for each in self.records.get((viewer_id, key), ())]
        same = [each for each in finished if each.is_of(item) or _was_matched_anew(each.record, item, position_ms)]
        return max(same, key=lambda each: each.ended_steady_s, default=None)

    def remove(self, record: WatchRecord | WatchState) -> None:
        """Remove a watch that runs again."""
        finished = self.records.get((record.viewer_id, film_keys(record.item)[0]), ())
        same = [each for each in finished if each.record.watch_id == record.watch_id]
        for key in same[0].keys if same else film_keys(record.item):
            others = self.records.get((record.viewer_id, key), [])
            others[:] = [each for each in others if each.record.watch_id != record.watch_id]
            if not others:
                self.records.pop((record.viewer_id, key), None)

    def find_screening(
        self, server_id: str, account_id: str, item: Item, at: Moment, rules: Rules
    ) -> PastScreening | None:
        """Return the newest screening of a film by an account, if it can still be resumed."""
        past = [self.screenings.get((server_id, account_id, key)) for key in film_keys(item)]
        same = [
            each
            for each in past
            if each is not None
            and same_film(each.item, item)
            and at.steady_s - each.ended_steady_s <= rules.resume_window_s
        ]
        return max(same, key=lambda each: each.ended_steady_s, default=None)

    def add_screening(self, session: Session, announced_playing_s: float, group: SessionGroup | None = None) -> None:
        """Remember a screening that was announced."""
        past = PastScreening(
            session.screening_id,
            session.item,
            session.started_at_s,
            session.timeline.seen.steady_s,
            session.past_attendees,
            session.first_seat_taken,
            announced_playing_s,
            group,
        )
        self._add_newest(session.server_id, session.timeline.account_id, past)

    def load(self, records: Sequence[WatchRecord], at: Moment) -> None:
        """Load what an earlier run finished; none of it is announced again."""
        by_id = self.loaded = dict[str, PastScreening]()
        accounts: dict[str, set[str]] = {}
        # Hosts first: only their viewer id names the account, under which the screening is known.
        ordered = sorted(records, key=lambda record: (not is_session_account(record.source), record.ended_at_s))
        for record in ordered:
            ended_steady_s = at.steady_s - max(0.0, at.wall_s - record.ended_at_s)
            self.add(record, ended_steady_s)
            past = by_id.get(record.screening_id)
            if past is None:
                past = PastScreening(
                    record.screening_id,
                    record.item,
                    record.started_at_s,
                    ended_steady_s,
                    attendees={},
                    first_seat_taken=False,
                    announced_playing_s=0.0,
                )
                by_id[record.screening_id] = past
            past.attendees[record.watch_id] = past_attendee_of(record)
            past.first_seat_taken = past.first_seat_taken or record.source in ("voice", "manual")
            past.ended_steady_s = max(past.ended_steady_s, ended_steady_s)
            past.announced_playing_s += record.playing_s
            account = parse_plex_account(record.viewer_id)
            if account is not None:
                accounts.setdefault(record.screening_id, set()).add(record.viewer_id)
            if account is not None and account.server_id == record.item.server_id:
                self._add_newest(record.item.server_id, account.account_id, past)
        for screening_id, viewer_ids in accounts.items():
            if len(viewer_ids) > 1:
                self.add_group(by_id[screening_id], viewer_ids)

    def add_group(self, past: PastScreening, viewer_ids: set[str]) -> None:
        """Note that these accounts watched a screening of an earlier run together."""
        group = SessionGroup(film_keys(past.item)[0], 0, Moment(0.0, past.ended_steady_s), plays=False)
        group.screening_id, group.started_at_s, group.known = past.screening_id, past.started_at_s, viewer_ids
        group.past_attendees, group.announced_playing_s = dict(past.attendees), past.announced_playing_s
        past.group = group

    def attendees(self, screening_id: str) -> dict[str, Attendee]:
        """Return the attendees who left a screening that is still running."""
        past = self.loaded.get(screening_id)
        return dict(past.attendees) if past is not None else {}

    def forget(self, goes: Callable[[str, float], bool]) -> None:
        """Forget some watches, so that they are neither resumed nor shown.

        `goes`: tells of a viewer id and when the watch began (seconds since 1970, UTC) whether it does.
        """
        self._keep_records(lambda each: not goes(each.record.viewer_id, each.record.started_at_s))
        for past in (*self.screenings.values(), *self.loaded.values()):
            past.attendees = {
                key: each for key, each in past.attendees.items() if not goes(each.viewer_id, each.joined_at_s)
            }

    def forget_old(self, at: Moment, rules: Rules) -> None:
        """Drop from time to time what is older than the resume window."""
        self.endings += 1
        if self.endings % FORGET_EVERY:
            return
        oldest_s = at.steady_s - rules.resume_window_s
        self.loaded = {key: past for key, past in self.loaded.items() if past.ended_steady_s >= oldest_s}
        self._keep_records(lambda each: each.ended_steady_s >= oldest_s)
        self.screenings = {key: past for key, past in self.screenings.items() if past.ended_steady_s >= oldest_s}

    def _keep_records(self, stays: Callable[[FinishedWatch], bool]) -> None:
        kept = {key: [each for each in records if stays(each)] for key, records in self.records.items()}
        self.records = {key: records for key, records in kept.items() if records}

    def _add_newest(self, server_id: str, account_id: str, past: PastScreening) -> None:
        for key in film_keys(past.item):
            newest = self.screenings.get((server_id, account_id, key))
            if newest is None or newest.ended_steady_s <= past.ended_steady_s:
                self.screenings[(server_id, account_id, key)] = past
