"""REST: the application's slash commands, global and of one server."""

from __future__ import annotations

import re

from aiohttp import web

from simulator.discord.model.guild import Payload
from simulator.discord.model.ids import snowflake
from simulator.discord.model.world import DiscordWorld
from simulator.discord.rest.errors import ApiError, invalid_form, no_access, unknown_error
from simulator.discord.rest.request_body import body_of, list_of
from simulator.discord.rest.request_gate import json_response, no_content
from simulator.discord.rest.validation import Problem

_NAME = re.compile(r"^[-_'\w]{1,32}$")
MOST_COMMANDS = 100


class CommandRoutes:
    """The routes of the bot's slash commands."""

    def __init__(self, world: DiscordWorld) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /api/v10."""
        found = []
        for base in ("/applications/{app}/commands", "/applications/{app}/guilds/{guild}/commands"):
            found += [
                web.get(base, self.list_commands),
                web.put(base, self.replace),
                web.post(base, self.add),
                web.get(base + "/{command}", self.get),
                web.patch(base + "/{command}", self.change),
                web.delete(base + "/{command}", self.remove),
            ]
        return found

    def _find_scope(self, request: web.Request) -> int | None:
        """Return the id of the server in the path; None for global commands."""
        if int(request.match_info["app"]) != self.world.app_id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        if "guild" not in request.match_info:
            return None
        guild = int(request.match_info["guild"])
        if guild not in self.world.guilds:
            raise no_access()
        return guild

    def _find(self, request: web.Request) -> tuple[int | None, Payload]:
        scope = self._find_scope(request)
        for command in self.world.commands.get(scope, []):
            if command["id"] == request.match_info["command"]:
                return scope, command
        raise unknown_error("application command")

    def _put(self, scope: int | None, commands: list[Payload]) -> None:
        with self.world.changed:
            self.world.commands[scope] = commands
            self.world.changed.notify_all()

    async def list_commands(self, request: web.Request) -> web.Response:
        """Answer with all commands of a server, or the global ones."""
        return json_response(self.world.commands.get(self._find_scope(request), []))

    async def replace(self, request: web.Request) -> web.Response:
        """Replace all commands at once; one that keeps its name keeps its id."""
        scope, wanted = self._find_scope(request), list_of(request)
        problems = [each for number, command in enumerate(wanted) for each in problems_of(command, f"{number}.")]
        names = [(command.get("type", 1), command.get("name")) for command in wanted]
        if len(set(names)) < len(names):
            problems.append(
                ("0.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
            )
        if problems:
            raise invalid_form(problems)
        if len(wanted) > MOST_COMMANDS:
            raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
        self._put(scope, [self._complete_command(scope, command) for command in wanted])
        return json_response(self.world.commands[scope])

    async def add(self, request: web.Request) -> web.Response:
        """Add a command, or replace the one of the same name."""
        scope, body = self._find_scope(request), body_of(request)
        problems = list(problems_of(body, ""))
        if problems:
            raise invalid_form(problems)
        before = self.world.commands.get(scope, [])
        full = self._complete_command(scope, body)
        others = [each for each in before if each["id"] != full["id"]]
        self._put(scope, [*others, full])
        return json_response(full, 200 if len(others) < len(before) else 201)

    async def get(self, request: web.Request) -> web.Response:
        """Answer with one command."""
        return json_response(self._find(request)[1])

    async def change(self, request: web.Request) -> web.Response:
        """Change a command in place."""
        scope, command = self._find(request)
        changed = {**command, **body_of(request), "version": str(snowflake())}
        problems = list(problems_of(changed, ""))
        if problems:
            raise invalid_form(problems)
        self._put(scope, [changed if each is command else each for each in self.world.commands[scope]])
        return json_response(changed)

    async def remove(self, request: web.Request) -> web.Response:
        """Delete a command."""
        scope, command = self._find(request)
        self._put(scope, [each for each in self.world.commands[scope] if each is not command])
        return no_content()

    def _complete_command(self, scope: int | None, command: Payload) -> Payload:
        key = (command.get("type", 1), command["name"])
        known = self.world.commands.get(scope, [])
        same = next((each for each in known if (each["type"], each["name"]) == key), None)
        return {
            "default_member_permissions": None, "dm_permission": True, "nsfw": False, "options": [],
            "integration_types": [0], "contexts": None, "name_localizations": None,
            "description_localizations": None, **command, "type": key[0],
            "id": same["id"] if same else str(snowflake()), "application_id": str(self.world.app_id),
            "version": str(snowflake()),
        } | ({"guild_id": str(scope)} if scope else {})  # fmt: skip


def problems_of(command: Payload, path: str, *, deep: int = 0) -> list[Problem]:
    """Return the errors that Discord would report for a command or one of its options; empty if there are none."""
    name, description = str(command.get("name") or ""), str(command.get("description") or "")
    found: list[Problem] = []
    plain = deep > 0 or command.get("type", 1) == 1
    if plain and (not _NAME.match(name) or name != name.lower()):
        found.append((f"{path}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"))
    if plain and not 1 <= len(description) <= 100:
        found.append((f"{path}description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."))
    found += [
        (f"{path}{key}", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
        for key in ("options", "choices")
        if len(command.get(key) or []) > 25
    ]
    optional = False
    for number, option in enumerate(command.get("options") or []):
        found += problems_of(option, f"{path}options.{number}.", deep=deep + 1)
        required = bool(option.get("required"))
        if required and optional:
            text = "Required options must be placed before non-required options"
            found.append((f"{path}options.{number}", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text))
        optional = optional or not required
    if deep == 0 and _measure_command(command) > 8000:
        text = "Command exceeds maximum size (8000)"
        found.append((path.rstrip(".") or "name", "APPLICATION_COMMAND_TOO_LARGE", text))
    return found


def _measure_command(command: Payload) -> int:
    """Return the total length of name, description and choices, those of the options included."""
    found = len(str(command.get("name") or "")) + len(str(command.get("description") or ""))
    found += sum(len(str(each.get("name"))) + len(str(each.get("value"))) for each in command.get("choices") or [])
    return found + sum(_measure_command(option) for option in command.get("options") or [])
