"""How many actors of a process are at their start at one time."""

import functools

from actors.runtime.communities.start_gate import StartGate


def test_a_few_start_at_a_time_in_order() -> None:
    """The next comes when one has started or failed; who waits no longer is passed over."""
    started: list[str] = []
    gate = StartGate(2)
    for name in "abcde":
        gate.enter(name, functools.partial(started.append, name))
    assert started == ["a", "b"]
    gate.leave("c")
    gate.leave("a")
    assert started == ["a", "b", "d"]
    gate.leave("a")
    assert started == ["a", "b", "d"]
    gate.leave("b")
    gate.leave("d")
    assert started == ["a", "b", "d", "e"]


def test_a_closed_gate_lets_nobody_in() -> None:
    """As at the end of a process."""
    started: list[str] = []
    gate = StartGate(1)
    gate.enter("a", lambda: started.append("a"))
    gate.enter("b", lambda: started.append("b"))
    gate.close()
    gate.leave("a")
    gate.enter("c", lambda: started.append("c"))
    assert started == ["a"]
