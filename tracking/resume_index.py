"""What is remembered after its end: watches that can go on, screenings that were announced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from messages import Attendee, Moment, WatchRecord
from messages.ids import is_session_account, parse_plex_account
from tracking.rules import Rules, item_key
from tracking.session import Identity, Session, left_seat

FORGET_EVERY = 256
"""How many endings pass between two rounds of forgetting: a round looks at everything remembered."""


@dataclass(slots=True)
class PastScreening:
    """A screening that ended and may go on."""

    screening_id: str
    started_at_s: float
    ended_at_s: float
    left: dict[str, Attendee]
    seated: bool
    told_s: float
    """Playing time of all its seats when its end was announced, seconds."""

    def seen_through(self, rules: Rules) -> bool:
        """Tell whether somebody completed the film."""
        return any((seat.completion_percent or 0.0) >= rules.watched_percent for seat in self.left.values())


@dataclass(slots=True)
class Memory:
    """The finished watches and screenings of the resume window."""

    records: dict[tuple[str, str, str], WatchRecord] = field(default_factory=dict)
    """The newest record by viewer, server and item."""
    screenings: dict[tuple[str, str, str], PastScreening] = field(default_factory=dict)
    """The newest screening by server, account and item: on another player it is still the same evening."""
    loaded: dict[str, PastScreening] = field(default_factory=dict)
    """What the last run finished, by screening: also of one whose host still watches, who has no record yet."""
    endings: int = 0

    def keep(self, record: WatchRecord) -> None:
        """Remember a finished watch."""
        key = (record.viewer_id, record.item.server_id, item_key(record.item))
        known = self.records.get(key)
        if known is None or known.watch_id == record.watch_id or known.ended_at_s <= record.ended_at_s:
            self.records[key] = record

    def record(self, viewer_id: str, server_id: str, item: str) -> WatchRecord | None:
        """Return the viewer's newest finished watch of an item."""
        return self.records.get((viewer_id, server_id, item))

    def screening(self, identity: Identity, at: Moment, rules: Rules) -> PastScreening | None:
        """Return the newest screening of an item by an account, if it can still go on."""
        past = self.screenings.get((identity.server_id, identity.account_id, identity.item))
        return past if past and at.wall_s - past.ended_at_s <= rules.resume_window_s else None

    def keep_screening(self, session: Session, ended_at_s: float, told_s: float) -> None:
        """Remember a screening that was announced."""
        identity = session.identity
        self.screenings[(identity.server_id, identity.account_id, identity.item)] = PastScreening(
            session.screening_id, session.started_at_s, ended_at_s, session.left, session.seated, told_s
        )

    def learn(self, records: Sequence[WatchRecord]) -> None:
        """Take over what an earlier run finished: nothing of it is announced again."""
        by_id = self.loaded = dict[str, PastScreening]()
        # Hosts first: only their viewer id names the account, under which the screening is known.
        for record in sorted(records, key=lambda record: not is_session_account(record.source)):
            self.keep(record)
            past = by_id.get(record.screening_id)
            if past is None:
                past = PastScreening(record.screening_id, record.started_at_s, 0.0, {}, False, 0.0)
                by_id[record.screening_id] = past
            past.left[record.watch_id] = left_seat(record)
            past.seated = past.seated or record.source in ("voice", "manual")
            past.ended_at_s = max(past.ended_at_s, record.ended_at_s)
            past.told_s += record.playing_s
            account = parse_plex_account(record.viewer_id)
            if account is not None and account.server_id == record.item.server_id:
                self._newest((record.item.server_id, account.account_id, item_key(record.item)), past)

    def _newest(self, key: tuple[str, str, str], past: PastScreening) -> None:
        known = self.screenings.get(key)
        if known is None or known.ended_at_s <= past.ended_at_s:
            self.screenings[key] = past

    def seats(self, screening_id: str) -> dict[str, Attendee]:
        """Return who left a screening that is still running."""
        past = self.loaded.get(screening_id)
        return dict(past.left) if past is not None else {}

    def forget(self, goes: Callable[[str, float], bool]) -> None:
        """Drop what is remembered of some watches, so that none of it is gone on with or shown.

        `goes`: tells of a viewer id and when the watch began (seconds since 1970, UTC) whether it does.
        """
        self.records = {key: each for key, each in self.records.items() if not goes(key[0], each.started_at_s)}
        for past in (*self.screenings.values(), *self.loaded.values()):
            past.left = {key: seat for key, seat in past.left.items() if not goes(seat.viewer_id, seat.joined_at_s)}

    def forget_old(self, now_s: float, rules: Rules) -> None:
        """Drop, now and then, what is older than the resume window."""
        self.endings += 1
        if self.endings % FORGET_EVERY:
            return
        oldest = now_s - rules.resume_window_s
        self.loaded = {key: kept for key, kept in self.loaded.items() if kept.ended_at_s >= oldest}
        self.records = {key: kept for key, kept in self.records.items() if kept.ended_at_s >= oldest}
        self.screenings = {key: kept for key, kept in self.screenings.items() if kept.ended_at_s >= oldest}
