"""The role of the top watchers: plans who should have it, and gives and removes it."""

import asyncio

import discord
import msgspec

from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import RefusedError
from messages import GetLeaderboard
from wording.translation import N_, _

TOP_DAYS = 30
"""Days over which the top watchers are counted."""
_LOOKED_AT = 4
"""Places of the leaderboard that are read for each role: Plex viewers and members who left get none."""
_FORBIDDEN = (
    N_("Discord does not let the bot give that role."),
    N_("Give the bot Manage Roles, and in Server Settings > Roles drag the bot's role above it."),
)


class RoleChange(msgspec.Struct, frozen=True):
    """Who gets the role, keeps it and loses it."""

    give: tuple[discord.Member, ...]
    keep: tuple[discord.Member, ...]
    take: tuple[discord.Member, ...]

    def __bool__(self) -> bool:
        return bool(self.give or self.take)


class TopRoles:
    """Gives the role, and remembers to whom: it is removed only from members to whom Usher gave it."""

    def __init__(self, actors: ActorClient, state: FeatureState[list[int]]) -> None:
        """Keep in `state`, by the role's id, the ids of the members to whom it was given."""
        self._actors = actors
        self._state = state

    async def plan(self, guild: discord.Guild, role: discord.Role) -> RoleChange:
        """Return who should have the role by the figures of the last TOP_DAYS days. Raises UnansweredError."""
        since_s = self._actors.clock.now().wall_s - TOP_DAYS * 86_400
        most = self._actors.settings.top_watchers
        ranked = await self._actors.ask(GetLeaderboard("time", since_s, most * _LOOKED_AT))
        top: list[discord.Member] = []
        for row in ranked.rows:
            if len(top) < most and row.viewer_id.isdigit() and (member := await _member(guild, int(row.viewer_id))):
                top.append(member)
        chosen = {member.id for member in top}
        others = [member_id for member_id in self._find_given(role) if member_id not in chosen]
        had = await asyncio.gather(*(_member(guild, member_id) for member_id in others))
        return RoleChange(
            give=tuple(member for member in top if role not in member.roles),
            keep=tuple(member for member in top if role in member.roles),
            take=tuple(member for member in had if member is not None and role in member.roles),
        )

    async def apply(self, change: RoleChange, role: discord.Role) -> None:
        """Give and remove the role; remember each change at once. Raises RefusedError if Discord forbids it."""
        given = set(self._find_given(role))
        why = _("top watchers of the last {days} days").format(days=TOP_DAYS)
        try:
            for member in change.give:
                await member.add_roles(role, reason=why)
                given.add(member.id)
                self._state.put(str(role.id), sorted(given))
            for member in change.take:
                await member.remove_roles(role, reason=why)
                given.discard(member.id)
                self._state.put(str(role.id), sorted(given))
        except discord.Forbidden as error:
            raise RefusedError(*(_(text) for text in _FORBIDDEN)) from error

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget that a viewer was given the role."""
        for role_id, members in list(self._state.records.items()):
            self._state.put(role_id, [member for member in members if str(member) not in viewer.ids])

    def _find_given(self, role: discord.Role) -> list[int]:
        return self._state.records.get(str(role.id), [])


async def _member(guild: discord.Guild, number: int) -> discord.Member | None:
    """Return a member of the server, or None if they left."""
    try:
        return guild.get_member(number) or await guild.fetch_member(number)
    except discord.NotFound:
        return None
