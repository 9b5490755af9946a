"""Which server an event is about, and what is answered on a server without a community."""

from typing import Any

import pytest

from actors.chat.discord.core.event_routes import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    find_button_guild,
    find_event_guild,
    is_stray_button,
    is_unserved_interaction,
    mark_button,
)

A, B = 100_000_000_000_000_001, 100_000_000_000_000_002


@pytest.mark.parametrize(
    ("event", "data", "guild_id"),
    [
        ("MESSAGE_CREATE", {"id": "5", "guild_id": str(A)}, A),
        ("GUILD_CREATE", {"id": str(A)}, A),
        ("GUILD_DELETE", {"id": str(A), "unavailable": True}, A),
        ("GUILD_MEMBERS_CHUNK", {"guild_id": str(A)}, A),
        ("INTERACTION_CREATE", {"guild_id": str(A), "data": {"custom_id": f"usher:forget:7@{B}"}}, A),
        ("INTERACTION_CREATE", {"data": {"custom_id": f"usher:forget:7@{B}"}}, B),
        ("INTERACTION_CREATE", {"data": {"custom_id": "usher:forget:7"}}, 0),
        ("INTERACTION_CREATE", {"data": None}, 0),
        ("MESSAGE_CREATE", {"id": str(A)}, 0),
        ("MESSAGE_CREATE", {"guild_id": "x" * 40}, 0),
        ("READY", None, 0),
        ("READY", ["guild_id"], 0),
    ],
)
def test_an_event_is_about_the_server_that_it_names(event: str, data: Any, guild_id: int) -> None:
    """In a direct message a button may name one; what cannot be read is about none."""
    assert find_event_guild(event, data) == guild_id


def test_a_button_names_its_community() -> None:
    """0 is the environment's."""
    assert find_button_guild(mark_button("usher:forget:7", 0)) == 0
    assert find_button_guild(mark_button("usher:forget:7", A)) == A


@pytest.mark.parametrize(
    ("kind", "inner", "is_answered"),
    [
        (COMMAND, {"name": "setup"}, True),
        (COMMAND, {"name": "stats"}, False),
        (AUTOCOMPLETE, {"name": "whosaw"}, False),
        (COMPONENT, {"custom_id": "usher:setup:do:home"}, True),
        (COMPONENT, {"custom_id": "usher:page:=:stats:0:"}, False),
        (MODAL, {"custom_id": "usher:setup:form:home:TIMEZONE"}, True),
        (MODAL, {"custom_id": "night"}, False),
        (COMMAND, None, False),
    ],
)
def test_without_a_community_only_setup_is_answered(kind: int, inner: Any, is_answered: bool) -> None:
    """The command, its controls and its forms."""
    asked = {"type": kind, "data": inner}
    assert is_unserved_interaction(asked, frozenset({"setup"}), "usher:setup") is is_answered


def test_a_direct_message_s_button_says_whose_it_is() -> None:
    """One that does not is nobody's: another community's person would be taken for one of the environment's."""

    def press(custom_id: str, **more: Any) -> dict[str, Any]:
        return {"type": COMPONENT, "data": {"custom_id": custom_id}, **more}

    assert find_button_guild("usher:forget:7") is None
    assert is_stray_button(press("usher:forget:7"))
    assert not is_stray_button(press(mark_button("usher:forget:7", 0)))
    assert not is_stray_button(press(mark_button("usher:forget:7", A)))
    assert not is_stray_button(press("usher:page:=:stats:0:", guild_id=str(A)))
    assert not is_stray_button({"type": COMMAND, "data": {"name": "stats"}})
