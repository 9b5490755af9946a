"""What plays, as the tracker last said."""

from collections.abc import Sequence

from messages import Moment, Screening


class ScreeningBoard:
    """Every screening that others may see, and when that was said."""

    def __init__(self) -> None:
        self.heard_at: Moment | None = None
        """When the tracker last said what plays; None: not yet."""
        self._screenings: tuple[Screening, ...] = ()

    @property
    def screenings(self) -> tuple[Screening, ...]:
        """Every screening, the oldest first."""
        return self._screenings

    def update(self, screenings: Sequence[Screening], at: Moment) -> None:
        """Take in what plays as of `at`."""
        if self.heard_at is None or at.steady_s >= self.heard_at.steady_s:
            self._screenings, self.heard_at = tuple(screenings), at
