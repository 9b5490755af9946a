"""Kinds of readers, and what each may open. Pages, questions and cached pages depend on the kind."""

import enum
from typing import NamedTuple

import msgspec


class ReaderKind(enum.StrEnum):
    """The kinds of readers."""

    LOCAL = "local"
    """Anybody at this machine (WEB_ACCESS=local), who need not sign in."""
    STRANGER = "stranger"
    """Not signed in, and only members may read (WEB_ACCESS=members)."""
    PUBLIC = "public"
    """Not signed in, but all may read (WEB_ACCESS=public): people are numbers unless they chose to be named."""
    MEMBER = "member"
    """Signed in, and a member of the Discord server."""
    ADMIN = "admin"
    """A member who has the permission Administrator."""


class Access(enum.Enum):
    """Who may open a page."""

    EVERYBODY = "everybody"
    """Strangers too: for the sign-in and the privacy page."""
    READERS = "readers"
    """Everybody but strangers."""
    SIGNED_IN = "signed in"
    """Members and administrators: for their own pages."""
    ADMINS = "admins"


class Admission(enum.Enum):
    """The answer to a reader."""

    GRANTED = "granted"
    SIGN_IN = "sign in"
    """A redirect to the sign-in page."""
    NOT_FOUND = "not found"
    """The same as at an address that does not exist."""


class View(NamedTuple):
    """Readers who see the same live parts: they are rendered once for all of them."""

    language: str
    kind: ReaderKind
    page: str = "tonight"
    """Name of the live page: tonight, embed, admin; api for programs."""


class Reader(msgspec.Struct, frozen=True):
    """The reader of a page."""

    kind: ReaderKind
    asker: str = ""
    """Discord id, as digits, for the `asker` of questions. Empty if not signed in."""
    name: str = ""
    """The member's name; empty if not signed in."""

    @property
    def is_signed_in(self) -> bool:
        """Whether the reader is signed in, so that it is known who they are."""
        return self.kind in (ReaderKind.MEMBER, ReaderKind.ADMIN)

    @property
    def is_public(self) -> bool:
        """Whether people are shown as numbers, unless they chose to be named."""
        return self.kind is ReaderKind.PUBLIC

    @property
    def cache_key(self) -> tuple[str, str]:
        """The reader's part of the cache key of a page, beside its request and language."""
        return self.kind.value, self.asker


ANYBODY_HERE = Reader(ReaderKind.LOCAL)
_UNKNOWN = {"local": ReaderKind.LOCAL, "members": ReaderKind.STRANGER, "public": ReaderKind.PUBLIC}


def make_unknown_reader(access: str) -> Reader:
    """Return the reader who has not signed in. `access`: WEB_ACCESS."""
    return Reader(_UNKNOWN[access])


def admit(reader: Reader, access: Access) -> Admission:
    """Return what a reader gets for a page with this access."""
    if access is Access.EVERYBODY:
        return Admission.GRANTED
    if access is Access.READERS:
        return Admission.SIGN_IN if reader.kind is ReaderKind.STRANGER else Admission.GRANTED
    if reader.kind in (ReaderKind.STRANGER, ReaderKind.PUBLIC):
        return Admission.SIGN_IN
    is_let_in = reader.kind is ReaderKind.ADMIN or (access is Access.SIGNED_IN and reader.is_signed_in)
    return Admission.GRANTED if is_let_in else Admission.NOT_FOUND
