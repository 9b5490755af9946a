"""Compares the records of a night with the ledger of truth. Pure.

A record may differ by what cannot be known: a poll and a player's report at each change, and any whole unobserved time
in which something changed. The error beyond unobserved time is shown in polls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from messages import WatchRecord, spans
from simulator.nights.ledger import Ledger, Stretch, TrueWatch
from simulator.nights.observation import NEVER, Observation, Window, is_within, total_within

RECORD_S = 0.01
"""Rounding of the figures in a record."""


@dataclass(frozen=True)
class Margins:
    """How exact a record can be, seconds of the night; mostly settings of the service."""

    poll_s: float
    grace_s: float
    slack_s: float
    polls_a_change: int = 1
    """How many polls may miss a change: messages and processes may be late by one."""
    late_s: float = 1.0
    """Delay of frames and answers."""
    ghost_after_s: float = NEVER
    watched_percent: float = 80.0
    min_watch_s: float = 60.0

    @property
    def stray_s(self) -> float:
        """How long somebody may be recorded at a film that is known to be over, seconds."""
        return self.late_s + (self.polls_a_change - 1) * (self.poll_s + self.grace_s)

    @property
    def proof_s(self) -> float:
        """How long a host's second film must run beside a player that was left until it counts as watched, seconds."""
        return self.ghost_after_s + 2 * self.poll_s

    def edge_s(self, watch: TrueWatch) -> float:
        """Return how many seconds one change of this watch may cost."""
        return self.polls_a_change * self.poll_s + watch.report_s + self.late_s


@dataclass(frozen=True)
class Leeway:
    """How far a record may differ from the truth, seconds."""

    less_s: float
    more_s: float
    dark_s: float
    """How much unobserved time there was in which something changed."""
    unseen_s: float = 0.0
    """How much unobserved time there was: a film that ran faster meanwhile counts only as long as the clock ran, and so
    does a slower one if the viewer skipped ahead."""


@dataclass
class Judgement:
    """The result of judging a night's records."""

    expected: int = 0
    """Watches that must be recorded: somebody looked while they ran, and what they saw was not forgotten."""
    found: int = 0
    missing: int = 0
    double: int = 0
    """Records beyond those that one viewer may have of one film, and records of watches that never were."""
    playing_polls: list[float] = field(default_factory=list)
    """Error in playing time of each watch, beyond the unobserved time, in polls."""
    coverage_polls: list[float] = field(default_factory=list)
    worst: str = ""
    """The watch with the largest error."""
    problems: list[str] = field(default_factory=list)

    @property
    def worst_polls(self) -> float:
        """The largest error of any watch."""
        return max((*self.playing_polls, *self.coverage_polls), default=0.0)


def judge(
    ledger: Ledger,
    host: str,
    records: Sequence[WatchRecord],
    observation: Observation,
    margins: Margins,
    excluded: Collection[str] = (),
    not_judged: Collection[str] = (),
) -> Judgement:
    """Compare every true watch with its records, and every record with the true watches.

    `host` plays into the voice channel; `excluded` are accounts without watches; of `not_judged` viewers only the
    consistency of the records is checked.
    """
    judgement = Judgement()
    by_key: dict[tuple[str, str], list[WatchRecord]] = {}
    for record in records:
        by_key.setdefault((record.viewer_id, record.item.rating_key), []).append(record)
    judgement.problems += [problem for record in records for problem in inconsistencies(record, margins)]
    doubtful = [
        (begin_s, end_s + margins.grace_s + observation.arrival_s)
        for begin_s, end_s in ledger.doubtful_windows(host, observation.polls, margins.ghost_after_s)
    ]
    doubtful += ledger.unproven_pauses(host, observation.polls)
    left = [player for player in ledger.left_players if ledger.is_host(player.account_id, host)]
    slow = [(player.begin_s, player.end_s + margins.grace_s + observation.arrival_s) for player in left]
    for watch in ledger.true_watches(host, excluded):
        mine = by_key.pop((watch.viewer_id, watch.item.rating_key), [])
        if watch.viewer_id in not_judged:
            continue
        if observation.must_be_recorded(watch, doubtful, slow, margins.proof_s):
            judgement.expected += 1
            judgement.found += bool(mine)
            judgement.missing += not mine
            judgement.problems += [] if mine else [f"{watch}: no record"]
        if mine:
            strays = 0
            if watch.guest:
                film = (watch.viewer_id, watch.item.rating_key)
                stays = ledger.stays_at_dead_players(host, *film, observation.polls, margins.ghost_after_s)
                strays = _count_strays(mine, stays, margins)
            _compare(judgement, watch, mine, observation, margins, slow, strays)
    for (viewer_id, rating_key), mine in by_key.items():
        polls, ghost_after_s = observation.polls, margins.ghost_after_s
        stray_s = ledger.longest_after_film(host, viewer_id, rating_key, polls, ghost_after_s) + margins.stray_s
        if sum(record.playing_s for record in mine) >= stray_s:
            judgement.double += len(mine)
            judgement.problems.append(f"{viewer_id} at {mine[0].item.title}: a record of what never was")
    return judgement


def _count_strays(records: Sequence[WatchRecord], stays: Sequence[float], margins: Margins) -> int:
    """Return how many of a member's records may come from dead players that nobody could know to be dead.

    If the film was completed before, such a player looks like a new start. `stays`: how long each visit lasted,
    seconds.
    """
    unseen = sorted((record.playing_s for record in records if not record.coverage_ms), reverse=True)
    pairs = zip(unseen, sorted(stays, reverse=True), strict=False)
    return sum(played_s < stay_s + margins.stray_s for played_s, stay_s in pairs)


def find_leeway(watch: TrueWatch, observation: Observation, margins: Margins, slow: Sequence[Window] = ()) -> Leeway:
    """Return how far a watch's records may differ.

    Each change costs an edge at most. Unobserved time costs its length if anything changed in it, else no more than a
    change; all of it together costs no more than `observation.dark_cost_limit_s`. A member who is in the channel again
    after Discord was unreachable continues a watch, but begins none for that time: if it was not yet known that the
    host plays this film (`slow`: the host has left another player), there is no watch to continue.
    """
    edge_s = margins.edge_s(watch)
    boundaries = watch.boundaries
    changes_s = edge_s * (len(boundaries) + 1)
    if watch.guest:  # a party keeps its film for the grace period before it follows its host to another player
        changes_s += margins.grace_s * _count_moves(watch)
    dark_s = disturbed_s = 0.0
    for a, b in observation.dark(watch):
        if a - edge_s <= boundaries[-1] and b + edge_s >= boundaries[0]:
            disturbed = any(a - edge_s <= at_s <= b + edge_s for at_s in boundaries)
            if watch.guest and is_within(slow, boundaries[0]) and is_within(observation.voice_dark, b):
                disturbed = disturbed or a - margins.proof_s <= boundaries[0]
            lasts_s = min(b, boundaries[-1]) - max(a, boundaries[0]) + edge_s
            disturbed_s += max(0.0, lasts_s) if disturbed else 0.0
            dark_s += edge_s
    first_s, last_s = boundaries[0], boundaries[-1]
    unseen_s = total_within(observation.dark(watch), first_s, last_s)
    dark_s = min(dark_s + disturbed_s, observation.dark_cost_limit_s)
    ghosts_s = sum(
        min(stretch.length_s, margins.ghost_after_s + edge_s)
        for stretch in watch.stretches
        if stretch.activity == "ghost"
    )
    # Until a dead player counts as a ghost, it looks like a live one whose last reports were lost.
    ghosts_s += sum(min(each.length_s, margins.ghost_after_s) + edge_s for each in watch.left_players if each.dead)
    off_s = changes_s + dark_s
    forgotten = [at_s for at_s in observation.restarts if any(p.begin_s <= at_s <= p.end_s for p in watch.left_players)]
    forgotten_s = sum(margins.ghost_after_s + edge_s for _ in forgotten)
    forgotten_s += total_within(observation.unmeasured, first_s, last_s)
    return Leeway(off_s + forgotten_s, off_s + ghosts_s + watch.jumps * margins.slack_s, disturbed_s, unseen_s)


def _count_moves(watch: TrueWatch) -> int:
    """Return how often the host may have moved to this from another player."""
    sessions = {stretch.session for stretch in watch.stretches}
    machines = {stretch.machine_id for stretch in watch.stretches}
    on_television = all(machine.startswith("tv-") for machine in machines)
    return len(sessions) if len(machines) > 1 or not on_television else 0


def most_records(watch: TrueWatch, more_s: float, margins: Margins) -> int:
    """Return how many records there may be.

    One, and one for each time that a completed film was begun again: from its beginning; from a place before the first
    part that had been seen, if only the beginning was skipped then; or at a part that had been seen. The first poll of
    a new start may be late; a skip that ends less than the slack before a part already seen makes no new part.
    """
    film_s = (watch.item.duration_ms or 0) / 1000
    beginning_ms = (max(margins.slack_s, 0.05 * film_s) + margins.late_s) * 1000
    needed_ms = film_s * 10 * margins.watched_percent - more_s * 1000
    late_ms = margins.edge_s(watch) * watch.speed * 1000
    early_ms = margins.slack_s * 1000 + late_ms
    before: list[Stretch] = []
    most = 1
    for stretch in watch.stretches:
        seen = TrueWatch("", "", watch.item, watch.guest, before).spans
        seen_here = any(begin - early_ms <= stretch.begin_ms < end for begin, end in seen)
        first_ms = seen[0][0] if seen else 0
        starts = stretch.begin_ms <= max(beginning_ms, first_ms if first_ms <= 100 * film_s + late_ms else 0)
        if before and spans.coverage(seen) >= needed_ms:
            most += seen_here or starts
        before.append(stretch)
    return most


def _compare(
    judgement: Judgement,
    watch: TrueWatch,
    records: Sequence[WatchRecord],
    observation: Observation,
    margins: Margins,
    slow: Sequence[Window],
    strays: int,
) -> None:
    """Judge the records of one watch. `strays`: how many of them may come from players that were already dead."""
    leeway = find_leeway(watch, observation, margins, slow)
    problems = []
    most = most_records(watch, leeway.more_s, margins) + strays
    if len(records) > most:
        judgement.double += len(records) - most
        problems.append(f"{len(records)} records where {most} may be")
    playing_s, true_s = sum(record.playing_s for record in records), watch.playing_s
    if not true_s - leeway.less_s <= playing_s <= true_s + leeway.more_s:
        problems.append(
            f"played {true_s:.1f} s (-{leeway.less_s:.0f} +{leeway.more_s:.0f}), recorded {playing_s:.1f} s"
        )
    unseen_s = sum(b - a for a, b in observation.plex_dark if a > -NEVER and b < NEVER)
    paused_s = sum(record.paused_s for record in records)
    if not watch.paused_s - leeway.less_s - unseen_s <= paused_s <= watch.paused_s + leeway.more_s + watch.left_s:
        problems.append(
            f"paused {watch.paused_s:.1f} s (-{leeway.less_s:.0f} +{leeway.more_s:.0f}), recorded {paused_s:.1f} s"
        )
    recorded, true = spans.union(span for record in records for span in record.spans), watch.spans
    both = spans.coverage(spans.union((*recorded, *true)))
    missing_s, extra_s = (both - spans.coverage(recorded)) / 1000, (both - spans.coverage(true)) / 1000
    if missing_s > leeway.less_s * watch.speed + max(0.0, watch.speed - 1) * leeway.unseen_s:
        problems.append(f"{missing_s:.1f} s of film seen are missing (-{leeway.less_s:.0f})")
    # Skips may add twice the slack, in seconds of film, however slowly the film runs.
    skips_s = watch.jumps * margins.slack_s
    skipped_s = max(skips_s * watch.speed, 2 * margins.slack_s if watch.jumps else 0.0)
    may_be_more_s = (leeway.more_s - skips_s) * watch.speed + skipped_s
    if extra_s > may_be_more_s + max(0.0, 1 - watch.speed) * leeway.unseen_s:
        problems.append(f"{extra_s:.1f} s of film were not seen (+{may_be_more_s:.0f})")
    if len(records) == 1:
        if records[0].brief and true_s - leeway.less_s >= margins.min_watch_s:
            problems.append(f"brief, though played for {true_s:.1f} s")
        if not records[0].brief and true_s + leeway.more_s < margins.min_watch_s:
            problems.append(f"not brief, though played for {true_s:.1f} s only")
    judgement.problems += [f"{watch}: {problem}" for problem in problems]
    errors = (abs(playing_s - true_s), max(missing_s, extra_s))
    polls = [max(0.0, off_s - leeway.dark_s) / margins.poll_s for off_s in errors]
    if max(polls) > judgement.worst_polls:
        judgement.worst = (
            f"{watch}: {playing_s:.0f} of {true_s:.0f} s played, {missing_s:.0f} s of film missing, {extra_s:.0f} s "
            f"too many, {leeway.dark_s:.0f} s in the dark, {watch.jumps} jumps, {len(watch.boundaries)} changes, "
            f"{records[-1].end_reason}"
        )
    judgement.playing_polls.append(polls[0])
    judgement.coverage_polls.append(polls[1])


def inconsistencies(record: WatchRecord, margins: Margins) -> Iterable[str]:
    """Return the contradictions within a single record."""
    name = f"{record.viewer_id} at {record.item.title}"
    duration_ms = record.item.duration_ms or 0
    if record.coverage_ms != spans.coverage(record.spans) or record.spans != spans.union(record.spans):
        yield f"{name}: coverage {record.coverage_ms} is not that of {record.spans}"
    if any(not 0 <= a < b <= duration_ms for a, b in record.spans):
        yield f"{name}: spans {record.spans} beyond the film of {duration_ms} ms"
    if record.playing_s + record.paused_s > record.ended_at_s - record.started_at_s + RECORD_S:
        yield f"{name}: {record.playing_s:.1f} s played and {record.paused_s:.1f} s paused within less time"
    if record.brief != (record.playing_s < margins.min_watch_s):
        yield f"{name}: brief={record.brief} at {record.playing_s:.1f} s"
