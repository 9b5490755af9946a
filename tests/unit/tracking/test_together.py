"""Accounts that play one film at the same time are one screening: linked, hidden, forgotten viewers; merging groups."""

import sys

import pytest

from messages import (
    DropViewerWatches,
    Item,
    LinkedAccount,
    Playback,
    Privacy,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
    WatchFinished,
)
from messages.base import DurationMs
from tests.unit.tracking.builders import moment, playing, poll
from tracking.engine import TrackingEngine
from tracking.rules import Rules

ANN, BEN = "plex:srv:ann", "plex:srv:ben"


class Evening:
    """A tracking, and who plays where in the film."""

    def __init__(self) -> None:
        self.tracking = TrackingEngine(Rules())
        self.at_s = 0.0
        self.started: list[Screening] = []
        self.ended: list[Screening] = []

    def play(self, seconds: float, **positions_s: float) -> None:
        """Let these accounts play from these positions for a while; the others are gone."""
        until_s, began_s = self.at_s + seconds, self.at_s
        while self.at_s < until_s:
            ran_s = self.at_s - began_s
            self.show(
                [
                    playing(position_s + ran_s, account=name, key=name, machine=name)
                    for name, position_s in positions_s.items()
                ]
            )
            self.at_s += 10.0

    def show(self, playbacks: list[Playback]) -> None:
        """Show one poll."""
        for event in self.tracking.observe(poll(self.at_s, *playbacks)):
            if isinstance(event, ScreeningStarted):
                self.started.append(event.screening)
            if isinstance(event, ScreeningEnded):
                self.ended.append(event.screening)

    def stop(self) -> None:
        """Let everybody go."""
        self.play(60.0)

    @property
    def screenings(self) -> tuple[Screening, ...]:
        """What plays now."""
        return self.tracking.now_playing(moment(self.at_s)).screenings


def names(screening: Screening) -> list[str]:
    """Who is or was in a screening, with a - where they left."""
    return sorted(f"{'' if seat.present else '-'}{seat.username}" for seat in screening.seats)


def test_a_group_is_one_screening_while_it_plays() -> None:
    """In what is playing and in the watches; the screenings with which each account began are named in it."""
    evening = Evening()
    evening.play(300.0, ann=0.0, ben=5.0)
    alone = evening.screenings
    assert [names(each) for each in alone] == [["ann"], ["ben"]]
    evening.play(60.0, ann=300.0, ben=305.0)
    (both,) = evening.screenings
    assert names(both) == ["ann", "ben"]
    assert set(both.merged) == {each.screening_id for each in alone}
    active = evening.tracking.active_watches(moment(evening.at_s))
    assert {watch.screening_id for watch in active.watches} == {both.screening_id}
    assert evening.started[-1].screening_id == both.screening_id


def test_a_viewer_who_falls_behind_has_a_screening_of_their_own() -> None:
    """And stays listed as one who left the other."""
    evening = Evening()
    evening.play(600.0, ann=0.0, ben=5.0)
    evening.play(400.0, ann=600.0, ben=3600.0)
    together, alone = sorted(evening.screenings, key=lambda each: len(each.seats), reverse=True)
    assert {tuple(names(together)), tuple(names(alone))} in ({("-ben", "ann"), ("ben",)}, {("-ann", "ben"), ("ann",)})
    assert alone.screening_id not in together.merged


def test_two_accounts_of_one_viewer_are_no_company() -> None:
    """Both accounts are linked to one member: two screenings, as ever."""
    evening = Evening()
    links = [LinkedAccount(each, each, "7", "Ana") for each in (ANN, BEN)]
    evening.tracking.apply_directory(links, [])
    evening.play(900.0, ann=0.0, ben=5.0)
    assert len(evening.screenings) == 2


@pytest.mark.parametrize("choice", ["private", "untracked"])
def test_hidden_viewers_of_a_group_are_not_named(choice: Privacy) -> None:
    """A private viewer is Somebody in it; an untracked one is not in it, and leaves the other alone."""
    evening = Evening()
    evening.tracking.apply_directory([], [(ANN, choice)])
    evening.play(900.0, ann=0.0, ben=5.0)
    (screening,) = evening.screenings
    assert names(screening) == (["Somebody", "ben"] if choice == "private" else ["ben"])
    assert "ann" not in (screening.host, screening.player)
    evening.stop()
    assert "ann" not in names(evening.ended[-1])


def test_a_viewer_who_becomes_untracked_leaves_no_trace() -> None:
    """Ann chooses it in the middle: she is in no record, and Ben continues."""
    evening = Evening()
    evening.play(900.0, ann=0.0, ben=5.0)
    evening.tracking.apply_directory([], [(ANN, "untracked")])
    evening.play(600.0, ann=900.0, ben=905.0)
    evening.stop()
    assert [names(each) for each in evening.ended] == [["-ben"]]


def test_a_forgotten_viewer_is_not_listed_as_having_left() -> None:
    """Ann has stopped, and uses forgetme."""
    evening = Evening()
    evening.play(900.0, ann=0.0, ben=5.0)
    evening.play(300.0, ben=905.0)
    evening.tracking.forget_viewers(DropViewerWatches((ANN,)), moment(evening.at_s))
    (screening,) = evening.screenings
    assert names(screening) == ["ben"]


def test_two_groups_that_meet_become_one() -> None:
    """Two couples are a quarter of an hour apart; the one skips to where the other is."""
    evening = Evening()
    evening.play(600.0, ann=0.0, ben=5.0, cem=900.0, dan=905.0)
    assert len(evening.screenings) == 2
    evening.play(700.0, ann=1500.0, ben=1505.0, cem=1500.0, dan=1505.0)
    assert [names(each) for each in evening.screenings] == [["ann", "ben", "cem", "dan"]]
    evening.stop()
    assert [names(each) for each in evening.ended] == [["-ann", "-ben", "-cem", "-dan"]]


def test_the_last_one_left_may_go_with_another_group() -> None:
    """Ben has stopped; Ann catches up with Cem and Dan: one screening, with Ben as one who left."""
    evening = Evening()
    evening.play(600.0, ann=0.0, ben=5.0, cem=900.0, dan=905.0)
    evening.play(60.0, ann=600.0, cem=1500.0, dan=1505.0)
    evening.play(700.0, ann=1560.0, cem=1560.0, dan=1565.0)
    (screening,) = evening.screenings
    assert names(screening) == ["-ben", "ann", "cem", "dan"]


def test_comparing_sessions_takes_linear_time() -> None:
    """A premiere: everybody plays the same film, at any position. All pairs would be a hundred times as many."""

    def count_calls(accounts: int) -> int:
        evening, calls = Evening(), 0
        shown = [
            [playing(at_s + 7.0 * n, account=f"a{n}", key=f"a{n}") for n in range(accounts)] for at_s in (0.0, 20.0)
        ]
        evening.show(shown[0])
        evening.at_s = 20.0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count)
        evening.show(shown[1])
        sys.setprofile(before)
        return calls

    assert count_calls(1000) < 12 * count_calls(100)


EPISODES = [
    Item("srv", str(10 + number), "episode", f"Episode {number}", duration_ms=DurationMs(1_200_000), show="Dark")
    for number in range(3)
]


def play_episode(evening: Evening, number: int, ben_s: float, ann_s: float = 0.0, seconds: float = 1_200.0) -> None:
    """Let Ann and Ben play an episode to its end, each from so many seconds after the other episode's end."""
    keys = (str(number), str(number + 10))
    began_s = evening.at_s
    while evening.at_s < began_s + seconds:
        ran_s = evening.at_s - began_s
        playbacks = [
            playing(ran_s - after_s, name, key=key, machine=name, item=EPISODES[number])
            for name, key, after_s in (("ann", keys[0], ann_s), ("ben", keys[1], ben_s))
            if ran_s >= after_s
        ]
        evening.show(playbacks)
        evening.at_s += 10.0


def test_the_next_episode_begins_with_one_card() -> None:
    """Ann and Ben watch one after another, Ben ten seconds behind: from the second on they are together at once."""
    evening = Evening()
    play_episode(evening, 0, ben_s=10.0)
    evening.started.clear()
    play_episode(evening, 1, ben_s=10.0, seconds=60.0)
    (both,) = evening.screenings
    assert names(both) == ["ann", "ben"] and both.item.title == "Episode 1"
    first, group = evening.started
    assert group.screening_id == both.screening_id and first.screening_id in group.merged
    play_episode(evening, 2, ben_s=0.0, seconds=30.0)
    assert [names(each) for each in evening.screenings if each.item.title == "Episode 2"] == [["ann", "ben"]]


def test_a_viewer_of_another_episode_is_a_screening_of_their_own() -> None:
    """Ben skips one, and begins the next when Ann is in the middle of it."""
    evening = Evening()
    play_episode(evening, 0, ben_s=10.0)
    play_episode(evening, 1, ben_s=100.0, seconds=200.0)
    assert [names(each) for each in evening.screenings] == [["ann"], ["ben"]]


def test_the_company_of_long_ago_is_no_company() -> None:
    """A quarter of an hour later it takes five minutes again."""
    evening = Evening()
    play_episode(evening, 0, ben_s=10.0)
    evening.play(900.0)
    play_episode(evening, 1, ben_s=10.0, seconds=60.0)
    assert len(evening.screenings) == 2


def test_the_record_says_that_it_was_watched_together() -> None:
    """For both, as for a watch party; a watch alone is none."""
    evening = Evening()
    evening.play(600.0, ann=0.0, ben=5.0, cem=3000.0)
    records = [
        event.record
        for at_s in range(600, 700, 10)
        for event in evening.tracking.observe(poll(at_s))
        if isinstance(event, WatchFinished)
    ]
    assert {record.username: record.party for record in records} == {"ann": True, "ben": True, "cem": False}
