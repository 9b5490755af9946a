"""Texts name the program as it is typed where it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launcher import program_name
from launcher.commands.stderr import write_error


@pytest.fixture(autouse=True)
def from_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From another folder than the sources', whatever started the tests."""
    monkeypatch.chdir(tmp_path)
    for name in (program_name.COMMAND_VARIABLE, program_name.START_VARIABLE, "PEX"):
        monkeypatch.delenv(name, raising=False)


def test_from_the_sources_it_is_run_py(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is changed."""
    write_error("'python run.py check' says why")
    assert capsys.readouterr().err == "'python run.py check' says why\n"
    assert program_name.name_start() == "python run.py"


def test_in_its_own_environment_that_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Python lacks the packages; where the environment is activated, it is the one that is found."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr("sys.prefix", str(program_name.ROOT / ".venv"))
    monkeypatch.setattr("sys.executable", str(program_name.ROOT / ".venv" / "bin" / "python"))
    monkeypatch.chdir(program_name.ROOT)
    assert program_name.use_program_name("python run.py check") == ".venv/bin/python run.py check"
    assert program_name.use_program_name(".venv/bin/python run.py") == ".venv/bin/python run.py"
    monkeypatch.setenv("VIRTUAL_ENV", str(program_name.ROOT / ".venv"))
    assert program_name.name_program() == "python run.py"


def test_the_single_file_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the folder that it is in, or from elsewhere."""
    monkeypatch.setenv("PEX", str(tmp_path / "usher"))
    monkeypatch.chdir(tmp_path)
    write_error("'python run.py check' says why")
    assert capsys.readouterr().err == "'./usher check' says why\n"
    monkeypatch.chdir(sys.prefix)
    assert program_name.name_program() == str(tmp_path / "usher")


def test_the_image_says_how_a_command_is_given_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it stands outside the container."""
    monkeypatch.setenv(program_name.COMMAND_VARIABLE, "docker compose run --rm usher")
    monkeypatch.setenv(program_name.START_VARIABLE, "docker compose up -d")
    assert program_name.use_program_name("run: python run.py check") == "run: docker compose run --rm usher check"
    assert program_name.name_start() == "docker compose up -d"
    assert (
        program_name.use_program_name("Start it with 'python run.py', or") == "Start it with 'docker compose up -d', or"
    )
    dockerfile = (Path(__file__).resolve().parents[3] / "Dockerfile").read_text(encoding="utf-8")
    assert program_name.COMMAND_VARIABLE in dockerfile and program_name.START_VARIABLE in dockerfile
