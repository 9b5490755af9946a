"""A player that shows a film beside the session of the same account: paused, dead, or about to take over."""

import msgspec
from msgspec.structs import replace

from messages import Moment, Playback, WatchState
from tracking.rules import Rules
from tracking.watches.progress import FLOOR_MS, advance
from tracking.watches.watch import mark_unobserved, open_watch


class OtherPlayer(msgspec.Struct, frozen=True):
    """A listed player that no session follows.

    What it plays is measured provisionally: if it turns out to be what the viewer watches, nothing is lost.
    """

    playback: Playback
    """As last seen."""
    trial: WatchState
    """What was played since the film last stood still on it."""
    moved: Moment | None = None
    """The first poll that saw its position advance; None while it stands."""
    began: Moment | None = None
    """The last poll before that."""
    opening: bool = False
    """It has said "buffering" ever since it came: neither a watch yet, nor a player beside one."""

    @classmethod
    def standing(cls, playback: Playback, at: Moment) -> "OtherPlayer":
        """Return a player that is not known to play."""
        return cls(playback, open_watch(playback, "", "", "", "plex", at, playback.position_ms, playback.state))

    @classmethod
    def buffering(cls, playback: Playback, at: Moment) -> "OtherPlayer":
        """Return a player that has reported nothing but "buffering" so far."""
        return replace(cls.standing(playback, at), opening=True)

    @property
    def began_ms(self) -> int | None:
        """From where on it has played: there the session stood that it goes on with."""
        return self.trial.join_position_ms

    def observe(self, playback: Playback, at: Moment, outage: bool, rules: Rules) -> "OtherPlayer":
        """Return the player as a poll shows it now."""
        if self.opening:
            return self._observe_opening(playback, at, outage, rules)
        if self.moved is None:
            if outage or not self._may_play(playback, at, rules):
                return OtherPlayer.standing(playback, at)
            if (playback.position_ms or 0) - (self.trial.position_ms or 0) <= FLOOR_MS:
                return replace(self, playback=playback)  # polls are close together: the next one shows it
            trial = advance(self.trial, at, playback.position_ms, playback.state, rules)
            return OtherPlayer(playback, trial, at, self.trial.seen)
        trial = mark_unobserved(self.trial) if outage else self.trial
        return replace(self, playback=playback, trial=advance(trial, at, playback.position_ms, playback.state, rules))

    def _observe_opening(self, playback: Playback, at: Moment, outage: bool, rules: Rules) -> "OtherPlayer":
        """Return the player while it still reports "buffering": it plays if its position moves on with the clock."""
        before, now = self.trial.position_ms, playback.position_ms
        if before is None or now is None:
            return OtherPlayer.buffering(playback, at)
        elapsed_s, step_ms = at.steady_s - self.trial.seen.steady_s, now - before
        if not outage and 0 <= step_ms <= FLOOR_MS and elapsed_s <= rules.slack_s:
            return self  # its report may be late, or polls are close together
        if outage or not FLOOR_MS < step_ms <= elapsed_s * 1000 + FLOOR_MS:
            return OtherPlayer.buffering(playback, at)
        trial = advance(self.trial, at, playback.position_ms, playback.state, rules)
        return OtherPlayer(playback, trial, at, self.trial.seen)

    def _may_play(self, playback: Playback, at: Moment, rules: Rules) -> bool:
        """Tell whether the film may have run since it last stood: a seek does not count.

        A client that reports "buffering" counts as playing if the film goes on no faster than the clock.
        """
        before, now = self.trial.position_ms, playback.position_ms
        if playback.state not in ("playing", "buffering") or before is None or now is None:
            return False
        elapsed_ms = (at.steady_s - self.trial.seen.steady_s) * 1000
        most_ms = 2 * (elapsed_ms + rules.slack_ms) if playback.state == "playing" else elapsed_ms + FLOOR_MS
        return 0 < now - before <= most_ms


def get_playback(shown: Playback | OtherPlayer) -> Playback:
    """Return what a stream shows, whether it was known before or not."""
    return shown.playback if isinstance(shown, OtherPlayer) else shown
