"""`python run.py import`: Tautulli's database, the Plex servers' own history, or the older bot's files."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console

from actors.media.sealing import SealError, TokenSealer
from config import PlexServer, Settings
from diagnosis.findings import Finding, render
from launcher.commands.community_list import add_communities, read_exported_communities
from launcher.commands.plex_history import read_play_history
from launcher.commands.store import build_rules, exclusive_access, open_store, report_failures, show_progress
from launcher.doctor.plex_servers import connect
from persistence.database.errors import ImportFault
from persistence.operations import legacy_import
from persistence.plex_history.importer import import_plays
from persistence.plex_history.plays import PLAYED_PERCENT, Play
from persistence.tautulli.database import TAUTULLI_FILE, open_tautulli
from persistence.tautulli.importer import choose_server, import_tautulli
from persistence.watch_import import ImportRules, WatchImportResult
from wording.numbers import count_noun


def run_import(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    """Import Tautulli's database, the older bot's files, or the Plex servers' history. Raises ImportFault."""
    if arguments.from_plex:
        return _import_from_plex(settings, console)
    if not arguments.source.exists():
        what = f"{arguments.source.absolute()} is not there"
        raise ImportFault(f"{what}: name a folder of the older bot's files, or Tautulli's {TAUTULLI_FILE}.")
    if not arguments.source.is_dir():
        return _import_tautulli(settings, arguments, console)
    if (inside := arguments.source / TAUTULLI_FILE).is_file():
        arguments.source = inside
        return _import_tautulli(settings, arguments, console)
    return _import_files(settings, arguments, console)


def _import_tautulli(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    rules = build_rules(settings)
    excluded = frozenset(name.casefold() for name in settings.excluded_plex_users)
    with open_tautulli(arguments.source.absolute()) as database:
        wanted = ImportRules(choose_server(database, arguments.server), frozenset(settings.tracked_types), excluded)
        rows = database.count_rows()
        with (
            exclusive_access(settings),
            open_store(settings, rules, is_owner=True) as store,
            show_progress() as progress,
        ):
            done = import_tautulli(store, database, wanted, progress)
    console.print(f"Read {count_noun(rows, 'row')} of {arguments.source}, of the Plex server {wanted.server_id}.")
    _tell_imported(done, settings, console)
    if done.watches or done.grown:
        console.print(
            "Tautulli knows when something was played and where it stopped, not which parts were seen: such records "
            "have no spans, and count as seen what was played."
        )
    return 0


def _import_from_plex(settings: Settings, console: Console) -> int:
    """Import the play history of every Plex server. The whole history is read before the store is changed."""
    if not settings.servers:
        raise ImportFault("There is no Plex server to ask: set PLEX_URL and PLEX_TOKEN.")
    plays: list[Play] = []
    rules, unreadable = build_rules(settings), 0
    with show_progress() as progress:
        for server in _open_servers(settings):
            only_public = bool(settings.community) and not settings.allow_private_plex
            is_listed = not settings.community and server.url != settings.plex_url
            connected = connect(server, only_public=only_public, is_listed=is_listed)
            if isinstance(connected, Finding):
                said = render(connected)
                raise ImportFault(f"{said.text}. {said.cure} Nothing was changed.")
            found = read_play_history(connected, server.url, progress)
            plays += found.plays
            unreadable += found.unreadable
            read = count_noun(len(found.plays) + found.unreadable, "play")
            console.print(f"Read {read} that the Plex server {connected.friendlyName} remembers.")
    excluded = frozenset(name.casefold() for name in settings.excluded_plex_users)
    with (
        exclusive_access(settings),
        open_store(settings, rules, is_owner=True) as store,
        show_progress() as progress,
    ):
        done = import_plays(store, plays, frozenset(settings.tracked_types), excluded, progress)
    done.unreadable = unreadable
    _tell_imported(done, settings, console)
    if done.watches:
        console.print(
            "Plex remembers that something was played to its end, and when; not from when, with which pauses, which "
            f"parts. Such records have no spans, and count as {PLAYED_PERCENT:.0f} % seen: there Plex counts a play."
        )
    return 0


def _open_servers(settings: Settings) -> tuple[PlexServer, ...]:
    """Return the Plex servers with their tokens; those of a further community are decrypted. Raises ImportFault."""
    if not settings.community:
        return settings.servers
    sealer = TokenSealer(settings.usher_keys)
    try:
        return tuple(
            PlexServer(each.url, sealer.open(each.token, settings.community, each.server_id))
            for each in settings.servers
        )
    except SealError as error:
        raise ImportFault(f"{error}. Nothing was changed.") from error


def _tell_imported(done: WatchImportResult, settings: Settings, console: Console) -> None:
    data_dir = Path(settings.data_dir).absolute()
    if done.watches or done.grown:
        grown = f"{count_noun(done.grown, 'watch', 'watches')} went on since the last import, " if done.grown else ""
        known = f"; {grown}{done.known} were there already" if grown or done.known else ""
        console.print(
            f"New in {data_dir}: {count_noun(done.watches, 'watch', 'watches')} and "
            f"{count_noun(done.viewers, 'viewer')}{known}."
        )
    else:
        console.print(f"All of it was in {data_dir} already: nothing was changed.")
    left_out = (
        (done.recorded, "of what was recorded at that time already, or that are there twice"),
        (done.other_types, f"of types that are not in TRACKED_TYPES ({', '.join(settings.tracked_types)})"),
        (done.excluded, "of accounts in EXCLUDED_PLEX_USERS, or whose owners are not tracked or were forgotten"),
        (done.unreadable, "without a time or an account"),
    )
    for count, of_what in left_out:
        if count:
            console.print(f"Left out: {count_noun(count, 'row')} {of_what}.")


def _import_files(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    data_dir = Path(settings.data_dir).absolute()
    rules = build_rules(settings)
    # Read before the data folder is changed, so that an error in the files leaves no trace.
    files = legacy_import.read_legacy_files(arguments.source.absolute(), rules)
    communities = read_exported_communities(arguments.source, settings)
    with exclusive_access(settings), open_store(settings, rules, is_owner=True) as store, show_progress() as progress:
        done = legacy_import.import_legacy_files(store, files, time.time(), progress)
        added = add_communities(store, communities, settings)
    console.print(f"Read {', '.join(files.found)} of {arguments.source}.")
    console.print(
        f"New in {data_dir}: {count_noun(done.watches, 'watch record')}, {count_noun(done.viewers, 'viewer')}, "
        f"{count_noun(done.badges, 'badge')}{_describe_choices(done.choices)}."
        if done.watches or done.viewers or done.badges or done.choices
        else f"All of it was in {data_dir} already: nothing was changed."
    )
    if added:
        console.print(f"Served from the next start on: {count_noun(added, 'further Discord server')}.")
    if done.left_out:
        console.print(
            f"Left out, for they asked to be forgotten since: what there was of {count_noun(done.left_out, 'viewer')}."
        )
    return 0


def _describe_choices(count: int) -> str:
    """Return how many choices of members were imported, as the end of a list; empty if none."""
    return f", {count_noun(count, 'suggestion, rating or vote', 'suggestions, ratings and votes')}" if count else ""


main = report_failures(run_import)
