"""What the simulated server lists, and what it tells its listeners."""

from typing import Any

import pytest

from simulator.plex.world.sessions import BROWSER, PHONE, TELEVISION, Player, PlayingSession, SimulatedAccount, State
from simulator.plex.world.world import NoSuchSessionError, PlexWorld

Told = list[dict[str, Any]]


@pytest.fixture
def notifications() -> Told:
    """The playing notifications so far."""
    return []


@pytest.fixture
def world(notifications: Told) -> PlexWorld:
    """A server with the default library and nobody watching."""
    return PlexWorld(notify=lambda alert: notifications.append(alert["PlaySessionStateNotification"][0]))


def play(
    world: PlexWorld,
    item: str = "Metropolis",
    player: Player = TELEVISION,
    *,
    who: SimulatedAccount | int | str = "Anton",
    at_ms: int = 0,
    key: str | None = None,
    state: State = "playing",
) -> PlayingSession:
    """Anton begins a film at clock 1000."""
    return world.play(who, item, player, 1000.0, at_ms=at_ms, key=key, state=state)


def read_alerts(notifications: Told) -> list[tuple[str, str, int]]:
    """Session key, state and position of each alert."""
    return [(one["sessionKey"], one["state"], one["viewOffset"]) for one in notifications]


def test_start_is_announced(world: PlexWorld, notifications: Told) -> None:
    """The first alert carries all that a listener may ask for."""
    play(world, at_ms=5_000)
    film = world.library["Metropolis"]
    assert notifications[0] | {"playQueueID": 0, "playQueueItemID": 0} == {
        "sessionKey": "1",
        "clientIdentifier": TELEVISION.machine_id,
        "guid": film.guid,
        "ratingKey": film.rating_key,
        "url": "",
        "key": film.key,
        "viewOffset": 5_000,
        "playQueueItemID": 0,
        "playQueueID": 0,
        "state": "playing",
    }


def test_reports_come_at_each_clients_own_pace(world: PlexWorld, notifications: Told) -> None:
    """Ten, twenty and one seconds apart, each once, whoever looks how often."""
    for player in (TELEVISION, PHONE, BROWSER):
        play(world, player=player)
    notifications.clear()
    for half_second in range(1, 81):
        world.tick(1000.0 + half_second / 2)
    offsets = {key: [at for k, _, at in read_alerts(notifications) if k == key] for key in "123"}
    assert offsets["1"] == [10_000, 20_000, 30_000, 40_000]
    assert offsets["2"] == [20_000, 40_000]
    assert offsets["3"] == [n * 1000 for n in range(1, 41)]


def test_a_leaping_clock_brings_one_report(world: PlexWorld, notifications: Told) -> None:
    """After a leap the client's latest report is told, not all the ones in between."""
    play(world)
    notifications.clear()
    world.tick(1047.0)
    assert read_alerts(notifications) == [("1", "playing", 40_000)]


def test_a_change_starts_a_new_count_of_reports(world: PlexWorld, notifications: Told) -> None:
    """After a pause and a resume the next report is a whole interval away."""
    one = play(world)
    world.tick(1010.0)
    world.change(one, lambda now: now.to_state("paused", 1015.0), 1015.0)
    world.change(one, lambda now: now.to_state("playing", 1018.0), 1018.0)
    notifications.clear()
    world.tick(1027.9)
    assert notifications == []
    world.tick(1028.0)
    assert read_alerts(notifications) == [("1", "playing", 25_000)]


def test_film_that_ends_leaves_the_list_and_a_history_row(world: PlexWorld, notifications: Told) -> None:
    """At the end the player stops by itself, at the second it ended and not when somebody looked."""
    duration = world.library["Metropolis"].duration_ms or 0
    play(world, at_ms=duration - 8_000)
    notifications.clear()
    world.tick(1060.0)
    assert world.sessions == []
    assert read_alerts(notifications) == [("1", "stopped", duration)]
    assert [(row.account_id, row.viewed_at_s) for row in world.history] == [(4711, 1008)]


def test_early_stop_leaves_no_history(world: PlexWorld, notifications: Told) -> None:
    """Who leaves half-way has no row; the last position is whole seconds."""
    one = play(world)
    world.stop(one, 1012.7, stops=1, alert_key=None)
    assert world.history == []
    assert read_alerts(notifications)[-1] == ("1", "stopped", 12_000)


def test_three_stops_of_one_playback(world: PlexWorld, notifications: Told) -> None:
    """With item and client, then without the item, then without either, under another key if wished."""
    one = play(world, at_ms=9_000, key="89")
    notifications.clear()
    world.stop(one, 1000.0, stops=3, alert_key="90")
    assert [(a["sessionKey"], bool(a["ratingKey"]), bool(a["clientIdentifier"])) for a in notifications] == [
        ("90", True, True),
        ("90", False, True),
        ("90", False, False),
    ]


def test_switch_keeps_the_key_and_ends_the_first_item(world: PlexWorld, notifications: Told) -> None:
    """An album plays on under one session key; what was played through is history."""
    track = world.library["The Entertainer"]
    one = play(world, track.title, at_ms=(track.duration_ms or 0) - 1_000)
    world.switch(one, "Maple Leaf Rag", 1000.5, 0)
    assert [(s.key, s.item.title) for s in world.sessions] == [("1", "Maple Leaf Rag")]
    assert [row.item.title for row in world.history] == ["The Entertainer"]
    assert [(a["state"], a["ratingKey"]) for a in notifications[-2:]] == [("stopped", "9003"), ("playing", "9004")]


def test_ghost_says_nothing(world: PlexWorld, notifications: Told) -> None:
    """A killed app sends no report, and its session stays."""
    one = play(world)
    world.change_silently(one, lambda now: now.freeze(1004.0))
    notifications.clear()
    world.tick(9_000.0)
    assert notifications == []
    assert [s.state for s in world.sessions] == ["playing"]


def test_gone_session_says_so(world: PlexWorld) -> None:
    """A handle of a session that has vanished is refused by name."""
    one = play(world)
    world.remove_silently(one)
    with pytest.raises(NoSuchSessionError, match="session 1 is not on the server"):
        world.find(one)
    with pytest.raises(NoSuchSessionError, match="session 77"):
        world.find(77)


def test_old_handles_follow_their_session_through_a_restart(world: PlexWorld) -> None:
    """Keys start at 1 again and may belong to another viewer; a copy of the session still finds it."""
    first, second = play(world, key="450"), play(world, who="Berta", key="451")
    world.rekey(reverse=True)
    assert {s.key: s.account.name for s in world.sessions} == {"1": "Berta", "2": "Anton"}
    assert (world.find(first).key, world.find(second).key) == ("2", "1")
    assert play(world).key == "3"


def test_keys_are_never_given_twice(world: PlexWorld) -> None:
    """A key that is taken by hand is passed over."""
    play(world, key="2")
    assert [play(world).key, play(world).key] == ["1", "3"]


def test_new_people_and_players_are_taken_in(world: PlexWorld) -> None:
    """An account or player that plays is listed from then on, once."""
    visitor, tablet = SimulatedAccount(99, "Zoë"), Player("tablet", "Zoë's tablet")
    play(world, who=visitor, player=tablet)
    play(world, who=99, player=tablet)
    assert world.accounts[99] is visitor
    assert [player.machine_id for player in world.devices].count("tablet") == 1


def test_unknown_account_and_item_are_refused() -> None:
    """A misspelt name fails at once, saying what was looked for."""
    world = PlexWorld(notify=lambda _alert: None)
    with pytest.raises(KeyError, match="no account 'Antonia'"):
        play(world, who="Antonia")
    with pytest.raises(KeyError, match="no item 'metropolis'"):
        play(world, "metropolis")


def test_next_due_is_the_earliest(world: PlexWorld) -> None:
    """The server sleeps until the first report or end, and for ever when all is quiet."""
    assert world.next_due_s(1000.0) is None
    play(world)
    assert world.next_due_s(1000.0) == 1010.0
    duration = world.library["Metropolis"].duration_ms or 0
    play(world, at_ms=duration - 4_000)
    assert world.next_due_s(1000.0) == 1004.0


def test_deleted_item_leaves_rows_without_key(world: PlexWorld) -> None:
    """History outlives the library."""
    film = world.library["Alien"]
    world.add_history("Anton", film, TELEVISION, 50.0)
    world.remove_item(film)
    assert [row.deleted for row in world.history] == [True]
    assert film.rating_key not in world.library.items


def test_a_player_at_another_speed(world: PlexWorld) -> None:
    """Twice as fast: reports show it, and the film ends in half the time."""
    session = play(world, player=BROWSER)
    faster = world.change_silently(session, lambda one: one.at_speed(2.0, 1010.0))
    assert (faster.true_ms(1010.0), faster.true_ms(1020.0), faster.offset_ms(1020.5)) == (10_000, 30_000, 30_000)
    length_s = (faster.item.duration_ms or 0) / 1000
    assert faster.ends_at_s == pytest.approx(1010.0 + (length_s - 10) / 2)
    slower = faster.at_speed(0.5, 1020.0)
    assert slower.true_ms(1030.0) == 35_000


def test_an_item_under_another_rating_key_and_guid(world: PlexWorld) -> None:
    """Who plays it shows the new identity under the same session; the old key is free for another film."""
    session = play(world)
    old = session.item
    new = world.give_new_identity("Metropolis", rating_key="7777", guid="plex://movie/other")
    assert world.find(session).item == new == world.library["7777"] == world.library["Metropolis"]
    assert (new.key, new.title, new.duration_ms) == ("/library/metadata/7777", old.title, old.duration_ms)
    other = world.library.add_movie("Another", minutes=90, rating_key=old.rating_key)
    assert world.library[old.rating_key] == other
    assert world.give_new_identity(new, rating_key="", guid="").guid == "plex://movie/other"


def test_one_account_has_a_paused_session_beside_a_playing_one(world: PlexWorld) -> None:
    """As when a phone goes on where the television was left paused: both are listed."""
    left = world.change(play(world), lambda one: one.to_state("paused", 1010.0), 1010.0)
    there = play(world, player=PHONE)
    listed = [(one.key, one.state, one.player.machine_id) for one in world.sessions]
    assert listed == [(left.key, "paused", TELEVISION.machine_id), (there.key, "playing", PHONE.machine_id)]
