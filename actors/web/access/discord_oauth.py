"""Signing in at Discord (OAuth2 with PKCE): builds the consent page's address, and checks the returned state.

Only one random secret is kept, in a cookie: the state and the code's verifier are derived from it.
"""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlencode

AUTHORIZE = "https://discord.com/oauth2/authorize"
SCOPE = "identify"
COOKIE_S = 600
"""Seconds that somebody may take to consent at Discord."""


def make_attempt() -> str:
    """Return the secret of a new attempt to sign in, for the browser's cookie."""
    return secrets.token_urlsafe(32)


def derive_state(attempt: str) -> str:
    """Return the state that Discord sends back: it proves that this browser started the sign-in."""
    return _derive(attempt, b"state")


def derive_verifier(attempt: str) -> str:
    """Return the code's verifier, which is sent to Discord alone, together with the code."""
    return _derive(attempt, b"verifier")


def is_same_attempt(attempt: str, state: str) -> bool:
    """Tell whether a browser with this cookie started the sign-in that has this state."""
    return bool(attempt) and hmac.compare_digest(derive_state(attempt).encode(), state.encode("utf-8", "replace"))


def build_authorize_address(client_id: int, redirect_uri: str, attempt: str, api_url: str = "") -> str:
    """Return the address of Discord's consent page. `api_url`: another Discord, for tests."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(derive_verifier(attempt).encode()).digest())
    query = {
        "response_type": "code",
        "client_id": str(client_id),
        "scope": SCOPE,
        "redirect_uri": redirect_uri,
        "state": derive_state(attempt),
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    base = f"{api_url}/oauth2/authorize" if api_url else AUTHORIZE
    return f"{base}?{urlencode(query)}"


def _derive(attempt: str, what: bytes) -> str:
    digest = hmac.new(attempt.encode("utf-8", "replace"), what, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
