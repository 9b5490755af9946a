"""A small bot of the real, unmodified discord.py, in a thread of its own, for tests of the simulated Discord."""

import asyncio
import io
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import discord
from discord import app_commands
from discord.ext import commands

from simulator.discord import SimulatedDiscord
from tests.deadlines import WITHIN_S

Context = commands.Context[Any]
Got = TypeVar("Got")


class Buttons(discord.ui.View):
    """A view that survives a restart."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Next", custom_id="page:2")
    async def turn(self, interaction: discord.Interaction, _: discord.ui.Button[Self]) -> None:
        """Change the message in place."""
        await interaction.response.edit_message(content="page 2", view=self)

    @discord.ui.button(label="Later", custom_id="later")
    async def change_later(self, interaction: discord.Interaction, _: discord.ui.Button[Self]) -> None:
        """Acknowledge, and change the message afterwards."""
        await interaction.response.defer()
        await interaction.edit_original_response(content="changed later")

    @discord.ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction, _: discord.ui.Button[Self]) -> None:
        """Open a form."""
        await interaction.response.send_modal(Form())

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="Metropolis", value="m")])
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[Self]) -> None:
        """Answer what was chosen, to the one who chose."""
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)


class Form(discord.ui.Modal, title="Start"):
    """A form of one field."""

    position: discord.ui.TextInput[Self] = discord.ui.TextInput(label="Position", custom_id="position")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say what was written."""
        await interaction.response.send_message(f"from {self.position.value}")


class Tools(commands.Cog):
    """Commands, each as ! and as /."""

    @commands.hybrid_command(description="What somebody saw")  # type: ignore[arg-type]  # mypy infers no cog here
    async def stats(self, ctx: Context, who: discord.Member | None = None, count: int = 3) -> None:
        """Deferred, an embed with a picture, and buttons."""
        await ctx.defer()
        embed = discord.Embed(title=f"{(who or ctx.author).display_name}: {count}", colour=0xE5A00D)
        embed.set_image(url="attachment://poster.png")
        picture = discord.File(io.BytesIO(b"picture"), "poster.png")
        await ctx.reply(embed=embed, file=picture, view=Buttons())

    @stats.autocomplete("count")
    async def counts(self, _: discord.Interaction, typed: str) -> list[app_commands.Choice[int]]:
        """Offer two numbers."""
        return [app_commands.Choice(name=f"{typed}{digit}", value=digit) for digit in (5, 7)]

    @commands.hybrid_command(description="Save, for administrators")  # type: ignore[arg-type]  # mypy infers no cog here
    @app_commands.default_permissions(administrator=True)
    async def save(self, ctx: Context) -> None:
        """Two answers that only the asker sees."""
        await ctx.send("saved", ephemeral=True)
        await ctx.send("twice", ephemeral=True)

    @app_commands.command(name="late", description="Acknowledged too late")
    async def answer_late(self, interaction: discord.Interaction) -> None:
        """Waits past the deadline."""
        await asyncio.sleep(0.4)
        await interaction.response.send_message("too late")

    @app_commands.command(description="Acknowledged twice")
    async def twice(self, interaction: discord.Interaction) -> None:
        """Answers, and goes round discord.py's own guard to answer again."""
        await interaction.response.send_message("first")
        again = discord.InteractionResponse(interaction)
        await again.send_message("second")


class Robot(commands.Bot):
    """The bot, its loop and its thread. A context manager."""

    def __init__(self, server: SimulatedDiscord, *, token: str = "", **intents: bool) -> None:
        asked = discord.Intents(**({"guilds": True, "voice_states": True, "guild_messages": True} | intents))
        super().__init__(
            "!", intents=asked, help_command=None, guild_ready_timeout=0.1, heartbeat_timeout=1.0,
            chunk_guilds_at_startup=False,
        )  # fmt: skip
        self.server = server
        self.ended: Future[None] = Future()
        """How the client ended: done, or the error that it died of."""
        self.errors: list[BaseException] = []
        self.heard: list[str] = []
        self.said: list[discord.Message] = []
        self._token = token or server.token
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="robot", daemon=True)
        self.tree.error(self._command_failed)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(WITHIN_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not self.ended.done():
            self.do(self.close())
        self._thread.join(10)
        assert not self._thread.is_alive(), "the bot did not stop"

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)

    async def _live(self) -> None:
        self.own_loop = asyncio.get_running_loop()
        self._started.set()
        async with self:
            await self.start(self._token)

    def do(self, what: Coroutine[Any, Any, Got], timeout: float = WITHIN_S) -> Got:
        """Run a coroutine on the bot's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(what, self.own_loop).result(timeout)

    def text_channel(self, name: str = "film-club") -> discord.TextChannel:
        """A text channel as the bot knows it."""
        found = self.get_channel(self.server.channel(name).id)
        assert isinstance(found, discord.TextChannel)
        return found

    def send(self, content: str | None = None, **parts: Any) -> discord.Message:
        """Post into #film-club."""
        return self.do(self.text_channel().send(content, **parts))

    def wait_heard(self, event: str, count: int = 1, timeout: float = WITHIN_S) -> None:
        """Wait until an event was heard so often."""
        there = self.server.wait_until(lambda: self.heard.count(event) >= count, timeout)
        assert there, f"{event} was heard {self.heard.count(event)} times of {count}; heard: {self.heard}"

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would sleep five seconds here, longer than this bot's heartbeat may be late."""

    async def setup_hook(self) -> None:
        """Register everything, for the guild alone."""
        self.add_view(Buttons())
        await self.add_cog(Tools())
        guild = discord.Object(self.server.guild_id)
        self.tree.copy_global_to(guild=guild)
        await self.tree.sync(guild=guild)

    async def _command_failed(self, _: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.errors.append(getattr(error, "original", error))

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Note every event's name."""
        self.heard.append(event)
        super().dispatch(event, *args, **kwargs)

    async def on_message(self, message: discord.Message) -> None:
        """Keep it, and obey."""
        self.said.append(message)
        await self.process_commands(message)
