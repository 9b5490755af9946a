"""Links to sign in to the web page: only the link contains its secret; everything else has the hash."""

import hashlib
import secrets
from typing import NamedTuple

SECRET_BYTES = 16
"""128 random bits."""
PROGRAM_MARK = "usher_"
"""Beginning of a program's token, so that it is recognised anywhere and not mistaken for another secret."""


class SignInLink(NamedTuple):
    """A link that was made."""

    address: str
    """Holds the secret: for the member alone, never to be logged."""
    token_hash: str


def make_sign_in_link(page_url: str) -> SignInLink:
    """Return a new link. `page_url`: address of the page, without a slash at its end."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return SignInLink(f"{page_url}/sign-in/{secret}", hash_secret(secret))


class ProgramToken(NamedTuple):
    """A token that was made for a program."""

    secret: str
    """For the member alone, never to be logged."""
    token_hash: str


def make_program_token() -> ProgramToken:
    """Return a new token of 256 random bits."""
    secret = f"{PROGRAM_MARK}{secrets.token_urlsafe(32)}"
    return ProgramToken(secret, hash_secret(secret))


def make_session_secret() -> str:
    """Return the secret of a new session in a browser: 256 random bits."""
    secret = secrets.token_urlsafe(32)
    return make_session_secret() if secret.startswith(PROGRAM_MARK) else secret


def hash_secret(secret: str) -> str:
    """Return the hash that is stored of a link's, session's or program's secret: SHA-256, in hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
