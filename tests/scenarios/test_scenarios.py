"""Every table in this folder is a test: what was seen, and the records that must come of it."""

from pathlib import Path

import pytest

from messages import Screening, WatchRecord
from tests.nights.rules_stage import EVENING_S, RulesStage
from tests.scenarios.play import Scenario, ScenarioPlayer, read, seconds

FILES = sorted(Path(__file__).parent.glob("*.txt"))
TOLERANCE_S = 0.05


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_leaves_its_records(path: Path) -> None:
    """The records, the watches still running and the counts are those of the table."""
    scenario = read(path)
    outcome = ScenarioPlayer(scenario).play()
    assert _read_found(outcome) == _read_expected(scenario, outcome)
    assert sorted(f"{s.username} {s.item.title}" for s in outcome.engine.running_watches()) == sorted(scenario.running)
    found = {
        "started": len(outcome.started),
        "ended": len(outcome.ended),
        "notices": len(outcome.notices),
        "asked": len(outcome.questions),
    }
    assert {name: found[name] for name in scenario.counts} == scenario.counts
    if scenario.screenings:
        assert [_describe_end(ended.screening) for ended in outcome.ended] == scenario.screenings
    if scenario.company:
        assert _company(outcome) == sorted(scenario.company)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_playing_it_again_leaves_the_same(path: Path) -> None:
    """The same observations give the same records, ids and all."""
    scenario = read(path)
    assert ScenarioPlayer(scenario).play().records == ScenarioPlayer(scenario).play().records


def _describe_end(screening: Screening) -> str:
    """Return what was announced of a film that ended: its title, and who was among its viewers."""
    return f"{screening.item.title} | {' '.join(sorted(seat.username for seat in screening.seats))}"


def _company(outcome: RulesStage) -> list[str]:
    """Return whose records are of one screening, a text for each."""
    company: dict[str, set[str]] = {}
    for record in outcome.records.values():
        company.setdefault(record.screening_id, set()).add(record.username)
    return sorted(" ".join(sorted(names)) for names in company.values())


COLUMNS = ("viewer", "item", "join", "leave", "playing", "paused", "percent", "reason", "ended")


def _row(record: WatchRecord) -> list[str | float | None]:
    def position(value: int | None) -> float | None:
        return None if value is None else value / 1000

    return [
        record.username,
        record.item.title,
        position(record.join_position_ms),
        position(record.leave_position_ms),
        record.playing_s,
        record.paused_s,
        record.completion_percent,
        record.end_reason,
        record.ended_at_s - EVENING_S,
    ]


def _read_found(outcome: RulesStage) -> list[list[object]]:
    rows = [_row(record) for record in sorted(outcome.records.values(), key=lambda r: (r.username, r.started_at_s))]
    return [[round(cell, 2) if isinstance(cell, float) else cell for cell in row] for row in rows]


def _read_expected(scenario: Scenario, outcome: RulesStage) -> list[list[object]]:
    """The expected rows, read; a cell `*` takes what was found, and the last column may be left out."""
    found = _read_found(outcome)
    rows: list[list[object]] = []
    for number, cells in enumerate(sorted(scenario.records, key=lambda cells: cells[0])):
        row: list[object] = []
        for column, name in enumerate(COLUMNS):
            cell = cells[column] if column < len(cells) else "*"
            actual = found[number][column] if number < len(found) else None
            if cell == "*":
                row.append(actual)
            elif cell == "none":
                row.append(None)
            elif name in ("viewer", "item", "reason"):
                row.append(cell)
            else:
                value = float(cell) if name == "percent" else seconds(cell)
                close = isinstance(actual, float) and abs(actual - value) <= TOLERANCE_S
                row.append(actual if close else value)
        rows.append(row)
    return rows
