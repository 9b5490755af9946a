"""The real bot and the real store together: a community in which people chose differently who sees them."""

import concurrent.futures
import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from messages import (
    ActiveWatches,
    FilmsFound,
    FindFilms,
    GetPoster,
    Item,
    ListActiveWatches,
    Moment,
    PlaybackSnapshot,
    PlexSignIn,
    Poster,
    Privacy,
    Question,
    SetPrivacy,
    StartPlexSignIn,
    StartTracking,
    TrackingPlan,
    VoiceMember,
    VoicePresence,
    WatchRecord,
)
from messages.base import DurationMs, PositionMs
from simulator.discord.model.guild import Member
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage
from tests.integration.store.persistence_fixture import AnswerT, House
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, record
from tests.unit.tracking.builders import playing
from tracking.engine import TrackingEngine
from tracking.rules import Rules
from viewers.directory import ViewerDirectory

CHOICES: dict[str, Privacy] = {"Olga": "open", "Aaron": "anonymous", "Quirin": "private", "Gonzalo": "untracked"}
"""Members by their name, and what each chose. The anonymous one would be the first by name."""
SHARED_FILM = "Alien"
PARTY_FILM = "Solaris"
"""Plays now, for all of them."""


def own_film(name: str) -> str:
    """Return the title of the film that this member alone saw."""
    return f"Secret {list(CHOICES).index(name)}"


NOW = Moment(EVENING + DAY + 1300, 1300.0)


class Community:
    """A Discord with the bot, a store with what they watched, and the rules of the tracker."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self._thread = concurrent.futures.ThreadPoolExecutor(1)  # the one that the store's messages are pumped in
        self._house = self._thread.submit(House, folder).result()
        self.ids = {name: str(stage.discord.add_member(name).id) for name in CHOICES}

    def ask(self, question: Question[AnswerT]) -> AnswerT:
        """Ask the store; from any thread."""
        return self._thread.submit(self._house.ask, question).result(WITHIN_S)

    def close(self) -> None:
        """End the store."""
        self._thread.submit(self._house.close).result(WITHIN_S)
        self._thread.shutdown()

    def add_asker(self) -> Member:
        """Return a member who has watched nothing, and has used no command yet."""
        return self.stage.discord.add_member("Nosy")

    def tracker(self) -> TrackingEngine:
        """Return a tracker in which the party watches now."""
        choices = [(self.ids[name], choice) for name, choice in CHOICES.items()]
        engine = TrackingEngine(Rules())
        engine.apply_directory((), choices)
        members = tuple(VoiceMember(viewer_id, name) for name, viewer_id in self.ids.items())
        item = Item("srv", "9", "movie", PARTY_FILM, year=1972, duration_ms=DurationMs(9_000_000))
        for at_s in range(0, 1300, 10):
            at = Moment(EVENING + DAY + at_s, at_s)
            shown = replace(playing(at_s, account="host", item=item), position_ms=PositionMs(at_s * 1000))
            engine.observe(PlaybackSnapshot("srv", "Cinema", "plex", at, (shown,)))
            engine.update_voice(VoicePresence("1", "2", at, True, members))
        return engine

    def directory(self) -> ViewerDirectory:
        """Return what they chose."""
        return ViewerDirectory({}, {self.ids[name]: choice for name, choice in CHOICES.items()})

    def fill(self) -> None:
        """Store what they watched, and what they chose."""
        self._thread.submit(self._fill).result(60)

    def _fill(self) -> None:
        """Store one film that all of them watched, and one of unlike length for each alone; then let them choose."""
        for number, (name, viewer_id) in enumerate(self.ids.items()):
            self._house.finish(self._watch(f"s{number}", name, FILM, EVENING, 7000.0 + 111 * number))
            for again in range(number + 1):
                secret = replace(FILM, title=own_film(name), rating_key=f"x{number}", year=1980 + number)
                secret = replace(secret, duration_ms=DurationMs(7_300_000 + number))  # longer than any other
                begin_s = EVENING - (again + 2) * DAY
                self._house.finish(self._watch(f"o{number}-{again}", name, secret, begin_s, 5000.0 + 97 * number))
            self._house.ask(SetPrivacy(viewer_id, name, CHOICES[name]))

    def _watch(self, watch_id: str, name: str, item: Item, began_s: float, playing_s: float) -> WatchRecord:
        ends: dict[str, Any] = {"started_at_s": began_s, "ended_at_s": began_s + 7200, "playing_s": playing_s}
        return record(watch_id, self.ids[name], item, username=name, party=True, screening_id=watch_id[:2], **ends)


@contextlib.contextmanager
def gather_community(folder: Path) -> Iterator[Community]:
    """A community that watched, and watches now; the bot is started with `stage.acting()`."""
    with open_stage(folder / "bot") as stage:
        community = Community(stage, folder / "store")
        try:
            community.fill()
            engine = community.tracker()
            stage.begins_s = NOW.wall_s
            active: ActiveWatches = engine.active_watches(NOW)
            stage.tracker.answers[ListActiveWatches] = active
            stage.tracker.answers[StartTracking] = functools.partial(_plan, engine, NOW)
            stage.plex.answers |= {
                StartPlexSignIn: PlexSignIn(problem="plex.tv is away."),
                FindFilms: FilmsFound((FILM,)),
                GetPoster: Poster(),
            }
            for kind in Question.__subclasses__():
                if getattr(kind, "receiver", "") == "persistence":
                    stage.persistence.answers.setdefault(kind, community.ask)
            yield community
        finally:
            community.close()


def _plan(engine: TrackingEngine, at: Moment, asked: StartTracking) -> TrackingPlan:
    plan, _events = engine.start_manually(asked, at)
    return plan
