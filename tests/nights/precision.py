"""How exactly the service can have known a moment: by the polls that really reached the server."""

from __future__ import annotations

import bisect
import datetime
import itertools
import math
import statistics
from typing import Literal

from simulator.nights.director import Director, PlayedCue
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS
from tests.nights.evidence import MINUTE_S, minute_of, read_opening


class Precision:
    """Minutes of a programme by which what is recorded of somebody may be off."""

    def __init__(
        self, director: Director, begin_s: float, report_every_s: float = 0.0, blind_after_s: float = math.inf
    ) -> None:
        """`begin_s`: when the programme's time 0 was. `report_every_s`: how often the slowest player tells its
        position. `blind_after_s`: time without a poll over which the tracker counts nothing as played; a machine that
        stands still for a while makes such."""
        self.opened = read_opening(director.stage)
        self.played = director.played
        self._begin = begin_s / MINUTE_S
        self._report = report_every_s / MINUTE_S
        self.polls = [
            self.minute_of(datetime.datetime.fromtimestamp(request.at_s, datetime.UTC))
            for request in director.stage.plex.requests_for("/status/sessions")
        ]
        gaps = [after - before for before, after in itertools.pairwise(self.polls)]
        self._blind = sum(gap for gap in gaps if gap * MINUTE_S > blind_after_s)

    def minute_of(self, when: datetime.datetime | str) -> float:
        """Return a time, also as the files have it, in minutes of the programme."""
        return minute_of(when, self.opened) - self._begin

    @property
    def usual_gap_s(self) -> float:
        """Median time between two polls, seconds of the night."""
        return statistics.median(after - before for before, after in itertools.pairwise(self.polls)) * 60

    def edge(self, played: PlayedCue) -> float:
        """Return the minutes by which what is recorded of a cue may differ from the programme.

        Two polls either way, and a client's report. A cue that was late counts from when it was played.
        """
        planned, done = played.cue.at_s / MINUTE_S, played.played_s / MINUTE_S
        after = bisect.bisect_right(self.polls, done)
        before = bisect.bisect_left(self.polls, planned)
        late = max(done, self.polls[min(after + 1, len(self.polls) - 1)]) - planned
        early = planned - self.polls[max(before - 2, 0)]
        return max(late, early) + self._report

    def of(self, who: str, source: Literal["plex", "voice"] = "plex") -> float:
        """Return the same over all cues that bear upon somebody's watch, and over what could not be seen between."""
        verbs = PLAYER_VERBS if source == "plex" else VOICE_VERBS
        bearing = [played for played in self.played if played.cue.who == who and played.cue.verb in verbs]
        return self._blind + sum(map(self.edge, bearing))
