"""The web page's readers: sign-in links, sessions, and the names on a public page."""

from messages import (
    FindSession,
    FindSignIn,
    GetPublicName,
    GetPublicNames,
    PublicNames,
    PublicNameSet,
    SignInFound,
    WebSession,
)
from persistence.queries.answers import answers
from persistence.records.web_sessions import find_session, find_sign_in, is_publicly_named, number_viewers
from persistence.store import StoreSnapshot


@answers(FindSignIn)
def read_sign_in(asked: FindSignIn, store: StoreSnapshot) -> SignInFound:
    """Return the member whom a link is for."""
    return find_sign_in(store.connection, asked.token_hash, store.now_s)


@answers(FindSession)
def read_session(asked: FindSession, store: StoreSnapshot) -> WebSession:
    """Return the session that has this secret."""
    return find_session(store.connection, asked.session_hash, store.now_s)


@answers(GetPublicNames)
def read_public_names(_asked: GetPublicNames, store: StoreSnapshot) -> PublicNames:
    """Return everybody's number or name on a public page."""
    return PublicNames(number_viewers(store.connection, store.directory))


@answers(GetPublicName)
def read_public_name(asked: GetPublicName, store: StoreSnapshot) -> PublicNameSet:
    """Return whether a member chose to be named."""
    return PublicNameSet(is_publicly_named(store.connection, asked.viewer_id))
