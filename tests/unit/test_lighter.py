"""What a process must not carry, and that what is put off is there when it is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

HEAVY = ("sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "alembic", "dotenv", "zoneinfo._tzpath", "plexapi.myplex",
         "aiohttp.web", "discord", "rich", "prompt_toolkit", "psycopg", "simulator")  # fmt: skip
NEEDED = {
    "discord": {"discord", "zoneinfo._tzpath"},
    "persistence": {"zoneinfo._tzpath"},
    "plex": {"plexapi.myplex", "zoneinfo._tzpath"},
}


def run(code: str, *flags: str) -> str:
    """What a fresh interpreter prints, run as the actors are: without docstrings and with warnings shown."""
    command = [sys.executable, "-OO", *flags, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Unable to find acceptable character detection" not in done.stderr
    return done.stdout.strip()


def lightened(role: str, code: str) -> str:
    """What the code prints in a process with the actor of this role."""
    start = f"""
import sys, importlib
from actors.lazy_imports import lighten
lighten({role!r})
from actors.runtime.process import ROLES, load_role
load_role(ROLES[{role.partition("-")[0]!r}])
"""
    return run(start + code)


@pytest.mark.parametrize("role", ["tracker", "persistence", "discord", "plex"])
def test_a_process_carries_nothing_heavy_that_it_has_no_use_for(role: str) -> None:
    """Each actor imports its own library and no other's, nor what only a migration or the command line needs."""
    found = lightened(role, f"print(*(name for name in {HEAVY!r} if name in sys.modules))").split()
    assert set(found) <= NEEDED.get(role, set())


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("tracker", "hashlib"),
        ("tracker", "ipaddress"),
        ("tracker", "traceback"),
        ("plex", "idna"),
        ("plex", "zipfile"),
        ("plex-2", "zipfile"),
        ("persistence", "asyncio"),
        ("persistence", "hashlib"),
        ("persistence", "importlib.metadata"),
        ("discord", "idna"),
    ],
)
def test_what_is_put_off_is_not_imported_at_the_start(role: str, name: str) -> None:
    """The library that brings it along has not looked into it yet: else putting it off would be for nothing."""
    assert lightened(role, f"print(type(sys.modules[{name!r}]).__name__)") == "_Later"


@pytest.mark.parametrize(
    ("name", "use", "expected"),
    [
        ("hashlib", "hashlib.blake2b(b'', digest_size=2).hexdigest()", "b1fe"),
        ("asyncio", "asyncio.run(asyncio.sleep(0, 'slept'))", "slept"),
        ("importlib.metadata", "importlib.metadata.version('pykka')[:2]", "4."),
        ("zipfile", "zipfile.is_zipfile('/')", "False"),
    ],
)
def test_what_is_put_off_comes_when_it_is_used(name: str, use: str, expected: str) -> None:
    """Whoever imported the stand-in has the module itself in it, and whoever imports it later gets the module."""
    top = name.partition(".")[0]
    code = f"""
import sys
from actors.lazy_imports import put_off
put_off({name!r})
import {name}
held = sys.modules[{name!r}]
assert type(held).__name__ == "_Later"
print({use})
again = __import__({name!r}, fromlist=["*"])
print(type(again).__name__, {top}.__name__)
"""
    assert run(code).split("\n") == [expected, f"module {top}"]


def test_looking_around_in_the_modules_loads_nothing() -> None:
    """inspect and warnings walk through all modules and ask for their files: that is no use of one."""
    code = """
import sys
from actors.lazy_imports import put_off
put_off("asyncio")
print([getattr(module, "__file__", None) for name, module in sys.modules.items() if name == "asyncio"])
print(type(sys.modules["asyncio"]).__name__)
"""
    assert run(code).split("\n") == ["[None]", "_Later"]


def test_a_module_that_is_there_already_stays() -> None:
    """Putting off comes too late for it, and must not take it away from who uses it."""
    code = (
        "import hashlib, sys; from actors.lazy_imports import put_off; put_off('hashlib'); print(hashlib is sys.modules"
    )
    assert run(code + "['hashlib'])") == "True"


def test_an_error_of_the_store_is_told_without_asyncio_at_hand() -> None:
    """SQLAlchemy asks asyncio at each error whether it is one of its own: it then gets the real one."""
    code = """
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
try:
    create_engine("sqlite://").connect().execute(text("SELECT * FROM nowhere"))
except OperationalError as error:
    print(error.orig)
"""
    assert lightened("persistence", code) == "no such table: nowhere"


def test_an_answer_without_an_encoding_is_read_without_guessing() -> None:
    """requests does without its guesser: it takes UTF-8."""
    code = """
import requests
answer = requests.Response()
answer._content = "Amélie".encode()
print(answer.apparent_encoding, answer.text == "Am\\u00e9lie")
"""
    assert lightened("plex", code) == "utf-8 True"
