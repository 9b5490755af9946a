"""Viewer ids: built and taken apart in one place."""

from __future__ import annotations

import pytest

from messages.ids import (
    PlexAccountId,
    is_plex_account,
    is_session_account,
    parse_plex_account,
    plex_viewer_id,
    server_of,
)


def test_a_plex_account_id_is_built_and_parsed() -> None:
    """The same parts come back, also where an account id has a colon in it."""
    for server_id, account_id in (("abc", "7"), ("abc", "1:x"), ("", "7")):
        viewer_id = plex_viewer_id(server_id, account_id)
        assert parse_plex_account(viewer_id) == PlexAccountId(server_id, account_id)
        assert str(parse_plex_account(viewer_id)) == viewer_id
        assert is_plex_account(viewer_id)
        assert server_of(viewer_id) == server_id


@pytest.mark.parametrize("viewer_id", ["501", "", "plexfan"])
def test_a_discord_member_is_no_plex_account(viewer_id: str) -> None:
    """Digits, or what an old file had in their place."""
    assert parse_plex_account(viewer_id) is None
    assert not is_plex_account(viewer_id)
    assert server_of(viewer_id) == ""


def test_an_account_without_a_server_is_read() -> None:
    """As an old data folder may name it."""
    assert parse_plex_account("plex:anna") == PlexAccountId("", "anna")


def test_only_a_sessions_own_account_is_one() -> None:
    """A member of the channel is not, nor who was brought in by an import."""
    sources = ("plex", "voice", "manual", "import")
    assert [is_session_account(source) for source in sources] == [True, False, False, False]
