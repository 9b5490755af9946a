"""One Plex session: the film as it was seen to run, and everybody who watches it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from messages import Attendee, EndReason, FindHistory, HistoryRow, Item, Moment, Playback, WatchRecord, WatchState
from messages.ids import plex_viewer_id
from tracking.rules import Rules, is_live
from tracking.sessions.handover import credit, leave_player, relabel, relocate, resume_measuring, start_standing
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
    look_again,
    mark_unobserved,
)

ASK_AGAIN_S = 60.0
"""How long the server's history may take to answer."""
ASK_TRIES = 3
"""How often it is asked: then the end is unknown."""


class StreamKey(NamedTuple):
    """The key of one playback on a server. Session keys start again at 1 when the server restarts."""

    account_id: str
    machine_id: str
    session_key: str

    @classmethod
    def of(cls, shown: Playback | WatchState) -> "StreamKey":
        """Return the key of a playback, or of the session that a watch belongs to."""
        return cls(shown.account_id, shown.machine_id, shown.session_key)


class Session(msgspec.Struct, eq=False):
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
    party_watches: PartyWatches = msgspec.field(default_factory=PartyWatches)
    """Watches of members of the channel, by Discord id, the first to come first."""
    past_attendees: dict[str, Attendee] = msgspec.field(default_factory=dict)
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
        """The key of its film: the same on every server if Plex matched it, else only valid on its own."""
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
        """When its film was last seen to run; for live TV, when it was last seen."""
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

        A re-match of the metadata in mid-play changes nothing. A key with another guid and another length that starts
        anew belongs to another film; after an outage either of the two is enough.
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
        """Tell whether another stream is the same account playing the same film, by first or last metadata match."""
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
        """Tell whether its film runs: the player says so, and has not stood for longer than a late report explains."""
        line = self.timeline
        stands_s = at.steady_s - line.advanced.steady_s
        return self.active and line.state == "playing" and not line.ghost and stands_s < rules.ghost_after_s

    def observe(
        self, playback: Playback, at: Moment, outage: bool, presence_known: bool, rules: Rules, *, same: bool = False
    ) -> None:
        """Apply a poll that lists it; `same`: its item is unchanged."""
        unobserved, restarted = outage or not isinstance(self.phase, Active), isinstance(self.phase, Restored)
        self.phase, self.playback = ACTIVE, playback
        before = look_again(self.timeline, at, restarted and not outage, rules) if unobserved else self.timeline
        line = advance(before, at, playback.position_ms, playback.state, rules)
        if not same or playback.account_name != line.username:
            line = relabel(line, playback, self.tracks_owner)
        self.timeline = line
        if not self.party_watches:
            return

        def observe_watch(watch: WatchState) -> WatchState:
            watch = look_again(watch, at, restarted and not outage, rules) if unobserved else watch
            return observe_member(watch, line, before, playback, at, rules)

        self.party_watches.change(observe_watch, presence_known)

    def follow(self, playback: Playback, at: Moment, outage: bool, presence_known: bool, rules: Rules) -> None:
        """Continue the film on another stream of the same account, at its position there."""
        in_the_dark = outage or self.timeline.outage or not isinstance(self.phase, Active)
        if in_the_dark and playback.machine_id != self.timeline.machine_id:
            self.relocate(playback, at, presence_known)
            return
        # Neither time in which no stream was listed counts as played, nor in which the one before stood.
        if (missing := absence(self.phase)) is not None:
            self.change_watches(lambda watch: replace(watch, seen=missing.skip_absence(watch.seen)))
        self.change_watches(lambda watch: leave_player(watch, playback.position_ms, at))
        self.observe(playback, at, outage, presence_known, rules)
        self.change_watches(lambda watch: start_standing(watch, keep_held=in_the_dark))

    def relocate(self, playback: Playback, at: Moment, presence_known: bool = True) -> None:
        """Continue on another stream; the time between does not count."""
        self.phase, self.playback = ACTIVE, playback
        self.timeline = relabel(relocate(self.timeline, playback, at), playback, self.tracks_owner)
        self.party_watches.change(
            lambda watch: relabel(relocate(watch, playback, at), playback, named=False), presence_known
        )

    def take_over(self, other: OtherPlayer, at: Moment, presence_known: bool, rules: Rules) -> None:
        """Continue on another player, and credit what it has shown since it began to advance."""
        since_s = other.moved.steady_s if other.moved is not None else at.steady_s
        came = {each: watch.advanced for each, watch in self.party_watches.items() if watch.advanced.steady_s > since_s}
        self.credit(other, at, presence_known, rules)
        self.relocate(other.playback, at, presence_known)
        self.timeline = resume_measuring(self.timeline, other)
        self.party_watches.change(
            lambda watch: resume_measuring(watch, other, came.get(watch.viewer_id)), presence_known
        )

    def credit(self, other: OtherPlayer, at: Moment, presence_known: bool, rules: Rules) -> None:
        """Credit what another player of the account showed while this one stood still."""
        self.timeline = credit(self.timeline, other, at, rules)
        self.party_watches.change(lambda watch: credit(watch, other, at, rules), presence_known)

    def mark_absent(
        self, at: Moment, outage_since: Moment | None, rules: Rules, switched: bool, stopped: bool
    ) -> End | FindHistory | None:
        """Apply a successful poll that does not list it; return what follows.

        `outage_since`: last poll before an outage. `switched`: its stream shows something else. `stopped`: by an alert.
        """
        missing, since = absence(self.phase), unreadable_since(self.phase)
        before = self.phase.before if isinstance(self.phase, Unreadable) else self.phase
        if missing is None:
            unobserved = isinstance(before, Restored)
            if outage_since is not None:
                # Its end was not observed. A single failed poll is no worse than the grace period.
                unobserved = unobserved or at.steady_s - self.timeline.seen.steady_s > rules.end_grace_s
                self.change_watches(mark_unobserved)
            missing = Missing(at, at, at, unobserved, since)
        else:
            missing = missing.miss_again(at, outage_since)
        if isinstance(before, AwaitingHistory):
            return self._await_history(AwaitingHistory(missing, before.lookup), at)
        self.phase = missing
        reason: EndReason | None = None
        if switched:
            reason = "switched"
        elif stopped and not self.timeline.outage:
            reason = "ended" if at_end(self._run_out(rules), rules) else "stopped"
        elif at.steady_s - missing.since.steady_s < rules.end_grace_s:
            return None
        if not missing.unobserved:
            return End(reason)
        line = self.timeline
        if line.account_id and line.item.rating_key and not is_live(line.item):
            return self._ask_history(missing, at, 1)
        return End("end_unknown")

    def hold_unreadable(self, at: Moment, outage_since: Moment | None, named: bool, rules: Rules) -> bool:
        """Apply an unreadable element that may be this session; False when that has gone on for too long.

        Its key (`named`) is proof. A mere place in the list counts only for a while: a broken element may be listed all
        night, and must not keep every ended session alive.
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
        """Note that no unreadable element on the server can be this session."""
        if isinstance(self.phase, Unreadable):
            self.phase = self.phase.before
        if isinstance(self.phase, Missing):
            self.phase = self.phase.forget_unreadable()

    def end_watches(self, reason: EndReason | None, rules: Rules) -> list[WatchRecord]:
        """End all watches, each at the last moment seen; return their records."""
        missing = absence(self.phase)
        if missing is not None and not missing.unobserved:
            self.change_watches(lambda watch: credit_remainder(watch, missing.first, rules))
        natural: EndReason = "ended" if at_end(self.timeline, rules) else "left"
        records = []
        for watch in self.watches():
            last = watch.advanced if reason == "end_inferred" else watch.seen
            records.append(finish(watch, last.wall_s, reason or natural, rules))
        self._clear()
        return records

    def end_before(self, at: Moment, rules: Rules) -> list[WatchRecord]:
        """End all watches of a film that has begun again by `at`; return their records."""
        self.change_watches(lambda watch: credit_remainder(watch, at, rules))
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

        It ends when last seen if the time since was not observed: Discord was away (`at` is None), Plex is away, or the
        session is missing and the film may be over.
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
        stood_s = at.steady_s - max(since.steady_s, watch.advanced.steady_s) if watch.state == "paused" else 0.0
        watch = replace(watch, pending_s=0.0, paused_s=max(0.0, watch.paused_s - max(0.0, stood_s)))
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

    def _run_out(self, rules: Rules) -> WatchState:
        missing = absence(self.phase)
        return credit_remainder(self.timeline, missing.first, rules) if missing is not None else self.timeline

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
        """Ask again if the answer takes long; give up after a few tries."""
        self.phase = phase
        if at.steady_s - phase.lookup.asked.steady_s < ASK_AGAIN_S:
            return None
        if phase.lookup.tries < ASK_TRIES:
            return self._ask_history(phase.missing, at, phase.lookup.tries + 1)
        return End("end_unknown")
