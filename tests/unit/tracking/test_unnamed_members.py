"""Members of the voice channel of whom Discord gives only the ids."""

from msgspec.structs import replace

from messages import WatchFinished
from tests.unit.tracking.builders import channel, playing, poll
from tracking.engine import TrackingEngine
from tracking.events import WatchOpened
from tracking.rules import Rules


def test_a_member_known_by_id_alone_keeps_watching() -> None:
    """Ben has no name for a while, and a stranger, perhaps a bot, comes: no watch ends, and none begins."""
    tracking = TrackingEngine(Rules())
    events = tracking.observe(poll(0, playing(0))) + tracking.update_voice(channel(1, "ann", "ben"))
    assert {event.state.viewer_id for event in events if isinstance(event, WatchOpened)} >= {"ann", "ben"}
    later = []
    for at_s in range(10, 120, 10):
        later += tracking.observe(poll(at_s, playing(at_s)))
        unnamed = ("ben", "stranger") if at_s < 100 else ("stranger",)
        named = ("ann",) if at_s < 100 else ("ann", "ben")
        later += tracking.update_voice(replace(channel(at_s + 1, *named), unnamed=unnamed))
    assert [event for event in later if isinstance(event, WatchOpened | WatchFinished)] == []
    (ended,) = [event for event in tracking.update_voice(channel(125, "ann")) if isinstance(event, WatchFinished)]
    assert ended.record.viewer_id == "ben" and ended.record.playing_s > 100
