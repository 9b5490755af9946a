"""Actors in real processes: answers, errors, ordered stops, crashes, floods, and what they log."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest
from msgspec.structs import replace

from actors.runtime import ActorUnavailable, AskTimeout, RemoteError
from actors.runtime.delivery.dead_letters import MAX_BYTES, SAID_AT_MOST
from actors.runtime.endpoint import Endpoint
from actors.runtime.process import EXIT_CRASHED, EXIT_FATAL
from actors.runtime.transport.factory import ENGINES, open_transport
from actors.runtime.transport.zmq import TCP_ENGINE
from messages import GetSaveStatus, SaveNow, SaveStatus, SuggestTitles, TitlesSuggested
from tests.deadlines import WITHIN_S
from tests.integration.runtime.process_actors import ROOT, SECRET, Stage, stage, until, watch


@pytest.fixture
def on_stage(tmp_path: Path) -> Iterator[Stage]:
    """Over ipc, as the launcher has it on Linux."""
    with stage(tmp_path) as made:
        yield made


def wait_exit(process: subprocess.Popen[bytes], within_s: float = 10.0) -> int:
    """Wait for its exit status."""
    return process.wait(within_s)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_two_processes_exchange_messages(tmp_path: Path, engine: str) -> None:
    """Tell, ask, answer, refuse; and an actor asks another from within a handler."""
    with stage(tmp_path, engine=engine) as theatre:
        bob = theatre.start("bob")
        theatre.start("cat")
        assert theatre.ann.ask("bob", GetSaveStatus()) == SaveStatus(None, float(bob.pid))
        with pytest.raises(RemoteError, match="bob: no titles") as caught:
            theatre.ann.ask("bob", SuggestTitles("fail"))
        assert caught.value.kind == "LookupError"
        theatre.ann.tell("bob", SaveNow("ask cat"))
        theatre.ann.tell("bob", watch("w1"))
        theatre.pump_until(lambda: theatre.lines("told") == [repr(TitlesSuggested(("Nos",))), "w1"])
        theatre.pump_until(lambda: theatre.ann.count_unacknowledged() == 0)


def test_an_ask_has_a_deadline(on_stage: Stage) -> None:
    """If the actor is busy the asker waits no longer than it said, and the actor keeps running."""
    on_stage.start()
    on_stage.ann.tell("bob", SaveNow("sleep 7"))
    began = time.monotonic()
    with pytest.raises(AskTimeout, match=r"bob did not answer get_save_status within 0\.3 s"):
        on_stage.ann.ask("bob", GetSaveStatus(), 0.3)
    assert 0.3 <= time.monotonic() - began < 6.5
    assert isinstance(on_stage.ann.ask("bob", GetSaveStatus(), WITHIN_S), SaveStatus)


def test_an_ask_to_a_killed_actor_ends(on_stage: Stage) -> None:
    """At its deadline, and distinguished from a slow actor; the next process answers as usual."""
    process = on_stage.start()
    on_stage.ann.tell("bob", SaveNow("sleep 60"))
    reply = on_stage.ann.ask_future("bob", GetSaveStatus(), 1.0)
    on_stage.ann.pump(0.1)
    process.kill()
    on_stage.pump_until(reply.done)
    assert isinstance(reply.exception(0), ActorUnavailable)
    again = on_stage.start()
    assert on_stage.ann.ask("bob", GetSaveStatus()) == SaveStatus(None, float(again.pid))


@pytest.mark.parametrize("how", ["end of its stdin", "SIGTERM", "stop frame"])
def test_it_stops_in_order(on_stage: Stage, how: str) -> None:
    """It handles what waits, saves, and exits with 0; Ctrl-C is left to the launcher."""
    process = on_stage.start()
    process.send_signal(signal.SIGINT)
    on_stage.ann.tell("bob", SaveNow("sleep 0.3"))
    for number in range(20):
        on_stage.ann.tell("bob", SaveNow(f"word {number}"))
    on_stage.ann.ask("bob", SuggestTitles("all of it has arrived"))
    on_stage.ann.tell("bob", SaveNow("sleep 1"))
    on_stage.ann.tell("bob", SaveNow("the last"))
    until(lambda: len(on_stage.lines("told")) == 20)
    on_stage.ann.pump(0.0)
    time.sleep(0.3)  # the last words are in its socket; nothing tells when
    if how == "SIGTERM":
        process.terminate()
        process.terminate()
    elif how == "stop frame":
        on_stage.ann.stop_peer("bob")
    else:
        assert process.stdin is not None
        process.stdin.close()
    assert wait_exit(process) == 0
    assert on_stage.lines("told") == [*(f"word {number}" for number in range(20)), "the last"]
    assert on_stage.lines("saved") == [str(process.pid)]
    assert "Traceback" not in on_stage.read_log()
    assert ("The launcher is gone" in on_stage.read_log()) is (how == "end of its stdin")


def test_actors_stop_when_their_launcher_is_killed(tmp_path: Path) -> None:
    """kill -9 of the parent closes the child's stdin: it saves and ends by itself."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    saved = tmp_path / "bob.saved"
    until(lambda: saved.exists() and saved.read_text().split() == [str(pid)])
    until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


PARENT = """
import sys, time
from pathlib import Path
from tests.integration.runtime.process_actors import stage
with stage(Path(sys.argv[1])) as made:
    print(made.start().pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("words", ["crash", "exit"])
def test_a_crash_ends_the_process_with_its_status(on_stage: Stage, words: str) -> None:
    """70, the traceback logged, no secret in it, and not saved; SystemExit in a handler is one too."""
    process = on_stage.start()
    on_stage.ann.tell("bob", SaveNow(words))
    assert wait_exit(process) == EXIT_CRASHED
    log = on_stage.read_log()
    assert "ERROR   bob         bob crashed: " in log
    assert "Traceback (most recent call last)" in log
    assert SECRET not in log
    assert "told to crash with ***" in log or words == "exit"
    assert on_stage.lines("saved") == []


@pytest.mark.parametrize(("how", "status"), [("refuse", EXIT_FATAL), ("crash", EXIT_CRASHED)])
def test_a_start_that_fails_has_its_status(on_stage: Stage, how: str, status: int) -> None:
    """The launcher tries a crash again, and not what refuses: that is one line without a traceback."""
    (on_stage.data_dir / "bob.start").write_text(how)
    assert wait_exit(on_stage.start(ready=False)) == status
    log = on_stage.read_log()
    assert SECRET not in log
    assert ("Traceback" in log) is (how == "crash")
    assert "(***): restore a backup" in log or how == "crash"


def test_an_actor_that_cannot_be_created_is_logged(on_stage: Stage) -> None:
    """An unknown role, and a socket's path that is too long: exit status 70, and the log says what."""
    assert wait_exit(on_stage.start(role="Nobody", ready=False)) == EXIT_CRASHED
    assert "has no attribute 'Nobody'" in on_stage.read_log()
    on_stage.spec.addresses["bob"] += "x" * 100
    assert wait_exit(on_stage.start(ready=False)) == EXIT_CRASHED
    assert "let the run folder be in a shorter path" in on_stage.read_log()


def test_without_a_launcher_it_says_so() -> None:
    """If it is started by hand: one line, and no traceback."""
    found = subprocess.run(
        [sys.executable, "-m", "actors", "tracker"], cwd=ROOT, input=b"", capture_output=True, timeout=20, check=False
    )
    assert found.returncode == EXIT_FATAL
    assert found.stderr.decode().startswith("An actor's process is started by the launcher (python run.py)")
    assert b"Traceback" not in found.stderr


def test_a_flood_is_bounded(on_stage: Stage) -> None:
    """20,000 words to a busy actor: the memory of both stays, the rest are dead letters, and it goes on."""
    process = on_stage.start()
    over = on_stage.data_dir / "over"
    on_stage.ann.tell("bob", SaveNow(f"await {over}"))
    before = {pid: _rss_mb(pid) for pid in (os.getpid(), process.pid)}
    for _ in range(20_000):
        on_stage.ann.tell("bob", SaveNow("x" * 200))
        on_stage.ann.pump(0.0)
    for pid, mb in before.items():
        assert _rss_mb(pid) - mb < 20
    assert on_stage.ann.dead_letters.count > 10_000
    over.touch()

    def accounted_for() -> bool:
        heartbeat = on_stage.heartbeat()
        return heartbeat.handled - 1 + heartbeat.dead_letters + on_stage.ann.dead_letters.count == 20_000

    on_stage.pump_until(accounted_for, within_s=60.0)
    assert on_stage.heartbeat().mailbox_depth == 0 and on_stage.lines("told")
    written = sum(file.stat().st_size for file in (on_stage.data_dir / "logs").iterdir())
    assert 3_000_000 < written < 2 * MAX_BYTES + 100_000
    assert on_stage.read_log().count("the mailbox is full") <= SAID_AT_MOST


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_recorded_frames_are_plain_msgpack(on_stage: Stage) -> None:
    """Each after its length; the msgpack package alone reads them."""
    file = on_stage.data_dir / "bob.frames"
    on_stage.start(record_frames=str(file))
    on_stage.ann.ask("bob", SuggestTitles("Nosferatu"))
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        found.append(msgpack.unpackb(data[4 : 4 + length]))
        data = data[4 + length :]
    kinds = [envelope[0] for envelope in found]
    assert "pong" in kinds
    [answer] = [envelope for envelope in found if envelope[0] == "answer"]
    assert answer[2] == "bob"
    assert answer[4] == ["titles_suggested", ["Nosferatu"]]


def test_every_line_can_be_logged_without_utf8(on_stage: Stage) -> None:
    """Emoji are escaped, and nothing fails."""
    process = on_stage.start(env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
    on_stage.ann.tell("bob", SaveNow("log 💾 Zoë saved"))
    on_stage.ann.tell("bob", SaveNow("word"))
    on_stage.pump_until(lambda: on_stage.lines("told") == ["word"])
    process.terminate()
    assert wait_exit(process) == 0
    assert "INFO    bob         \\U0001f4be Zo\\xeb saved" in on_stage.read_log()
    assert "Logging error" not in on_stage.read_log()


def test_json_logs_are_json(on_stage: Stage) -> None:
    """Each line an object with time, level, actor and message; a traceback inside it, without the secret."""
    process = on_stage.start(log_format="json")
    on_stage.ann.tell("bob", SaveNow("log 💾 saved"))
    on_stage.ann.tell("bob", SaveNow("crash"))
    assert wait_exit(process) == EXIT_CRASHED
    lines = [json.loads(line) for line in on_stage.read_log().splitlines()]
    assert lines[0]["message"] == "💾 saved"
    assert (lines[0]["actor"], lines[0]["level"]) == ("bob", "INFO")
    assert lines[0]["ts"].startswith("20")
    assert "ValueError: told to crash with ***" in lines[-1]["exc_info"]


def test_a_folder_that_others_can_enter_is_refused(on_stage: Stage) -> None:
    """Whoever can open a socket can send messages: the run folder is 0700, and a wider one is not used."""
    on_stage.start()
    folder = Path(on_stage.spec.addresses["bob"].removeprefix("ipc://")).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    assert wait_exit(on_stage.start("cat", ready=False)) == EXIT_CRASHED
    assert "is open to others: remove it, then start again" in on_stage.read_log()
    folder.chmod(0o700)


def test_a_client_without_the_keys_gets_no_answer(tmp_path: Path) -> None:
    """On TCP, knowing the port is not enough; clients with the keys still get their answers."""
    with stage(tmp_path, engine=TCP_ENGINE) as theatre:
        theatre.start()
        bare = replace(theatre.spec, credentials=())
        stranger = Endpoint("stranger", open_transport("stranger", bare, listen=False), theatre.ann.dead_letters)
        with pytest.raises((AskTimeout, ActorUnavailable)):
            stranger.ask("bob", GetSaveStatus(), 0.5)
        stranger.close()
        assert theatre.heartbeat().dead_letters == 0
