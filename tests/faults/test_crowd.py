"""A thousand members leave at once; a gateway closes every connection. Real processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from launcher.connection.run_state import read_running_state
from simulator.nights.stage import CINEMA, ServiceStage
from tests.deadlines import WITHIN_S
from tests.faults.watched_evening import evening_at
from tests.nights.evidence import evening, sql

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

CROWD = 1_000
MOST_STORE_CPU_S = 5.0
"""Of a core. How long a thousand records take by the clock is for the machine's other work to decide."""
ANSWERED_WITHIN_S = 5.0
CLOSING_S = 30.0
MOST_CONNECTS, MOST_CPU = 10, 0.02
"""In a minute; share of a core."""


def count_records(data_dir: Path) -> int:
    """Return how many records the store has."""
    return int(sql(data_dir, "SELECT COUNT(*) AS records FROM watches")[0]["records"])


def read_cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_thousand_who_leave_at_once_are_stored_in_time(tmp_path: Path) -> None:
    """Each has a record; `/health` answers meanwhile, and nothing is short or lost."""
    with evening_at(tmp_path, "Rosa") as stage:
        crowd = [stage.discord.add_member(f"Guest {number}") for number in range(CROWD)]
        stage.plays("Rosa", "Metropolis")
        for member in crowd:
            stage.discord.join_voice(member, CINEMA)
        stage.log_has(f"Auto-saved badge data ({CROWD + 1} active watches)")
        assert count_records(stage.data_dir) == 0
        cpu_s, began_s = read_cpu_s(stage.pid("persistence")), time.monotonic()
        for member in crowd:
            stage.discord.leave_voice(member)
        asked = stage.discord.slash("Iris", "health")
        assert "tracker" in asked.wait_reply(ANSWERED_WITHIN_S).text
        stage.wait_for(lambda: count_records(stage.data_dir) == CROWD, 4 * WITHIN_S, "all records")
        took_s = time.monotonic() - began_s
        cpu_s = read_cpu_s(stage.pid("persistence")) - cpu_s
        print(f"{CROWD} records after {took_s:.1f} s, {cpu_s:.1f} s of a core; /health after {asked.ack_after_s:.2f} s")
        assert cpu_s < MOST_STORE_CPU_S
        stage.stops("Rosa")
        stage.wait_for(lambda: len(stage.history()) == CROWD + 1, WITHIN_S, "the history copy")
        assert stage.stop_service()[0] == 0
    assert "❌" not in stage.service_log() and "Traceback" not in stage.service_log()


def test_a_gateway_that_closes_at_once_costs_hardly_any_cpu(tmp_path: Path) -> None:
    """Few connections for as long as it lasts; afterwards the bot is back within a minute."""
    with ServiceStage(tmp_path / "data", speed=1.0, party_user="Rosa", evening=evening()) as stage:
        stage.discord.faults.closes_before_hello = 1011
        stage.discord.faults.drop_connections()
        stage.wait_for(lambda: not stage.discord.is_connected, WITHIN_S, "the bot is gone")
        state = read_running_state(stage.data_dir)
        assert state is not None
        pid, connects = state.children["discord"].pid, stage.discord.gateway.connects
        cpu_s, began_s = read_cpu_s(pid), time.monotonic()
        stage.wait_for(lambda: time.monotonic() - began_s > CLOSING_S, 2 * CLOSING_S, "the time to pass")
        share = (read_cpu_s(pid) - cpu_s) / (time.monotonic() - began_s)
        connects = stage.discord.gateway.connects - connects
        stage.discord.faults.closes_before_hello = 0
        began_s = time.monotonic()
        stage.wait_for(lambda: stage.discord.is_connected, 60.0, "the bot is back")
        print(f"{connects} connections and {share:.2%} of a core; back after {time.monotonic() - began_s:.1f} s")
        assert connects <= MOST_CONNECTS and share < MOST_CPU
