"""The watches of the channel's members in a session, also while it is not known who is in the channel."""

from collections.abc import Callable, Collection

from msgspec.structs import replace

from messages import Moment, Playback, WatchState
from tracking.rules import Rules
from tracking.sessions.handover import relabel
from tracking.watches.learned_speed import adopt_speed, take_speed_back
from tracking.watches.progress import advance


class PartyWatches(dict[str, WatchState]):
    """The members' watches by Discord id, the first to come first.

    While presence is unknown they stay as they were. Beside each, a second version is kept for the case that the member
    has stayed: the film is observed all the while, with its seeks and pauses.
    """

    def __init__(self) -> None:
        super().__init__()
        self._if_stayed: dict[str, WatchState] = {}

    def copy(self) -> "PartyWatches":
        """Return a copy of both versions of each watch."""
        copied = PartyWatches()
        copied.update(self)
        copied._if_stayed |= self._if_stayed
        return copied

    def change(self, change: Callable[[WatchState], WatchState], presence_known: bool) -> None:
        """Change each watch by what was observed of the film."""
        for member, watch in self.items():
            if presence_known:
                self[member] = change(watch)
            else:
                stayed = self._if_stayed[member] = change(self._if_stayed.get(member, watch))
                self[member] = _hold(watch, stayed)

    def change_all(self, change: Callable[[WatchState], WatchState]) -> None:
        """Change each watch by what does not depend on who is in the channel."""
        for member, watch in self.items():
            self[member] = change(watch)
        for member, watch in self._if_stayed.items():
            self._if_stayed[member] = change(watch)

    def assume_stayed(self, member: str, stayed: WatchState) -> None:
        """Note the second version of a member's watch, as it is known after a restart."""
        self._if_stayed[member] = stayed

    def settle_presence(self, here: Collection[str]) -> None:
        """Apply known presence again: the members in the channel (Discord ids) have seen what ran meanwhile."""
        for member, stayed in self._if_stayed.items():
            if member in here and member in self:
                self[member] = stayed
        self._if_stayed.clear()


def _hold(watch: WatchState, stayed: WatchState) -> WatchState:
    """Return the version of a watch from when its member was last known to be there.

    It goes with its session; and what was held back of it does not count where the film turns out to have stood.
    """
    ghost = watch.ghost or (stayed.ghost and stayed.advanced.steady_s <= watch.seen.steady_s)
    stream = (stayed.session_key, stayed.machine_id)
    if watch.outage and ghost == watch.ghost and stream == (watch.session_key, watch.machine_id):
        return watch
    return replace(watch, outage=True, ghost=ghost, session_key=stayed.session_key, machine_id=stayed.machine_id)


def observe_member(
    watch: WatchState, line: WatchState, before: WatchState, playback: Playback, at: Moment, rules: Rules
) -> WatchState:
    """Return a member's watch after a poll by which the film's timeline became `line`, from `before`.

    The film is the same for everybody: if it has stood, so has a member who joined at a position estimated by the
    clock; and a speed that was learned or taken back, or a dead player, holds for all.
    """
    has_stood = line.advanced == before.advanced
    position_ms = watch.position_ms if watch.reckoned and has_stood else playback.position_ms
    state = advance(watch, at, position_ms, playback.state, rules)
    if line.speed != before.speed and state.speed != line.speed and not state.outage:
        was_none = bool(before.doubted) and not line.recent_steps
        state = take_speed_back(state, line.lead_ms) if was_none else adopt_speed(state, line.speed)
    if line.ghost and not state.ghost and state.state == "playing":
        state = replace(state, ghost=True)
    return relabel(state, playback, named=False)
