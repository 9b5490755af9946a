"""Handles what the web page asks: sign-in links, sessions, shared pages, public names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from actors.persistence.failures import retry_failures
from actors.runtime import Actor
from messages import (
    EndSessions,
    EndShares,
    OpenShare,
    OpenSignIn,
    PublicNameSet,
    RecordRsvps,
    SessionsEnded,
    SetPublicName,
    ShareOpened,
    SharesEnded,
    SignInOpened,
    StartSession,
    StoreChanged,
    WebSession,
)
from messages.base import storable
from persistence.records.sharing import can_share, end_shares, put_rsvps, put_share
from persistence.records.viewers import read_directory
from persistence.records.web_sessions import (
    end_all_sessions,
    end_session,
    put_sign_in,
    set_public_name,
    start_session,
)
from persistence.store import Store


class WebAccess:
    """Stores who may read the page; every write is small, and done on the actor's thread."""

    def __init__(self, actor: Actor, store: Store) -> None:
        self._actor = actor
        self._store = store

    def open_sign_in(self, asked: OpenSignIn) -> SignInOpened:
        """Store a sign-in link."""
        asked = replace(asked, username=storable(asked.username))
        with self._store.transaction(keeps_figures=True) as connection:
            return SignInOpened(put_sign_in(connection, asked, self._now_s()))

    def start_session(self, asked: StartSession) -> WebSession:
        """Sign a member in with a link, which cannot be used again."""
        asked = replace(asked, username=storable(asked.username))
        with self._store.transaction(keeps_figures=True) as connection:
            session = start_session(connection, asked, self._now_s())
        if session.viewer_id:
            self._actor.log.info("Viewer %s signed in to the page", session.viewer_id)
        return session

    def end_sessions(self, asked: EndSessions) -> SessionsEnded:
        """Sign a member out, of one session or of all."""
        with self._store.transaction(keeps_figures=True) as connection:
            if asked.viewer_id:
                ended = end_all_sessions(connection, asked.viewer_id)
            else:
                ended = end_session(connection, asked.session_hash)
        self._notify_page()
        return SessionsEnded(ended)

    def set_public_name(self, asked: SetPublicName) -> PublicNameSet:
        """Store whether a member is named to everybody."""
        with self._store.transaction(keeps_figures=True) as connection:
            set_public_name(connection, asked.viewer_id, asked.is_named, self._now_s())
        self._notify_page()
        return PublicNameSet(asked.is_named)

    def open_share(self, asked: OpenShare) -> ShareOpened:
        """Store what a member shares; hidden members share nothing, and members share only what is theirs."""
        with self._store.transaction(keeps_figures=True) as connection:
            if not read_directory(connection).shows(asked.viewer_id) or not can_share(connection, asked):
                return ShareOpened(None)
            return ShareOpened(put_share(connection, asked, self._now_s()))

    def end_shares(self, asked: EndShares) -> SharesEnded:
        """End one share of a member's, or all."""
        with self._store.transaction(keeps_figures=True) as connection:
            ended = end_shares(connection, asked.viewer_id, asked.token)
        self._notify_page()
        return SharesEnded(ended)

    def record_rsvps(self, asked: RecordRsvps) -> None:
        """Store who said that they would come; acknowledged when it is stored."""
        what = f"Who wanted to come to {asked.screening_id}"
        with retry_failures(what), self._store.transaction(keeps_figures=True) as connection:
            put_rsvps(connection, asked.screening_id, asked.viewer_ids)

    def _notify_page(self) -> None:
        if self._actor.context.settings.web_port:
            self._actor.ref("web").tell(StoreChanged())

    def _now_s(self) -> float:
        return self._actor.context.clock.now().wall_s


WEB_ACCESS: Mapping[type[Any], Callable[[WebAccess, Any], Any]] = {
    OpenShare: WebAccess.open_share,
    EndShares: WebAccess.end_shares,
    RecordRsvps: WebAccess.record_rsvps,
    OpenSignIn: WebAccess.open_sign_in,
    StartSession: WebAccess.start_session,
    EndSessions: WebAccess.end_sessions,
    SetPublicName: WebAccess.set_public_name,
}
"""Which method handles which message."""
