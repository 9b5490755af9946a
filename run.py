"""Usher's command line: `python run.py --help`.

An old Python must be able to read this file, to say that it is too old: annotations that it lacks are in quotes.
"""

import argparse
import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from version import VERSION

if TYPE_CHECKING:
    from config import Settings
    from messages import PositionMs

EPILOG = """\
Settings come from the environment or from a file .env in the working folder; .env.example lists them all.
'python run.py COMMAND --help' says more about one command. Answers go to stdout, logs to stderr."""


OLDEST_PYTHON = (3, 11)
OF_A_COMMUNITY = ("recover", "import", "export", "backup", "summaries", "restore")
"""Commands that are about the data of one community."""


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    top = argparse.ArgumentParser(
        prog="run.py",
        description="Usher records who watched what on Plex, alone or together in a Discord voice channel. "
        "Without a command it runs the service.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"Usher {VERSION}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    add("simulate", "the demo: a film night between a simulated Plex and a simulated Discord; needs no settings")
    add("setup", "ask for the settings one by one, test each answer, and write .env; needs a terminal")
    add("check", "check settings, Plex, Discord, store and disk, and say how to fix each problem")
    add("health", "show the health of the running service; exit status 0 only if every actor is healthy")
    recover = add("recover", "start tracking by hand for viewers that the running service missed")
    recover.add_argument(
        "--simulate",
        action="store_true",
        help="change nothing: list the sessions, the members with their user ids, and what would be started",
    )
    recover.add_argument(
        "--session", metavar="KEY", default="", help="Plex session (default: the only one, or the host's)"
    )
    recover.add_argument(
        "--user",
        metavar="ID",
        nargs="+",
        action="extend",
        default=[],
        type=_user_id,
        help="Discord user ids (default: everyone in the voice channel)",
    )
    recover.add_argument(
        "--position", metavar="MM:SS", type=_position, help="where in the film they came in (default: where it is now)"
    )
    add("web-link", "print a link that signs somebody in to the web page of the running service").add_argument(
        "user", metavar="ID", type=_user_id, nargs="?", help="Discord user id (default: the server's owner)"
    )
    imports = add("import", "import Tautulli's history, the Plex servers' own, or the older bot's three JSON files")
    source = imports.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "source", metavar="PATH", type=Path, nargs="?", help="tautulli.db, or the folder of the JSON files"
    )
    source.add_argument(
        "--from-plex",
        action="store_true",
        help="the play history that the Plex servers of the settings keep themselves",
    )
    imports.add_argument(
        "--server", metavar="ID", default="", help="machineIdentifier of the Plex server, if Tautulli knows several"
    )
    add("export", "write the three JSON files, suggestions, ratings and votes to a folder").add_argument(
        "dir", metavar="DIR", type=Path
    )
    add("backup", "make a verified copy of the store, also while the service runs").add_argument(
        "file",
        metavar="FILE",
        type=Path,
        nargs="?",
        help="where to write it (default: DATA_DIR/backups, with the time in its name)",
    )
    record = add("record", "record what Plex sends, without names and tokens, as a scenario that the tests can play")
    record.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="where to write it (default: recording-DATE-TIME.txt)"
    )
    record.add_argument("--minutes", metavar="N", type=float, help="how long (default: until Ctrl-C)")
    communities = add("communities", "the further Discord servers that this installation serves")
    actions = communities.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="list them, and where their data is (the default)")
    actions.add_parser("key", help="make a key for USHER_KEYS, which encrypts the Plex tokens of further servers")
    removed = actions.add_parser("remove", help="stop serving one; its data stays")
    removed.add_argument("which", metavar="ID", help="its id or its name")
    add("summaries", "compare the stored sums with the records, and correct what differs")
    add("restore", "replace the store with a backup; the old store is kept").add_argument(
        "file", metavar="FILE", type=Path
    )
    for name in OF_A_COMMUNITY:
        commands.choices[name].add_argument(
            "--community", metavar="ID", default="", help="of a further Discord server, by its id or name"
        )
    return top


def _position(text: str) -> "PositionMs":
    from wording.durations import parse_clock_position

    try:
        return parse_clock_position(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _user_id(text: str) -> str:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no Discord user id: those are digits only")
    return text


def explain_old_python(version: "tuple[int, ...]") -> str:
    """Return what to do where this Python is too old; empty where it is not."""
    if version >= OLDEST_PYTHON:
        return ""
    found = ".".join(map(str, version))
    return (
        f"Usher needs Python 3.11 or newer, and this is Python {found}.\n"
        "Start it with a newer one (python3.11 run.py), or install it for one: make PYTHON=python3.11 install\n"
    )


def explain_missing_packages(folder: Path, argv: "list[str]") -> str:
    """Return how to install the packages, or which Python has them; empty where this one does. `folder`: Usher's."""
    if importlib.util.find_spec("pykka") is not None:
        return ""
    python = Path(".venv", "Scripts/python.exe" if os.name == "nt" else "bin/python")
    if any(any(folder.glob(f".venv/{lib}/site-packages/pykka")) for lib in ("lib/python3*", "Lib")):
        typed = " ".join([str(folder / python), str(folder / "run.py"), *argv])
        return f"Usher's packages are in {folder / '.venv'}, not in this Python. Start it like this:\n  {typed}\n"
    return (
        f"Usher's packages are not installed for this Python. Install them once, in {folder}:\n  make install\n"
        f"Without make:\n  python3 -m venv .venv\n  {python} -m pip install --require-hashes -r requirements.txt\n"
        f"Then start Usher with {python} run.py\n"
    )


def load(*, for_service: bool = True) -> "Settings":
    """The settings of the environment and `.env`. Raises SettingsError."""
    from config import load_settings

    return load_settings(os.environ, Path(".env"), for_service=for_service)


def forbid_core_dumps() -> None:
    """Have no process of Usher leave its memory on the disk when it crashes: tokens are in it."""
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what it starts inherits that


def main(argv: "list[str]") -> int:
    """Do what the command line says; returns the exit status."""
    forbid_core_dumps()
    wrong = explain_old_python(sys.version_info[:2])
    if not wrong:
        if set(argv) & {"-h", "--help", "--version"}:
            parser().parse_args(argv)
        wrong = explain_missing_packages(Path(__file__).resolve().parent, argv)
    if wrong:
        sys.stderr.write(wrong)
        return 2
    if argv[:1] == ["simulate"]:  # it reads its own arguments
        from simulator.nights.demo.main import main as night

        return night(argv[1:])
    arguments = parser().parse_args(argv)
    if arguments.command is None:
        from actors.lazy_imports import defer_imports

        defer_imports("launcher")  # before anything else is imported
    from config import SettingsError  # it needs a package: see above

    try:
        return _run(arguments)
    except SettingsError as error:
        from launcher.commands.stderr import write_error

        write_error("Usher cannot start with these settings:")
        for problem in error.problems:
            write_error(f"  - {problem}")
        write_error(
            "Set them in the environment or in a file .env (.env.example shows all).\n"
            "'python run.py setup' asks for them one by one; 'python run.py check' checks everything; "
            "'python run.py simulate' shows Usher without any settings."
        )
        return 2


def _run(arguments: argparse.Namespace) -> int:
    # Each command's module is imported for itself alone: the service must not carry what `check` needs.
    command = arguments.command
    if command is None:
        settings = load()
        from launcher.commands import serve

        return serve.main(settings)
    from launcher.commands.console import open_console

    if command == "check":
        from launcher.commands import check

        return check.main(load, open_console())
    if command == "setup":
        from launcher.commands import setup

        return setup.main(load, open_console())
    settings = load(for_service=False)
    os.umask(int(settings.umask, 8))
    if command == "communities":
        from launcher.commands import communities

        return communities.main(settings, arguments, open_console())
    if getattr(arguments, "community", ""):
        from launcher.commands.communities import choose_community
        from launcher.commands.stderr import write_error
        from launcher.connection.service_client import NotReachedError
        from persistence.database.errors import StoreAway, StoreError

        try:
            settings = choose_community(settings, arguments.community)
        except (StoreError, StoreAway, NotReachedError) as error:
            write_error(str(error))
            return 1
    if command == "record":
        from launcher.commands import record

        return record.main(settings, arguments.file, arguments.minutes, open_console())
    if command == "health":
        from launcher.commands import health

        return health.main(settings, open_console())
    if command == "recover":
        from launcher.commands import recover
        from messages import StartTracking

        request = StartTracking(
            session_key=arguments.session,
            position_ms=arguments.position,
            user_ids=tuple(arguments.user),
            simulate=arguments.simulate,
            requested_by="the command line",
        )
        return recover.main(settings, request, open_console())
    if command == "web-link":
        from launcher.commands import web_link

        return web_link.main(settings, arguments.user or "", open_console())
    if command == "summaries":
        from launcher.commands import summaries

        return summaries.main(settings, arguments, open_console())
    if command == "import":
        from launcher.commands import imports

        return imports.main(settings, arguments, open_console())
    from launcher.commands import store

    return store.COMMANDS[command](settings, arguments, open_console())


def start() -> int:
    """Do what this process's command line says: where the single file begins."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
