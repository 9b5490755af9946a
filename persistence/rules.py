"""What the store's figures follow: settings and badges of a community."""

from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from awards import Badge
from awards.days import to_local
from viewers.merge import Thresholds


@dataclass(frozen=True)
class StatisticsRules:
    """The zone of the community's days, its badges, and what makes a watch count."""

    zone: tzinfo
    badges: tuple[Badge, ...]
    watched_percent: float
    """WATCHED_PERCENT: from this share on a film is completed, 0 to 100."""
    min_watch_s: float
    """MIN_WATCH_SECONDS: a watch with less playing time is brief."""

    def today(self, at_s: float) -> date:
        """Return the local day of an instant; seconds since 1970, UTC."""
        return to_local(at_s, self.zone).date()

    def begin_of(self, day: date) -> float:
        """Return when a local day begins; seconds since 1970, UTC."""
        return datetime.combine(day, time(), self.zone).timestamp()

    @property
    def thresholds(self) -> Thresholds:
        """What makes a watch count."""
        return Thresholds(self.watched_percent, self.min_watch_s)
