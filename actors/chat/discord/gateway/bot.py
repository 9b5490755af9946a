"""The bot: registers commands, handles events, and answers if something fails."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import discord
from discord.ext import commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.core.event_routes import (
    find_button_guild,
    find_event_guild,
    is_stray_button,
    is_unserved_interaction,
)
from actors.chat.discord.core.proxy import environment_proxy
from actors.chat.discord.features.film_night import NightRoleButton
from actors.chat.discord.features.live_card import RateButton
from actors.chat.discord.framework.command import UsherCommand
from actors.chat.discord.framework.command_errors import CHANNEL_CURE, RefusedError, explain_error, log_failure
from actors.chat.discord.framework.pages import PageButton, refuse
from actors.chat.discord.framework.replies import CommandContext, reply_options
from actors.chat.discord.gateway.command_registrar import UNSERVED, CommandRegistrar
from actors.chat.discord.gateway.command_tree import GuardedTree
from actors.chat.discord.gateway.connect_brake import ConnectBrake
from actors.chat.discord.gateway.global_rate_limit import release_when_cancelled
from actors.chat.discord.gateway.resuming_bot import ResumingBot
from actors.chat.discord.guild_directory import GuildDirectory
from actors.chat.discord.guild_features import GuildFeatures
from actors.chat.discord.ui import embeds
from actors.runtime.boot.memory_limit import end_if_out_of_memory
from config import languages
from messages import Problem
from wording.translation import N_, _, use_language

_REPLIES = "replies"
SETUP_PREFIX = "usher:setup"
"""The beginning of the custom ids of controls that `/setup` shows."""
NOT_SET_UP = (
    N_("Usher isn't set up on this server."),
    N_("A member with Manage Server can do that: `/setup`"),
)
OLD_BUTTON = (N_("This button is from an older version of Usher."), N_("Run the command again."))
"""The answer to a button in a direct message that does not name its server."""
STARTING = (N_("Usher is just starting on this server."), N_("Try again in a few seconds."))
STALE_BUTTON = (N_("This button is from an older version of Usher."), N_("Run the command again."))
STALE_FORM = (N_("I no longer remember what you asked for."), N_("Run the command again."))
HEARTBEAT_S = 75.0
"""If the gateway sends nothing for this long, the bot reconnects. Discord's heartbeat interval is 41.25 s: on a quiet
connection nothing comes more often."""

_APOSTROPHES = str.maketrans("‘’", "''")


class UsherBot(ResumingBot):
    """One connection's bot. To need little memory, it caches no messages, and only members who are in voice."""

    def __init__(
        self,
        directory: GuildDirectory,
        declared: Sequence[UsherCommand],
        *,
        intents: discord.Intents,
        brake: ConnectBrake,
        log: logging.Logger,
    ) -> None:
        super().__init__(
            command_prefix="!",
            help_command=None,
            tree_cls=GuardedTree,
            case_insensitive=True,
            strip_after_prefix=True,
            intents=intents,
            brake=brake,
            log=log,
            allowed_mentions=embeds.NOBODY,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags(voice=True, joined=False),
            chunk_guilds_at_startup=False,
            heartbeat_timeout=HEARTBEAT_S,
            max_ratelimit_timeout=60.0,
            proxy=environment_proxy(discord.http.Route.BASE),
        )
        release_when_cancelled(self.http)
        self.directory = directory
        self._declared = declared
        self.on_up: Callable[[], None] = lambda: None
        self.on_down: Callable[[], None] = lambda: None
        self.is_set_up = False
        self._speaks = False
        self._registrar = CommandRegistrar(self, declared, directory, log)
        self._forms = {prefix: submit for command in declared for prefix, submit in command.forms.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._registrations: dict[int, asyncio.Task[None]] = {}
        """The task that registers a server's commands with Discord, by server id."""
        self.add_check(self._in_our_server, call_once=True)

    async def setup_hook(self) -> None:
        """Add commands and buttons after the log-in, and register the commands with Discord if they have changed."""
        self.add_dynamic_items(PageButton, RateButton, NightRoleButton)
        for command in self._declared:
            self.add_command(command)
            self.add_dynamic_items(*command.buttons)
        self.is_set_up = True
        self.register_commands(self.directory.own.guild_id)

    async def close(self) -> None:
        """Close the connection, and end its tasks."""
        for task in self._tasks:
            task.cancel()
        await super().close()

    def take_event(self, event: str, data: Any, parse: Callable[[Any], Any]) -> Any:
        """Let discord.py handle an event, in the language of its server.

        In a server without a community, a hint answers everything but the command that sets it up.
        """
        guild_id = find_event_guild(event, data)
        with use_language(self.find_language(guild_id)):
            if event == "INTERACTION_CREATE" and self.directory.is_shared and is_stray_button(data):
                self._start(self._decline(discord.Interaction(data=data, state=self._connection), OLD_BUTTON))
                return None
            is_served = event != "INTERACTION_CREATE" or self.directory.find(guild_id) is not None
            if is_served or is_unserved_interaction(data, UNSERVED, SETUP_PREFIX):
                return parse(data)
            why = STARTING if self.directory.is_expected(guild_id) else NOT_SET_UP
            self._start(self._decline(discord.Interaction(data=data, state=self._connection), why))
            return None

    async def _decline(self, interaction: discord.Interaction[Any], why: tuple[str, str]) -> None:
        """Tell the asker that this server has no community, or that its actor is starting."""
        with contextlib.suppress(*API_ERRORS):
            if interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            else:
                await refuse(interaction, *map(_, why))

    def find_language(self, guild_id: int) -> str:
        """Return the language of a server: its community's, or else the one in the server's own settings on Discord.

        Return "" for the language of the process.
        """
        if self.directory.find(guild_id) is self.directory.own:
            return ""
        if known := self.directory.find_language(guild_id):
            return known
        guild = self.get_guild(guild_id)
        spoken = guild.preferred_locale.value.partition("-")[0] if guild is not None else ""
        return spoken if spoken in languages() else ""

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Notify the event's listeners.

        A server that becomes unavailable is removed from discord.py's cache first: the cache would keep everybody who
        was in voice, and every channel, even if they are gone when the server is back.
        """
        if event_name == "guild_unavailable":
            self._connection._remove_guild(args[0])
        super().dispatch(event_name, *args, **kwargs)

    async def on_connect(self) -> None:
        """Note that the gateway is connected; the state of the servers follows."""
        self._speaks = True

    async def on_ready(self) -> None:
        """Report a new connection. discord.py calls this two seconds late: the connection may be lost again."""
        settings = self.directory.own.actors.settings
        self._log.info(
            "On Discord as %s: announcing in channel %s, following voice channel %s",
            self.user,
            settings.discord_announce_channel_id or "none",
            settings.watch_party_voice_channel_id or "none",
        )
        self._report_up()

    async def on_resumed(self) -> None:
        """Report that the connection is back, and no event was missed."""
        self._speaks = True
        self._report_up()

    async def on_disconnect(self) -> None:
        """Report that the connection to the gateway is lost."""
        self._speaks = False
        self.on_down()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """Note that a server is unavailable: nothing is known of it until it is back."""
        self._report_guild_gone(guild, removed=False)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that the bot was removed from a server."""
        if not self._is_own(guild.id):
            self._registrar.forget(guild.id)
        self._report_guild_gone(guild, removed=True)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Note that a server is available, at the start or after an outage of its own."""
        if not self._is_own(guild.id):
            self.register_commands(guild.id)
        self._report_guild_up(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Register the commands in a server that invited the bot: Discord may have forgotten them."""
        self._registrar.forget(guild.id)
        self.register_commands(guild.id)
        self._report_guild_up(guild)

    def register_commands(self, guild_id: int) -> None:
        """Register a server's present commands with Discord; 0 for those of all servers."""
        if guild_id and not self._is_own(guild_id) and self.get_guild(guild_id) is None:
            return  # they are registered when the bot is invited there
        if not guild_id or self.directory.own.guild_id:  # otherwise one registration is for all servers
            if (running := self._registrations.get(guild_id)) is not None:
                running.cancel()
            self._registrations[guild_id] = self._start(self._registrar.register(guild_id))

    def _is_own(self, guild_id: int) -> bool:
        return guild_id == self.directory.own.guild_id

    def _report_guild_up(self, guild: discord.Guild) -> None:
        if self._is_own(guild.id) or not self.directory.own.guild_id:
            self._report_up()
        elif self._speaks and (features := self.directory.find(guild.id)) is not None:
            features.note_up()

    def _report_up(self) -> None:
        if self._speaks:
            self.on_up()

    def _report_guild_gone(self, guild: discord.Guild, *, removed: bool) -> None:
        """Report that a server is gone, unless it is back meanwhile."""
        features = self.directory.find(guild.id)
        if features is not None and features.guild_id and self.get_guild(guild.id) is None:
            features.note_gone(removed=removed)

    def features_of(self, origin: commands.Context[Any] | discord.Interaction[Any]) -> GuildFeatures:
        """Return the features of the server of a command or interaction. Raises RefusedError if it has none.

        In a direct message, return those of the community to which the button belongs.
        """
        guild_id = origin.guild.id if origin.guild is not None else 0
        if not guild_id and isinstance(origin, discord.Interaction):
            guild_id = find_button_guild(str(dict(origin.data or {}).get("custom_id", ""))) or 0
        features = self.directory.find(guild_id)
        if features is None:
            raise RefusedError(*map(_, NOT_SET_UP))
        return features

    async def get_context(self, origin: Any, /, *, cls: Any = CommandContext) -> Any:
        """Return a context with a client for the other actors."""
        return await super().get_context(origin, cls=cls)

    async def on_message(self, message: discord.Message, /) -> None:
        """Handle a member's message, or the end of a poll."""
        if message.type is discord.MessageType.poll_result and message.reference is not None:
            features = self.directory.find(message.guild.id if message.guild is not None else 0)
            if features is not None:
                features.film_votes.on_poll_ended(message.reference.message_id or 0)
        await super().on_message(message)

    async def process_commands(self, message: discord.Message, /) -> None:
        """Run the command in a message, with plain apostrophes: discord.py reads those of phones as quotation marks."""
        if message.type not in (discord.MessageType.default, discord.MessageType.reply):
            return  # such a message may be the name of a thread or channel, which looks like a command
        if message.guild is not None and self.directory.find(message.guild.id) is None:
            return  # Usher is not set up there: the message may be meant for another bot
        message.content = message.content.translate(_APOSTROPHES)
        await super().process_commands(message)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Handle a form, which may have been opened before a restart; answer a control that nothing else handles."""
        if interaction.type not in (discord.InteractionType.modal_submit, discord.InteractionType.component):
            return
        custom_id = str(dict(interaction.data or {}).get("custom_id", ""))
        if interaction.type is discord.InteractionType.component:
            if not self._has_control(interaction, custom_id):
                await self._decline(interaction, STALE_BUTTON)
            return
        for prefix, submit in self._forms.items():
            if custom_id.startswith(prefix):
                await submit(interaction, custom_id)
                return
        if custom_id not in self._connection._view_store._modals:
            await self._decline(interaction, STALE_FORM)

    def _has_control(self, interaction: discord.Interaction[Any], custom_id: str) -> bool:
        """Tell whether a button or menu handles this custom id: otherwise nothing would answer."""
        store, kind = self._connection._view_store, dict(interaction.data or {}).get("component_type")
        if any((kind, custom_id) in controls for controls in store._views.values()):
            return True
        rows = interaction.message.components if interaction.message is not None else ()
        shown = [control for row in rows for control in getattr(row, "children", ())]
        is_there = any(control.type.value == kind and control.custom_id == custom_id for control in shown)
        return is_there and any(pattern.fullmatch(custom_id) for pattern in store._dynamic_items)

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Pass on that a member joined, left, moved or muted."""
        features = self.directory.find(member.guild.id)
        if features is not None:
            features.voice.on_voice_change(member, before, after)

    async def on_command_error(self, ctx: commands.Context[Any], error: commands.CommandError, /) -> None:
        """Tell the member what to do; log a fault of Usher."""
        reply = explain_error(error, ctx)
        log_failure(reply, f"!{ctx.command}")
        if reply.forbidden:
            self._note_no_reply(ctx)
        if reply.embed is None:
            return
        try:
            await ctx.send(embed=reply.embed, ephemeral=True, **reply_options(ctx))
        except discord.Forbidden:
            self._note_no_reply(ctx)
            await self._reply_missing_permission(ctx)
        except API_ERRORS as failure:
            self._log.warning("The answer to %s did not reach Discord: %s", ctx.command, failure)

    async def on_command_completion(self, ctx: commands.Context[Any]) -> None:
        """Note that the bot can answer."""
        features = self.directory.find(ctx.guild.id if ctx.guild is not None else 0)
        if features is not None:
            features.degraded.remove(_REPLIES)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log that an event's handler failed; the bot continues."""
        end_if_out_of_memory(sys.exception(), "discord")
        self._log.exception("Handling %s failed", event_method)

    def _note_no_reply(self, ctx: commands.Context[Any]) -> None:
        """Show in health that the bot may not answer in a channel; a member without direct messages is no fault."""
        if ctx.guild is not None and (features := self.directory.find(ctx.guild.id)) is not None:
            features.degraded.add(_REPLIES, Problem.of("discord.cannot_answer", channel=str(ctx.channel.id)))

    async def _reply_missing_permission(self, ctx: commands.Context[Any]) -> None:
        """Reply which permission is missing, in plain text, which needs no Embed Links."""
        lacks = _("The bot may not answer in {channel}: it lacks {permissions}.").format(
            channel=f"<#{ctx.channel.id}>", permissions=_("Embed Links")
        )
        with contextlib.suppress(*API_ERRORS):  # it may be unable to send anything: health says so
            await ctx.send(f"{lacks} {_(CHANNEL_CURE)}", ephemeral=True, **reply_options(ctx))

    async def _in_our_server(self, ctx: commands.Context[Any]) -> bool:
        if ctx.command is None or ctx.command.name not in UNSERVED:
            self.features_of(ctx)
        return True

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
