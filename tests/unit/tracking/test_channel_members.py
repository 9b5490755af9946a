"""Members of the voice channel: those of whom Discord gives only the ids, and those to whom nothing was shown."""

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


def test_a_member_who_was_shown_nothing_leaves_no_record() -> None:
    """Persistence is told all the same: it may have saved the watch while it ran."""
    tracking = TrackingEngine(Rules(end_grace_s=0, party_user="alice"))
    tracking.update_voice(channel(0, "ben"))
    for at_s in range(0, 200, 10):
        tracking.observe(poll(at_s, playing(min(at_s, 60))))
    tracking.update_voice(channel(200, "ann", "ben"))
    tracking.observe(poll(210, playing(60)))
    ended = [event for event in tracking.update_voice(channel(230)) if isinstance(event, WatchFinished)]
    assert {event.record.username: event.leaves_record for event in ended} == {"Ben": True, "Ann": False}
