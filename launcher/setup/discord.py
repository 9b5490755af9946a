"""The part of `setup` about Discord: the token, the invitation, the server and its channels."""

from __future__ import annotations

from typing import Any

import msgspec
import requests

import config
from diagnosis import discord
from diagnosis.discord import Api, RefusedError
from launcher.setup.prompter import Asker, Option

INVITED_S = 300.0
"""How long to wait until the bot is invited, before asking again."""
_POLL_S = 2.0
_PORTAL = "https://discord.com/developers/applications"
_FAULTS = (requests.exceptions.RequestException, KeyError, TypeError, ValueError)


def ask(asker: Asker, known: config.Settings) -> dict[str, str]:
    """Answers for the token, the server, the channel of announcements and the voice channel."""
    asker.say("\nDiscord", "bold")
    token, app = _token(asker, known)
    settings = msgspec.structs.replace(known, discord_token=token)
    api = Api(settings)
    guild = _guild(asker, api, known.discord_guild_id, str(app["id"]))
    channels = sorted(api.get(f"/guilds/{guild}/channels"), key=lambda found: int(found.get("position") or 0))
    while True:
        text = _channel(
            asker, "Where shall it announce?", channels, discord.TEXT_TYPES, known.discord_announce_channel_id
        )
        voice = _channel(
            asker,
            "In which voice channel do you watch together?",
            channels,
            discord.VOICE_TYPES,
            known.watch_party_voice_channel_id,
            nowhere="none: follow Plex sessions only",
        )
        chosen = msgspec.structs.replace(
            settings,
            discord_guild_id=int(guild),
            discord_announce_channel_id=int(text),
            watch_party_voice_channel_id=int(voice or 0),
        )
        if _well(asker, chosen):
            break
    return {
        "DISCORD_TOKEN": token,
        "DISCORD_GUILD_ID": guild,
        "DISCORD_ANNOUNCE_CHANNEL_ID": text,
        "WATCH_PARTY_VOICE_CHANNEL_ID": voice,
    }


def _token(asker: Asker, known: config.Settings) -> tuple[str, dict[str, Any]]:
    """A token that Discord takes, and its application."""
    asker.say(f"The bot's token: {_PORTAL} > your application (or a new one) > Bot > Reset Token.")
    while True:
        token = asker.secret("Discord token", known.discord_token)
        try:
            config.reader("DISCORD_TOKEN")(token)
        except ValueError as wrong:
            asker.say(f"✘ That is wrong: it takes {wrong}.", "red")
            continue
        api = Api(msgspec.structs.replace(known, discord_token=token))
        try:
            me, app = api.get("/users/@me"), api.get("/oauth2/applications/@me")
            asker.say(f"✔ Discord knows the bot as {me['username']}.", "green")
        except RefusedError as refused:
            found = discord.refusal(refused)
            asker.say(f"✘ Discord {found.found}.\n  → {found.cure}", "red")
            continue
        except _FAULTS as error:
            asker.say(f"✘ Discord cannot be asked ({type(error).__name__}). Is this machine online?", "red")
            continue
        _intent(asker, api, app)
        return token, app


def _intent(asker: Asker, api: Api, app: dict[str, Any]) -> None:
    """Have Message Content switched on, or go on without it."""
    while (found := discord.intent(app)).verdict == "bad":
        asker.say(f"! {found.found}\n  → {found.cure}", "yellow")
        if asker.text("Enter when it is on, or n to go on without it").lower().startswith("n"):
            return
        app = api.get("/oauth2/applications/@me")


def _guild(asker: Asker, api: Api, known: int, app_id: str) -> str:
    """The id of the server to serve; waits for the bot to be invited."""
    asker.say(f"Invite the bot to your server with this address (permissions {discord.INVITED}):")
    asker.say(discord.invite(app_id), "cyan")
    while True:
        found = api.get("/users/@me/guilds")
        if not found:
            asker.say("The bot is in no server yet; this goes on as soon as it is.")
            found = asker.wait(lambda: api.get("/users/@me/guilds"), INVITED_S, _POLL_S)
        if not found:
            asker.say("It is still in none. Open the address above in a browser and choose your server.", "yellow")
            continue
        options = [Option(str(guild["name"]), str(guild["id"])) for guild in found]
        default = next((at for at, option in enumerate(options) if option.value == str(known)), 0)
        chosen = asker.choose("Which server?", [*options, Option("another: I have just invited it", "")], default)
        if chosen:
            return chosen


def _channel(
    asker: Asker, question: str, channels: list[dict[str, Any]], types: tuple[int, ...], known: int, nowhere: str = ""
) -> str:
    options = [
        Option(("#" if types == discord.TEXT_TYPES else "") + str(found["name"]), str(found["id"]))
        for found in channels
        if found["type"] in types
    ]
    if nowhere:
        options.append(Option(nowhere, ""))
    default = next((at for at, option in enumerate(options) if option.value == str(known)), 0)
    return asker.choose(question, options, default)


def _well(asker: Asker, chosen: config.Settings) -> bool:
    """Show what the bot lacks in the channels; True to go on, False to choose anew."""
    while True:
        found = [finding for finding in discord.check(chosen) if finding.what in ("Announcements", "Voice channel")]
        for finding in found:
            if finding.verdict == "good":
                asker.say(f"✔ {finding.found}", "green")
        bad = [finding for finding in found if finding.verdict == "bad"]
        if not bad:
            return True
        for finding in bad:
            asker.say(f"✘ {finding.what}: {finding.found}\n  → {finding.cure}", "red")
        said = asker.text("Enter to look again, c to choose other channels, s to go on as it is").lower()
        if said[:1] in ("c", "s"):
            return said[:1] == "s"
