"""Writes the club's year into a stage's store, before its service is started."""

from __future__ import annotations

import contextlib
import datetime
import itertools
from zoneinfo import ZoneInfo

from persistence.badge_files import load_badges
from persistence.operations.legacy_files import LegacyFiles, LegacyWatch
from persistence.operations.legacy_import import import_legacy_files
from persistence.rules import StatisticsRules
from persistence.store import Store
from simulator.nights.demo.club_year import Club, build_year
from simulator.nights.demo.script import HOST
from simulator.nights.stage import CINEMA, ServiceStage

_WEEKS_AT_ONCE = 2


class ClubStage(ServiceStage):
    """A stage whose club has met for a year."""

    def prepare(self) -> None:
        """Write the year before the evening, two weeks in a transaction, so that badges get their true dates."""
        evening_s = self.clock.now().wall_s
        club = Club(
            server_id=self.plex.machine_id,
            guild_id=str(self.discord.guild.id),
            channel_id=str(self.discord.channel(CINEMA).id),
            members={member.display_name: str(member.id) for member in self.discord.guild.members.values()},
            accounts={account.name: account.id for account in self.plex.accounts},
            host=HOST,
        )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        rules = StatisticsRules(ZoneInfo("UTC"), load_badges(self.data_dir), watched_percent=80.0, min_watch_s=60.0)
        with contextlib.closing(Store(f"sqlite:///{self.data_dir / 'usher.db'}", self.data_dir, rules)) as store:
            weeks = build_year(club, list(self.plex.library), evening_s)
            while records := list(itertools.chain.from_iterable(itertools.islice(weeks, _WEEKS_AT_ONCE))):
                watches = tuple(LegacyWatch(record, end_known=True) for record in records)
                files = LegacyFiles((), (), watches, ())
                import_legacy_files(store, files, max(each.ended_at_s for each in records))
        self.next_evening(datetime.datetime.fromtimestamp(evening_s, datetime.UTC))  # however long the writing took
