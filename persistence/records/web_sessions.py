"""Rows of `web_sign_ins`, `web_sessions` and `public_names`: sign-in links, sessions, and members who are named."""

from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select

from messages import OpenSignIn, PublicNumber, SignInFound, StartSession, WebSession
from persistence.database.sql import upsert
from persistence.database.tables import ONLY_COMMUNITY, PUBLIC_NAMES, VIEWERS, WEB_SESSIONS, WEB_SHARES, WEB_SIGN_INS
from viewers.directory import ViewerDirectory

SIGN_IN_S = 5 * 60.0
"""How long a link is valid."""
SESSION_S = 30 * 86_400.0
"""How long somebody stays signed in."""
TOKEN_S = 365 * 86_400.0
"""How long a program's token is valid."""
MOST_LINKS, MOST_SESSIONS, MOST_TOKENS = 5, 20, 20
"""Maximum number of each for one member; a new one ends the oldest of its kind."""
NO_SESSION = WebSession("", "")


def put_sign_in(connection: Connection, asked: OpenSignIn, now_s: float) -> float:
    """Insert a link; return when it expires, seconds since 1970, UTC."""
    _drop_expired(connection, now_s)
    _keep_newest(connection, WEB_SIGN_INS.c.token_hash, WEB_SIGN_INS.c.viewer_id == asked.viewer_id, MOST_LINKS - 1)
    row = {
        "community": ONLY_COMMUNITY,
        "token_hash": asked.token_hash,
        "viewer_id": asked.viewer_id,
        "username": asked.username,
        "expires_at_s": now_s + SIGN_IN_S,
    }
    upsert(connection, WEB_SIGN_INS, [row])
    return now_s + SIGN_IN_S


def find_sign_in(connection: Connection, token_hash: str, now_s: float) -> SignInFound:
    """Return the member whom a link is for; nobody if it was used or has expired."""
    query = select(WEB_SIGN_INS.c.viewer_id, WEB_SIGN_INS.c.username).where(
        WEB_SIGN_INS.c.community == ONLY_COMMUNITY,
        WEB_SIGN_INS.c.token_hash == token_hash,
        WEB_SIGN_INS.c.expires_at_s > now_s,
    )
    found = connection.execute(query).first()
    return SignInFound("", "") if found is None else SignInFound(*found)


def start_session(connection: Connection, asked: StartSession, now_s: float) -> WebSession:
    """Insert a session of the link's member, or of the one Discord named; return NO_SESSION if the link is invalid."""
    viewer_id, username = asked.viewer_id, asked.username
    if asked.token_hash:
        found = find_sign_in(connection, asked.token_hash, now_s)
        connection.execute(delete(WEB_SIGN_INS).where(WEB_SIGN_INS.c.token_hash == asked.token_hash))
        viewer_id, username = found.viewer_id, found.username
    _drop_expired(connection, now_s)
    if not viewer_id:
        return NO_SESSION
    is_for_program = WEB_SESSIONS.c.expires_at_s - WEB_SESSIONS.c.started_at_s > SESSION_S
    of_kind = (WEB_SESSIONS.c.viewer_id == viewer_id) & (is_for_program if asked.is_token else ~is_for_program)
    most = MOST_TOKENS if asked.is_token else MOST_SESSIONS
    _keep_newest(connection, WEB_SESSIONS.c.session_hash, of_kind, most - 1)
    row = {
        "community": ONLY_COMMUNITY,
        "session_hash": asked.session_hash,
        "viewer_id": viewer_id,
        "username": username,
        "started_at_s": now_s,
        "expires_at_s": now_s + (TOKEN_S if asked.is_token else SESSION_S),
    }
    upsert(connection, WEB_SESSIONS, [row])
    return find_session(connection, asked.session_hash, now_s)


def find_session(connection: Connection, session_hash: str, now_s: float) -> WebSession:
    """Return the session; NO_SESSION if it was ended or has expired."""
    live = (WEB_SESSIONS.c.community == ONLY_COMMUNITY, WEB_SESSIONS.c.expires_at_s > now_s)
    query = select(WEB_SESSIONS).where(*live, WEB_SESSIONS.c.session_hash == session_hash)
    row = connection.execute(query).mappings().first()
    if row is None:
        return NO_SESSION
    count = select(func.count()).select_from(WEB_SESSIONS).where(*live, WEB_SESSIONS.c.viewer_id == row["viewer_id"])
    return WebSession(
        row["viewer_id"],
        row["username"],
        row["started_at_s"],
        row["expires_at_s"],
        connection.execute(count).scalar_one(),
    )


def end_session(connection: Connection, session_hash: str) -> int:
    """Remove a session; return how many were removed."""
    own = (WEB_SESSIONS.c.community == ONLY_COMMUNITY) & (WEB_SESSIONS.c.session_hash == session_hash)
    return connection.execute(delete(WEB_SESSIONS).where(own)).rowcount


def end_all_sessions(connection: Connection, viewer_id: str) -> int:
    """Remove a member's sessions and links; return how many sessions were removed."""
    connection.execute(delete(WEB_SIGN_INS).where(WEB_SIGN_INS.c.viewer_id == viewer_id))
    return connection.execute(delete(WEB_SESSIONS).where(WEB_SESSIONS.c.viewer_id == viewer_id)).rowcount


def set_public_name(connection: Connection, viewer_id: str, is_named: bool, now_s: float) -> None:
    """Insert or remove the row of a member who is named on a public page."""
    if is_named:
        upsert(connection, PUBLIC_NAMES, [{"community": ONLY_COMMUNITY, "viewer_id": viewer_id, "since_s": now_s}])
    else:
        connection.execute(delete(PUBLIC_NAMES).where(PUBLIC_NAMES.c.viewer_id == viewer_id))


def is_publicly_named(connection: Connection, viewer_id: str) -> bool:
    """Tell whether a member is named on a public page."""
    return connection.execute(select(PUBLIC_NAMES).where(PUBLIC_NAMES.c.viewer_id == viewer_id)).first() is not None


def number_viewers(connection: Connection, directory: ViewerDirectory) -> tuple[PublicNumber, ...]:
    """Return everybody's number, in the order in which they were first seen, and whether they are named.

    Hidden viewers have a number too, so that a choice of privacy changes nobody's number.
    """
    query = select(VIEWERS.c.viewer_id).order_by(VIEWERS.c.first_seen_s, VIEWERS.c.viewer_id)
    everybody = dict.fromkeys(map(directory.viewer, connection.execute(query).scalars()))
    named = set(connection.execute(select(PUBLIC_NAMES.c.viewer_id)).scalars())
    return tuple(
        PublicNumber(each, number, is_named=viewer_id in named)
        for number, viewer_id in enumerate(everybody, 1)
        for each in directory.ids_of(viewer_id)
    )


def forget_access(connection: Connection, viewer_ids: Iterable[str]) -> None:
    """Remove links, sessions and named rows of these viewers."""
    ids = list(viewer_ids)
    for table in (WEB_SIGN_INS, WEB_SESSIONS, PUBLIC_NAMES):
        connection.execute(delete(table).where(table.c.viewer_id.in_(ids)))


def settle_restored_access(connection: Connection, named: Iterable[str]) -> None:
    """Sign everybody out after a restore, end all shares, and name only members who were still `named` before it.

    A session or a share that was ended after the backup must not come back.
    """
    for table in (WEB_SIGN_INS, WEB_SESSIONS, WEB_SHARES):
        connection.execute(delete(table))
    connection.execute(delete(PUBLIC_NAMES).where(PUBLIC_NAMES.c.viewer_id.not_in(list(named))))


def _drop_expired(connection: Connection, now_s: float) -> None:
    for table in (WEB_SIGN_INS, WEB_SESSIONS):
        connection.execute(delete(table).where(table.c.expires_at_s <= now_s))


def _keep_newest(connection: Connection, secret: Column[str], chosen: ColumnElement[bool], most: int) -> None:
    """Remove the oldest of the chosen rows, which all last equally long, so that at most `most` stay.

    `secret`: the column that identifies a row.
    """
    query = select(secret).where(chosen).order_by(secret.table.c.expires_at_s.desc(), secret)
    for old in connection.execute(query.offset(most)).scalars().all():
        connection.execute(delete(secret.table).where(secret == old))
