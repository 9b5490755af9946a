"""The rules for the store's figures: settings and badges of a community."""

from datetime import date, datetime, time, tzinfo

import msgspec

from awards import Badge
from awards.days import to_local
from viewers.merge import Thresholds


class StatisticsRules(msgspec.Struct, frozen=True):
    """The community's time zone and badges, and the thresholds for counting and resuming a watch."""

    zone: tzinfo
    badges: tuple[Badge, ...]
    watched_percent: float
    """WATCHED_PERCENT: share from which a film is completed, 0 to 100."""
    min_watch_s: float
    """MIN_WATCH_SECONDS: a watch with less playing time is brief."""
    resume_window_s: float = 24 * 3600.0
    """RESUME_WINDOW_HOURS, in seconds: how long after its end a watch can be resumed."""
    slack_s: float = 20.0
    """POSITION_SLACK_SECONDS: maximum error of a reported position."""

    def today(self, at_s: float) -> date:
        """Return the local day of an instant; seconds since 1970, UTC."""
        return to_local(at_s, self.zone).date()

    def begin_of(self, day: date) -> float:
        """Return when a local day begins; seconds since 1970, UTC."""
        return datetime.combine(day, time(), self.zone).timestamp()

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds for counting and resuming a watch."""
        return Thresholds(self.watched_percent, self.min_watch_s, self.resume_window_s, self.slack_s)
