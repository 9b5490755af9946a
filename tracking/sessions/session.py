"""One Plex session: the film as it was seen to run, and everybody who watches it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from messages import Attendee, EndReason, FindHistory, HistoryRow, Item, Moment, Playback, WatchRecord, WatchState
from messages.ids import plex_viewer_id
from tracking.rules import Rules, is_live
from tracking.sessions.handover import credit, drop_pending, limit_pending, relabel, relocate, resume_measuring
from tracking.sessions.other_player import OtherPlayer
from tracking.sessions.party_watches import PartyWatches, observe_member
from tracking.sessions.phases import (
    ACTIVE,
    Active,
    AwaitingHistory,
    End,
    HistoryLookup,
    Missing,
    Phase,
    Restored,
    Unreadable,
    absence,
    unreadable_since,
)
from tracking.sessions.play_history import history_query, matching_row
from tracking.watches.film import film_keys, has_same_key, has_same_length, same_film
from tracking.watches.progress import advance
from tracking.watches.watch import (
    at_end,
    credit_remainder,
    estimate_position,
    finish,
    finish_from_history,
    latest,
    mark_unobserved,
)

ASK_AGAIN_S = 60.0
"""How long the server's history may take to answer."""
ASK_TRIES = 3
"""How often it is asked: then the end is unknown."""


class StreamKey(NamedTuple):
    """What one playback on a server is listed under. Session keys start again at 1 with the server."""

    account_id: str
    machine_id: str
    session_key: str

    @classmethod
    def of(cls, shown: Playback | WatchState) -> "StreamKey":
        """Return the key of a playback, or of the session that a watch belongs to."""
        return cls(shown.account_id, shown.machine_id, shown.session_key)


@dataclass(slots=True, eq=False)
class Session:
    """One account playing one film, on one player at a time, with all its watches.

    Its phase says how well it is known; only its own methods change it.
    """

    server_id: str
    screening_id: str
    timeline: WatchState
    """The film as the session shows it. It is the account's own watch where `tracks_owner`."""
    tracks_owner: bool
    """The account's session is a watch of its own."""
    started_at_s: float
    """When the screening began; seconds since 1970, UTC."""
    phase: Phase = ACTIVE
    playback: Playback | None = None
    """As last seen; None after a restart until it is seen again."""
    opened: Moment | None = None
    """When it was first seen; None where that was before a restart."""
    owner_pending: bool = False
    """Its account's watch begins as soon as its viewer is tracked: the settings do not leave the account out."""
    party_watches: PartyWatches = field(default_factory=PartyWatches)
    """Watches of members of the channel, by Discord id, the first to come first."""
    past_attendees: dict[str, Attendee] = field(default_factory=dict)
    """Who left, by watch id."""
    announced: bool = False
    """Its start was announced."""
    first_seat_taken: bool = False
    """Somebody of the channel has watched it."""
    _named: Item | None = None
    """The item of which `_film` is the name."""
    _film: str = ""

    @property
    def stream(self) -> StreamKey:
        """The playback that it follows."""
        return StreamKey.of(self.timeline)

    @property
    def item(self) -> Item:
        """What plays."""
        return self.timeline.item

    @property
    def film(self) -> str:
        """By what its film is known on every server, as far as it is."""
        item = self.timeline.item
        if self._named is not item:
            self._named, self._film = item, film_keys(item)[0]
        return self._film

    @property
    def account(self) -> str:
        """The viewer id of its account."""
        return plex_viewer_id(self.server_id, self.timeline.account_id)

    @property
    def watched(self) -> bool:
        """It has running watches."""
        return self.tracks_owner or bool(self.party_watches)

    @property
    def active(self) -> bool:
        """The last successful poll showed it."""
        return isinstance(self.phase, Active) and self.playback is not None

    @property
    def missing(self) -> bool:
        """Polls no longer list it."""
        return absence(self.phase) is not None

    @property
    def stood_since(self) -> Moment:
        """Since when its film has not been seen to run; of live TV, since it was last seen."""
        return self.timeline.seen if self.timeline.position_ms is None else self.timeline.advanced

    @property
    def count(self) -> int:
        """Number of its running watches."""
        return self.tracks_owner + len(self.party_watches)

    def watches(self) -> list[WatchState]:
        """Return every running watch, the account's own first."""
        own = [self.timeline] if self.tracks_owner else []
        return [*own, *self.party_watches.values()]

    def shows(self, shown: Playback, outage: bool) -> bool:
        """Tell whether its stream still shows its film.

        A re-match of the metadata in mid-play changes nothing; but a key under which another guid and another length
        begin anew was given to another film. Where nobody looked, either of the two tells.
        """
        mine = self.timeline
        if same_film(shown.item, mine.item):
            return True
        if not has_same_key(shown.item, mine.item):
            return False
        went_back = shown.position_ms is not None and shown.position_ms < (mine.position_ms or 0)
        same_length = has_same_length(shown.item, mine.item)
        return (same_length and not went_back) if outage or mine.outage else (same_length or not went_back)

    def follows_same(self, shown: Playback) -> bool:
        """Tell whether another stream is the same account's playing of the film, as it was or is matched."""
        mine = self.timeline
        items = (mine.item, self.playback.item) if self.playback else (mine.item,)
        if shown.account_id != mine.account_id or not any(same_film(shown.item, item) for item in items):
            return False
        return bool(shown.account_id and not is_live(shown.item)) or shown.machine_id == mine.machine_id

    def awaits(self, watch_id: str) -> bool:
        """Tell whether it waits for the history's answer about one of its watches."""
        asked = isinstance(self.phase, AwaitingHistory) or (
            isinstance(self.phase, Unreadable) and isinstance(self.phase.before, AwaitingHistory)
        )
        return asked and any(watch.watch_id == watch_id for watch in self.watches() or [self.timeline])

    def plays(self, at: Moment, rules: Rules) -> bool:
        """Tell whether its film runs: the player says so, and a standstill is no longer than a late report explains."""
        line = self.timeline
        stands_s = at.steady_s - line.advanced.steady_s
        return self.active and line.state == "playing" and not line.ghost and stands_s < rules.ghost_after_s

    def observe(
        self, playback: Playback, at: Moment, outage: bool, presence_known: bool, rules: Rules, *, same: bool = False
    ) -> None:
        """Apply that a poll lists it; `same`: its item is the same to the letter."""
        unobserved = outage or not isinstance(self.phase, Active)
        self.phase, self.playback = ACTIVE, playback
        before = mark_unobserved(self.timeline) if unobserved else self.timeline
        line = advance(before, at, playback.position_ms, playback.state, rules)
        if not same or playback.account_name != line.username:
            line = relabel(line, playback, self.tracks_owner)
        self.timeline = line
        if not self.party_watches:
            return

        def observe_watch(watch: WatchState) -> WatchState:
            watch = mark_unobserved(watch) if unobserved else watch
            return observe_member(watch, line, before, playback, at, rules)

        self.party_watches.change(observe_watch, presence_known)

    def follow(self, playback: Playback, at: Moment, outage: bool, presence_known: bool, rules: Rules) -> None:
        """Continue the film on another stream of the same account, at its position there."""
        in_the_dark = outage or self.timeline.outage or not isinstance(self.phase, Active)
        if in_the_dark and playback.machine_id != self.timeline.machine_id:
            self.relocate(playback, at, presence_known)
            return
        # What stood on the stream before is not known to have run.
        self.change_watches(lambda watch: limit_pending(watch, playback.position_ms, at))
        self.observe(playback, at, outage, presence_known, rules)
        if not in_the_dark:
            self.change_watches(drop_pending)

    def relocate(self, playback: Playback, at: Moment, presence_known: bool = True) -> None:
        """Continue on another stream; what lies between does not count."""
        self.phase, self.playback = ACTIVE, playback
        self.timeline = relabel(relocate(self.timeline, playback, at), playback, self.tracks_owner)
        self.party_watches.change(
            lambda watch: relabel(relocate(watch, playback, at), playback, named=False), presence_known
        )

    def take_over(self, other: OtherPlayer, at: Moment, presence_known: bool) -> None:
        """Continue on another player, and credit what it has shown since it began to advance."""
        since_s = other.moved.steady_s if other.moved is not None else at.steady_s
        late = {member for member, watch in self.party_watches.items() if watch.advanced.steady_s > since_s}
        self.credit(other, at, presence_known)
        self.relocate(other.playback, at, presence_known)
        self.timeline = resume_measuring(self.timeline, other)
        self.party_watches.change(
            lambda watch: resume_measuring(watch, other, whole=watch.viewer_id not in late), presence_known
        )

    def credit(self, other: OtherPlayer, at: Moment, presence_known: bool) -> None:
        """Credit what another player of the account showed while this one stood still."""
        self.timeline = credit(self.timeline, other, at)
        self.party_watches.change(lambda watch: credit(watch, other, at), presence_known)

    def mark_absent(
        self, at: Moment, outage_since: Moment | None, rules: Rules, switched: bool, stopped: bool
    ) -> End | FindHistory | None:
        """Apply that a successful poll does not list it; return what follows.

        `outage_since`: the last poll before an outage that this one ends. `switched`: its stream shows something
        else. `stopped`: an alert said so.
        """
        missing, since = absence(self.phase), unreadable_since(self.phase)
        if missing is None:
            before = self.phase.before if isinstance(self.phase, Unreadable) else self.phase
            unobserved = isinstance(before, Restored)
            if outage_since is not None:
                # Nobody looked when it ended. A single failed poll leaves no more doubt than the grace does anyway.
                unobserved = unobserved or at.steady_s - self.timeline.seen.steady_s > rules.end_grace_s
                self.change_watches(mark_unobserved)
            missing = Missing(at, at, unobserved, since)
        elif outage_since is not None:
            missing = missing.wait_longer(outage_since, at)
        before_phase = self.phase.before if isinstance(self.phase, Unreadable) else self.phase
        if isinstance(before_phase, AwaitingHistory):
            return self._await_history(AwaitingHistory(missing, before_phase.lookup), at)
        self.phase = missing
        reason: EndReason | None = None
        if switched:
            reason = "switched"
        elif stopped and not self.timeline.outage:
            reason = "ended" if at_end(self._run_out(), rules) else "stopped"
        elif at.steady_s - missing.since.steady_s < rules.end_grace_s:
            return None
        if not missing.unobserved:
            return End(reason)
        line = self.timeline
        if line.account_id and line.item.rating_key and not is_live(line.item):
            return self._ask_history(missing, at, 1)
        return End("end_unknown")

    def hold_unreadable(self, at: Moment, outage_since: Moment | None, named: bool, rules: Rules) -> bool:
        """Apply that something unreadable on the server may be it; False when that has gone on for too long.

        Its key (`named`) is proof. A mere place in the list is believed for a while only: something broken may stand
        there all night, and must not keep every ended session alive.
        """
        since = unreadable_since(self.phase) or at
        missing = absence(self.phase)
        if not named and at.steady_s - since.steady_s >= rules.ghost_end_s:
            return False
        before = self.phase.before if isinstance(self.phase, Unreadable) else self.phase
        if missing is not None:
            missing = missing.wait_longer(outage_since or missing.since, at)
            before = AwaitingHistory(missing, before.lookup) if isinstance(before, AwaitingHistory) else missing
        self.phase = Unreadable(since, before)
        self.change_watches(mark_unobserved)
        return True

    def forget_unreadable(self) -> None:
        """Apply that nothing unreadable on the server can be it."""
        if isinstance(self.phase, Unreadable):
            self.phase = self.phase.before
        if isinstance(self.phase, Missing) and self.phase.unreadable_since is not None:
            self.phase = Missing(self.phase.since, self.phase.first, self.phase.unobserved)

    def end_watches(self, reason: EndReason | None, rules: Rules) -> list[WatchRecord]:
        """End all watches, each at the last moment seen; return their records."""
        missing = absence(self.phase)
        if missing is not None and not missing.unobserved:
            self.change_watches(lambda watch: credit_remainder(watch, missing.first))
        natural: EndReason = "ended" if at_end(self.timeline, rules) else "left"
        records = []
        for watch in self.watches():
            last = watch.advanced if reason == "end_inferred" else watch.seen
            records.append(finish(watch, last.wall_s, reason or natural, rules))
        self._clear()
        return records

    def end_before(self, at: Moment, rules: Rules) -> list[WatchRecord]:
        """End all watches of a film that has begun again by `at`; return their records."""
        self.change_watches(lambda watch: credit_remainder(watch, at))
        return self.end_watches(None, rules)

    def end_from_history(
        self, rows: Sequence[HistoryRow], at: Moment, party_known: bool, rules: Rules
    ) -> list[WatchRecord]:
        """End all watches as the server's history says; return their records."""
        row = matching_row(self.timeline, self.watches(), rows)
        if row is None:
            return self.end_watches("end_unknown", rules)
        viewed_at_s = min(row.viewed_at_s, at.wall_s)
        records = []
        for watch in self.watches():
            if watch is self.timeline or party_known:
                records.append(finish_from_history(watch, viewed_at_s, at, rules))
            else:
                records.append(finish(watch, watch.seen.wall_s, "end_unknown", rules))
        self._clear()
        return records

    def end_party_watch(self, member: str, at: Moment | None, server_away: bool, rules: Rules) -> WatchRecord:
        """End one member's watch: at `at`, with the film where it is by then, or when last seen.

        When last seen, where the time since is in the dark: Discord was away (`at` is None), Plex is, or the session
        is missing and the film may be over.
        """
        watch = self.party_watches.pop(member)
        dark = at is None or server_away or watch.outage or not isinstance(self.phase, Active | Missing)
        if at is None or dark or self.missing:
            over = self.missing and not dark and at_end(self.timeline, rules)
            return finish(watch, watch.seen.wall_s, "ended" if over else "left", rules)
        moment = latest(at, self.timeline.seen)
        position = estimate_position(self.timeline, moment, rules)
        watch = advance(watch, moment, position, self.timeline.state, rules)
        return finish(watch, moment.wall_s, "left", rules)

    def end_party_watch_since(self, member: str, since: Moment, at: Moment, rules: Rules) -> WatchRecord:
        """End one member's watch at `since`, before `at`: the film has stood since then, and the party has moved."""
        watch = self.party_watches.pop(member)
        stood_s = max(0.0, at.steady_s - max(since.steady_s, watch.advanced.steady_s))
        watch = replace(watch, pending_s=0.0, paused_s=max(0.0, watch.paused_s - stood_s))
        ended_s = watch.seen.wall_s - max(0.0, watch.seen.steady_s - max(since.steady_s, watch.advanced.steady_s))
        return finish(watch, ended_s, "ended" if at_end(self.timeline, rules) else "left", rules)

    def drop_watches(self, leaves: Callable[[WatchState], bool]) -> list[WatchState]:
        """Drop running watches without a record; return them."""
        dropped = []
        if self.tracks_owner and leaves(self.timeline):
            self.tracks_owner, self.owner_pending = False, True
            dropped.append(self.timeline)
        for member, watch in list(self.party_watches.items()):
            if leaves(watch):
                dropped.append(self.party_watches.pop(member))
        return dropped

    def forget_attendees(self, goes: Callable[[str, float], bool]) -> None:
        """Drop attendees who left and for which `goes` (viewer id, start of the watch) is true."""
        self.past_attendees = {
            key: each for key, each in self.past_attendees.items() if not goes(each.viewer_id, each.joined_at_s)
        }

    def _run_out(self) -> WatchState:
        missing = absence(self.phase)
        return credit_remainder(self.timeline, missing.first) if missing is not None else self.timeline

    def change_watches(self, change: Callable[[WatchState], WatchState]) -> None:
        self.timeline = change(self.timeline)
        self.party_watches.change_all(change)

    def _clear(self) -> None:
        self.tracks_owner = False
        self.party_watches = PartyWatches()

    def _ask_history(self, missing: Missing, at: Moment, tries: int) -> FindHistory:
        self.phase = AwaitingHistory(missing, HistoryLookup(at, tries))
        return history_query(self.server_id, self.timeline, self.watches())

    def _await_history(self, phase: AwaitingHistory, at: Moment) -> End | FindHistory | None:
        """Ask again where the answer is long in coming; give up after a few tries."""
        self.phase = phase
        if at.steady_s - phase.lookup.asked.steady_s < ASK_AGAIN_S:
            return None
        if phase.lookup.tries < ASK_TRIES:
            return self._ask_history(phase.missing, at, phase.lookup.tries + 1)
        return End("end_unknown")
