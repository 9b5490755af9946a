"""Whatever the documents mention exists: commands, files, settings and the badge to copy."""

from __future__ import annotations

import configparser
import os
import re
import shlex
from pathlib import Path

import pytest

import config
from awards import read_badges
from launcher.arguments import build_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL_PAGES = [
    *PAGES,
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "tests/scenarios/README.md")),
]
MADE_ON_USE = {".git", ".venv", "build", "data", "__pycache__"}
OUTSIDE = {"data/", "DATA_DIR/badges.toml", "/boot/config/plugins/dockerMan/templates-user/"}
"""What the documents name in a data folder or on another machine."""


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    found: list[str] = re.findall(
        rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return found


def commands() -> list[str]:
    """Every `python run.py` command line in a document."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    return sorted({line.strip() for line in re.findall(r"python run\.py([^`\n#]*)", text)})


@pytest.mark.parametrize("line", commands())
def test_every_command_line_is_understood(line: str) -> None:
    """The command line takes each as it stands."""
    words = shlex.split(line)
    if words[:1] in ([], ["simulate"]):
        return  # the service itself, and the night, which reads its own arguments
    if words == ["restore"]:
        words.append("usher.db")
    assert build_parser().parse_args(words).command == words[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Relative links name files that are there."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http|#)([^)#]+)\)", text):
        assert (page.parent / target).exists(), target


def list_anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[`*]|\]\(.*?\)|\[", "", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_anchor_is_a_heading(page: Path) -> None:
    """Of the same page or another; those of messages.md are made with it."""
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        assert anchor in list_anchors(page.parent / target if target else page), f"{target}#{anchor}"


def list_paths() -> list[str]:
    """Return the path of every file and folder of the project, each between slashes."""
    paths: list[str] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE_ON_USE and not name.endswith("_cache")]
        inside = Path(folder).relative_to(ROOT).as_posix()
        paths += [f"/{inside}/{name}/".replace("/./", "/") for name in (*folders, *files)]
    return paths


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_path_named_is_there(page: Path) -> None:
    """A file or folder in backticks exists; inside a chapter on one folder the path may begin below it."""
    paths = list_paths()
    named = re.findall(
        r"`([\w./-]+(?:\.(?:py|toml|in|yaml|service|sh|po|mo)|/))(?:::\w+)?`", page.read_text(encoding="utf-8")
    )
    missing = sorted(name for name in set(named) - OUTSIDE if not any(f"/{name.strip('/')}/" in path for path in paths))
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_is_there(page: Path) -> None:
    """`make NAME` in a document is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_badge_to_copy_is_a_badge() -> None:
    """The example of docs/architecture.md can be pasted into badges.toml."""
    (block,) = blocks(ROOT / "docs" / "architecture.md", "toml")
    (badge,) = read_badges(block, "docs/architecture.md")
    assert badge.id == "noir_10"


def test_the_unit_of_systemd_can_be_read() -> None:
    """It names the program and forgives no wrong settings."""
    (block,) = blocks(ROOT / "docs" / "operations.md", "ini")
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(block)
    assert unit["Service"]["ExecStart"].endswith("run.py")
    assert unit["Service"]["RestartPreventExitStatus"] == "2 78"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_named_is_declared(page: Path) -> None:
    """Names in capitals with the shape of a setting are settings."""
    declared = set(config.DECLARED)
    shaped = re.compile(
        r"`((?:PLEX|DISCORD|WATCH|AUTO_SAVE|BACKUP|LOG|HEALTH|DATA|DATABASE|TRACKED|MIN_WATCH|RESUME|GHOST|WEBHOOK)_[A-Z_]+)"
    )
    assert set(shaped.findall(page.read_text(encoding="utf-8"))) <= declared
