"""Connects Plex: a sign-in at plex.tv finds the account's own servers, among which the manager chooses.

The Plex poller seals the tokens before they get here. The buttons' custom ids contain the sign-in's id: after a restart
they say that the sign-in has expired.
"""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Sequence
from typing import Any, Self

import discord

from actors.chat.discord.commands.community.community_requests import (
    ServerSettings,
    ask_own,
    check_manager,
    directory_of,
    read_server,
)
from actors.chat.discord.commands.community.setting_controls import (
    ACTS,
    SHOW_HOME,
    SetupButton,
    read_values,
    save_and_show,
)
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.pages import build_buttons
from actors.chat.discord.ui import embeds, formatting
from messages import CheckPlexSignIn, OwnedPlexServer, PlexSignedIn, PlexSignIn, StartPlexSignIn
from wording.problems import translate, translate_or
from wording.text import shorten
from wording.translation import N_, _

PLEX_TV_S = 20.0
"""Deadline of a question that plex.tv answers; real seconds."""
CHECK_S = 2.0
"""Interval of checks whether somebody has signed in (real seconds)."""
POLLER = "plex"
_MOST_SERVERS = 20
_AGAIN = N_("Press “Connect Plex” again for a new code.")
_newest: dict[int, str] = {}
"""By Discord server: the newest sign-in; the result of an older one is ignored."""


async def _connect(interaction: discord.Interaction[Any], guild: discord.Guild, _about: str) -> None:
    """Show a code, and then the servers of the account that signed in."""
    actors = directory_of(interaction).own.actors
    code = await ask_own(actors, StartPlexSignIn(str(guild.id)), PLEX_TV_S, to=POLLER)
    if not code.code:
        why = formatting.escape(translate_or(code.reason, code.problem), 300)
        raise RefusedError(why, _("Try again later."))
    _newest[guild.id] = code.sign_in_id
    await _show(interaction, _build_code(actors, code), _build_waiting(code))
    signed = await _await_sign_in(actors, guild, code)
    if signed is not None:
        await _show_servers(interaction, guild, code.sign_in_id, signed)


async def _await_sign_in(actors: ActorClient, guild: discord.Guild, code: PlexSignIn) -> PlexSignedIn | None:
    """Wait until the code is entered or expires; return None if a newer code was requested."""
    end_s = time.monotonic() + code.expires_s
    while time.monotonic() < end_s:
        await asyncio.sleep(CHECK_S)
        if _newest.get(guild.id) != code.sign_in_id:
            return None
        with contextlib.suppress(UnansweredError):  # the poller restarts, and will not know the code
            signed = await actors.ask(CheckPlexSignIn(code.sign_in_id), PLEX_TV_S, target=POLLER)
            if signed.state != "waiting":
                return signed
    return PlexSignedIn("expired")


async def _check(interaction: discord.Interaction[Any], guild: discord.Guild, sign_in_id: str) -> None:
    """Check now whether somebody has signed in, even after a restart, when nothing waits for it."""
    question = CheckPlexSignIn(sign_in_id)
    signed = await ask_own(directory_of(interaction).own.actors, question, PLEX_TV_S, to=POLLER)
    if signed.state == "waiting":
        raise RefusedError(_("plex.tv says that nobody has entered that code yet."), _("Enter it, then press again."))
    _newest.pop(guild.id, None)
    await _show_servers(interaction, guild, sign_in_id, signed)


async def _show_servers(
    interaction: discord.Interaction[Any], guild: discord.Guild, sign_in_id: str, signed: PlexSignedIn
) -> None:
    """Ask which of the account's servers to watch. Raises RefusedError if it owns none."""
    if not signed.servers:
        raise _explain_none(signed)
    lines = [_describe_server(server) for server in signed.servers[:_MOST_SERVERS]]
    text = "\n".join([_("Which of your servers should Usher track here?"), *lines])
    embed = embeds.build_embed(_("📺 Connect Plex"), text, colour=embeds.BLUE)
    usable = [server for server in signed.servers if server.url][:_MOST_SERVERS]
    items: list[discord.ui.Item[Any]] = [ServerMenu(sign_in_id, usable)] if usable else []
    await _show(interaction, embed, [*items, SetupButton("home", _("Back"))])


def _explain_none(signed: PlexSignedIn) -> RefusedError:
    if signed.state == "no_access":
        what = _("The Plex account {name} owns no server.").format(name=formatting.escape(signed.name, 60))
        return RefusedError(what, _("Sign in with the account that owns it."))
    what = formatting.escape(translate_or(signed.reason, signed.problem), 300) if signed.problem else ""
    return RefusedError(what or _("The code expired, or Usher was restarted."), _(_AGAIN))


def _describe_server(server: OwnedPlexServer) -> str:
    name = formatting.escape(server.name, 60)
    if server.reason is None:
        return f"✅ **{name}**"
    sign = "⚠️" if server.url else "❌"
    return f"{sign} **{name}**: {formatting.escape(translate(server.reason), 200)}"


class ServerMenu(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]],
    template=re.compile(r"usher:setup:servers:(?P<sign_in>[0-9a-f]{1,64})"),
):
    """Chooses among the servers of the account that signed in."""

    def __init__(self, sign_in_id: str, servers: Sequence[OwnedPlexServer] = ()) -> None:
        self._sign_in_id = sign_in_id
        options = [
            discord.SelectOption(
                label=shorten(server.name or server.server_id, 100),
                value=server.server_id[:100],
                default=not server.reason,
            )
            for server in servers
        ]
        super().__init__(
            discord.ui.Select(
                custom_id=f"usher:setup:servers:{sign_in_id}",
                placeholder=_("Plex servers"),
                options=options,
                max_values=max(1, len(options)),
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the menu from the sign-in's id."""
        return cls(match["sign_in"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Watch the chosen servers, instead of earlier ones of the same account."""
        guild = await check_manager(interaction)
        if guild is None:
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            chosen = set(read_values(interaction))
            directory = directory_of(interaction)
            question = CheckPlexSignIn(self._sign_in_id)
            signed = await ask_own(directory.own.actors, question, PLEX_TV_S, to=POLLER)
            if not signed.servers:
                raise _explain_none(signed)
            servers = _merge_servers(await read_server(directory, guild), signed.servers, chosen)
            await save_and_show(interaction, SHOW_HOME, {"PLEX_SERVERS": servers})


def _merge_servers(server: ServerSettings, owned: Sequence[OwnedPlexServer], chosen: set[str]) -> str:
    """Return PLEX_SERVERS: servers of other accounts stay, those of this account are replaced by the chosen ones."""
    stored = (server.community.settings if server.community is not None else {}).get("PLEX_SERVERS", "")
    ours = {each.server_id for each in owned}
    listed = [each for each in (json.loads(stored) if stored else []) if each.get("server_id") not in ours]
    listed += [
        {"url": each.url, "token": each.token, "name": each.name, "server_id": each.server_id}
        for each in owned
        if each.server_id in chosen and each.url
    ]
    return json.dumps(listed) if listed else ""


def _build_code(actors: ActorClient, code: PlexSignIn) -> discord.Embed:
    ends = formatting.relative_time(actors.clock.now().wall_s + code.expires_s)
    lines = [
        _("1. Open {address} and sign in to Plex, as the owner of the servers.").format(address=code.address),
        _("2. Enter **{code}**. It expires {when}.").format(code=formatting.escape(code.code, 20), when=ends),
        _("Usher then stores an encrypted token for each server you choose, and nothing else from your account."),
    ]
    return embeds.build_embed(_("📺 Connect Plex"), "\n".join(lines), colour=embeds.BLUE)


def _build_waiting(code: PlexSignIn) -> list[discord.ui.Item[Any]]:
    return [
        discord.ui.Button(label=code.address.removeprefix("https://"), url=code.address),
        SetupButton("signed", _("I've signed in"), discord.ButtonStyle.primary, about=code.sign_in_id),
        SetupButton("home", _("Back")),
    ]


async def _show(
    interaction: discord.Interaction[Any], embed: discord.Embed, items: Sequence[discord.ui.Item[Any]]
) -> None:
    view = build_buttons(items)
    await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=embeds.NOBODY)


ACTS |= {"plex": _connect, "signed": _check}
