"""Sealed Plex tokens: bound to their community and server, opened with any key, and nowhere to be read."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

import config
from actors.media.sealing import SealError, TokenSealer, is_sealed, make_key
from actors.runtime.logs import hide_in_logs, mask_secrets, set_up_logging
from tests.unit.test_config import GOOD

FIRST, SECOND = make_key(), make_key()


def test_a_sealed_token_is_opened_where_it_was_sealed_to_alone() -> None:
    """Not in another community, nor for another server; and it does not show the token."""
    sealer = TokenSealer([FIRST])
    sealed = sealer.seal("xyzzy-token", "123", "srv")
    assert is_sealed(sealed) and "xyzzy" not in sealed and "xyzzy" not in repr(sealer)
    assert sealed != sealer.seal("xyzzy-token", "123", "srv"), "the same token twice is not to be told"
    assert sealer.open(sealed, "123", "srv") == "xyzzy-token"
    for community, server in (("124", "srv"), ("123", "other"), ("", "srv"), ("123", "")):
        with pytest.raises(SealError, match="No key in USHER_KEYS"):
            sealer.open(sealed, community, server)


def test_the_first_key_seals_and_all_open() -> None:
    """So a key is changed by putting a new one first."""
    old = TokenSealer([FIRST]).seal("token", "1", "s")
    both = TokenSealer([SECOND, FIRST])
    assert both.open(old, "1", "s") == "token"
    assert TokenSealer([SECOND]).open(both.seal("token", "1", "s"), "1", "s") == "token"
    with pytest.raises(SealError, match="connect Plex again"):
        TokenSealer([SECOND]).open(old, "1", "s")
    with pytest.raises(SealError, match="USHER_KEYS is not set"):
        TokenSealer([]).open(old, "1", "s")
    with pytest.raises(SealError, match="can make a key"):
        TokenSealer([]).seal("token", "1", "s")


def test_what_is_damaged_does_not_open() -> None:
    """Each byte counts, and so does the end."""
    sealer = TokenSealer([FIRST])
    sealed = sealer.seal("token", "1", "s")
    content = base64.urlsafe_b64decode(sealed.removeprefix("sealed:"))
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        with pytest.raises(SealError):
            sealer.open("sealed:" + base64.urlsafe_b64encode(changed).decode(), "1", "s")
    for broken in ("", "sealed:", "sealed:!", sealed[:-8], "token", "sealed:" + "A" * 8):
        with pytest.raises(SealError):
            sealer.open(broken, "1", "s")


def test_keys_are_read_and_only_counted_by_others() -> None:
    """The Plex process has them; every other knows how many there are."""
    settings = config.load_settings({**GOOD, "USHER_KEYS": f"{FIRST}, {SECOND}"})
    assert settings.usher_keys == (FIRST, SECOND)
    assert FIRST not in repr(settings) and FIRST in settings.secrets()
    assert settings.share(frozenset({config.Group.PLEX})).usher_keys == (FIRST, SECOND)
    others = settings.share(frozenset({config.Group.STORE, config.Group.DISCORD}))
    assert len(others.usher_keys) == 2 and FIRST not in str(others.usher_keys)
    with pytest.raises(config.SettingsError, match="USHER_KEYS is wrong: it takes keys of 32 bytes") as caught:
        config.load_settings({**GOOD, "USHER_KEYS": base64.b64encode(b"short-secret").decode()})
    assert "c2hvcnQ" not in str(caught.value)


def test_a_token_that_was_opened_is_in_no_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where it was opened long after logging began."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up_logging("INFO", "text", ["first-secret"])
        hide_in_logs(["second-secret"])
        logging.getLogger("x").warning("first-secret and second-secret")
        assert mask_secrets("of first-secret, second-secret") == "of ***, ***", "nor in what the launcher is told"
    finally:
        root.handlers[:], root.level = before, level
    assert capsys.readouterr().err.rstrip().endswith("*** and ***")


def test_a_community_has_its_own_choices_and_nothing_of_the_environments_servers() -> None:
    """What is the operator's holds for all; what names something of the environment's server is not inherited."""
    base = config.load_settings(
        {
            **GOOD,
            "WATCH_PARTY_PLEX_USER": "host",
            "EXCLUDED_PLEX_USERS": "kids",
            "IGNORED_ROLE_IDS": "7",
            "WEEKLY_DIGEST": "sunday 18:00",
            "TIMEZONE": "Europe/Berlin",
            "MIN_WATCH_SECONDS": "30",
            "PLEX_POLL_SECONDS": "20",
            "PLEX_SERVERS": '[{"url": "http://10.0.0.2:32400", "token": "t"}]',
            "WEB_PORT": "8080",
            "WEBHOOK_URLS": "https://ntfy.example/films",
            "DISCORD_CLIENT_SECRET": "client-secret",
            "USHER_KEYS": FIRST,
        }
    )
    plain = base.for_community("123", {})
    defaults = config.Settings()
    for name in ("watch_party_plex_user", "excluded_plex_users", "ignored_role_ids", "weekly_digest", "plex_servers"):
        assert getattr(plain, name) == getattr(defaults, name), name
    assert plain.secrets() == (FIRST,), "of the operator's secrets it has none but the keys"
    assert (plain.plex_url, plain.plex_token, plain.discord_token, plain.servers) == ("", "", "", ())
    assert (plain.discord_guild_id, plain.discord_announce_channel_id, plain.web_port) == (123, 0, 0)
    assert (plain.timezone, plain.min_watch_seconds, plain.plex_poll_seconds) == ("Europe/Berlin", 30, 20)
    chosen = base.for_community("123", {"TIMEZONE": "Asia/Tokyo", "WATCHED_PERCENT": "x", "DATA_DIR": "/", "NEW": "1"})
    assert (chosen.timezone, chosen.watched_percent) == ("Asia/Tokyo", 80), "what cannot be read counts as not chosen"
    assert Path(chosen.data_dir) == Path("data/communities/123"), "and what is the operator's is not theirs to choose"


@pytest.mark.parametrize(
    ("database", "theirs"),
    [
        ("", "sqlite:///{cwd}/data/communities/123/usher.db"),
        ("sqlite:////elsewhere/usher.db", "sqlite:///{cwd}/data/communities/123/usher.db"),
        ("postgresql+psycopg://u:p@h/usher", "postgresql+psycopg://u:p@h/usher?usher_schema=community_123"),
        ("postgresql://h/u?sslmode=require", "postgresql://h/u?sslmode=require&usher_schema=community_123"),
    ],
)
def test_a_community_has_a_store_of_its_own(database: str, theirs: str) -> None:
    """A file in its folder, or a schema of the operator's database."""
    base = config.Settings(database_url=database)
    assert base.for_community("123", {}).store_url == theirs.format(cwd=Path.cwd())


def test_servers_are_written_as_they_are_read() -> None:
    """With the name and the id that a sealed token is bound to; those of the environment need neither."""
    servers = (
        config.PlexServer("https://1-2-3-4.abc.plex.direct:32400", "sealed:AAAA", "Den", "srv"),
        config.PlexServer("http://10.0.0.2:32400", "t"),
    )
    assert config.check_value("PLEX_SERVERS", config.write_servers(servers)) == servers
    assert config.write_servers(()) == ""
