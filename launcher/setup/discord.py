"""The questions of `setup` about Discord: the token, the invitation, the server and its channels."""

from __future__ import annotations

from typing import Any

import msgspec
import requests

import config
from diagnosis.findings import Rendered, render
from diagnosis.permissions import INVITATION, invitation_url
from launcher.doctor.discord_rest import (
    CHANNEL_KINDS,
    PORTAL,
    ApiStatusError,
    DiscordApi,
    check_application,
    check_discord_by_rest,
    explain_status,
)
from launcher.setup.prompter import Option, Prompter

INVITATION_TIMEOUT_S = 300.0
"""Seconds to wait for the bot to be invited, before asking again."""
_POLL_S = 2.0
_TEXT, _VOICE = ("text",), ("voice", "stage")
_ERRORS = (requests.exceptions.RequestException, KeyError, TypeError, ValueError)


def ask_about_discord(prompter: Prompter, current: config.Settings) -> dict[str, str]:
    """Ask for the token, the server, the channel of announcements and the voice channel."""
    prompter.print("\nDiscord", "bold")
    token, app = _ask_for_token(prompter, current)
    settings = msgspec.structs.replace(current, discord_token=token)
    api = DiscordApi(settings)
    guild = _ask_for_server(prompter, api, current.discord_guild_id, str(app["id"]))
    channels = sorted(api.get(f"/guilds/{guild}/channels"), key=lambda channel: int(channel.get("position") or 0))
    while True:
        text = _ask_for_channel(
            prompter, "In which channel should it post?", channels, _TEXT, current.discord_announce_channel_id
        )
        voice = _ask_for_channel(
            prompter,
            "In which voice channel do you watch together?",
            channels,
            _VOICE,
            current.watch_party_voice_channel_id,
            nowhere="none: track Plex sessions only",
        )
        chosen = msgspec.structs.replace(
            settings,
            discord_guild_id=int(guild),
            discord_announce_channel_id=int(text),
            watch_party_voice_channel_id=int(voice or 0),
        )
        if _confirm_channels(prompter, chosen):
            break
    return {
        "DISCORD_TOKEN": token,
        "DISCORD_GUILD_ID": guild,
        "DISCORD_ANNOUNCE_CHANNEL_ID": text,
        "WATCH_PARTY_VOICE_CHANNEL_ID": voice,
    }


def _ask_for_token(prompter: Prompter, current: config.Settings) -> tuple[str, dict[str, Any]]:
    """Ask until Discord accepts a token; return it with its application."""
    prompter.print(f"The bot's token: {PORTAL} > your application (or a new one) > Bot > Reset Token.")
    while True:
        token = prompter.secret("Discord token", current.discord_token)
        try:
            config.check_value("DISCORD_TOKEN", token)
        except ValueError as wrong:
            prompter.print(f"✘ That doesn't work: it takes {wrong}.", "red")
            continue
        api = DiscordApi(msgspec.structs.replace(current, discord_token=token))
        try:
            me, app = api.get("/users/@me"), api.get("/oauth2/applications/@me")
            prompter.print(f"✔ Discord knows the bot as {me['username']}.", "green")
        except ApiStatusError as refused:
            words = render(explain_status(refused))
            prompter.print(f"✘ Discord {words.text}.\n  → {words.cure}", "red")
            continue
        except _ERRORS as error:
            prompter.print(f"✘ Discord cannot be reached ({type(error).__name__}). Is this machine online?", "red")
            continue
        _ask_for_intent(prompter, api, app)
        return token, app


def _ask_for_intent(prompter: Prompter, api: DiscordApi, app: dict[str, Any]) -> None:
    """Ask the user to switch on Message Content, or to continue without it."""
    while (finding := check_application(app)).severity == "error":
        words = render(finding)
        prompter.print(f"! {words.text}\n  → {words.cure}", "yellow")
        if prompter.text("Enter when it is on, or n to continue without it").lower().startswith("n"):
            return
        app = api.get("/oauth2/applications/@me")


def _ask_for_server(prompter: Prompter, api: DiscordApi, current_id: int, app_id: str) -> str:
    """Ask for the server to serve; wait for the bot to be invited. Return the server's id."""
    prompter.print(f"Invite the bot to your server with this link (permissions {INVITATION}):")
    prompter.print(invitation_url(app_id), "cyan")
    while True:
        guilds = api.get("/users/@me/guilds")
        if not guilds:
            prompter.print("The bot is in no server yet. This continues as soon as it has joined one.")
            guilds = prompter.poll(lambda: api.get("/users/@me/guilds"), INVITATION_TIMEOUT_S, _POLL_S)
        if not guilds:
            prompter.print("Still in none. Open the address above in a browser and choose your server.", "yellow")
            continue
        options = [Option(str(guild["name"]), str(guild["id"])) for guild in guilds]
        default = next((at for at, option in enumerate(options) if option.value == str(current_id)), 0)
        chosen = prompter.choose(
            "Which server?", [*options, Option("another one: I have just invited the bot", "")], default
        )
        if chosen:
            return chosen


def _ask_for_channel(
    prompter: Prompter,
    question: str,
    channels: list[dict[str, Any]],
    kinds: tuple[str, ...],
    current_id: int,
    nowhere: str = "",
) -> str:
    options = [
        Option(("#" if kinds == _TEXT else "") + str(channel["name"]), str(channel["id"]))
        for channel in channels
        if CHANNEL_KINDS.get(channel["type"]) in kinds
    ]
    if nowhere:
        options.append(Option(nowhere, ""))
    default = next((at for at, option in enumerate(options) if option.value == str(current_id)), 0)
    return prompter.choose(question, options, default)


def _confirm_channels(prompter: Prompter, chosen: config.Settings) -> bool:
    """Show what the bot lacks in the channels; return True to continue, False to choose again."""
    while True:
        findings = [each for each in check_discord_by_rest(chosen) if each.topic in ("announcements", "voice")]
        for finding in findings:
            if finding.severity == "ok":
                prompter.print(f"✔ {render(finding).text}", "green")
        errors: list[Rendered] = [render(finding) for finding in findings if finding.severity == "error"]
        if not errors:
            return True
        for words in errors:
            prompter.print(f"✘ {words.topic}: {words.text}\n  → {words.cure}", "red")
        answer = prompter.text("Enter to check again, c to choose other channels, s to continue anyway").lower()
        if answer[:1] in ("c", "s"):
            return answer[:1] == "s"
