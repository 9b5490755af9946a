"""The locked requirements: complete, hashed, and in line with what was asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)


def pins(file: str) -> dict[str, str]:
    """Return the version of each package that a requirements file pins, by its normalised name."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PINNED.findall(text)}


@pytest.mark.parametrize("stem", ["requirements", "requirements-dev"])
def test_the_lock_holds_every_direct_requirement_at_its_version(stem: str) -> None:
    """After a change of requirements*.in somebody must run `make lock`."""
    wanted, locked = pins(f"{stem}.in"), pins(f"{stem}.txt")
    assert wanted
    assert {name: locked.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("stem", ["requirements", "requirements-dev"])
def test_every_locked_package_has_hashes(stem: str) -> None:
    """pip then refuses any file that was not looked at when the lock was made."""
    text = (ROOT / f"{stem}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) >= len(pins(f"{stem}.txt")) > 20  # a package may be pinned once for each version of Python
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_tests_run_with_the_versions_of_the_service() -> None:
    """What both locks hold, both hold at one version."""
    service, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: dev.get(name) for name in service} == service
