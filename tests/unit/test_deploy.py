"""What is shipped to install Usher with: well-formed, and of one mind with the settings and the documents."""

from __future__ import annotations

import configparser
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import config

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = ROOT / "deploy" / "docker" / "entrypoint.sh"
DECLARED = set(config.DECLARED)


def unit(text: str) -> configparser.ConfigParser:
    """A unit of systemd; names that come twice (SystemCallFilter) keep the last."""
    read = configparser.ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[method-assign,assignment]  # the documented way to keep capitals
    read.read_string(text)
    return read


def test_the_unit_in_the_document_is_the_one_that_is_shipped() -> None:
    """Each line of the excerpt stands in deploy/usher.service."""
    shipped = unit((ROOT / "deploy" / "usher.service").read_text(encoding="utf-8"))["Service"]
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    shown = unit(block)["Service"]
    assert shown and all(shipped[name] == value for name, value in shown.items())


def test_the_template_for_unraid_names_settings_that_there_are() -> None:
    """Every variable is a setting, all that are needed are asked for, and secrets are masked."""
    template = ET.parse(ROOT / "deploy" / "unraid" / "usher.xml").getroot()  # noqa: S314 - our own file
    variables = {
        entry.attrib["Target"]: entry.attrib for entry in template.iter("Config") if entry.get("Type") == "Variable"
    }
    assert set(variables) - {"PUID", "PGID"} <= DECLARED
    needed = {name for name, setting in config.DECLARED.items() if setting.required}
    assert needed == {name for name, entry in variables.items() if entry["Required"] == "true"}
    assert {name for name, entry in variables.items() if entry["Mask"] == "true"} == {"PLEX_TOKEN", "DISCORD_TOKEN"}
    assert [entry.get("Target") for entry in template.iter("Config") if entry.get("Type") == "Path"] == ["/data"]


def test_the_image_leaves_secrets_and_data_at_home() -> None:
    """.dockerignore lets in only what is named, and each name is there; .env and data are not."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    assert lines[0] == "*" and not {".env", "data"} & set(let_in)
    assert all(any(ROOT.glob(name)) for name in let_in)


def test_the_image_has_every_package_that_the_service_imports() -> None:
    """A new top-level package must be let in; of modules beside `run.py` each one is."""
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "docs"}
    assert packages and all(f"!{name}\n" in let_in for name in packages)
    assert "!*.py\n" in let_in


@pytest.mark.parametrize("ids", [("0", "0"), ("0", "100"), ("me", "100")])
def test_the_entrypoint_never_runs_as_root(tmp_path: Path, ids: tuple[str, str]) -> None:
    """Root and names are refused with exit 2 and a cure, before anything is touched."""
    if subprocess.run(["id", "-u"], capture_output=True, text=True, check=True).stdout.strip() != "0" and ids[0] == "0":
        pytest.skip("only root has to be kept from being root")
    done = subprocess.run(
        ["/bin/sh", str(ENTRYPOINT), "health"],
        env={"PATH": "/usr/bin:/bin", "PUID": ids[0], "PGID": ids[1], "DATA_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert done.returncode == 2 and "PUID" in done.stderr
