"""The role of the top watchers: who should have it, and giving and taking it."""

import asyncio
from dataclasses import dataclass

import discord

from actors.chat.discord.core.state import Keepsake
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import RefusedError
from messages import GetLeaderboard
from wording.translation import _, later

TOP_DAYS = 30
"""Days over which the top watchers are counted."""
_LOOKED_AT = 4
"""Places looked at for each that is given: those of Plex viewers, and of members who left, have no role."""
_FORBIDDEN = (
    later("Discord does not let the bot give that role."),
    later("Give the bot Manage Roles, and in Server Settings > Roles drag the bot's role above it."),
)


@dataclass(frozen=True)
class RoleChange:
    """Who gets the role, keeps it and loses it."""

    give: tuple[discord.Member, ...]
    keep: tuple[discord.Member, ...]
    take: tuple[discord.Member, ...]

    def __bool__(self) -> bool:
        return bool(self.give or self.take)


async def plan_change(actors: ActorClient, keepsake: Keepsake, guild: discord.Guild, role: discord.Role) -> RoleChange:
    """Who should have the role by the figures of the last days. It is taken only from whom Usher gave it."""
    since_s = actors.clock.now().wall_s - TOP_DAYS * 86_400
    wanted = actors.settings.top_watchers
    question = GetLeaderboard("time", since_s, wanted * _LOOKED_AT)
    best = await actors.ask(question)
    top: list[discord.Member] = []
    for row in best.rows:
        if len(top) < wanted and row.viewer_id.isdigit() and (member := await _member(guild, int(row.viewer_id))):
            top.append(member)
    chosen = {member.id for member in top}
    had = await asyncio.gather(*(_member(guild, number) for number in keepsake.given(role.id) if number not in chosen))
    return RoleChange(
        give=tuple(member for member in top if role not in member.roles),
        keep=tuple(member for member in top if role in member.roles),
        take=tuple(member for member in had if member is not None and role in member.roles),
    )


async def apply_change(change: RoleChange, role: discord.Role, keepsake: Keepsake) -> None:
    """Give and take; what was given is remembered at once, so that it can be taken again. RefusedError if forbidden."""
    given = set(keepsake.given(role.id))
    why = _("top watchers of the last {days} days").format(days=TOP_DAYS)
    try:
        for member in change.give:
            await member.add_roles(role, reason=why)
            given.add(member.id)
            keepsake.gave(role.id, sorted(given))
        for member in change.take:
            await member.remove_roles(role, reason=why)
            given.discard(member.id)
            keepsake.gave(role.id, sorted(given))
    except discord.Forbidden as error:
        raise RefusedError(*(_(text) for text in _FORBIDDEN)) from error


async def _member(guild: discord.Guild, number: int) -> discord.Member | None:
    """Return a member of the server; None for one who left."""
    try:
        return guild.get_member(number) or await guild.fetch_member(number)
    except discord.NotFound:
        return None
