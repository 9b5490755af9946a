"""What tests of links and choices share: a session that plays into the channel."""

from typing import TypeVar

from messages import (
    LinkedAccount,
    Privacy,
    Screening,
)
from tests.unit.tracking.builders import channel, moment, playing, poll
from tracking.engine import TrackingEngine
from tracking.events import Event
from tracking.rules import Rules

ALICE = "plex:srv:alice"
LINK = LinkedAccount(ALICE, "alice", "ann", "Ann")
Kind = TypeVar("Kind")


def of(kind: type[Kind], events: list[Event]) -> list[Kind]:
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]


def party(
    choices: dict[str, Privacy] | None = None, links: tuple[LinkedAccount, ...] = (), until_s: int = 100, **rules: float
) -> TrackingEngine:
    """alice's session plays into the channel with ann and ben in it, for a while."""
    tracking = TrackingEngine(Rules(**rules))  # type: ignore[arg-type] # numbers only
    tracking.apply_directory(links, (choices or {}).items())
    go_on(tracking, 0, until_s)
    return tracking


def go_on(tracking: TrackingEngine, from_s: int, until_s: int) -> list[Event]:
    """The party goes on."""
    events: list[Event] = []
    for at_s in range(from_s, until_s + 1, 10):
        events += tracking.observe(poll(at_s, playing(at_s)))
        events += tracking.update_voice(channel(at_s, "ann", "ben"))
    return events


def running(tracking: TrackingEngine) -> list[str]:
    """Raw ids of those whose watches run."""
    return [state.viewer_id for state in tracking.running_watches()]


def only(tracking: TrackingEngine, at_s: float) -> Screening:
    """The one screening that others see."""
    (screening,) = tracking.now_playing(moment(at_s)).screenings
    return screening


def seats(screening: Screening) -> list[tuple[str, str]]:
    """Id and name of everybody who is seen in it."""
    return [(seat.viewer_id, seat.username) for seat in screening.seats]
