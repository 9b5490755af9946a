"""What a tracker that starts is told, in parts."""

import pytest

from actors.persistence import restart_parts
from actors.persistence.restart_parts import RestartParts
from actors.runtime import Declined
from messages import LinkedAccount, Privacy
from tests.unit.persistence.record_builders import record, state

CHOICES: tuple[tuple[str, Privacy], ...] = (("501", "private"),)


def directory() -> tuple[tuple[LinkedAccount, ...], tuple[tuple[str, Privacy], ...]]:
    """Who is who."""
    return (), CHOICES


@pytest.mark.parametrize(("running", "resumable", "parts"), [(0, 0, 1), (3, 0, 1), (2, 5, 3), (7, 2, 3), (3, 3, 2)])
def test_every_watch_is_in_one_part(running: int, resumable: int, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, and no part is larger than it may be."""
    monkeypatch.setattr(restart_parts, "PART_WATCHES", 3)
    states = tuple(state(record(f"w{number}")) for number in range(running))
    records = tuple(record(f"r{number}") for number in range(resumable))
    kept = RestartParts()
    kept.fill(states, records)
    told = [kept.take(number, directory) for number in range(parts)]
    assert {each.parts for each in told} == {parts}
    assert all(len(each.running) + len(each.resumable) <= 3 for each in told)
    assert tuple(each for part in told for each in part.running) == states
    assert tuple(each for part in told for each in part.resumable) == records
    assert [each.privacy for each in told] == [()] * (parts - 1) + [CHOICES]


def test_a_part_of_an_answer_that_is_not_here_is_declined() -> None:
    """Persistence was started anew in the middle: what it would say now does not fit what was said before."""
    with pytest.raises(Declined):
        RestartParts().take(1, directory)
    kept = RestartParts()
    kept.fill((), ())
    kept.take(0, directory)
    with pytest.raises(Declined):
        kept.take(0, directory)
