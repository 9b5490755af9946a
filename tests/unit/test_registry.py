"""The registry: which actors there are, in which order they start, and what each is told."""

from __future__ import annotations

import msgpack
import msgspec
import pytest

from actors.registry import ACTORS, actor_names, find_actor
from actors.runtime.process import load_actor_class
from config import PlexServer, Settings

SETTINGS = Settings(
    plex_url="http://a", plex_token="plex-token-1", plex_servers=(PlexServer("http://b", "plex-token-2"),),
    discord_token="discord-token", database_url="postgresql://u:db-password@h/d", watched_percent=85.0,
    webhook_urls=("https://hook/hidden-path",), webhook_secret="signing-key",
)  # fmt: skip


def test_each_plex_server_has_a_poller() -> None:
    """Persistence is first: what the others say must be kept. Where no webhook is set there is no process for them."""
    names = actor_names(SETTINGS)
    assert names[:5] == ("persistence", "tracker", "discord", "plex", "plex-2") and "webhooks" in names
    names = actor_names(Settings())
    assert names[:4] == ("persistence", "tracker", "discord", "plex")
    assert "plex-2" not in names and "webhooks" not in names and "web" not in names


@pytest.mark.parametrize("entry", ACTORS, ids=lambda entry: entry.name)
def test_an_entry_names_the_class_of_that_actor(entry: object) -> None:
    """Its own name is the one under which it is registered."""
    found = find_actor(getattr(entry, "name", ""))
    assert load_actor_class(found.path).name == found.name


@pytest.mark.parametrize(
    ("actor", "secrets"),
    [
        ("persistence", {"db-password"}),
        ("tracker", set()),
        ("discord", {"discord-token"}),
        ("plex", {"plex-token-1", "plex-token-2"}),
        ("plex-2", {"plex-token-1", "plex-token-2"}),
        ("web", set()),
        ("webhooks", {"https://hook/hidden-path", "/hidden-path", "signing-key"}),
    ],
)
def test_an_actor_is_given_its_own_secrets_alone(actor: str, secrets: set[str]) -> None:
    """Discord's token goes to the Discord actor, Plex tokens to the pollers, the database to persistence."""
    share = SETTINGS.share(find_actor(actor).groups)
    packed = msgpack.packb(msgspec.to_builtins(share))
    assert {secret for secret in SETTINGS.secrets() if secret.encode() in packed} == secrets
    assert set(share.secrets()) == secrets
    assert share.watched_percent == (80.0 if actor == "webhooks" else 85.0)
    assert len(share.servers) == 2  # how many there are is no secret
    assert len(share.webhook_urls) == 1


def test_an_unknown_actor_is_an_error() -> None:
    """It names those that there are."""
    with pytest.raises(LookupError, match="persistence, tracker, discord, plex"):
        find_actor("jellyfin")


def test_a_choice_changes_only_the_settings_of_actors_that_get_it() -> None:
    """A community's other actors have the same settings before and after, and are not restarted."""
    own, before = Settings(), {"TIMEZONE": "Europe/Berlin"}
    concerned = {
        name: [
            entry.name
            for entry in ACTORS
            if entry.community_count is not None
            and entry.community_settings(own, "7", before) != entry.community_settings(own, "7", {**before, name: text})
        ]
        for name, text in (("DISCORD_ANNOUNCE_CHANNEL_ID", "100000000000000001"), ("WATCHED_PERCENT", "70"))
    }
    assert concerned["DISCORD_ANNOUNCE_CHANNEL_ID"] == ["discord"]
    assert "discord" in concerned["WATCHED_PERCENT"] and "tracker" in concerned["WATCHED_PERCENT"]
