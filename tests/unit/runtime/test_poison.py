"""The note of the message in hand: it outlives a kill, and tells which message kills its actor."""

from __future__ import annotations

import os

from actors.runtime.boot.exit_report import ExitReport, ExitReportFile, ExitReportWriter
from actors.runtime.middleware.poison_guard import PoisonGuard
from actors.runtime.restarts.poison_record import REMEMBERED, PoisonRecord
from messages import Problem

AWAY = Problem.of("store.unusable_now", store="postgresql://db/usher", cause="the connection was refused")


class Deaths:
    """An actor that is started and killed again and again, and the launcher's record of it."""

    def __init__(self) -> None:
        self.record = PoisonRecord()

    def guard(self, file: ExitReportFile) -> PoisonGuard:
        """What the actor has after its next start."""
        return PoisonGuard(self.record.poison_ids(), ExitReportWriter(os.dup(file.fileno())))

    def kill_with(self, *message_ids: str, last_ended: bool = False) -> ExitReport:
        """Handle these messages in turn, and die in the last one, or after it."""
        file = ExitReportFile()
        guard = self.guard(file)
        for number, message_id in enumerate(message_ids, 1):
            guard.begin(message_id)
            if number < len(message_ids) or last_ended:
                guard.end()
        report = file.read()
        file.close()
        if report.message_in_hand:
            self.record.add_death(report.message_in_hand)
        return report

    def is_poison(self, message_id: str) -> bool:
        """What the next process makes of it."""
        return PoisonGuard(self.record.poison_ids()).is_poison(message_id)


def test_the_second_death_is_enough() -> None:
    """The first may be chance."""
    deaths = Deaths()
    deaths.kill_with("a")
    assert not deaths.is_poison("a")
    deaths.kill_with("a")
    assert deaths.is_poison("a")
    assert not deaths.is_poison("b")


def test_a_handled_message_is_not_blamed_for_a_death() -> None:
    """A kill between two messages counts against none."""
    deaths = Deaths()
    for _ in range(3):
        assert deaths.kill_with("a", last_ended=True) == ExitReport()
    assert not deaths.is_poison("a")


def test_a_short_id_after_a_long_one() -> None:
    """The note holds one id, never two run together."""
    report = Deaths().kill_with("badges:a-very-long-viewer-id:first,second", "b")
    assert report.message_in_hand == "b"


def test_an_id_in_any_script() -> None:
    """Ids may hold what people named."""
    deaths = Deaths()
    for _ in range(2):
        assert deaths.kill_with("badges:plex:ž:🎬").message_in_hand == "badges:plex:ž:🎬"
    assert deaths.is_poison("badges:plex:ž:🎬")


def test_a_process_that_dies_at_once_blames_nobody() -> None:
    """Each process has a file of its own."""
    deaths = Deaths()
    deaths.kill_with("a")
    for _ in range(3):
        deaths.kill_with()
    assert not deaths.is_poison("a")


def test_few_deaths_are_remembered() -> None:
    """The newest are among them, and one that kills again is new again."""
    record = PoisonRecord()
    record.add_death("oldest")
    for number in range(REMEMBERED - 1):
        record.add_death(f"m{number}")
    record.add_death("oldest")
    record.add_death("one more")
    assert record.poison_ids() == ("oldest",)
    for number in range(REMEMBERED):
        record.add_death(f"later{number}")
    assert record.poison_ids() == ()


def test_a_startup_failure_takes_the_place_of_a_message() -> None:
    """The newest note counts, and each is read as what it is."""
    file = ExitReportFile()
    writer = ExitReportWriter(os.dup(file.fileno()))
    assert file.read() == ExitReport()
    writer.note_message("a message that is longer")
    writer.clear()
    writer.note_startup_failure(AWAY)
    assert file.read() == ExitReport(startup_failure=AWAY)
    file.close()
    file.close()


def test_without_a_report_nothing_is_noted() -> None:
    """Nor does anything fail."""
    guard = PoisonGuard()
    guard.begin("a")
    guard.end()
    assert not guard.is_poison("a")
