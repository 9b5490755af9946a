"""The arguments of the command line: `python run.py COMMAND ...`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from version import VERSION

if TYPE_CHECKING:
    from messages import PositionMs

EPILOG = """\
Settings come from the environment or from a file .env in the working folder; .env.example lists them all.
'python run.py COMMAND --help' says more about one command. Answers go to stdout, logs to stderr."""
OF_A_COMMUNITY = ("recover", "import", "export", "backup", "summaries", "restore")
"""Commands that work on the data of one community."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and their arguments."""
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
        type=_parse_user_id,
        help="Discord user ids (default: everyone in the voice channel)",
    )
    recover.add_argument(
        "--position",
        metavar="MM:SS",
        type=_parse_position,
        help="where in the film they came in (default: where it is now)",
    )
    add("web-link", "print a link that signs somebody in to the web page of the running service").add_argument(
        "user", metavar="ID", type=_parse_user_id, nargs="?", help="Discord user id (default: the server's owner)"
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


def _parse_position(text: str) -> PositionMs:
    from wording.durations import parse_clock_position

    try:
        return parse_clock_position(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parse_user_id(text: str) -> str:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no Discord user id: those are digits only")
    return text
