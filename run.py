"""Usher's command line: `python run.py --help`. Without a command it runs the service.

An old Python must be able to read this file, to say that it is too old: annotations that it does not know are quoted.
"""

import contextlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from config import Settings, SettingsError

OLDEST_PYTHON = (3, 11)


def main(argv: "list[str]") -> int:
    """Run the command; return the exit status."""
    forbid_core_dumps()
    wrong = explain_old_python(sys.version_info[:2])
    if wrong:
        sys.stderr.write(wrong)
        return 2
    if importlib.util.find_spec("pykka") is None and not set(argv) & {"-h", "--help", "--version"}:
        from pathlib import Path

        sys.stderr.write(explain_missing_packages(Path(__file__).resolve().parent, argv))
        return 2
    if not argv:  # the service: what only commands need is never loaded
        from actors.lazy_imports import defer_imports

        defer_imports("launcher")  # before anything else is imported
    if argv[:1] == ["simulate"]:  # it reads its own arguments
        from simulator.nights.demo.main import main as simulate

        return simulate(argv[1:])
    arguments = _parse(argv) if argv else None
    from config import SettingsError  # it needs a package: see above

    try:
        return _serve() if arguments is None or arguments.command is None else _run_command(arguments)
    except SettingsError as error:
        _explain_settings(error)
        return 2


def _parse(argv: "list[str]") -> "Namespace":
    from launcher.arguments import build_parser

    return build_parser().parse_args(argv)


def explain_old_python(version: "tuple[int, ...]") -> str:
    """Return what to do if this Python is too old; empty if it is not."""
    if version >= OLDEST_PYTHON:
        return ""
    found = ".".join(map(str, version))
    return (
        f"Usher needs Python 3.11 or newer, and this is Python {found}.\n"
        "Start it with a newer one (python3.11 run.py), or install it for one: make PYTHON=python3.11 install\n"
    )


def explain_missing_packages(folder: "Path", argv: "list[str]") -> str:
    """Return how to install the packages, or which Python has them. `folder`: Usher's."""
    from pathlib import Path

    python = Path(".venv", "Scripts/python.exe" if os.name == "nt" else "bin/python")
    if any(any(folder.glob(f".venv/{lib}/site-packages/pykka")) for lib in ("lib/python3*", "Lib")):
        typed = " ".join([str(folder / python), str(folder / "run.py"), *argv])
        return f"Usher's packages are in {folder / '.venv'}, not in this Python. Start it like this:\n  {typed}\n"
    return (
        f"Usher's packages are not installed for this Python. Install them once, in {folder}:\n  make install\n"
        f"Without make:\n  python3 -m venv .venv\n  {python} -m pip install --require-hashes -r requirements.txt\n"
        f"Then start Usher with {python} run.py\n"
    )


def forbid_core_dumps() -> None:
    """Keep all processes of Usher from writing their memory, which holds tokens, to disk when they crash."""
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # child processes inherit it


def load_settings(*, for_service: bool = True) -> "Settings":
    """Return the settings from the environment and `.env`. Raises SettingsError."""
    from pathlib import Path

    import config

    return config.load_settings(os.environ, Path(".env"), for_service=for_service)


def _explain_settings(error: "SettingsError") -> None:
    from launcher.commands.stderr import write_error

    write_error("Usher cannot start with these settings:")
    for problem in error.problems:
        write_error(f"  - {problem}")
    write_error(
        "Set them in the environment or in a file .env (.env.example shows all).\n"
        "'python run.py setup' asks for them one by one; 'python run.py check' checks everything; "
        "'python run.py simulate' shows Usher without any settings."
    )


# -- commands: each imports its own module, so that the service does not load what only `check` needs ------------------


def _serve() -> int:
    settings = load_settings()
    from launcher.commands import serve

    return serve.main(settings)


def _run_command(arguments: "Namespace") -> int:
    from launcher.commands.console import open_console

    console = open_console()
    if arguments.command in _DOCTORS:
        return _DOCTORS[arguments.command](console)
    settings = load_settings(for_service=False)
    os.umask(int(settings.umask, 8))
    if not getattr(arguments, "community", ""):
        return _COMMANDS[arguments.command](settings, arguments, console)
    from launcher.commands.communities import choose_community
    from launcher.commands.stderr import write_error
    from launcher.connection.service_client import NotReachedError
    from persistence.database.errors import StoreAway, StoreError

    try:
        chosen = choose_community(settings, arguments.community)
    except (StoreError, StoreAway, NotReachedError) as error:
        write_error(str(error))
        return 1
    return _COMMANDS[arguments.command](chosen, arguments, console)


def _check(console: "Console") -> int:
    from launcher.commands import check

    return check.main(load_settings, console)


def _set_up(console: "Console") -> int:
    from launcher.commands import setup

    return setup.main(load_settings, console)


def _show_health(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import health

    return health.main(settings, console)


def _recover(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import recover
    from messages import StartTracking

    request = StartTracking(
        session_key=arguments.session,
        position_ms=arguments.position,
        user_ids=tuple(arguments.user),
        simulate=arguments.simulate,
        requested_by="the command line",
    )
    return recover.main(settings, request, console)


def _make_web_link(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import web_link

    return web_link.main(settings, arguments.user or "", console)


def _record(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import record

    return record.main(settings, arguments.file, arguments.minutes, console)


def _import(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import imports

    return imports.main(settings, arguments, console)


def _manage_communities(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import communities

    return communities.main(settings, arguments, console)


def _check_summaries(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import summaries

    return summaries.main(settings, arguments, console)


def _copy_store(settings: "Settings", arguments: "Namespace", console: "Console") -> int:
    from launcher.commands import store

    return store.COMMANDS[arguments.command](settings, arguments, console)


_DOCTORS: "dict[str, Callable[[Console], int]]" = {"check": _check, "setup": _set_up}
"""Commands that load the settings themselves, because they help if the settings are wrong."""
_COMMANDS: "dict[str, Callable[[Settings, Namespace, Console], int]]" = {
    "health": _show_health,
    "recover": _recover,
    "web-link": _make_web_link,
    "record": _record,
    "import": _import,
    "communities": _manage_communities,
    "summaries": _check_summaries,
    "export": _copy_store,
    "backup": _copy_store,
    "restore": _copy_store,
}


def start() -> int:
    """Run the command of this process's command line: the entry point of the single file."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
