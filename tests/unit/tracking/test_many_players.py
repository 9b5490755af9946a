"""Random evenings of one account on several players, with a member in the voice channel, against what really ran.

Players are paused and left, die, are reloaded; films are gone on with elsewhere, changed, repeated; Plex is away or
starts its keys anew, Usher is restarted. However that is listed: one viewer, one film, one watch for each time that it
is seen.
"""

import random
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from messages import Item, PlaybackSnapshot, PlayerState, WatchesLoaded, WatchFinished, WatchRecord, spans
from messages.base import DurationMs
from tests.unit.tracking.builders import HEAT, channel, fail_poll, moment, playing, poll
from tracking.engine import TrackingEngine
from tracking.events import Event
from tracking.rules import Rules

SEEDS = range(100)
MACHINES = ("tv", "phone", "web")
SHORT_S = 600.0
FILMS = (HEAT, replace(HEAT, rating_key="2", title="Alien"))
SHORT = replace(HEAT, rating_key="3", title="Short", duration_ms=DurationMs(int(SHORT_S * 1000)))


@dataclass(eq=False)
class Player:
    """A player and its session as Plex lists it."""

    key: str
    machine: str
    item: Item
    position_s: float
    report_every_s: int
    shown_s: float
    reported_s: float
    state: PlayerState = "playing"
    listed_until_s: float = float("inf")


@dataclass
class Truth:
    """What really ran of a film, each time that it was seen."""

    stretches: list[tuple[float, float]] = field(default_factory=list)
    played_s: float = 0.0


class Evening:
    """What happens, and what the tracking is told of it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - an evening's dice, no secret
        self.poll_s = self.random.choice([5, 10, 10, 15, 20])
        party_user = self.random.choice(["alice", ""])
        self.rules = Rules(party_user=party_user, gap_s=max(3.0 * self.poll_s, 30.0))
        self.tracking = TrackingEngine(self.rules)
        self.records: dict[str, WatchRecord] = {}
        self.players: list[Player] = []
        self.current: Player | None = None
        self.position_s = dict.fromkeys((*FILMS, SHORT), 0.0)
        self.truth: dict[str, list[Truth]] = {}
        self.now_s = 0.0
        self.away_until_s = 0.0
        self.next_key = 1
        self.events = 1
        self.story: list[str] = []

    def take(self, events: list[Event]) -> None:
        """Keep the finished watches."""
        self.records.update(
            {event.record.watch_id: event.record for event in events if isinstance(event, WatchFinished)}
        )

    def play_until(self, end_s: float) -> None:
        """Let time pass, second by second."""
        while self.now_s < end_s:
            self.now_s += 1.0
            self.players = [player for player in self.players if player.listed_until_s > self.now_s]
            self.run_current()
            if self.now_s % self.poll_s == 0:
                self.poll()
            if self.now_s % 5 == 0:
                self.take(self.tracking.update_voice(channel(self.now_s, "ann")))

    def run_current(self) -> None:
        """Let the film run for a second on the player that plays."""
        player = self.current
        if player is None or player.state != "playing":
            return
        length_s = (player.item.duration_ms or 0) / 1000
        truth = self.truth[player.item.title][-1]
        if player.position_s < length_s:
            truth.stretches.append((player.position_s, player.position_s + 1.0))
            truth.played_s += 1.0
            player.position_s += 1.0
            self.position_s[player.item] = player.position_s
        if self.now_s - player.reported_s >= player.report_every_s:
            player.shown_s, player.reported_s = player.position_s, self.now_s

    def poll(self) -> None:
        """Let Usher look, in whatever order Plex lists its sessions."""
        if self.now_s < self.away_until_s:
            self.take(self.tracking.poll_failed(fail_poll(self.now_s)))
            return
        listed = self.random.sample(self.players, len(self.players))
        shown = [playing(each.shown_s, "alice", each.state, each.key, each.item, each.machine) for each in listed]
        self.take(self.tracking.observe(PlaybackSnapshot("srv", "Cinema", "plex", moment(self.now_s), tuple(shown))))

    def start(self, machine: str, item: Item) -> None:
        """Put a film on, from where it was left."""
        at_s = self.position_s[item]
        key, self.next_key = str(self.next_key), self.next_key + 1
        every_s = self.random.choice([1, 10, 20])
        self.current = Player(key, machine, item, at_s, every_s, at_s, self.now_s)
        self.players.append(self.current)
        self.truth.setdefault(item.title, [Truth()])
        self.note(f"{item.title} on {machine} under {key}")

    def note(self, what: str) -> None:
        self.story.append(f"{self.now_s:.0f} s {what}")
        self.events += 1

    def leave_current(self, state: PlayerState, *lingers_s: int) -> Player:
        """Let the player stand as it is, listed for a while."""
        player = self.current
        assert player is not None
        player.state = state
        if state == "paused":
            player.shown_s = player.position_s
        player.listed_until_s = self.now_s + self.random.choice(lingers_s)
        self.current = None
        self.note(f"{player.key} is left {state} until {player.listed_until_s:.0f} s")
        return player

    def elsewhere(self, player: Player) -> str:
        return self.random.choice([machine for machine in MACHINES if machine != player.machine])

    def happen(self) -> None:
        """Let one thing happen."""
        current = self.current
        assert current is not None
        what = self.random.choice(["pause", "hand over", "die", "reload", "film", "restart", "outage", "new keys"])
        if what == "pause":
            current.state, current.shown_s = "paused", current.position_s
            self.note("pause")
            self.play_until(self.now_s + self.random.choice([20, 100, 400]))
            current.state, current.reported_s = "playing", self.now_s
            self.note("on")
        elif what == "hand over":
            old = self.leave_current("paused", 0, 30, 300, 5000)
            self.play_until(self.now_s + self.random.choice([0, 0, 30, 300]))
            self.start(self.elsewhere(old), old.item)
        elif what == "die":
            old = self.leave_current("playing", 60, 200, 400)
            self.play_until(self.now_s + self.random.choice([0, 5, 30]))
            self.start(self.random.choice(MACHINES), old.item)
        elif what == "reload":
            old = self.leave_current("playing", 10, 300)
            self.start(old.machine, old.item)
        elif what == "film":
            old = self.leave_current("paused", 0, 300, 5000)
            other = FILMS[1] if old.item is FILMS[0] else FILMS[0]
            self.start(self.elsewhere(old), other)
        elif what == "restart":
            self.note("restart")
            report = self.tracking.report(moment(self.now_s))
            self.tracking = TrackingEngine(self.rules)
            loaded = WatchesLoaded(report.active, tuple(self.records.values()))
            self.take(self.tracking.restore(loaded, moment(self.now_s)))
        elif what == "outage":
            self.away_until_s = self.now_s + self.random.choice([25, 120])
            self.note(f"Plex is away until {self.away_until_s:.0f} s")
            self.play_until(self.away_until_s + 2 * self.poll_s)
        else:
            self.players, self.next_key = [current], 1
            current.key, self.next_key = "1", 2
            self.note("keys begin anew")

    def repeat(self) -> None:
        """See a short film twice in a row, on the same player or another, at once or after a while."""
        old = self.leave_current("paused", 0, 100)
        self.start(self.elsewhere(old), SHORT)
        for _ in range(self.random.choice([1, 2])):
            self.play_until(self.now_s + SHORT_S - self.position_s[SHORT])
            self.position_s[SHORT] = 0.0
            self.truth[SHORT.title].append(Truth())
            current = self.current
            assert current is not None
            if self.random.random() < 0.5:
                current.position_s = current.shown_s = 0.0
                current.reported_s = self.now_s
                self.note("repeat")
            else:
                old = self.leave_current("paused", 0, 300)
                self.play_until(self.now_s + self.random.choice([0, 20, 200]))
                self.start(self.random.choice(MACHINES), SHORT)
        self.play_until(self.now_s + self.random.choice([120, 300]))

    def problems(self) -> list[str]:
        """Return what is wrong with the records."""
        wrong = []
        leeway_s = (self.events + 2) * (self.poll_s + 20)
        for who in ("alice", "Ann"):
            for title, times in self.truth.items():
                times = [each for each in times if each.played_s >= 60]
                mine = [each for each in self.records.values() if (each.username, each.item.title) == (who, title)]
                if sum(not each.brief for each in mine) > len(times):
                    wrong.append(f"{who} at {title}: {len(mine)} records where {len(times)} may be")
                seen = [each.spans for each in mine]
                true = [[(int(a * 1000), int(b * 1000)) for a, b in each.stretches] for each in times]
                found_s = sum(spans.coverage(spans.union(each)) for each in seen) / 1000
                true_s = sum(spans.coverage(spans.union(each)) for each in true) / 1000
                played_s, true_played_s = sum(each.playing_s for each in mine), sum(each.played_s for each in times)
                if abs(found_s - true_s) > leeway_s:
                    wrong.append(f"{who} at {title}: {found_s:.0f} s seen, in truth {true_s:.0f} s")
                if abs(played_s - true_played_s) > leeway_s:
                    wrong.append(f"{who} at {title}: {played_s:.0f} s played, in truth {true_played_s:.0f} s")
        return wrong


def play(seed: int) -> Evening:
    """Play one evening to its end."""
    evening = Evening(seed)
    evening.take(evening.tracking.update_voice(channel(0, "ann")))
    evening.start(evening.random.choice(MACHINES), HEAT)
    for _ in range(evening.random.randint(1, 6)):
        evening.play_until(evening.now_s + evening.random.choice([40, 90, 200, 400, 700]))
        evening.happen()
    evening.play_until(evening.now_s + evening.random.choice([100, 300]))
    if evening.random.random() < 0.3:
        evening.repeat()
    evening.players, evening.current = [], None
    evening.play_until(evening.now_s + 900)
    return evening


@pytest.mark.parametrize("seed", SEEDS)
def test_one_watch_for_each_time_that_a_film_is_seen(seed: int) -> None:
    """As long as it was seen and played, within a poll and a report for each thing that happened."""
    evening = play(seed)
    assert evening.problems() == [], evening.story
    assert evening.tracking.running == 0


def test_what_another_player_has_just_shown_is_reported_but_not_settled() -> None:
    """The report, and so the checkpoint, has it; the running watch has not, while its own player may go on."""
    tracking = TrackingEngine(Rules())
    tracking.observe(poll(0, playing(0)))
    tracking.observe(poll(10, playing(10)))
    tracking.observe(poll(20, playing(10, state="paused")))
    for at_s in (30, 40, 50):
        tracking.observe(poll(at_s, playing(10, state="paused"), playing(at_s - 20, key="2", machine="web")))
    (reported,) = tracking.report(moment(50)).active
    (running,) = tracking.running_watches()
    assert (reported.watch_id, reported.machine_id, reported.spans) == (running.watch_id, "web", ((0, 30_000),))
    assert (running.machine_id, running.spans) == ("tv", ((0, 10_000),))
    tracking.observe(poll(60, playing(20), playing(30, key="2", state="paused", machine="web")))
    (reported,) = tracking.report(moment(60)).active
    assert (reported.machine_id, reported.spans) == ("tv", ((0, 30_000),))
