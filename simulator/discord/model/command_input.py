"""How Discord's client puts a command, its options and forms into an interaction's data. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.discord.model.guild import Channel, Guild, Member, Payload, User
from simulator.discord.model.messages import walk_components
from simulator.discord.model.permissions import ADMINISTRATOR

Asked = str | int | float | bool | Member | Channel
SUB_COMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, MENTIONABLE, NUMBER = 1, 2, 3, 4, 5, 6, 7, 9, 10


class CommandNotOffered(LookupError):
    """Raised if Discord's client would not offer this command to this person."""


def find_offered_command(
    commands: Mapping[int | None, list[Payload]], guild_id: int, name: str, can: int | None
) -> Payload:
    """Return the command of this name, a server's own first. Raises CommandNotOffered.

    `can`: the person's permissions; None: they are not checked.
    """
    root = name.split()[0]
    every = [*commands.get(guild_id, []), *commands.get(None, [])]
    for command in every:
        if command["name"] != root or command["type"] != 1:
            continue
        needed = int(command.get("default_member_permissions") or 0)
        closed = command.get("default_member_permissions") == "0"
        if can is not None and not can & ADMINISTRATOR and (closed or needed & ~can):
            raise CommandNotOffered(f"/{name} is not offered to those without permissions {needed:#x}")
        return command
    raise CommandNotOffered(f"There is no /{root}; the bot offers {[each['name'] for each in every]}")


def command_data(guild: Guild, command: Payload, name: str, options: Mapping[str, Asked], focused: str = "") -> Payload:
    """Return an interaction's data for a command with its options. Raises CommandNotOffered.

    `focused`: the option that is being typed.
    """
    resolved: Payload = {}
    path = name.split()[1:]
    level = command
    for step in path:
        level = _find_subcommand(level, step)
    if any(option["type"] in (SUB_COMMAND, GROUP) for option in level.get("options", [])):
        raise CommandNotOffered(f"/{name} is a group: name its command too")
    filled: list[Payload] = _fill_options(guild, level, options, focused, resolved)
    for depth in range(len(path), 0, -1):
        kind = GROUP if len(path) == 2 and depth == 1 else SUB_COMMAND
        filled = [{"type": kind, "name": path[depth - 1], "options": filled}]
    data: Payload = {"id": command["id"], "name": command["name"], "type": 1, "options": filled}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data | ({"resolved": resolved} if resolved else {})


def _find_subcommand(level: Payload, step: str) -> Payload:
    for option in level.get("options", []):
        if option["name"] == step and option["type"] in (SUB_COMMAND, GROUP):
            found: Payload = option
            return found
    raise CommandNotOffered(f"{level['name']} has no command {step!r}")


def _fill_options(
    guild: Guild, level: Payload, options: Mapping[str, Asked], focused: str, resolved: Payload
) -> list[Payload]:
    known = {option["name"]: option for option in level.get("options", [])}
    unknown = set(options) - set(known)
    missing = [key for key, option in known.items() if option.get("required") and key not in options]
    if unknown or (missing and not focused):
        raise CommandNotOffered(f"/{level['name']} takes {sorted(known)}: unknown {sorted(unknown)}, missing {missing}")
    found = []
    for key, value in options.items():
        option: Payload = {"name": key, "type": known[key]["type"]}
        if key == focused:
            option |= {"value": value, "focused": True}
        else:
            option["value"] = _convert_value(guild, known[key], value, resolved)
        found.append(option)
    return found


def _convert_value(guild: Guild, option: Payload, value: Asked, resolved: Payload) -> Any:
    kind = option["type"]
    value = _parse_typed(guild, kind, value) if isinstance(value, str) else value
    if kind in (USER, MENTIONABLE):
        return _resolve_person(guild, option, value, resolved)
    if kind == CHANNEL:
        channel = value
        if not isinstance(channel, Channel):
            raise CommandNotOffered(f"{option['name']}: there is no channel {value!r}")
        resolved.setdefault("channels", {})[str(channel.id)] = _build_partial_channel(channel)
        return str(channel.id)
    fits = {
        STRING: isinstance(value, str),
        INTEGER: isinstance(value, int) and not isinstance(value, bool),
        BOOLEAN: isinstance(value, bool),
        NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits.get(kind, True):
        raise CommandNotOffered(f"{option['name']} does not take {value!r}")
    _check_bounds(option, value)
    return value


def _build_partial_channel(channel: Channel) -> Payload:
    return {"id": str(channel.id), "name": channel.name, "type": channel.kind, "permissions": "0", "flags": 0}


def _parse_typed(guild: Guild, kind: int, text: str) -> Asked:
    """Return typed text as Discord's client parses it: as a number, a boolean, a user or a channel.

    Raises CommandNotOffered if there is no such user.
    """
    if kind in (INTEGER, NUMBER):
        try:
            return int(text) if kind == INTEGER else float(text)
        except ValueError:
            return text
    if kind == BOOLEAN and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in (USER, MENTIONABLE):
        name = text.lstrip("@")
        found = [m for m in guild.members.values() if name in (m.display_name, m.user.name, str(m.id))]
        if not found:
            raise CommandNotOffered(f"Nobody is called {name!r}")
        return found[0]
    if kind == CHANNEL:
        return next((c for c in guild.channels.values() if text.lstrip("#") in (c.name, str(c.id))), text)
    return text


def _check_bounds(option: Payload, value: Any) -> None:
    """Check choices and bounds, as Discord's client does. Raises CommandNotOffered if they do not allow the value."""
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise CommandNotOffered(f"{option['name']} is one of {choices}, not {value!r}")
    size = len(value) if isinstance(value, str) else value
    low, high = ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    if option.get(low) is not None and size < option[low]:
        raise CommandNotOffered(f"{option['name']}: {value!r} is below {option[low]}")
    if option.get(high) is not None and size > option[high]:
        raise CommandNotOffered(f"{option['name']}: {value!r} is above {option[high]}")


def _resolve_person(guild: Guild, option: Payload, value: Asked, resolved: Payload) -> str:
    if isinstance(value, User):
        value = value.id
    wanted = value.id if isinstance(value, Member) else int(str(value))
    member = guild.members.get(wanted)
    if member is None:
        raise CommandNotOffered(f"{option['name']}: {value!r} is no member")
    resolved.setdefault("users", {})[str(wanted)] = member.user.payload()
    about = {**member.partial(), "permissions": str(guild.permissions(member))}
    resolved.setdefault("members", {})[str(wanted)] = about
    return str(wanted)


ROLE_SELECT, CHANNEL_SELECT = 6, 8
"""Kinds of a component with which a role or a channel is chosen."""


def choose_in_control(guild: Guild, control: Payload, values: Sequence[str | int]) -> Payload:
    """Return a menu's data for the chosen values. Raises LookupError if it does not offer them, or not that many."""
    kind, chosen = int(control["type"]), [str(value) for value in values]
    least, most = int(control.get("min_values", 1)), int(control.get("max_values", 1))
    if not least <= len(chosen) <= most:
        raise LookupError(f"{control['custom_id']!r} takes {least} to {most} values, not {len(chosen)}")
    if kind == ROLE_SELECT:
        roles = {value: guild.roles[int(value)].payload() for value in chosen}  # KeyError is a LookupError
        return {"values": chosen, "resolved": {"roles": roles}}
    if kind == CHANNEL_SELECT:
        channels = {value: guild.channels[int(value)] for value in chosen}
        kinds = control.get("channel_types")
        if kinds and any(channel.kind not in kinds for channel in channels.values()):
            raise LookupError(f"{control['custom_id']!r} takes channels of the types {kinds}")
        return {
            "values": chosen,
            "resolved": {"channels": {key: _build_partial_channel(each) for key, each in channels.items()}},
        }
    known = [option["value"] for option in control.get("options", [])]
    if kind == STRING and not set(chosen) <= set(known):
        raise LookupError(f"{control['custom_id']!r} offers {known}, not {chosen}")
    return {"values": chosen}


def form_data(form: Payload, values: Mapping[str, str]) -> Payload:
    """Return a filled-in form. Raises LookupError if a value belongs to no field, or a required field is empty."""
    fields = [each for each in walk_components(form["components"]) if each.get("custom_id")]
    unknown = set(values) - {each["custom_id"] for each in fields}
    if unknown:
        raise LookupError(f"The form has no {sorted(unknown)}; it has {[each['custom_id'] for each in fields]}")
    rows = []
    for number, each in enumerate(fields):
        value = values.get(each["custom_id"], each.get("value") or "")
        if not value and each.get("required", True):
            raise LookupError(f"The form's {each['custom_id']!r} must be filled in")
        field = {"type": each["type"], "custom_id": each["custom_id"], "value": value, "id": number + 1}
        rows.append({"type": 1, "id": 100 + number, "components": [field]})
    return {"custom_id": form["custom_id"], "components": rows}
