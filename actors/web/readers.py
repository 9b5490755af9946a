"""Who reads the page, and what each kind of reader is let in to. Every page, question and kept page goes by it."""

import enum
from dataclasses import dataclass
from typing import NamedTuple


class ReaderKind(enum.StrEnum):
    """What a reader is to the page."""

    LOCAL = "local"
    """Somebody at this machine (WEB_ACCESS=local): nobody in particular."""
    STRANGER = "stranger"
    """Not signed in, where only members may read (WEB_ACCESS=members)."""
    PUBLIC = "public"
    """Not signed in, where all may read (WEB_ACCESS=public): people are numbers but who chose to be named."""
    MEMBER = "member"
    """Signed in, and a member of the Discord server."""
    ADMIN = "admin"
    """A member who has the permission Administrator."""


class Access(enum.Enum):
    """Who is let in to a page."""

    EVERYBODY = "everybody"
    """Strangers too: signing in, who sees what."""
    READERS = "readers"
    """Everybody but strangers."""
    SIGNED_IN = "signed in"
    """Members and administrators: what is their own."""
    ADMINS = "admins"


class Admission(enum.Enum):
    """What a reader gets."""

    GRANTED = "granted"
    SIGN_IN = "sign in"
    """The page where one signs in."""
    NOT_FOUND = "not found"
    """The same as at an address where nothing is."""


class View(NamedTuple):
    """Readers who see the same live parts: they are rendered once for all of them."""

    language: str
    kind: ReaderKind
    page: str = "tonight"
    """Which live page: tonight, embed, admin; api for programs."""


@dataclass(frozen=True)
class Reader:
    """Who reads."""

    kind: ReaderKind
    asker: str = ""
    """Discord id, as digits: what `asker` of a question takes. Empty for who is not signed in."""
    name: str = ""
    """The member's name; empty for who is not signed in."""

    @property
    def is_signed_in(self) -> bool:
        """Whether it is known who reads."""
        return self.kind in (ReaderKind.MEMBER, ReaderKind.ADMIN)

    @property
    def is_public(self) -> bool:
        """Whether people are shown as numbers, but who chose to be named."""
        return self.kind is ReaderKind.PUBLIC

    @property
    def cache_key(self) -> tuple[str, str]:
        """What a page that is kept for this reader is kept under, beside its question and language."""
        return self.kind.value, self.asker


ANYBODY_HERE = Reader(ReaderKind.LOCAL)
_UNKNOWN = {"local": ReaderKind.LOCAL, "members": ReaderKind.STRANGER, "public": ReaderKind.PUBLIC}


def make_unknown_reader(access: str) -> Reader:
    """Return who has not signed in. `access`: WEB_ACCESS."""
    return Reader(_UNKNOWN[access])


def admit(reader: Reader, access: Access) -> Admission:
    """Return what a reader gets of a page."""
    if access is Access.EVERYBODY:
        return Admission.GRANTED
    if access is Access.READERS:
        return Admission.SIGN_IN if reader.kind is ReaderKind.STRANGER else Admission.GRANTED
    if reader.kind in (ReaderKind.STRANGER, ReaderKind.PUBLIC):
        return Admission.SIGN_IN
    is_let_in = reader.kind is ReaderKind.ADMIN or (access is Access.SIGNED_IN and reader.is_signed_in)
    return Admission.GRANTED if is_let_in else Admission.NOT_FOUND
