"""The phases of a session. It is in exactly one at a time, and each holds what only it needs."""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from messages import EndReason, Moment


class Active(msgspec.Struct, frozen=True):
    """The last successful poll showed it."""


class Restored(msgspec.Struct, frozen=True):
    """It ran before a restart, and no poll has listed it since."""


class Missing(msgspec.Struct, frozen=True):
    """Successful polls no longer list it; it may still come back."""

    since: Moment
    """First successful poll without it, moved on by what outages took since: the grace counts from here."""
    first: Moment
    """First successful poll without it."""
    last: Moment
    """Last successful poll without it."""
    unobserved: bool
    """Nobody looked when it ended: the server's history has to say what became of it."""
    unreadable_since: Moment | None = None
    """Since when something unreadable on the server might have been it."""

    def miss_again(self, at: Moment, outage_since: Moment | None) -> "Missing":
        """Return the phase after another successful poll without it; `outage_since`: the last one before an outage."""
        waits = self if outage_since is None else self.wait_longer(outage_since, at)
        return replace(waits, last=at)

    def wait_longer(self, since: Moment, at: Moment) -> "Missing":
        """Return the phase with the time from `since` to `at` excluded from the grace period."""
        lost_s = max(0.0, at.steady_s - max(since.steady_s, self.since.steady_s))
        moved_on = Moment(self.since.wall_s + lost_s, self.since.steady_s + lost_s)
        return replace(self, since=moved_on)

    def forget_unreadable(self) -> "Missing":
        """Return the phase where nothing unreadable on the server can be it."""
        return self if self.unreadable_since is None else replace(self, unreadable_since=None)

    def skip_absence(self, seen: Moment) -> Moment:
        """Return when a session was last seen, moved on by the time in which polls showed that it was not there."""
        gone_s = self.last.steady_s - self.first.steady_s
        return Moment(seen.wall_s + gone_s, seen.steady_s + gone_s)


class HistoryLookup(msgspec.Struct, frozen=True):
    """A question to the server's history that waits for its answer."""

    asked: Moment
    tries: int


class AwaitingHistory(msgspec.Struct, frozen=True):
    """It is gone, and the server's history was asked about it."""

    missing: Missing
    lookup: HistoryLookup


class Unreadable(msgspec.Struct, frozen=True):
    """An unreadable element on the server may be this session: it is neither seen nor gone."""

    since: Moment
    before: "Active | Restored | Missing | AwaitingHistory"
    """The phase that it was in, and goes on with."""


Phase = Active | Restored | Missing | AwaitingHistory | Unreadable

ACTIVE = Active()
RESTORED = Restored()


def absence(phase: Phase) -> Missing | None:
    """Return since when and how a session is missing; None where it is not."""
    match phase:
        case Missing():
            return phase
        case AwaitingHistory(missing=missing):
            return missing
        case Unreadable(before=before):
            return absence(before)
    return None


def unreadable_since(phase: Phase) -> Moment | None:
    """Return since when something unreadable may be the session."""
    if isinstance(phase, Unreadable):
        return phase.since
    missing = absence(phase)
    return missing.unreadable_since if missing is not None else None


class End(NamedTuple):
    """A session is over; without a reason, it ended where the film had reached its end, and else was left."""

    reason: EndReason | None = None
