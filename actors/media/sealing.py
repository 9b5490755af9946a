"""Encrypts the Plex tokens of further communities, in the store and in messages.

AES-GCM with a key of USHER_KEYS. A sealed token is bound to its community and its server, and cannot be opened for
another. Only the Plex process has the keys.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from typing import Final

from messages import Problem
from setting_checks import KEY_BYTES
from wording.problems import ProblemError

_PREFIX: Final = "sealed:"
_NONCE_BYTES: Final = 12


class SealError(ProblemError):
    """A token cannot be sealed or opened; the problem says what to do, and contains no part of the token."""


def is_sealed(token: str) -> bool:
    """Tell whether a text is a sealed token, even one that cannot be opened."""
    return token.startswith(_PREFIX) and len(token) > len(_PREFIX)


def make_key() -> str:
    """Return a new key for USHER_KEYS, in base64."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


class TokenSealer:
    """Seals with the first key, and opens with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Use these `keys`, in base64 as in USHER_KEYS."""
        self._keys = [base64.b64decode(key) for key in keys]

    def __repr__(self) -> str:
        return f"TokenSealer({len(self._keys)} keys)"

    @property
    def has_keys(self) -> bool:
        """Whether there is a key to seal with."""
        return bool(self._keys)

    def seal(self, token: str, community: str, server_id: str) -> str:
        """Return a token sealed for a server of a community. Raises SealError if there is no key."""
        if not self._keys:
            raise SealError(Problem.of("community.no_keys"))
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 10 MB, needed only with further communities

        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._keys[0]).encrypt(nonce, token.encode(), _bind(community, server_id))
        return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, community: str, server_id: str) -> str:
        """Return the token that was sealed. Raises SealError if no key opens it, or it is another server's."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            content = base64.b64decode(sealed.removeprefix(_PREFIX), altchars=b"-_", validate=True)
        except ValueError:
            content = b""
        if is_sealed(sealed) and len(content) > _NONCE_BYTES:
            for key in self._keys:
                try:
                    opened = AESGCM(key).decrypt(
                        content[:_NONCE_BYTES], content[_NONCE_BYTES:], _bind(community, server_id)
                    )
                except InvalidTag:
                    continue
                return opened.decode()
        raise SealError(Problem.of("community.unopened_token") if self._keys else Problem.of("community.keys_gone"))


def _bind(community: str, server_id: str) -> bytes:
    """Return the data to which a sealed token is bound."""
    return b"\0".join((b"plex token", community.encode(), server_id.encode()))
