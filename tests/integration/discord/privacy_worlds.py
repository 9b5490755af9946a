"""Two worlds that differ in one viewer alone: in one Pia watched, rated and earned badges, in the other she never was.

What others are told in the first, once she hides, has to be what they are told in the second.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from messages import (
    PLEX_TV,
    ActiveWatches,
    EraseViewer,
    FilmsFound,
    FindFilms,
    GetPoster,
    Item,
    LinkAccount,
    LinkedAccount,
    ListActiveWatches,
    Moment,
    PlaybackSnapshot,
    PlexSignIn,
    Poster,
    Privacy,
    Question,
    RateFilm,
    SetPrivacy,
    StartPlexSignIn,
    StartTracking,
    SuggestFilm,
    TrackingPlan,
    VoiceMember,
    VoicePresence,
    WatchRecord,
)
from messages.base import DurationMs, PositionMs
from simulator.discord.model.guild import Member
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Peer, Stage, open_stage
from tests.integration.store.persistence_fixture import AnswerT, House
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, record
from tests.unit.tracking.builders import playing
from tracking.engine import TrackingEngine
from tracking.rules import Rules

PIA, OLGA, BEN = "Pia", "Olga", "Ben"
ACCOUNT, ACCOUNT_NAME = "plex:srv:7", "piaplex"
"""Her Plex account, linked by a sign-in: forgetting takes all of it."""
SHARED, ALONE, ALONE_NOW = FILM.title, "Secret Wedding", "Secret Honeymoon"
"""What all three saw; what she saw alone; what she watches alone now."""
NOW = Moment(EVENING + DAY + 1300, 1300.0)


class StoreThread:
    """The real store, which may be asked from any thread."""

    def __init__(self, folder: Path) -> None:
        self._thread = concurrent.futures.ThreadPoolExecutor(1)  # the one that the store's messages are pumped in
        self._house = self._thread.submit(House, folder).result()

    def ask(self, question: Question[AnswerT]) -> AnswerT:
        """Ask it."""
        return self._thread.submit(self._house.ask, question).result(2 * WITHIN_S)

    def finish(self, watch: WatchRecord) -> None:
        """Have it store a watch."""
        self._thread.submit(self._house.finish, watch).result(WITHIN_S)

    def answer(self, persistence: Peer) -> None:
        """Have it answer all that is asked of persistence."""
        for kind in Question.__subclasses__():
            if getattr(kind, "receiver", "") == "persistence":
                persistence.answers[kind] = self.ask

    def close(self) -> None:
        """End it."""
        self._thread.submit(self._house.close).result(WITHIN_S)
        self._thread.shutdown()


class World:
    """A store and a tracker. With or without Pia; all else is the same to the second."""

    def __init__(self, folder: Path, ids: dict[str, str], *, has_pia: bool) -> None:
        folder.mkdir(parents=True)
        self._ids = ids
        self.has_pia = self._is_there = has_pia
        self.store = StoreThread(folder)
        self._fill()
        self.choice: Privacy = "open"

    def choose(self, choice: Privacy) -> None:
        """Pia chooses who sees her."""
        self.choice = choice
        self.store.ask(SetPrivacy(self._ids[PIA], PIA, choice))

    def forget_pia(self) -> None:
        """Pia is forgotten, and has gone."""
        self._is_there = False
        self.store.ask(EraseViewer(self._ids[PIA]))

    def close(self) -> None:
        """End the store."""
        self.store.close()

    def tracker(self) -> TrackingEngine:
        """Return a tracker: Olga, Ben and Pia watch in the channel, Pia's account plays another film at home."""
        engine = TrackingEngine(Rules(party_user="host"))
        link = LinkedAccount(ACCOUNT, ACCOUNT_NAME, self._ids[PIA], PIA)
        engine.apply_directory((link,) if self._is_there else (), [(self._ids[PIA], self.choice)])
        here = [name for name in (OLGA, BEN, PIA) if name != PIA or self._is_there]
        members = tuple(VoiceMember(self._ids[name], name) for name in here)
        party = Item("srv", "9", "movie", "Solaris", year=1972, duration_ms=DurationMs(9_000_000))
        alone = Item("srv", "10", "movie", ALONE_NOW, year=1999, duration_ms=DurationMs(9_000_000))
        for at_s in range(0, 1300, 10):
            at = Moment(EVENING + DAY + at_s, at_s)
            shown = [replace(playing(at_s, account="host", item=party), position_ms=PositionMs(at_s * 1000))]
            if self._is_there:
                hers = playing(at_s, account="7", item=alone)
                shown.append(replace(hers, position_ms=PositionMs(at_s * 1000), account_name=ACCOUNT_NAME))
            engine.observe(PlaybackSnapshot("srv", "Cinema", "plex", at, tuple(shown)))
            engine.update_voice(VoicePresence("1", "2", at, True, members))
        return engine

    def _fill(self) -> None:
        for number, name in enumerate((OLGA, BEN, PIA)):
            if name == PIA and not self.has_pia:
                continue
            for evening in range(3 if name != BEN else 1):
                self._watch(f"p{evening}-{name}", name, FILM, evening, party=f"s{evening}", seconds=7000 + number)
        self._watch("olga-alone", OLGA, replace(FILM, title="Brazil", rating_key="20", year=1985), 4)
        if self.has_pia:
            for evening in range(5, 16):
                film = replace(FILM, title=f"{ALONE} {evening}", rating_key=f"3{evening}", year=1950 + evening,
                               directors=(f"Nobody {evening}",), genres=("Western",))  # fmt: skip
                self._watch(f"pia-{evening}", PIA, film, evening)
            at_home = replace(FILM, title=f"{ALONE} at home", rating_key="60", year=2001)
            self.store.finish(
                record("home", ACCOUNT, at_home, username=ACCOUNT_NAME, source="plex", screening_id="home",
                       started_at_s=EVENING - 20 * DAY, ended_at_s=EVENING - 20 * DAY + 7200)
            )  # fmt: skip
            self.store.ask(LinkAccount(ACCOUNT, ACCOUNT_NAME, self._ids[PIA], PIA, PLEX_TV))
            self.store.ask(RateFilm("s0", self._ids[PIA], 2))
        self.store.ask(RateFilm("s0", self._ids[OLGA], 4))
        for title in (SHARED, "Greed"):
            self.store.ask(SuggestFilm(self._ids[BEN], BEN, title, None, None, 5, 80.0, (), ""))

    def _watch(
        self, watch_id: str, name: str, film: Item, evening: int, *, party: str = "", seconds: float = 7000.0
    ) -> None:
        began_s = EVENING - evening * DAY
        self.store.finish(
            record(watch_id, self._ids[name], film, username=name, party=bool(party), screening_id=party or watch_id,
                   started_at_s=began_s, ended_at_s=began_s + 7200, playing_s=seconds)
        )  # fmt: skip


class Worlds:
    """One bot, which lives in one of two worlds at a time."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.ids = {name: str(stage.discord.add_member(name).id) for name in (PIA, OLGA, BEN)}
        self.with_pia = World(folder / "with", self.ids, has_pia=True)
        self.without_pia = World(folder / "without", self.ids, has_pia=False)
        self.world = self.with_pia

    def enter(self, world: World) -> None:
        """Have all that is asked be answered from one of the worlds."""
        self.world = world
        engine = world.tracker()
        watching: ActiveWatches = engine.active_watches(NOW)
        members = tuple(each for each in engine.party.members)
        self.stage.tracker.answers |= {ListActiveWatches: watching, StartTracking: TrackingPlan((), members, "", ())}
        world.store.answer(self.stage.persistence)

    def add_asker(self) -> Member:
        """Return a member who has watched nothing, and has used no command yet."""
        return self.stage.discord.add_member("Nosy")

    def close(self) -> None:
        """End both."""
        self.with_pia.close()
        self.without_pia.close()


@contextlib.contextmanager
def open_worlds(folder: Path) -> Iterator[Worlds]:
    """Yield both worlds, with the bot."""
    (folder / "bot").mkdir()
    with open_stage(folder / "bot") as stage:
        stage.plex.answers |= {
            StartPlexSignIn: PlexSignIn(problem="plex.tv is away."),
            FindFilms: FilmsFound((FILM,)),
            GetPoster: Poster(),
        }
        stage.begins_s = NOW.wall_s
        worlds = Worlds(stage, folder)
        try:
            worlds.enter(worlds.with_pia)
            with stage.acting():
                yield worlds
        finally:
            worlds.close()
