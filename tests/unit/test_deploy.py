"""The files for installing Usher are well-formed and agree with settings and documents."""

from __future__ import annotations

import configparser
import importlib
import itertools
import os
import re
import subprocess
import sys
import tempfile
import textwrap
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


def test_what_is_shipped_runs_from_the_files_that_are_compiled() -> None:
    """Each level of optimization has compiled files of its own, and neither unit nor container may write them."""
    started = unit((ROOT / "deploy" / "usher.service").read_text(encoding="utf-8"))["Service"]["ExecStart"]
    commands = [started, *re.findall(r".*run\.py \"\$@\"", ENTRYPOINT.read_text(encoding="utf-8"))]
    assert len(commands) == 3 and all("python -OO " in command for command in commands)
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert all(f"python3 -OO -m compileall -q {folder} " in image for folder in ("/opt/usher", "/opt/venv/lib"))


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


def test_a_release_names_its_own_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """compose.yaml pulls it, and the Unraid template has its icon and links; nothing else is changed."""
    monkeypatch.syspath_prepend(ROOT / "deploy")
    release = importlib.import_module("release_files")
    compose = release.make_compose("Someone/usher")
    image = f"ghcr.io/someone/usher:{release.VERSION}"
    assert f"    image: {image}\n" in compose and "build:" not in compose and "read_only: true" in compose
    template = ET.fromstring(release.make_template("Someone/usher"))  # noqa: S314 - our own file
    assert template.findtext("Repository") == image
    links = [template.findtext(name) or "" for name in ("Registry", "Support", "Project", "ReadMe", "Icon")]
    assert all(link.startswith("https://") and "Someone/usher" in link for link in links)
    icon = (template.findtext("Icon") or "").partition(f"/v{release.VERSION}/")[2]
    assert (ROOT / icon).read_bytes().startswith(b"\x89PNG")
    assert len(template.findall("Config")) == len(
        ET.parse(ROOT / "deploy" / "unraid" / "usher.xml").findall("Config")  # noqa: S314 - our own file
    )


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder away")
@pytest.mark.parametrize("is_writable", [True, False])
def test_the_container_starts_on_a_share_that_refuses_chown(tmp_path: Path, is_writable: bool) -> None:
    """If the user PUID can write there."""
    tools, data = tmp_path / "tools", tmp_path / "data"
    tools.mkdir()
    data.mkdir()
    for folder in itertools.takewhile(lambda each: each != Path(tempfile.gettempdir()), (data, *data.parents)):
        folder.chmod(0o755)  # pytest keeps them from others, and how many there are is its own
    data.chmod(0o777 if is_writable else 0o755)
    (tools / "chown").write_text("#!/bin/sh\nexit 1\n")
    (tools / "chown").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(ENTRYPOINT), "health"],
        env={"PATH": f"{tools}:/usr/bin:/bin", "PUID": "1234", "PGID": "1234", "DATA_DIR": str(data)},
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert ("may write to it all the same: going on" in done.stderr) == is_writable
    assert ("set PUID and PGID to its owner" in done.stderr) != is_writable
    assert (done.returncode == 1) != is_writable
    assert list(data.iterdir()) == []


def test_process_1_collects_what_killed_actors_leave_behind() -> None:
    """An orphan becomes a child of process 1; its own children are left to who knows them."""
    script = textwrap.dedent("""
        import ctypes, os, subprocess, sys, time
        from launcher.supervision.reaper import reap_orphans
        ctypes.CDLL(None).prctl(36, 1)  # orphans come to this process, as they do to process 1
        own = subprocess.Popen([sys.executable, "-c", ""])
        parent = subprocess.Popen([sys.executable, "-c", "import subprocess; subprocess.Popen(['sleep', '0.2'])"])
        parent.wait()
        reaped, until_s = [], time.monotonic() + 10
        while not reaped and time.monotonic() < until_s:
            reaped = reap_orphans({own.pid})
            time.sleep(0.05)
        print(len(reaped), own.wait())
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout.split() == ["1", "0"], done.stderr


def test_the_container_has_an_init() -> None:
    """Which collects processes at once."""
    assert "init: true" in (ROOT / "compose.yaml").read_text(encoding="utf-8")


def test_the_single_file_holds_the_program_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the image holds, too; and from there the command line begins."""
    monkeypatch.syspath_prepend(ROOT / "deploy")
    single_file = importlib.import_module("single_file")
    single_file.copy_program(tmp_path)
    listed = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    others = {"LICENSE", "requirements.txt", "*.py", "deploy/docker"}
    image = {name[1:] for name in listed if name.startswith("!")} - others
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == image
    assert {path.name for path in tmp_path.glob("*.py")} == {path.name for path in ROOT.glob("*.py")}
    begun = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; sys.argv[1:] = ['--help']; import run; run.start()"],
        cwd="/", env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert "simulate" in begun.stdout, begun.stderr
    assert re.fullmatch(r"usher-[0-9.]+-[a-z0-9]+-[a-z0-9_]+-py3\d+", single_file.name_file())
