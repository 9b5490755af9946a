"""What people do on Discord: write, use commands and buttons, come and go in voice channels."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.discord.model.command_input import (
    Asked,
    CommandNotOffered,
    choose_in_control,
    command_data,
    find_offered_command,
    form_data,
)
from simulator.discord.model.default_guild import build_default_guild
from simulator.discord.model.guild import DM, STAGE, VOICE, Channel, Guild, Member, Payload, Role, User
from simulator.discord.model.ids import snowflake
from simulator.discord.model.messages import (
    ANSWER_WITHIN_S,
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    ChannelMessage,
    Interaction,
    mentions_of,
)
from simulator.discord.model.permissions import USE_COMMANDS
from simulator.discord.model.world import (
    FLAG_MESSAGE_CONTENT,
    GUILDS,
    MEMBERS,
    REACTIONS,
    SCHEDULED_EVENTS,
    VOICE_STATES,
    DiscordWorld,
)

WhoEver = Member | str | int
WhereEver = Channel | str | int


class UserActions:
    """Acts as the members. Every method may be called from any thread.

    A member is given as a Member, a shown name, an account name or an id; a channel as a Channel, a name or an id. If
    several have that name, the one of `guild` is meant: the first server unless another is given.
    """

    def __init__(self, world: DiscordWorld, guild: Guild | None = None) -> None:
        self.world = world
        self._guild = guild

    def at(self, guild: Guild) -> UserActions:
        """Return the actions of people on another server."""
        return UserActions(self.world, guild)

    def member(self, who: WhoEver) -> Member:
        """Return a member. Raises LookupError if nobody has that name."""
        if isinstance(who, Member):
            return who
        for each in (*self.guild.members.values(), *self.world.members()):
            if who in (each.id, each.display_name, each.user.name):
                return each
        raise LookupError(f"Nobody is called {who!r}; there are {[each.display_name for each in self.world.members()]}")

    def channel(self, where: WhereEver) -> Channel:
        """Return a channel. Raises LookupError if none has that name."""
        if isinstance(where, Channel):
            return where
        guilds = (self.guild, *self.world.guilds.values())
        every = [each for guild in guilds for each in guild.channels.values()]
        for each in [*every, *self.world.direct.values()]:
            if where in (each.id, each.name):
                return each
        raise LookupError(f"No channel is called {where!r}; there are {[each.name for each in every]}")

    def add_member(self, name: str, *, bot: bool = False, nick: str | None = None, admin: bool = False) -> Member:
        """Add a member to the server; `name` is what people see."""
        account = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum()) or "guest"
        member = Member(User(snowflake(), account, bot, name), nick=nick)
        if admin:
            member.roles.append(next(role.id for role in self.guild.roles.values() if role.name == "Usherettes"))
        with self.world.changed:
            self.guild.members[member.id] = member
            joined = {**member.payload(), "guild_id": str(self.guild.id)}
            self.world.dispatch("GUILD_MEMBER_ADD", joined, MEMBERS)
        return member

    def remove_member(self, who: WhoEver) -> None:
        """Remove a member from the server."""
        member = self.member(who)
        with self.world.changed:
            del self.guild.members[member.id]
            left = {"guild_id": str(self.guild.id), "user": member.user.payload()}
            self.world.dispatch("GUILD_MEMBER_REMOVE", left, MEMBERS)

    def add_guild(self, name: str) -> Guild:
        """Invite the bot to another server, with the same channels and with people of its own."""
        with self.world.changed:
            guild = build_default_guild(self.world.bot, name)
            self.world.guilds[guild.id] = guild
            whole = guild.payload(self.world.bot.id)
            # Discord says "unavailable" only about servers that the bot was in before.
            del whole["unavailable"]
            self.world.dispatch("GUILD_CREATE", whole, GUILDS)
        return guild

    def take_server_away(self, *, removed: bool = False) -> None:
        """Make the server unavailable, or remove the bot from it; no events of it are sent from then on."""
        with self.world.changed:
            gone = {"id": str(self.guild.id)} if removed else {"id": str(self.guild.id), "unavailable": True}
            self.world.dispatch("GUILD_DELETE", gone, GUILDS)
            self.world.away.add(self.guild.id)

    def bring_server_back(self, *, invited: bool = False) -> None:
        """Make the server available again, or invite the bot again; the server has the members of now."""
        with self.world.changed:
            self.world.away.discard(self.guild.id)
            whole = self.guild.payload(self.world.bot.id)
            if invited:
                del whole["unavailable"]
            self.world.dispatch("GUILD_CREATE", whole, GUILDS)

    def add_channel(self, name: str, kind: int = 0) -> Channel:
        """Make a new channel in the server."""
        with self.world.changed:
            channel = Channel(snowflake(), name, kind, self.guild.id)
            self.guild.channels[channel.id] = channel
            self.world.dispatch("CHANNEL_CREATE", channel.payload(self.world.bot.id), GUILDS)
        return channel

    def remove_channel(self, where: WhereEver) -> None:
        """Delete a channel."""
        with self.world.changed:
            channel = self.channel(where)
            del self.guild.channels[channel.id]
            self.world.dispatch("CHANNEL_DELETE", channel.payload(self.world.bot.id), GUILDS)

    def deny_permissions(self, where: WhereEver, *bits: int) -> None:
        """Deny the bot these permissions in a channel from now on; without any, it lacks none."""
        with self.world.changed:
            channel = self.channel(where)
            channel.denied = sum(set(bits))
            self.world.dispatch("CHANNEL_UPDATE", channel.payload(self.world.bot.id), GUILDS)

    def allow_bot(self, bits: int) -> None:
        """Give the bot's role exactly these permissions."""
        with self.world.changed:
            role = self._find_bot_role()
            role.permissions = bits
            changed = {"guild_id": str(self.guild.id), "role": role.payload()}
            self.world.dispatch("GUILD_ROLE_UPDATE", changed, GUILDS)

    def allow_message_content(self, allowed: bool) -> None:
        """Switch the message content intent in the Developer Portal; connected bots keep what they have."""
        with self.world.changed:
            kept = self.world.app_flags & ~FLAG_MESSAGE_CONTENT
            self.world.app_flags = kept | (FLAG_MESSAGE_CONTENT if allowed else 0)

    def _find_bot_role(self) -> Role:
        return self.guild.roles[self.guild.members[self.world.bot.id].roles[0]]

    @property
    def guild(self) -> Guild:
        """The server of the actions: the first, unless another was given."""
        return self._guild or self.world.guild

    def say(
        self, who: WhoEver, where: WhereEver, text: str, *, reply_to: ChannelMessage | None = None
    ) -> ChannelMessage:
        """Write a message as somebody."""
        member, channel = self.member(who), self.channel(where)
        message = ChannelMessage(
            snowflake(), channel.id, member.user, text, pings=mentions_of(text, None),
            reply_to=reply_to.id if reply_to else None,
        )  # fmt: skip
        return self.world.post(message)

    def send_direct_message(self, who: WhoEver, text: str) -> ChannelMessage:
        """Write to the bot directly as somebody."""
        member = self.member(who)
        channel = self.world.direct_channel(member.user)
        self.world.dispatch("CHANNEL_CREATE", {**channel.payload(self.world.bot.id), "type": DM}, 0)
        return self.say(member, channel, text)

    def direct_messages(self, who: WhoEver) -> list[ChannelMessage]:
        """Return what the bot wrote to somebody directly, oldest first."""
        return self.messages(self.world.direct_channel(self.member(who).user), by_bot=True)

    def refuse_direct_messages(self, who: WhoEver) -> None:
        """Let somebody accept no direct messages from now on."""
        self.world.closed.add(self.member(who).id)

    def react(self, who: WhoEver, message: ChannelMessage, emoji: str) -> None:
        """React to a message as somebody."""
        member = self.member(who)
        with self.world.changed:
            message.reactions.setdefault(emoji, set()).add(member.id)
            self.world.changed.notify_all()
            data = {
                "user_id": str(member.id), "channel_id": str(message.channel_id), "message_id": str(message.id),
                "guild_id": str(self.guild.id), "member": member.payload(), "burst": False, "type": 0,
                "emoji": {"id": None, "name": emoji}, "message_author_id": str(message.author.id),
            }  # fmt: skip
            self.world.dispatch("MESSAGE_REACTION_ADD", data, REACTIONS)

    def join_voice(self, who: WhoEver, where: WhereEver = "Cinema", *, streaming: bool = False) -> None:
        """Move somebody into a voice or stage channel. Raises ValueError if the channel is neither."""
        member, channel = self.member(who), self.channel(where)
        if channel.kind not in (VOICE, STAGE):
            raise ValueError(f"{channel.name} is no voice channel")
        self._set_voice(member, channel.id, streaming=streaming)

    def move_voice(self, who: WhoEver, where: WhereEver) -> None:
        """Move somebody from one voice channel to another. Raises ValueError if they are in none."""
        member = self.member(who)
        if member.voice_channel is None:
            raise ValueError(f"{member.display_name} is in no voice channel")
        self.join_voice(member, where)

    def leave_voice(self, who: WhoEver) -> None:
        """Let somebody leave the voice channel."""
        self._set_voice(self.member(who), None)

    def share_screen(self, who: WhoEver, *, on: bool = True) -> None:
        """Begin or end somebody's screen share (Go Live)."""
        member = self.member(who)
        self._set_voice(member, member.voice_channel, streaming=on)

    def press_interested(self, who: WhoEver, event_id: int | str, *, pressed: bool = True) -> None:
        """Press Interested on an event as somebody, or take it back. Raises LookupError if there is no such event."""
        member, event_id = self.member(who), int(event_id)
        if event_id not in self.guild.events:
            raise LookupError(f"No event {event_id} is planned; there are {list(self.guild.events)}")
        with self.world.changed:
            those = self.guild.interested.setdefault(event_id, set())
            (those.add if pressed else those.discard)(member.id)
            self.guild.events[event_id]["user_count"] = len(those)
            data = {
                "guild_scheduled_event_id": str(event_id), "user_id": str(member.id), "guild_id": str(self.guild.id),
            }  # fmt: skip
            heard = f"GUILD_SCHEDULED_EVENT_USER_{'ADD' if pressed else 'REMOVE'}"
            self.world.dispatch(heard, data, SCHEDULED_EVENTS)

    def voice_members(self, where: WhereEver = "Cinema") -> list[Member]:
        """Return who is in a voice channel."""
        channel = self.channel(where)
        return [member for member in self.guild.members.values() if member.voice_channel == channel.id]

    def _set_voice(self, member: Member, channel_id: int | None, *, streaming: bool = False) -> None:
        with self.world.changed:
            member.voice_channel, member.streaming = channel_id, streaming and channel_id is not None
            self.world.dispatch("VOICE_STATE_UPDATE", self.guild.voice_state(member), VOICE_STATES)

    def slash(
        self,
        who: WhoEver,
        name: str,
        options: Mapping[str, Asked] | None = None,
        *,
        where: WhereEver = "film-club",
        hidden_too: bool = False,
    ) -> Interaction:
        """Use /name as somebody; a group's command is "group command". Values: str, int, bool, Member, Channel.

        Raises CommandNotOffered (a LookupError) if Discord would not allow it: no such command was synced, a value does
        not fit its option, or the command needs permissions that the person lacks. `hidden_too` ignores those
        permissions, as a server's settings can.
        """
        member, channel = self.member(who), self.channel(where)
        guild = self.guild
        can = guild.permissions(member, channel)
        if not can & USE_COMMANDS:
            raise CommandNotOffered(f"{member.display_name} may not use commands in #{channel.name}")
        command = find_offered_command(self.world.commands, guild.id, name, can if not hidden_too else None)
        data = command_data(guild, command, name, options or {})
        return self._ask(member, channel, COMMAND, name, data)

    def autocomplete(
        self,
        who: WhoEver,
        name: str,
        option: str,
        typed: str,
        options: Mapping[str, Asked] | None = None,
        *,
        where: WhereEver = "film-club",
        timeout: float = 3.0,
    ) -> list[Payload]:
        """Type into an option as somebody; return the choices that the bot offers, each with name and value."""
        member, guild = self.member(who), self.guild
        command = find_offered_command(self.world.commands, guild.id, name, None)
        data = command_data(guild, command, name, {**(options or {}), option: typed}, focused=option)
        asked = self._ask(member, self.channel(where), AUTOCOMPLETE, name, data)
        asked.wait_ack(timeout)
        return asked.choices

    def click(
        self, who: WhoEver, message: ChannelMessage, custom_id: str, *, values: Sequence[str | int] = ()
    ) -> Interaction:
        """Click a button as somebody, by its custom_id or label, or choose `values` in a select.

        Raises LookupError if the message has no such control, it is disabled, or the select does not offer the values.
        """
        control = self._find_control(message, custom_id)
        kind = int(control["type"])
        data: Payload = {"component_type": kind, "custom_id": control["custom_id"], "id": control.get("id", 1)}
        if kind != 2:
            data |= choose_in_control(self.guild, control, values)
        channel = self.channel(message.channel_id)
        return self._ask(self.member(who), channel, COMPONENT, control["custom_id"], data, source=message)

    @staticmethod
    def _find_control(message: ChannelMessage, name: str) -> Payload:
        if message.deleted:
            raise LookupError("The message is gone")
        for control in message.controls:
            if name in (control.get("custom_id"), control.get("label"), (control.get("emoji") or {}).get("name")):
                if control.get("disabled"):
                    raise LookupError(f"{name!r} is switched off")
                return control
        raise LookupError(f"There is no {name!r}; there are {[c.get('custom_id') for c in message.controls]}")

    def submit(self, asked: Interaction, values: Mapping[str, str]) -> Interaction:
        """Fill in and send the form that an interaction opened; `values` by custom_id. Raises LookupError."""
        if asked.modal is None:
            raise LookupError(f"{asked.name!r} opened no form")
        data = form_data(asked.modal, values)
        channel = self.channel(asked.channel_id)
        return self._ask(asked.member, channel, MODAL, data["custom_id"], data, source=asked.source)

    def _ask(
        self,
        member: Member,
        channel: Channel,
        kind: int,
        name: str,
        data: Payload,
        source: ChannelMessage | None = None,
    ) -> Interaction:
        asked = Interaction(
            snowflake(), secrets.token_urlsafe(24), member, channel.id, kind, name, self.world.changed, source=source
        )
        with self.world.changed:
            self.world.interactions[asked.token] = asked
            self.world.dispatch("INTERACTION_CREATE", self.world.interaction_payload(asked, data), 0)
        return asked

    def messages(self, where: WhereEver = "film-club", *, by_bot: bool | None = None) -> list[ChannelMessage]:
        """Return a channel's messages, oldest first; `by_bot` True: only the bot's, False: only people's."""
        channel, bot = self.channel(where), self.world.bot.id
        with self.world.changed:
            return [
                message
                for message in self.world.messages.values()
                if message.channel_id == channel.id and by_bot in (None, message.author.id == bot)
            ]

    def wait_for(
        self, fits: Callable[[ChannelMessage], bool], timeout: float = 5.0, *, where: WhereEver | None = None
    ) -> ChannelMessage:
        """Return the bot's first message that fits: one already posted, or else the next posted or edited one.

        Raises TimeoutError after `timeout` seconds. "Thinking ..." does not count as a message.
        """
        channel_id = self.channel(where).id if where is not None else None
        found: list[ChannelMessage] = []

        def has_message() -> bool:
            mine = (m for m in self.world.messages.values() if m.author.id == self.world.bot.id and not m.is_loading)
            found[:] = [m for m in mine if channel_id in (None, m.channel_id) and fits(m)][:1]
            return bool(found)

        if not self.wait_until(has_message, timeout):
            last = [message.text[:80] for message in list(self.world.messages.values())[-5:]]
            raise TimeoutError(f"No message of the bot fits after {timeout} s; the last ones are {last}")
        return found[0]

    def wait_reply(self, asked: ChannelMessage | Interaction, timeout: float = ANSWER_WITHIN_S) -> ChannelMessage:
        """Return the bot's answer to an interaction, or its reply to a message. Raises TimeoutError if none comes."""
        if isinstance(asked, Interaction):
            return asked.wait_reply(timeout)
        return self.wait_for(lambda message: message.reply_to == asked.id, timeout, where=asked.channel_id)

    def wait_until(self, ready: Callable[[], Any], timeout: float = 5.0) -> bool:
        """Wait until `ready` holds, which is checked at each change; return whether it did within `timeout` seconds."""
        deadline_s = time.monotonic() + timeout
        with self.world.changed:
            while not ready():
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return False
                # The gateway's counters change without a notification: so check again now and then.
                self.world.changed.wait(min(left_s, 0.05))
            return True
