"""Malicious names and titles, ids at the end of their range, another user of the machine; and manual recovery."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from actors.media.plex.session_parser import TEXT_LIMIT
from launcher.connection.run_state import read_running_state
from simulator.discord.model.guild import Member, User
from simulator.nights.stage import ANNOUNCE, CINEMA, ROOT
from simulator.plex import TELEVISION, PlayingSession, SimulatedAccount
from simulator.plex.world.library import LibraryItem
from tests.deadlines import WITHIN_S
from tests.faults.watched_evening import Evening, evening_at

pytestmark = pytest.mark.slow

NAMES = {
    "markdown": "**b** _i_ ~~s~~ `c` ||x|| # h > q [a](http://e.vil) *",
    "mentions": "@everyone @here <@1> <@&2> <#3> </stats:4>",
    "right-to-left": "\u202eevil \u2067אורי\u2069 \u200f",
    "control": "bell\x07 esc\x1b[31m\x00 nl\nERROR persistence ❌ Auto-save failed: no",
    "long": "x" * 10_000,
    "wide": "🎬" * 500,
}
BIGGEST = 2**63 - 1
COMMANDS = (
    "activewatches", "nowplaying", "stats", "badges", "progress", "leaderboard", "topwatchers", "history", "moviestats",
)  # fmt: skip
NOBODY = 65534


def in_xml(text: str) -> str:
    """Remove what no XML document can contain."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def arrive(stage: Evening) -> list[PlayingSession]:
    """Let everybody come: on Plex by their own film, and into the channel, where Rosa's plays."""
    sessions = []
    stage.plays("Rosa", "Metropolis")
    for number, (kind, name) in enumerate(NAMES.items()):
        text = in_xml(name)
        item = stage.plex.add_item(
            LibraryItem(
                str(BIGGEST - number), "movie", f"{kind} {text}", 1, 1999, 5_400_000, (text[:200],), (text[:200],)
            )
        )
        account = stage.plex.add_account(SimulatedAccount(BIGGEST - number, f"p-{kind} {text}"))
        television = dataclasses.replace(TELEVISION, machine_id=f"tv-{kind}", title=f"{kind}'s TV", report_every_s=0.0)
        sessions.append(stage.plex.play(account, item, television))
        member = Member(User(BIGGEST - 100 - number, kind.replace("-", ""), False, f"d-{kind} {name}"))
        stage.discord.guild.members[member.id] = member
        stage.discord.join_voice(member, CINEMA)
    active = 1 + 2 * len(NAMES)
    stage.log_has(f"Auto-saved badge data ({active} active watches)")
    return sessions


def asks_everything(stage: Evening) -> None:
    """Give every command in both ways, and see an answer to each."""
    for name in COMMANDS:
        assert stage.answer("Iris", f"!{name}")
        assert stage.discord.slash("Iris", name).wait_reply(WITHIN_S).text
    for name in NAMES.values():
        assert stage.discord.slash("Iris", "moviestats", {"title": name[:90]}).wait_reply(WITHIN_S).text


def usher(stage: Evening, *arguments: str) -> str:
    """Return what `run.py` prints on this data folder."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *arguments], cwd=stage.data_dir.parent, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(stage.data_dir), "PYTHONUTF8": "1"}, timeout=30,
        encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def recovers(stage: Evening) -> None:
    """Track a member of the channel by hand: from the command line with another film, then from Discord."""
    stage.plays("Cem", "M")
    guest = stage.discord.add_member("Guest")
    stage.discord.join_voice(guest, CINEMA)
    stage.log_has("Guest began “Metropolis”")
    before = stage.answer("Iris", "!activewatches")
    planned = usher(stage, "recover", "--simulate", "--session", stage.session("Cem").key)
    assert "Nothing was changed" in planned and str(guest.id) in planned and "Developer Mode" in planned
    assert "would be tracked" in planned
    assert ("M (1931)" in before) == ("M (1931)" in stage.answer("Iris", "!activewatches"))
    assert "Guest began “M”" not in stage.service_log()
    done = usher(stage, "recover", "--session", stage.session("Cem").key, "--user", str(guest.id), "--position", "0:00")
    assert "is being tracked from now on" in done
    stage.log_has("Guest began “M”")
    stage.discord.leave_voice(guest)
    stage.log_has("Guest finished “M”")
    late = stage.discord.add_member("Latecomer")
    stage.discord.join_voice(late, CINEMA)
    stage.log_has("Latecomer began")
    assert "Metropolis" in stage.answer("Iris", f"!starttracking {stage.session('Rosa').key} 0:00")
    stage.log_has("Latecomer began “Metropolis”")
    stage.stops("Cem")


def is_closed_to_others(stage: Evening) -> None:
    """See that no other user of the machine can connect to an actor, and that we can."""
    state = read_running_state(stage.data_dir)
    assert state is not None
    path = state.network.addresses["tracker"].removeprefix("ipc://")
    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(path)
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return  # nobody else to be
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
    other = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    done = subprocess.run([*other, python, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "PermissionError" in done.stderr, done.stderr


def test_malicious_names_and_other_users_do_no_harm(tmp_path: Path) -> None:
    """Every command answers, nobody is pinged, a log entry stays one line, and names are stored as they are."""
    with evening_at(tmp_path, "Rosa") as stage:
        sessions = arrive(stage)
        asks_everything(stage)
        is_closed_to_others(stage)
        for session in sessions:
            stage.plex.stop_session(session)
        for member in stage.discord.voice_members(CINEMA):
            stage.discord.leave_voice(member)
        stage.wait_for(lambda: len(stage.history()) == 2 * len(NAMES), WITHIN_S, "all records")
        recovers(stage)
        said = stage.discord.messages(ANNOUNCE, by_bot=True)
        assert stage.stop_service()[0] == 0
    assert not [message.pings for message in said if message.pings]
    log = stage.service_log()
    assert "Traceback" not in log and not [line for line in log.splitlines() if line.startswith("ERROR persistence")]
    assert not {letter for letter in log if unicodedata.category(letter) == "Cc"} - {"\n"}
    titles = {(row["rating_key"], row["movie_title"]) for row in stage.history()}
    for number, (kind, name) in enumerate(NAMES.items()):
        assert (str(BIGGEST - number), f"{kind} {in_xml(name)}"[:TEXT_LIMIT]) in titles, kind
    viewers = {row["viewer_id"] for row in stage.history()}
    assert {str(BIGGEST - 100 - number) for number in range(len(NAMES))} <= viewers
    assert {f"plex:{stage.plex.machine_id}:{BIGGEST - number}" for number in range(len(NAMES))} <= viewers
    json.loads((stage.data_dir / "user_stats.json").read_text(encoding="utf-8"))
    stage.no_token_was_written()
