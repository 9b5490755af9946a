"""The texts of every finding: what was found, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple, get_args

from messages import FailureKind
from wording.translation import N_

TOPICS = {
    "settings": N_("Settings"),
    "discord": "Discord",
    "intents": N_("Intents"),
    "server": N_("Discord server"),
    "announcements": N_("Announcements"),
    "voice": N_("Voice channel"),
    "nights": N_("Film nights"),
    "night_role": N_("Film night role"),
    "ignored_roles": N_("Ignored roles"),
    "top_watchers": N_("Top watchers"),
    "plex": "Plex",
    "watch_party": N_("Watch party"),
    "excluded": N_("Excluded accounts"),
    "actors": N_("Service"),
    "tracking": N_("Tracking"),
    "saves": N_("Saves"),
    "folder": N_("Data folder"),
    "disk": N_("Disk"),
    "store": N_("Store"),
    "communities": N_("Further Discord servers"),
    "badges": N_("Badges"),
    "zone": N_("Time zone"),
    "pictures": N_("Pictures"),
    "service": N_("Service"),
    "page": N_("Web page"),
    "webhooks": N_("Webhooks"),
}


class Text(NamedTuple):
    """What was found, and what to do about it."""

    text: str
    cure: str = ""


_PERMISSIONS_CURE = N_("allow the bot's role that in the channel's settings > Permissions")
_GET_TOKEN = N_(
    "set {setting}: sign in to Plex Web as the server's owner, open 'View XML' of any item and copy X-Plex-Token"
    " from its address"
)
_HEALTH_CURE = N_("`!health` shows it in full; the log says what to do")

TEXTS = {
    # Texts from other places: a setting, the store, a badge file, a Plex server.
    "reported": Text("{text}", "{cure}"),
    # Discord
    "discord.bot": Text(N_("knows the bot as {name} ({id})")),
    "discord.unexpected": Text(
        N_("sent an unexpected answer ({error})"),
        N_("is DISCORD_API_URL set to something that is not Discord, or a proxy in between?"),
    ),
    "discord.unreachable": Text(
        N_("cannot be reached ({error})"),
        N_("check this machine's internet connection and https://discordstatus.com"),
    ),
    "discord.proxy": Text(
        N_("the proxy {proxy} does not let it through ({error})"),
        N_("correct HTTPS_PROXY, or list discord.com and discord.gg in NO_PROXY"),
    ),
    "discord.token_refused": Text(
        N_("refuses the token"), N_("at {portal}: your application > Bot > Reset Token; then set DISCORD_TOKEN")
    ),
    "discord.rate_limited": Text(N_("says there were too many requests"), N_("wait a few minutes and try again")),
    "discord.status": Text(N_("answered with status {status}"), N_("try again; see https://discordstatus.com")),
    "intent.on": Text(N_("Message Content is on: commands with ! work")),
    "intent.off": Text(
        N_("Message Content is off: commands with ! cannot be read, only those with / work"),
        N_("switch it on in the Developer Portal, {portal} > Privileged Gateway Intents; then restart Usher"),
    ),
    "server.present": Text(N_("the bot is in {name}")),
    "server.absent": Text(
        N_("the bot is not in a server with the id {server}"),
        N_("check {setting}, or invite the bot: {invitation}"),
    ),
    "channel.hidden": Text(
        N_("the bot may not see the channel {channel}"),
        N_("in the channel's settings > Permissions, allow the bot's role: View Channel"),
    ),
    "channel.missing.announcements": Text(
        N_("there is no channel {channel}"),
        N_("set {setting} to the id of a text or announcement channel (right click > Copy Channel ID)"),
    ),
    "channel.missing.voice": Text(
        N_("there is no channel {channel}"),
        N_("set {setting} to the id of a voice or stage channel (right click > Copy Channel ID)"),
    ),
    "channel.foreign": Text(
        N_("#{channel} belongs to another Discord server"),
        N_("set {setting} to a channel of the server in DISCORD_GUILD_ID"),
    ),
    "channel.wrong_kind.announcements": Text(
        N_("#{channel} is not a text or announcement channel"),
        N_("set {setting} to the id of a text or announcement channel (right click > Copy Channel ID)"),
    ),
    "channel.wrong_kind.voice": Text(
        N_("#{channel} is not a voice or stage channel"),
        N_("set {setting} to the id of a voice or stage channel (right click > Copy Channel ID)"),
    ),
    "channel.permissions": Text(N_("in #{channel} the bot lacks: {permissions}"), _PERMISSIONS_CURE),
    "channel.ok": Text(N_("#{channel}: the bot has every permission it needs")),
    "channel.ok_members": Text(N_("#{channel}: the bot has every permission it needs · in it now: {members}")),
    "voice.unset": Text(
        N_("none is set: Plex sessions are tracked, watch parties are not"),
        N_("set {setting} to the id of your voice or stage channel, and restart Usher"),
    ),
    "nights.ok": Text(N_("the bot can plan them")),
    "nights.server": Text(
        N_("/night cannot plan them: in the server the bot lacks: {permissions}"),
        N_("allow the bot's role that in Server Settings > Roles, if you want to plan film nights"),
    ),
    "nights.polls": Text(
        N_("/vote cannot create polls: in the server the bot lacks: {permissions}"),
        N_("allow the bot's role that in Server Settings > Roles, if you want to vote on films"),
    ),
    "nights.channel": Text(
        N_("/night cannot plan them in #{channel}: the bot lacks: {permissions}"),
        N_("allow the bot's role that in the channel's settings > Permissions, if you want to plan film nights"),
    ),
    "role.ignored_missing": Text(
        N_("{server} has no role with the id {role}"),
        N_("take it out of {setting}, or put the right one there (Server Settings > Roles > Copy Role ID)"),
    ),
    "role.missing": Text(
        N_("{server} has no role with the id {role}"),
        N_("set {setting} to one of its roles (Server Settings > Roles > Copy Role ID), or take it out"),
    ),
    "role.managed": Text(N_("nobody can give the role {role}"), N_("set {setting} to a role of your own")),
    "role.permission": Text(
        N_("in the server the bot lacks: {permissions}"),
        N_("allow the bot's role that in Server Settings > Roles, or take {setting} out"),
    ),
    "role.too_high": Text(
        N_("the role {role} is not below the bot's own"),
        N_("in Server Settings > Roles, drag the bot's role above it"),
    ),
    "role.ok": Text(N_("the bot can give the role {role}")),
    # Plex; the poller writes the texts of its failures.
    **{f"plex.{kind}": Text("{text}", "{cure}") for kind in get_args(FailureKind)},
    "plex.ok": Text(N_("{name} ({version}) at {url} accepts the token as its owner's")),
    "plex.no_token": Text(N_("there is no token to ask {url} with"), _GET_TOKEN),
    "plex.member_token": Text(
        N_("{url} accepts the token, but it is not the owner's: Plex hides who is watching"),
        _GET_TOKEN,
    ),
    "plex.no_host": Text(
        N_("no account named '{account}' on the Plex servers"), N_("set {setting} to one of: {accounts}")
    ),
    "plex.host_unset": Text(
        N_("no host is set: the only film that plays counts as the party's"),
        N_("set {setting} to the host's account so that other sessions never get in the way"),
    ),
    "plex.no_excluded": Text(
        N_("no account named '{account}' on the Plex servers"),
        N_("take it out of {setting}, or write it as Plex does: {accounts}"),
    ),
    # The running service
    "actor.failing": Text(N_("{actor} is {state}: {reason}"), _HEALTH_CURE),
    "actor.failing_unexplained": Text(
        N_("{actor} is {state}: no reason is known yet"),
        _HEALTH_CURE,
    ),
    "actor.plex_ok": Text(N_("{actor} is reached and accepts the token")),
    "tracking.ok": Text(N_("active watches: {count}")),
    "tracking.notice": Text(N_("active watches: {count}. {notice}")),
    "saves.ok": Text(N_("last save {when}")),
    "saves.none": Text(N_("nothing was saved yet"), N_("it saves while anybody watches; `!savedata` does it now")),
    "saves.failed": Text(
        N_("the last save failed: {reason}"),
        N_("nothing is lost while Usher runs; do what the reason says, then `!savedata`"),
    ),
    "service.unanswered": Text("{text}", "{cure}"),
    # This machine
    "settings.ok": Text(N_("all set and valid")),
    "settings.misspelt": Text(N_("There is no setting called {setting}"), N_("Did you mean {meant}?")),
    "settings.polls_too_rare": Text(
        N_("PLEX_POLL_SECONDS is {seconds}: films at another speed than normal may not be counted in full"),
        N_("set PLEX_POLL_SECONDS to {bound} or less"),
    ),
    "settings.skips_look_like_speed": Text(
        N_("PLEX_POLL_SECONDS is {seconds}: regular skipping can look like a faster speed and count as seen"),
        N_("set PLEX_POLL_SECONDS to {bound} or less"),
    ),
    "settings.little_slack": Text(
        N_("POSITION_SLACK_SECONDS is {seconds}: clients that report every {bound} s may not be counted in full"),
        N_("set POSITION_SLACK_SECONDS to {bound} or more"),
    ),
    "folder.ok": Text("{folder}"),
    "folder.new": Text(N_("{folder} (made at the first start)")),
    "folder.is_file": Text(N_("{folder} is a file, not a folder"), N_("name another folder in {setting}")),
    "folder.unwritable": Text(
        N_("{folder} may not be written by this user"),
        N_("give it to this user (chown/chmod, or the volume's owner), or change {setting}"),
    ),
    "env.readable": Text(
        N_("{file} can be read by other users of this machine (mode {mode}), and holds tokens"),
        N_("`chmod 600 {file}`"),
    ),
    "disk.unknown": Text(N_("{folder} cannot be asked ({error})"), N_("is the volume mounted?")),
    "disk.ok": Text(N_("{free} GB free at {folder}")),
    "disk.low": Text(N_("{free} GB free at {folder}"), N_("free some space soon")),
    "disk.full": Text(N_("{free} GB free at {folder}"), N_("free some space: nothing could be saved")),
    "store.ok": Text(N_("{store} is sound")),
    "store.new": Text(N_("{store} (made at the first start)")),
    "store.unwritable": Text(
        N_("{store} may not be written by this user"),
        N_("give the file and its folder to this user (chown/chmod), or change {setting}"),
    ),
    "communities.ok": Text(N_("{count} can be served")),
    "communities.store": Text(N_("{name}: {text}"), "{cure}"),
    "communities.token": Text(N_("{name}: {text}")),
    "badges.ok": Text(N_("{count} can be earned")),
    "badges.wrong": Text("{text}", N_("fix {file}, or remove it")),
    "pictures.ok": Text(N_("can be drawn, with letters of every script and emoji in colours")),
    "pictures.plain_emoji": Text(
        N_("can be drawn; emoji are in one colour, because this system has no known font of emoji in colours"),
        N_("for colours, install such a font (Debian, Ubuntu: apt install fonts-noto-color-emoji)"),
    ),
    "pictures.fonts_missing": Text(
        N_("can be drawn, but fonts are missing: {packages}; letters that no font has are left out"),
        N_("install the packages of requirements.txt"),
    ),
    "pictures.none": Text(
        N_("cannot be drawn ({error}); their figures are shown in words"),
        N_("install the packages of requirements.txt"),
    ),
    "zone.ok": Text(N_("{zone}, where it is {now}")),
    "page.free": Text(N_("can listen on {address}")),
    "page.answers": Text(N_("answers at {address}")),
    "page.cannot_listen": Text(
        N_("cannot listen on {address} ({error})"), N_("stop the program that uses it, or change {setting}")
    ),
    "page.silent": Text(N_("does not answer at {address} ({error})"), N_("`run.py health` says how the actor web is")),
    "page.unreachable": Text(
        N_("does not answer at {address} from here ({error})"),
        N_("start Usher; then check the proxy, its certificate, and {setting}"),
    ),
    "page.local_address": Text(
        N_("is for this machine alone (WEB_ACCESS=local), and {address} is for others: what a proxy brings is refused"),
        N_("set {setting}=members (or public) and WEB_TRUSTED_PROXIES, or take WEB_URL out"),
    ),
    "page.not_https": Text(
        N_("members sign in over plain http: others on the network can read along"),
        N_("put a proxy with a certificate in front of it (docs/web-page.md), and make {setting} its https address"),
    ),
    "page.half_oauth": Text(
        N_("signing in with Discord needs both {id} and {secret}"), N_("set both, or neither: `/web` works without")
    ),
    "page.other_application": Text(
        N_("{setting} is not the bot's application"), N_("set it to {id}, with the secret of that application")
    ),
    "page.oauth": Text(N_("signing in with Discord is set up; {address} must be among the application's redirects")),
    "webhook.ok": Text(N_("{name} is there")),
    "webhook.silent": Text(
        N_("nothing can be posted to {name}: {reason}"),
        N_("start it, or correct its address in {setting}; events wait for it for a day"),
    ),
    "webhook.credentials": Text(
        N_("{name} answers HTTP {status}: it wants to know who posts"),
        N_("put its password or token into the address in {setting} (docs/webhooks.md)"),
    ),
    "webhook.status": Text(
        N_("{name} answers HTTP {status} to a question without an event"),
        N_("some receivers do so; if no event arrives, correct the address in {setting}"),
    ),
    "service.running": Text(N_("runs (process {pid})")),
    "service.stopped": Text(N_("does not run now")),
}
