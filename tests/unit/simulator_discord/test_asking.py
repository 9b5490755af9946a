"""What Discord's client lets people ask, and what it makes of it."""

from typing import Any

import pytest

from simulator.discord.model.command_input import CommandNotOffered, command_data, find_offered_command, form_data
from simulator.discord.model.guild import Member
from simulator.discord.model.permissions import ADMINISTRATOR, SEND_MESSAGES
from simulator.discord.model.world import DiscordWorld

COMMAND: dict[str, Any] = {
    "id": "1", "name": "history", "type": 1, "default_member_permissions": None,
    "options": [
        {"name": "who", "type": 6, "required": True},
        {"name": "title", "type": 3, "max_length": 10},
        {"name": "count", "type": 4, "min_value": 1, "max_value": 25},
        {"name": "kind", "type": 3, "choices": [{"name": "Time", "value": "time"}]},
        {"name": "all", "type": 5},
        {"name": "where", "type": 7},
    ],
}  # fmt: skip
GROUP: dict[str, Any] = {
    "id": "2", "name": "party", "type": 1, "default_member_permissions": str(ADMINISTRATOR),
    "options": [{"name": "start", "type": 1, "options": [{"name": "film", "type": 3}]}],
}  # fmt: skip


@pytest.fixture
def world() -> DiscordWorld:
    """A Discord that nobody has connected to."""
    return DiscordWorld()


def member(world: DiscordWorld, name: str) -> Member:
    """Somebody."""
    return next(each for each in world.members() if each.display_name == name)


def test_options_are_filled_in_with_their_types(world: DiscordWorld) -> None:
    """A member is sent by id, with the member resolved beside."""
    chiara = member(world, "Chiara")
    data = command_data(world.guild, COMMAND, "history", {"who": chiara, "title": "M", "count": 3, "all": True})
    assert data["options"] == [
        {"name": "who", "type": 6, "value": str(chiara.id)},
        {"name": "title", "type": 3, "value": "M"},
        {"name": "count", "type": 4, "value": 3},
        {"name": "all", "type": 5, "value": True},
    ]
    assert data["resolved"]["users"][str(chiara.id)]["username"] == "chiara"
    assert "user" not in data["resolved"]["members"][str(chiara.id)]


def test_typed_text_becomes_what_the_option_takes(world: DiscordWorld) -> None:
    """As a person types it: names, numbers, truths."""
    typed = {"who": "@אורי", "count": "3", "all": "false", "where": "#Cinema"}
    values = {each["name"]: each["value"] for each in command_data(world.guild, COMMAND, "history", typed)["options"]}
    cinema = next(each for each in world.guild.channels.values() if each.name == "Cinema")
    assert values == {"who": str(member(world, "אורי").id), "count": 3, "all": False, "where": str(cinema.id)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"who": "nobody"},
        {"who": "Iris", "count": "many"},
        {"who": "Iris", "count": 26},
        {"who": "Iris", "count": 0},
        {"who": "Iris", "count": True},
        {"who": "Iris", "title": "x" * 11},
        {"who": "Iris", "kind": "badges"},
        {"who": "Iris", "where": "nowhere"},
        {"who": "Iris", "unheard": "of"},
    ],
)
def test_what_does_not_fit_is_not_offered(world: DiscordWorld, options: dict[str, Any]) -> None:
    """Discord's client would not send it."""
    with pytest.raises(CommandNotOffered):
        command_data(world.guild, COMMAND, "history", options)


def test_a_group_needs_its_command(world: DiscordWorld) -> None:
    """The path is nested as Discord nests it."""
    data = command_data(world.guild, GROUP, "party start", {"film": "M"})
    inner = {"name": "film", "type": 3, "value": "M"}
    assert data["options"] == [{"type": 1, "name": "start", "options": [inner]}]
    for name in ("party", "party stop"):
        with pytest.raises(CommandNotOffered):
            command_data(world.guild, GROUP, name, {})


def test_a_command_is_offered_to_those_with_its_permissions() -> None:
    """An Administrator always; None does not look."""
    commands: dict[int | None, list[dict[str, Any]]] = {None: [GROUP], 7: [COMMAND]}
    assert find_offered_command(commands, 7, "history", SEND_MESSAGES) is COMMAND
    assert find_offered_command(commands, 7, "party start", ADMINISTRATOR) is GROUP
    assert find_offered_command(commands, 7, "party start", None) is GROUP
    with pytest.raises(CommandNotOffered, match="without permissions"):
        find_offered_command(commands, 7, "party start", SEND_MESSAGES)
    with pytest.raises(CommandNotOffered, match="no /history"):
        find_offered_command(commands, 8, "history", ADMINISTRATOR)


def test_a_form_is_filled_in_by_custom_id() -> None:
    """A required field must be; what the bot wrote into it stays."""
    fields = [{"type": 4, "custom_id": "at", "required": True}, {"type": 4, "custom_id": "note", "value": "hm"}]
    form = {"custom_id": "f", "components": [{"type": 1, "components": [field]} for field in fields]}
    rows = form_data(form, {"at": "0:30"})["components"]
    assert [row["components"][0]["value"] for row in rows] == ["0:30", "hm"]
    with pytest.raises(LookupError, match="filled in"):
        form_data(form, {})
    with pytest.raises(LookupError, match="no \\['x'\\]"):
        form_data(form, {"at": "1", "x": "y"})
