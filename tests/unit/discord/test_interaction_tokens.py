"""The token of an interaction becomes part of an address, so only valid tokens are accepted."""

from typing import Any

import pytest

from actors.chat.discord.gateway.resuming_bot import _require_whole_interaction


def make(token: Any) -> dict[str, Any]:
    """Return an interaction with this token."""
    return {"id": "1", "channel_id": "2", "token": token, "member": {"user": {"id": "3"}}}


def test_a_token_of_discord_s_is_taken() -> None:
    """Base64 in either alphabet, with dots."""
    _require_whole_interaction(make("aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTphYmM-_.=" * 5))


@pytest.mark.parametrize(
    "token", ["", "a/b", "../../channels/1", "a?b", "a#b", "a%2Fb", "a b", "a\n", "é", "🎬", "x" * 2001, None, 5, []]
)
def test_a_token_that_would_change_the_address_is_refused(token: Any) -> None:
    """No request is sent with it."""
    with pytest.raises((TypeError, ValueError)):
        _require_whole_interaction(make(token))
