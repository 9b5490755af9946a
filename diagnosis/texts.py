"""The words of every finding: what was found, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple, get_args

from messages import FailureKind
from wording.translation import later

TOPICS = {
    "settings": later("Settings"),
    "discord": "Discord",
    "intents": later("Intents"),
    "server": later("Discord server"),
    "announcements": later("Announcements"),
    "voice": later("Voice channel"),
    "nights": later("Film nights"),
    "ignored_roles": later("Ignored roles"),
    "top_watchers": later("Top watchers"),
    "plex": "Plex",
    "watch_party": later("Watch party"),
    "excluded": later("Excluded accounts"),
    "actors": later("Service"),
    "tracking": later("Tracking"),
    "saves": later("Saves"),
    "folder": later("Data folder"),
    "disk": later("Disk"),
    "store": later("Store"),
    "badges": later("Badges"),
    "zone": later("Time zone"),
    "service": later("Service"),
}


class Text(NamedTuple):
    """What was found, and what to do about it."""

    text: str
    cure: str = ""


_PERMISSIONS_CURE = later("allow the bot's role that in the channel's settings > Permissions")

_HEALTH_CURE = later("`!health` shows it in full; the log says what to do")

TEXTS = {
    # Words that somebody else chose: of a setting, the store, a badge file, a Plex server.
    "reported": Text("{text}", "{cure}"),
    # Discord
    "discord.bot": Text(later("knows the bot as {name} ({id})")),
    "discord.unexpected": Text(
        later("answered with something else than expected ({error})"),
        later("is DISCORD_API_URL set to something that is not Discord, or a proxy in between?"),
    ),
    "discord.unreachable": Text(
        later("cannot be reached ({error})"),
        later("check this machine's way to the internet and https://discordstatus.com"),
    ),
    "discord.proxy": Text(
        later("the proxy {proxy} does not let it through ({error})"),
        later("correct HTTPS_PROXY, or list discord.com and discord.gg in NO_PROXY"),
    ),
    "discord.token_refused": Text(
        later("refuses the token"), later("at {portal}: your application > Bot > Reset Token; then set DISCORD_TOKEN")
    ),
    "discord.rate_limited": Text(later("says that it was asked too often"), later("wait a few minutes and try again")),
    "discord.status": Text(later("answered with status {status}"), later("try again; see https://discordstatus.com")),
    "intent.on": Text(later("Message Content is on: commands with ! work")),
    "intent.off": Text(
        later("Message Content is off: commands with ! cannot be read, only those with / work"),
        later("switch it on in the Developer Portal, {portal} > Privileged Gateway Intents; then restart Usher"),
    ),
    "server.present": Text(later("the bot is in {name}")),
    "server.absent": Text(
        later("the bot is not in a server with the id {server}"),
        later("check {setting}, or invite the bot: {invitation}"),
    ),
    "channel.hidden": Text(
        later("the bot may not see the channel {channel}"),
        later("in the channel's settings > Permissions, allow the bot's role: View Channel"),
    ),
    "channel.missing.announcements": Text(
        later("there is no channel {channel}"),
        later("set {setting} to the id of a text or announcement channel (right click > Copy Channel ID)"),
    ),
    "channel.missing.voice": Text(
        later("there is no channel {channel}"),
        later("set {setting} to the id of a voice or stage channel (right click > Copy Channel ID)"),
    ),
    "channel.foreign": Text(
        later("#{channel} belongs to another Discord server"),
        later("set {setting} to a channel of the server in DISCORD_GUILD_ID"),
    ),
    "channel.wrong_kind.announcements": Text(
        later("#{channel} is not a text or announcement channel"),
        later("set {setting} to the id of a text or announcement channel (right click > Copy Channel ID)"),
    ),
    "channel.wrong_kind.voice": Text(
        later("#{channel} is not a voice or stage channel"),
        later("set {setting} to the id of a voice or stage channel (right click > Copy Channel ID)"),
    ),
    "channel.permissions": Text(later("in #{channel} the bot lacks: {permissions}"), _PERMISSIONS_CURE),
    "channel.ok": Text(later("#{channel}: the bot has every permission it needs")),
    "channel.ok_members": Text(later("#{channel}: the bot has every permission it needs · in it now: {members}")),
    "voice.unset": Text(
        later("none is set: watch parties are not followed, Plex sessions are"),
        later("set {setting} to the id of your voice or stage channel, and restart Usher"),
    ),
    "nights.ok": Text(later("the bot can plan them")),
    "nights.server": Text(
        later("/night cannot plan them: in the server the bot lacks: {permissions}"),
        later("allow the bot's role that in Server Settings > Roles, if you want to plan film nights"),
    ),
    "nights.channel": Text(
        later("/night cannot plan them in #{channel}: the bot lacks: {permissions}"),
        later("allow the bot's role that in the channel's settings > Permissions, if you want to plan film nights"),
    ),
    "role.ignored_missing": Text(
        later("{server} has no role with the id {role}"),
        later("take it out of {setting}, or put the right one there (Server Settings > Roles > Copy Role ID)"),
    ),
    "role.missing": Text(
        later("{server} has no role with the id {role}"),
        later("set {setting} to one of its roles (Server Settings > Roles > Copy Role ID), or take it out"),
    ),
    "role.managed": Text(later("nobody can give the role {role}"), later("set {setting} to a role of your own")),
    "role.permission": Text(
        later("in the server the bot lacks: {permissions}"),
        later("allow the bot's role that in Server Settings > Roles, or take {setting} out"),
    ),
    "role.too_high": Text(
        later("the role {role} is not below the bot's own"),
        later("in Server Settings > Roles, drag the bot's role above it"),
    ),
    "role.ok": Text(later("the bot can give the role {role}")),
    # Plex. Of its failures the poller has the words.
    **{f"plex.{kind}": Text("{text}", "{cure}") for kind in get_args(FailureKind)},
    "plex.ok": Text(later("{name} ({version}) at {url} knows the token as its owner's")),
    "plex.no_token": Text(
        later("there is no token to ask {url} with"),
        later(
            "set PLEX_TOKEN: sign in to Plex Web as the server's owner, open 'View XML' of any item and copy"
            " X-Plex-Token from its address"
        ),
    ),
    "plex.member_token": Text(
        later("{url} accepts the token, but not as its owner's: it hides who is watching"),
        later(
            "set PLEX_TOKEN: sign in to Plex Web as the server's owner, open 'View XML' of any item and copy"
            " X-Plex-Token from its address"
        ),
    ),
    "plex.no_host": Text(
        later("no account named '{account}' on the Plex servers"), later("set {setting} to one of: {accounts}")
    ),
    "plex.host_unset": Text(
        later("no host is named: the only film playing is taken for the party's"),
        later("set {setting} to the host's account so that other sessions never stand in the way"),
    ),
    "plex.no_excluded": Text(
        later("no account named '{account}' on the Plex servers"),
        later("take it out of {setting}, or write it as Plex does: {accounts}"),
    ),
    # The running service
    "actor.failing": Text(later("{actor} is {state}: {reason}"), _HEALTH_CURE),
    "actor.failing_unexplained": Text(
        later("{actor} is {state}: no reason is known yet"),
        _HEALTH_CURE,
    ),
    "actor.plex_ok": Text(later("{actor} is reached and accepts the token")),
    "tracking.ok": Text(later("active watches: {count}")),
    "tracking.notice": Text(later("active watches: {count}. {notice}")),
    "saves.ok": Text(later("last save {when}")),
    "saves.none": Text(
        later("nothing was saved yet"), later("it saves while anybody watches; `!savedata` does it now")
    ),
    "saves.failed": Text(
        later("the last save failed: {reason}"),
        later("nothing is lost while Usher runs; free the disk or give it its folder, then `!savedata`"),
    ),
    "service.unanswered": Text("{text}", "{cure}"),
    # This machine
    "settings.ok": Text(later("all there and right")),
    "folder.ok": Text("{folder}"),
    "folder.new": Text(later("{folder} (made at the first start)")),
    "folder.is_file": Text(later("{folder} is in the way: it is a file"), later("name another folder in {setting}")),
    "folder.unwritable": Text(
        later("{folder} may not be written by this user"),
        later("give it to this user (chown/chmod, or the volume's owner), or change {setting}"),
    ),
    "disk.unknown": Text(later("{folder} cannot be asked ({error})"), later("is the volume mounted?")),
    "disk.ok": Text(later("{free} GB free at {folder}")),
    "disk.low": Text(later("{free} GB free at {folder}"), later("free some space soon")),
    "disk.full": Text(later("{free} GB free at {folder}"), later("free some space: nothing could be saved")),
    "store.ok": Text(later("{store} is sound")),
    "store.new": Text(later("{store} (made at the first start)")),
    "store.unwritable": Text(
        later("{store} may not be written by this user"),
        later("give the file and its folder to this user (chown/chmod), or change {setting}"),
    ),
    "badges.ok": Text(later("{count} can be earned")),
    "badges.wrong": Text("{text}", later("mend {file}, or take it away")),
    "zone.ok": Text(later("{zone}, where it is {now}")),
    "service.running": Text(later("runs (process {pid})")),
    "service.stopped": Text(later("does not run now")),
}
