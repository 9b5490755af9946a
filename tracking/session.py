"""One Plex session: the film as it was seen to run, and everybody who watches it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from messages import Attendee, Item, Moment, Playback, Screening, WatchRecord, WatchState, spans
from messages.base import DurationMs
from messages.ids import plex_viewer_id
from tracking.rules import Rules, item_key
from tracking.watch import completion, estimate_position, watched_s


class Identity(NamedTuple):
    """What a session is known by. Its key is none of it: keys start again at 1 with the server."""

    server_id: str
    account_id: str
    machine_id: str
    item: str

    @classmethod
    def of_playback(cls, playback: Playback) -> "Identity":
        """Return the identity of a session, as a poll shows it."""
        item = playback.item
        return cls(item.server_id, playback.account_id, playback.machine_id, item_key(item))

    @classmethod
    def of_watch(cls, state: WatchState) -> "Identity":
        """Return the identity of the session that a watch belongs to."""
        item = state.item
        return cls(item.server_id, state.account_id, state.machine_id, item_key(item))


@dataclass(slots=True)
class Asked:
    """A question about a session that is waiting for its answer."""

    at: Moment
    tries: int


@dataclass(slots=True)
class Session:
    """A session that runs, or that is missed and may still come back."""

    identity: Identity
    screening_id: str
    line: WatchState
    """The film as the session shows it. It is the account's own watch where `counted`."""
    counted: bool
    """The account's session is a watch of its own."""
    playback: Playback | None
    """As last seen; None after a restart until it is seen again."""
    started_at_s: float
    """When the screening began; seconds since 1970, UTC."""
    waits: bool = False
    """It will be one as soon as its viewer is tracked: the settings do not leave the account out."""
    guests: dict[str, WatchState] = field(default_factory=dict)
    """Watches of members of the channel, by Discord id, the first to come first."""
    left: dict[str, Attendee] = field(default_factory=dict)
    """Who left, by watch id."""
    poll: int = 0
    """Number of the last poll that showed it."""
    missing_since: Moment | None = None
    """First successful poll without it, moved on by what outages took since."""
    gone_by: Moment | None = None
    """First successful poll without it."""
    held_since: Moment | None = None
    """Since when something unreadable on the server may be it."""
    vanished: bool = False
    """It was missed after an outage: what became of it is for the server's history to say."""
    restored: bool = False
    """Known from before a restart, and not seen since."""
    asked: Asked | None = None
    announced: bool = False
    """Its start was announced."""
    seated: bool = False
    """Somebody of the channel watched it: the first seat is taken."""

    @property
    def item(self) -> Item:
        """What plays."""
        return self.line.item

    @property
    def account(self) -> str:
        """The viewer id of its account."""
        return plex_viewer_id(self.identity.server_id, self.identity.account_id)

    @property
    def watched(self) -> bool:
        """Somebody watches it."""
        return self.counted or bool(self.guests)

    def watches(self) -> list[WatchState]:
        """Return every running watch, the account's own first."""
        return [self.line, *self.guests.values()] if self.counted else list(self.guests.values())

    def screening(self, at: Moment, rules: Rules) -> Screening:
        """Return it as people are told, with the film where it is at `at`."""
        line = self.line
        seats = [*self.left.values(), *map(seat_of, self.watches())]
        seats.sort(key=lambda seat: seat.joined_at_s)
        missing = self.missing_since is not None
        return Screening(
            screening_id=self.screening_id,
            server_id=self.identity.server_id,
            session_key=line.session_key,
            item=line.item,
            host=self.playback.account_name if self.playback else line.username,
            player=self.playback.player if self.playback else "",
            state=line.state,
            position_ms=line.position_ms if missing else estimate_position(line, at, rules),
            seen=line.seen if missing else at,
            started_at_s=self.started_at_s,
            party=line.party,
            seats=tuple(seats),
        )


def seat_of(state: WatchState) -> Attendee:
    """Return the seat of a running watch."""
    return Attendee(
        viewer_id=state.viewer_id,
        username=state.username,
        joined_at_s=state.started_at_s,
        join_position_ms=state.join_position_ms,
        playing_s=watched_s(state),
        coverage_ms=DurationMs(spans.coverage(state.spans)),
        completion_percent=completion(state),
        spans=state.spans,
    )


def left_seat(record: WatchRecord) -> Attendee:
    """Return the seat of a finished watch."""
    return Attendee(
        viewer_id=record.viewer_id,
        username=record.username,
        joined_at_s=record.started_at_s,
        join_position_ms=record.join_position_ms,
        playing_s=record.playing_s,
        coverage_ms=record.coverage_ms,
        completion_percent=record.completion_percent,
        present=False,
        left_at_s=record.ended_at_s,
        brief=record.brief,
        spans=record.spans,
    )
