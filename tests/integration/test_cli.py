"""The command line as a person uses it, in processes of its own, without a running service."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run as run_program

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "PLEX_URL": "http://127.0.0.1:9", "PLEX_TOKEN": "plex-secret", "DISCORD_TOKEN": "discord-secret",
    "DISCORD_GUILD_ID": "100000000000000001", "DISCORD_ANNOUNCE_CHANNEL_ID": "100000000000000002",
    "DISCORD_API_URL": "http://127.0.0.1:9/api/v10",
}  # fmt: skip


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it in an empty folder with only these settings."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *arguments],
        cwd=folder, env={**environ, **settings}, capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip


def test_without_settings_it_names_what_is_missing_and_makes_nothing(tmp_path: Path) -> None:
    """Exit 2, each missing setting, the two ways on, an untouched folder."""
    done = run(tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    for word in ("PLEX_URL", "PLEX_TOKEN", "DISCORD_TOKEN", "DISCORD_GUILD_ID", "check", "simulate"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_wrong_settings_are_named_at_once_without_their_secrets(tmp_path: Path) -> None:
    """Each with what would be right."""
    wrong = {**GOOD, "PLEX_POLL_SECONDS": "soon", "TIMEZONE": "Atlantis/Capital", "PLEX_TOKEN": "two words"}
    done = run(tmp_path, **wrong)
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("PLEX_POLL_SECONDS", "TIMEZONE", "PLEX_TOKEN", "Europe/Berlin"))
    assert "two words" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_settings_come_from_a_dotenv_file_too(tmp_path: Path) -> None:
    """A wrong value in .env is found like one of the environment."""
    (tmp_path / ".env").write_text("WATCHED_PERCENT=140\n")
    assert "WATCHED_PERCENT" in run(tmp_path, **GOOD).stderr


def test_help_names_every_command(tmp_path: Path) -> None:
    """On stdout, exit 0."""
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    for command in ("simulate", "check", "health", "recover", "import", "export", "backup", "restore"):
        assert command in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("recover", "--position", "half past"), "42:30"),
        (("recover", "--user", "@anton"), "digits only"),
        (("restore",), "FILE"),
        (("dance",), "invalid choice"),
    ],
)
def test_a_wrong_argument_is_explained(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Exit 2, in words."""
    done = run(tmp_path, *arguments)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("health",), ("recover", "--simulate")])
def test_without_a_service_it_says_so_and_how_to_start_it(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Exit 1, nothing made; only DATA_DIR matters, so the other settings may be missing."""
    done = run(tmp_path, *command)
    assert done.returncode == 1 and "python run.py" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_check_reports_everything_at_once_without_secrets(tmp_path: Path) -> None:
    """A wrong setting, an unreachable Plex and an unreachable Discord; exit 1, no file is made."""
    done = run(tmp_path, "check", **{**GOOD, "PLEX_POLL_SECONDS": "soon"})
    assert done.returncode == 1 and done.stderr == ""
    assert "PLEX_POLL_SECONDS" in done.stdout
    assert done.stdout.count("cannot be reached") == 2
    assert "3 problems found" in done.stdout
    assert "secret" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_notes_misspelt_settings(tmp_path: Path) -> None:
    """In .env and the environment; other programs' names, and those with another word in them, are not noted."""
    (tmp_path / ".env").write_text("WATCHED_PERCNT=90\ntimezone=Europe/Berlin\nPUID=1000\n")
    done = run(tmp_path, "check", **GOOD, DISCORD_GUILD="1", EDITOR="vi", DISCORD_VOICE_CHANNEL_ID="2")
    assert done.stderr == ""
    for written, meant in (("WATCHED_PERCNT", "WATCHED_PERCENT"), ("timezone", "TIMEZONE")):
        assert f"There is no setting called {written}\n  → Did you mean {meant}?" in done.stdout
    assert "PUID" not in done.stdout and "EDITOR" not in done.stdout
    assert "DISCORD_VOICE_CHANNEL_ID" not in done.stdout


def test_check_survives_a_console_without_utf8(tmp_path: Path) -> None:
    """Its signs are replaced, not its answer lost."""
    done = run(tmp_path, "check", **GOOD, PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and "Traceback" not in done.stderr and "found." in done.stdout


def test_the_version_is_the_newest_of_the_changelog(tmp_path: Path) -> None:
    """One place says the version; the changelog begins with it."""
    done = run(tmp_path, "--version")
    newest = next(
        line for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line[:3] == "## "
    )
    assert (done.returncode, done.stdout) == (0, f"Usher {newest.split()[1]}\n")


@pytest.mark.parametrize("arguments", [[], ["check"], ["simulate"], ["--help"]])
def test_without_its_packages_it_says_which_command_installs_them(tmp_path: Path, arguments: list[str]) -> None:
    """As when it is started with the system's Python: no traceback, and help still works."""
    program = tmp_path.parent / f"{tmp_path.name}-program"  # elsewhere, so that no .venv is beside it
    (program / "launcher").mkdir(parents=True)
    for name in ("run.py", "version.py", "launcher/__init__.py", "launcher/arguments.py"):
        shutil.copy(ROOT / name, program / name)
    command = [sys.executable, "-S", str(program / "run.py"), *arguments]  # -S leaves out the installed packages
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    if arguments == ["--help"]:
        assert done.returncode == 0 and "simulate" in done.stdout
    else:
        assert done.returncode == 2 and "make install" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_where_the_packages_are_in_its_own_environment_it_names_that_python(tmp_path: Path) -> None:
    """The whole command, to be copied."""
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "pykka").mkdir(parents=True)
    code = (
        "import run, sys; from pathlib import Path; print(run.explain_missing_packages(Path(sys.argv[1]), ['check']))"
    )
    command = [sys.executable, "-S", "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert f"{tmp_path / '.venv' / 'bin' / 'python'} {tmp_path / 'run.py'} check" in done.stdout


def test_an_old_python_is_named_with_the_one_that_is_needed() -> None:
    """Before anything else is looked at, and by a Python that knows none of the newer grammar."""
    assert "this is Python 3.9" in run_program.explain_old_python((3, 9))
    assert run_program.explain_old_python((3, 11)) == ""
    for version in (7, 8, 10):
        ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, version))
    assert "from __future__" not in (ROOT / "run.py").read_text(encoding="utf-8")
