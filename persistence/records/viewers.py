"""Who is who and who wants to be seen, as the store has it; what they mean is `viewers.directory`."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from msgspec.structs import replace
from sqlalchemy import Connection, delete, func, select, update

from messages import (
    AccountsFound,
    FindAccounts,
    LinkedAccount,
    PlexAccount,
    Privacy,
    SetPrivacy,
    ViewerAccount,
    WatchRecord,
)
from messages.ids import PLEX_PREFIX
from persistence.database.sql import upsert
from persistence.database.tables import (
    ACCOUNT_LINKS,
    CHECKPOINT,
    FORGOTTEN,
    PRIVACY,
    VIEWER_BADGES,
    VIEWER_STATS,
    VIEWERS,
    WATCHES,
)
from persistence.records.change_set import ChangeSet
from viewers.directory import HIDDEN_CHOICES, ViewerDirectory

KEEP_FORGOTTEN_S = 30 * 86_400.0
"""How long is remembered that somebody was forgotten: what comes late comes within hours."""


def read_directory(connection: Connection) -> ViewerDirectory:
    """Return links and choices as they stand."""
    return ViewerDirectory.from_message(read_links(connection), read_choices(connection))


def read_links(connection: Connection) -> tuple[LinkedAccount, ...]:
    """Return every link."""
    rows = connection.execute(select(ACCOUNT_LINKS).order_by(ACCOUNT_LINKS.c.plex_id)).mappings()
    return tuple(LinkedAccount(row["plex_id"], row["plex_name"], row["viewer_id"], row["username"]) for row in rows)


def read_choices(connection: Connection) -> tuple[tuple[str, Privacy], ...]:
    """Return the choice of everybody who is not open."""
    query = select(PRIVACY.c.viewer_id, PRIVACY.c.choice).order_by(PRIVACY.c.viewer_id)
    return tuple((viewer_id, choice) for viewer_id, choice in connection.execute(query))


def with_current_name(record: WatchRecord, names: Mapping[str, str]) -> WatchRecord:
    """Return a record under the name that its viewer has now, where an account is linked: not under the account's.

    `names`: as `ViewerDirectory.member_names`.
    """
    name = names.get(record.viewer_id)
    return record if name is None else replace(record, username=name)


class NameSighting(NamedTuple):
    """Under which name somebody watched; it is from when the watch began."""

    viewer_id: str
    name: str
    started_at_s: float
    """Seconds since 1970, UTC."""


def update_display_names(
    connection: Connection, people: ViewerDirectory, seen: Iterable[NameSighting]
) -> ViewerDirectory:
    """Note under which names members with a linked account watch by now; return who is who.

    The newest name counts: of all the watches seen, those that are stored, and the link itself.
    """
    called: dict[str, set[str]] = {}
    for link in people.links.values():
        called.setdefault(link.viewer_id, set()).add(link.username)
    newest = {one.viewer_id: one for one in sorted(seen, key=lambda one: one.started_at_s) if one.name}
    other = [one for one in newest.values() if one.viewer_id in called and called[one.viewer_id] != {one.name}]
    news = [one for one in other if one.started_at_s >= _read_name_time(connection, one.viewer_id)]
    for one in news:
        set_display_name(connection, one.viewer_id, one.name)
    return read_directory(connection) if news else people


def set_display_name(connection: Connection, viewer_id: str, name: str) -> None:
    """Have every link of a member say the same name."""
    connection.execute(update(ACCOUNT_LINKS).where(ACCOUNT_LINKS.c.viewer_id == viewer_id).values(username=name))


def _read_name_time(connection: Connection, viewer_id: str) -> float:
    """Return from when the name of a member with a linked account is at the latest."""
    linked = select(func.max(ACCOUNT_LINKS.c.linked_at_s)).where(ACCOUNT_LINKS.c.viewer_id == viewer_id)
    own = (WATCHES.c.viewer_id == viewer_id) & (WATCHES.c.identity == viewer_id)
    watched = select(func.max(WATCHES.c.started_at_s)).where(own)
    times = (connection.execute(query).scalar_one() for query in (linked, watched))
    return max((at_s for at_s in times if at_s is not None), default=-math.inf)


def read_person(connection: Connection, viewer_id: str, problem: str = "") -> ViewerAccount:
    """Return a member's links and choice."""
    people = read_directory(connection)
    own = tuple(link for link in people.links.values() if link.viewer_id == viewer_id)
    count = select(func.count()).select_from(WATCHES).where(WATCHES.c.viewer_id == viewer_id)
    return ViewerAccount(viewer_id, people.choice(viewer_id), own, connection.execute(count).scalar_one(), problem)


def set_privacy(change: ChangeSet, asked: SetPrivacy, at_s: float) -> None:
    """Write down a member's choice. Badges of who is hidden are not announced later on either.

    What runs of who is not tracked any more is left out at once, also of the checkpoint and of the statistics: nobody
    else may be watching, and then there is no next save.
    """
    connection = change.connection
    if asked.privacy not in get_args(Privacy):
        raise ValueError(f"{asked.privacy!r} is no choice of privacy: it is one of {', '.join(get_args(Privacy))}")
    own = PRIVACY.c.viewer_id == asked.viewer_id
    if asked.privacy == "open":
        connection.execute(delete(PRIVACY).where(own))
        return
    row = {"viewer_id": asked.viewer_id, "username": asked.username, "choice": asked.privacy, "since_s": at_s}
    upsert(connection, PRIVACY, [row])
    if asked.privacy in HIDDEN_CHOICES:
        mark_all_announced(connection, asked.viewer_id)
    if asked.privacy == "untracked":
        ids = read_directory(connection).ids_of(asked.viewer_id)
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.viewer_id.in_(ids)))
        counted = select(VIEWER_STATS.c.viewer_id).where(VIEWER_STATS.c.viewer_id == asked.viewer_id)
        change.viewers.update(connection.execute(counted).scalars())


def mark_all_announced(connection: Connection, viewer_id: str) -> None:
    """Have no badge of a viewer announced that is not announced yet."""
    waiting = (VIEWER_BADGES.c.viewer_id == viewer_id) & VIEWER_BADGES.c.announced.is_(False)
    connection.execute(update(VIEWER_BADGES).where(waiting).values(announced=True))


def find_accounts(connection: Connection, asked: FindAccounts) -> AccountsFound:
    """Return the Plex accounts that nobody is linked to, by name; hidden ones only where they are asked for."""
    part, people = asked.part.casefold(), read_directory(connection)
    query = (
        select(VIEWERS.c.viewer_id, VIEWERS.c.username, func.count(WATCHES.c.watch_id))
        .join(WATCHES, WATCHES.c.viewer_id == VIEWERS.c.viewer_id, isouter=True)
        .where(VIEWERS.c.viewer_id.startswith(PLEX_PREFIX, autoescape=True))
        .group_by(VIEWERS.c.viewer_id, VIEWERS.c.username)
    )
    found = [
        PlexAccount(plex_id, name, watches)
        for plex_id, name, watches in connection.execute(query)
        if plex_id not in people.links and part in name.casefold() and (asked.with_hidden or people.shows(plex_id))
    ]
    found.sort(key=lambda account: (account.name.casefold(), account.plex_id))
    return AccountsFound(tuple(found[: max(0, asked.limit)]))


def record_erasure(connection: Connection, viewer_ids: Iterable[str], at_s: float) -> None:
    """Note that what began before and comes late is not to be stored."""
    connection.execute(delete(FORGOTTEN).where(FORGOTTEN.c.at_s < at_s - KEEP_FORGOTTEN_S))
    rows: list[dict[str, Any]] = [{"viewer_id": viewer_id, "at_s": at_s} for viewer_id in viewer_ids]
    upsert(connection, FORGOTTEN, rows)


def correct_erasure_times(connection: Connection, now_s: float) -> None:
    """Have nobody forgotten later than now: what began before is not stored, for years where a clock was far ahead."""
    connection.execute(update(FORGOTTEN).where(FORGOTTEN.c.at_s > now_s).values(at_s=now_s))


def read_erasures(connection: Connection) -> dict[str, float]:
    """Return who was forgotten, and when; seconds since 1970, UTC."""
    query = select(FORGOTTEN.c.viewer_id, FORGOTTEN.c.at_s)
    return dict(connection.execute(query).all())
