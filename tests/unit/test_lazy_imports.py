"""Which modules a process must not import, and that deferred modules load when they are needed."""

import concurrent.futures
import functools
import inspect
import os
import platform
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import pytest

from actors.lazy_imports import DEFERRED, defer_import

ROOT = Path(__file__).resolve().parent.parent.parent

HEAVY = ("sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "alembic", "dotenv", "zoneinfo._tzpath", "plexapi.myplex",
         "aiohttp.web", "aiohttp.client", "discord", "rich", "prompt_toolkit", "psycopg", "simulator",
         "actors.runtime.communities.hosted_actor", "actors.runtime.transport.shared",
         "wording.times.phrase")  # fmt: skip
NEEDED = {
    "discord": {"discord", "aiohttp.client"},
    "persistence": {"zoneinfo._tzpath"},
    "plex": {"plexapi.myplex"},
    "web": {"aiohttp.web", "zoneinfo._tzpath"},
}


def run(code: str, *flags: str) -> str:
    """What a fresh interpreter prints, run as the actors are: without docstrings and with warnings shown."""
    command = [sys.executable, "-OO", *flags, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOADED = "'__builtins__' in object.__getattribute__(sys.modules[{!r}], '__dict__')"
"""Whether a module's code has run."""


PARTS = {
    "discord": "from actors.chat.discord.commands import load_commands; load_commands()",
    "persistence": "from persistence.queries.answers import load_answers; load_answers()",
}
"""What an actor imports when it is made."""


def run_as_actor(name: str, code: str) -> str:
    """What the code prints in a process with this actor's imports, or the launcher's."""
    start = f"""
import sys, importlib
from actors.lazy_imports import defer_imports
defer_imports({name!r})
if {name!r} == "launcher":
    import launcher.commands.serve
else:
    from actors.registry import find_actor
    from actors.runtime.process import load_actor_class
    load_actor_class(find_actor({name!r}).path)
{PARTS.get(name, "")}
"""
    return run(start + code)


@functools.cache
def list_modules(actor: str) -> tuple[set[str], set[str]]:
    """Return which heavy modules an actor has at its start, and which deferred ones are loaded then.

    One process tells of all of them.
    """
    states = ", ".join(f"({name!r}, {LOADED.format(name)})" for name in DEFERRED.get(actor, ()))
    code = f"""
print("heavy", *(name for name in {HEAVY!r} if name in sys.modules))
print("loaded", *(name for name, loaded in [{states}] if loaded))
"""
    heavy, loaded = run_as_actor(actor, code).split("\n")
    return set(heavy.split()[1:]), set(loaded.split()[1:])


@pytest.mark.parametrize("role", ["tracker", "persistence", "discord", "plex", "web"])
def test_a_process_carries_nothing_heavy_that_it_has_no_use_for(role: str) -> None:
    """Each actor imports its own library and no other's, nor what only a migration, the command line, a further
    community or a typed time needs."""
    heavy, _loaded = list_modules(role)
    assert heavy <= NEEDED.get(role, set())


@pytest.mark.parametrize(
    ("actor", "module"), [(actor, module) for actor, modules in DEFERRED.items() for module in modules]
)
def test_deferred_modules_are_not_loaded_at_the_start(actor: str, module: str) -> None:
    """The importing library has not used them yet: otherwise deferring would be useless."""
    _heavy, loaded = list_modules(actor)
    assert module not in loaded


def test_a_further_poller_defers_as_the_first() -> None:
    """plex-2 is a plex."""
    assert run_as_actor("plex-2", f"print({LOADED.format('zipfile')})") == "False"


@pytest.mark.parametrize(
    ("name", "use", "expected"),
    [
        ("hashlib", "hashlib.blake2b(b'', digest_size=2).hexdigest()", "b1fe"),
        ("asyncio", "asyncio.run(asyncio.sleep(0, 'slept'))", "slept"),
        ("importlib.metadata", "importlib.metadata.version('pykka')[:2]", "4."),
        ("zipfile", "zipfile.is_zipfile('/')", "False"),
        ("ast", "ast.literal_eval('7')", "7"),
    ],
)
def test_a_deferred_module_loads_when_it_is_used(name: str, use: str, expected: str) -> None:
    """Importing it again does not load it; accessing an attribute does, for everybody who imported it."""
    top = name.partition(".")[0]
    code = f"""
import sys
from actors.lazy_imports import defer_import
defer_import({name!r})
import {name}
again = __import__({name!r}, fromlist=["*"])
assert not {LOADED.format(name)}
print({use})
assert {LOADED.format(name)}
print(type(again).__name__, again is sys.modules[{name!r}], {top}.__name__)
"""
    assert run(code).split("\n") == [expected, f"module True {top}"]


def test_given_attributes_need_no_loading() -> None:
    """SQLAlchemy uses one function of asyncio, which the standard library has elsewhere too."""
    code = f"""
import sys
from actors.lazy_imports import defer_import
defer_import("asyncio", iscoroutine=len)
import asyncio
print(asyncio.iscoroutine is len, asyncio.__name__, {LOADED.format("asyncio")})
asyncio.run
print(asyncio.iscoroutine is len)
"""
    assert run(code).split("\n") == ["True asyncio False", "False"]


def test_the_modules_of_a_package_load_without_it() -> None:
    """The page's server has no use for a client; who asks for one gets it."""
    code = f"""
import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler
print(web.__name__, {LOADED.format("aiohttp")}, "aiohttp.client" in sys.modules)
print(aiohttp.ClientSession.__name__, {LOADED.format("aiohttp")}, aiohttp.web is web)
"""
    assert run_as_actor("web", code).split("\n") == ["aiohttp.web False False", "ClientSession True True"]


@pytest.mark.parametrize(
    ("name", "use", "expected"),
    [
        ("html", "html.escape('<i>')", "&lt;i&gt;"),
        ("urllib.request", "urllib.request.proxy_bypass('localhost')", "False"),
        ("email._header_value_parser", "email.policy.HTTP.header_factory('x', 'a b')", "a b"),
    ],
)
def test_a_function_that_is_given_loads_its_module_when_it_is_called(name: str, use: str, expected: str) -> None:
    """The library that takes it at its import hardly ever calls it."""
    code = f"import html, urllib.request, email.policy\nprint({LOADED.format(name)}, {use}, {LOADED.format(name)})"
    assert run_as_actor("web", code) == f"False {expected} True"


@pytest.mark.skipif(sys.platform == "win32", reason="there both modules are imported as usual")
def test_stand_ins_return_what_the_modules_would() -> None:
    """Libraries ask platform and sysconfig at their import; what else is asked loads the module."""
    code = f"""
import platform, sysconfig
print(platform.system(), platform.machine(), platform.python_implementation(), platform.uname()[0])
print(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), {LOADED.format("platform")}, {LOADED.format("sysconfig")})
print(sysconfig.get_config_var("VERSION"), {LOADED.format("sysconfig")})
"""
    assert run_as_actor("persistence", code).split("\n") == [
        f"{platform.system()} {platform.machine()} {platform.python_implementation()} {platform.system()}",
        f"{bool(sysconfig.get_config_var('Py_GIL_DISABLED'))} False False",
        f"{sysconfig.get_config_var('VERSION')} True",
    ]


def test_the_flags_of_code_are_those_of_inspect() -> None:
    """Cython takes them from there."""
    flags = DEFERRED["tracker"]["inspect"]
    assert len(flags) == 10
    assert flags == {name: getattr(inspect, name) for name in flags}


def test_a_module_that_is_there_already_stays() -> None:
    """Deferring comes too late for it, and must not take it away from who uses it."""
    code = "import sys, hashlib; from actors.lazy_imports import defer_import; defer_import('hashlib'); "
    assert run(code + "print(hashlib is sys.modules['hashlib'], type(hashlib).__name__)") == "True module"


def test_importing_the_launcher_changes_no_module() -> None:
    """Whoever imports a module of it (a test, a tool) finds everything as it was."""
    code = "import sys; before = dict(sys.modules); import launcher; "
    changed = "{name for name in before if sys.modules[name] is not before[name]}"
    assert run(code + f"print({changed}, sorted(set(sys.modules) - set(before)))") == "set() ['launcher']"


def test_an_error_of_the_store_is_raised_although_asyncio_is_deferred() -> None:
    """At each error SQLAlchemy asks asyncio whether it is one of its own: it then gets the real module."""
    code = """
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
try:
    create_engine("sqlite://").connect().execute(text("SELECT * FROM nowhere"))
except OperationalError as error:
    print(error.orig)
"""
    assert run_as_actor("persistence", code) == "no such table: nowhere"


@pytest.mark.parametrize(("actor", "module"), [("persistence", "asyncio"), ("discord", "multiprocessing")])
def test_a_line_of_the_log_loads_nothing(actor: str, module: str) -> None:
    """Unless it is told not to, logging asks for the process of every line, and since Python 3.12 for its task."""
    code = f"""
import logging
from actors.runtime.logs import set_up_logging
set_up_logging("INFO", "text", ())
logging.getLogger("x").info("a line")
print({LOADED.format(module)})
"""
    assert run_as_actor(actor, code) == "False"


def test_poller_sets_plexapi_to_utc_without_loading_time_zones() -> None:
    """PlexAPI's own setter would load the time zones of the system."""
    code = f"""
import datetime, plexapi.utils
from actors.media.plex.client import introduce_usher
introduce_usher()
print({LOADED.format("zoneinfo")}, plexapi.utils.toDatetime(0) == datetime.datetime.fromtimestamp(0, datetime.UTC))
plexapi.utils.setDatetimeTimezone("Etc/UTC")
print({LOADED.format("zoneinfo")}, plexapi.utils.DATETIME_TIMEZONE, plexapi.utils.setDatetimeTimezone("nowhere/at-all"))
"""
    assert run_as_actor("plex", code).split("\n")[:2] == ["False True", "True Etc/UTC None"]


def test_modules_of_a_package_that_imports_them_are_deferred() -> None:
    """msgspec itself imports two modules that nothing here uses; who asks for them gets them."""
    code = f"""
import msgspec
print({LOADED.format("msgspec.inspect")}, {LOADED.format("msgspec._json_schema")})
print(msgspec.json.schema(int), type(msgspec.inspect.type_info(int)).__name__)
"""
    assert run_as_actor("tracker", code).split("\n") == ["False False", "{'type': 'integer'} IntType"]


def test_a_pickled_object_is_sent_and_received_although_pickle_is_deferred() -> None:
    """pyzmq takes a number of pickle at its import, and its functions when they are called."""
    code = f"""
import zmq
with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as other:
    one.bind("inproc://pair")
    other.connect("inproc://pair")
    print({LOADED.format("pickle")})
    one.send_pyobj({{"a": 1}})
    print(other.recv_pyobj())
"""
    assert run_as_actor("tracker", code).split("\n") == ["False", "{'a': 1}"]


def test_a_thread_waits_for_what_another_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many actors live in a process: two may be the first to use a module, and neither may see half of it."""
    gate = threading.Event()
    monkeypatch.setattr(sys, "gate_of_half_loaded", gate, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "half_loaded.py").write_text(
        "import sys\nsys.gate_of_half_loaded.wait(20)\nvalue = 7\n", encoding="utf-8"
    )
    defer_import("half_loaded")
    module = sys.modules["half_loaded"]
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            looked_up = [threads.submit(getattr, module, "value") for _ in range(2)]
            ended, _waiting = concurrent.futures.wait(looked_up, 0.2)
            gate.set()
            assert [each.result(20) for each in looked_up] == [7, 7]
        assert ended == set()
    finally:
        gate.set()
        del sys.modules["half_loaded"]
