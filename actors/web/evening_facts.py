"""Other facts on the page Tonight: the last night, the coming nights, and badges earned tonight."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from messages import GetNight, ListUpcomingNights, Night, NightBadge, Question, Screening, UpcomingNight

AGAIN_S = 60.0
"""How often the RSVPs are loaded again: no message reports their changes."""
RETRY_S = 2.0
MOST_ASKED = 3
"""How many screenings are asked for their badges."""

Ask = Callable[[Question[Any]], Awaitable[Any]]


class EveningFacts:
    """Keeps these facts up to date. Runs on the page's loop."""

    def __init__(
        self,
        ask: Ask,
        screenings: Callable[[], Sequence[Screening]],
        on_change: Callable[[], None],
        unanswered: tuple[type[Exception], ...],
    ) -> None:
        """Ask with `ask`, which raises one of `unanswered` if nobody answers; `screenings` returns what is playing."""
        self.last_night: Night | None = None
        """The last watch party that has ended."""
        self.upcoming: tuple[UpcomingNight, ...] = ()
        """Planned and running nights, the earliest first."""
        self.badges: tuple[NightBadge, ...] = ()
        """Badges that visible viewers earned at the present screenings."""
        self._ask = ask
        self._screenings = screenings
        self._on_change = on_change
        self._unanswered = unanswered
        self._changed = asyncio.Event()

    def look_again(self) -> None:
        """Ask again, because the store changed."""
        self._changed.set()

    async def follow(self) -> None:
        """Ask at the start, whenever the store changes, and from time to time; never return."""
        while True:
            self._changed.clear()
            before = self.last_night, self.upcoming, self.badges
            wait_s = await self._load()
            if (self.last_night, self.upcoming, self.badges) != before:
                self._on_change()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait_s)

    async def _load(self) -> float:
        """Ask for everything; return when to ask again, in seconds. Without an answer the last known value is kept."""
        wait_s = AGAIN_S
        try:
            self.last_night = await self._ask(GetNight())
            nights = [await self._ask(GetNight(name)) for name in self._names()]
            self.badges = tuple(badge for night in nights for badge in night.badges)
        except self._unanswered:
            wait_s = RETRY_S
        try:
            self.upcoming = (await self._ask(ListUpcomingNights())).nights
        except self._unanswered:
            wait_s = RETRY_S
        return wait_s

    def _names(self) -> Iterable[str]:
        parties = sorted(self._screenings(), key=lambda shown: not shown.party)
        return [shown.screening_id for shown in parties[:MOST_ASKED]]
