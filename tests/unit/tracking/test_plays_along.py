"""Who sits in the channel and plays the film along on an account of their own watches it once."""

from tests.unit.tracking.builders import channel, moment, playing, poll
from tests.unit.tracking.party import LINK
from tracking.engine import TrackingEngine
from tracking.rules import Rules


def play_along(*, linked: bool, machines: tuple[str, ...] = ("tablet",)) -> list[tuple[str, float]]:
    """Return who is shown as watching, and for how many seconds, where alice plays the host's film further on."""
    tracking = TrackingEngine(Rules(party_user="host"))
    tracking.apply_directory([LINK] if linked else [], [])
    for at_s in range(0, 121, 10):
        own = [
            playing(at_s + 600.0 * number, key=str(number), machine=machine)
            for number, machine in enumerate(machines, 1)
        ]
        tracking.observe(poll(at_s, playing(at_s, "host", key="9", machine="big"), *own))
        tracking.update_voice(channel(at_s, "ann"))
    watches = tracking.active_watches(moment(120)).watches
    return sorted((watch.username, watch.watched_s) for watch in watches if watch.username != "host")


def test_a_linked_viewer_is_listed_once() -> None:
    """As the store records it: in the channel and at home at once is one watch of the film, of 120 seconds."""
    assert play_along(linked=True) == [("Ann", 120.0)]
    assert play_along(linked=False) == [("Ann", 120.0), ("alice", 120.0)]


def test_two_players_of_one_account_and_the_channel_are_one() -> None:
    """And two players alone, under one id, stay two."""
    assert play_along(linked=True, machines=("tablet", "laptop")) == [("Ann", 120.0)]
    assert len(play_along(linked=False, machines=("tablet", "laptop"))) == 3
