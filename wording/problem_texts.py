"""The English text of every problem, by code; the language catalogues translate them.

A placeholder takes the parameter of that name; a nested problem (a cause, a cure) is inserted as text.
"""

from collections.abc import Mapping
from typing import Final

from wording.community_texts import COMMUNITIES
from wording.store_texts import STORE
from wording.translation import N_

_TRACKING: Final = {
    "tracking.host_unclear": N_(
        "{count} films are playing ({titles}), and it isn't clear which one the voice channel is "
        "watching. Choose it with !starttracking, or set WATCH_PARTY_PLEX_USER."
    ),
    "tracking.server_silent": N_("Plex server {server} does not answer: its watches are on hold."),
    "start.nobody_in_channel": N_("Nobody is in the voice channel: ask people to join it, then try again."),
    "start.session_ambiguous": N_("Session {session} exists on {count} servers. Name one of them: {sessions}."),
    "start.no_such_session": N_("No session {session} is playing. Name one that is: {running}."),
    "start.nothing_plays": N_("Nothing is playing on Plex: start the film, then try again."),
    "start.several_play": N_("Several films are playing. Name the session: {sessions}."),
    "start.server_silent": N_("Plex server {name} does not answer: try again when it does."),
    "start.channel_unknown": N_(
        "Discord has not said who is in the voice channel: check the connection, then try again."
    ),
    "start.position_ahead": N_("The film hasn't got that far yet: give a position that was already shown."),
    "tracker.not_ready": N_("the tracker is waiting for persistence to say what ran before; try again in a moment"),
    "tracker.not_restored": N_(
        "Persistence does not say which watches were running before ({error}); tracking waits for it."
    ),
    "tracker.load_begins_anew": N_("persistence was restarted and is being asked again"),
    "tracker.outbox_full": N_("{count} finished watches are waiting for persistence: {error}"),
    "tracker.report_unsendable": N_(
        "The {count} watches running on Plex server {server} cannot be reported to persistence ({error}): "
        "they are saved only when they end."
    ),
}
_WEB: Final = {
    "web.port_taken": N_("Another program already uses {address}: stop it, or set WEB_PORT to another port."),
    "web.cannot_listen": N_("The page cannot listen on {address}: {error}. Change WEB_PORT or WEB_BIND."),
}
_WEBHOOKS: Final = {
    "webhooks.failing": N_("The webhook at {name} isn't taking events ({reason}); {count} are waiting."),
    "webhooks.timeout": N_("no answer within {seconds} s"),
    "webhooks.certificate": N_("its certificate doesn't match its address"),
    "webhooks.redirected": N_("it answers HTTP {status} with a redirect, which is not followed"),
    "webhooks.status": N_("it answers HTTP {status}"),
    "webhooks.unknown_name": N_("its name can't be resolved"),
    "webhooks.unreachable": "{error}",
    "webhooks.needs_https": N_("{address} is outside your network, where only https may be used"),
    "webhooks.not_a_machine": N_("{address} is not the address of one machine in your network"),
    "webhooks.persistence_silent": N_("persistence does not say who may be named"),
    "webhooks.too_many": N_("more than {count} events wait"),
    "webhooks.too_old": N_("it is too old"),
}
_LINKS: Final = {
    "link.linked_elsewhere": N_("That Plex account is linked to another member already: unlink it there first."),
    "link.not_linked": N_("That Plex account is not linked to this member: choose one that /unlink offers."),
}
_PLEX: Final = {
    "plex.with_cure": "{what}; {cure}",
    "plex.redirected": N_("Plex at {server} points to {address}, where the token is not sent"),
    "plex.answer_too_large": N_("Plex at {server} answered with {what}, more than any Plex server has"),
    "plex.not_plex": N_("Plex at {server} sent {what} instead of Plex's XML"),
    "plex.certificate": N_("Plex at {server} has a certificate that does not fit its address"),
    "plex.needs_https": N_("Plex at {server} accepts secure connections only"),
    "plex.closed_silently": N_("Plex at {server} closed the connection without an answer"),
    "plex.bad_address": N_("{server} is not a valid address of a Plex server"),
    "plex.answer_broken": N_("Plex at {server} sent an answer that breaks off or cannot be unpacked"),
    "plex.unreachable": N_("Plex at {server} cannot be reached ({error})"),
    "plex.xml_broken": N_("Plex at {server} sent XML that is cut short or broken"),
    "plex.unlike_plex": N_("Plex at {server} did not answer as a Plex server ({error})"),
    "plex.token_refused": N_("Plex at {server} refuses the token"),
    "plex.proxy_login": N_("A proxy or web server in front of Plex at {server} asks for a login of its own"),
    "plex.proxy_forbids": N_(
        "A proxy or web server in front of Plex at {server} lets nobody in (HTTP 403 with a page of its own)"
    ),
    "plex.token_not_owners": N_(
        "Plex at {server} accepts the token, but it is not the owner's: Plex hides who is watching"
    ),
    "plex.no_such_page": N_("Plex at {server} does not know that page (HTTP 404)"),
    "plex.server_error": N_("Plex at {server} has an internal error (HTTP {status})"),
    "plex.status": N_("Plex at {server} answered with HTTP {status}"),
    "plex.timeout": N_("Plex at {server} did not answer in time"),
    "plex.use_own_address": N_("set {address_setting} to the server's own address"),
    "plex.use_fitting_address": N_(
        "use http:// within your network, or the https://...plex.direct address that Plex Web shows"
    ),
    "plex.use_https": N_(
        "begin {address_setting} with https://, best with the https://...plex.direct address that Plex Web shows"
    ),
    "plex.try_https": N_(
        "if it accepts secure connections only, begin {address_setting} with https://;"
        " otherwise look at the server's log"
    ),
    "plex.correct_url": N_("correct {address_setting}"),
    "plex.check_reach": N_(
        "is it running, and is {address_setting} right as seen from here"
        " (in a container, localhost is the container itself)?"
    ),
    "plex.pass_proxy": N_(
        "let Usher through the proxy without a login, or set {address_setting} to the server's own address"
    ),
    "plex.look_at_log": N_("look at the server's log"),
    "plex.check_load": N_("is it overloaded, or is a firewall in between?"),
    "plex.check_url": N_("check that {address_setting} is a Plex Media Server"),
    "plex.get_token": N_(
        "sign in to Plex Web as the server's owner, open 'View XML' of any item, copy X-Plex-Token from its address"
        " into {token_setting}, and start Usher again"
    ),
    "plex.other_server": N_("another Plex server ({name}) answers at {server} now"),
    "plex.no_poster": N_("Plex has no poster for it"),
    "plex.poster_elsewhere": N_("another Plex server holds it"),
    "plex.busy": N_("{count} requests to Plex are already waiting"),
    "plex.request_failed": N_("the request to Plex failed ({error})"),
    "plextv.no_pin": N_("plex.tv didn't give a PIN ({error})."),
    "plextv.empty_pin": N_("plex.tv didn't give a PIN."),
    "plextv.pin_void": N_("The PIN is no longer valid, or plex.tv stopped answering."),
    "plextv.no_account": N_("plex.tv did not say whose account it is ({error})."),
    "plextv.no_servers": N_("plex.tv did not list the servers ({error})."),
    "signin.too_many": N_("Too many people sign in to Plex at the same time."),
    "signin.server_silent": N_("A Plex server doesn't answer, so that can't be checked."),
}
_ACTORS: Final = {
    "actor.tracker": N_("The tracker"),
    "actor.persistence": N_("The store (persistence)"),
    "actor.launcher": N_("The launcher"),
    "actor.plex": N_("The Plex poller"),
    "actor.slow": N_("{who} did not answer within {seconds} s."),
    "actor.busy": N_("{who} is too busy right now."),
    "actor.away": N_("{who} is restarting; nothing is lost."),
    "actor.other_version": N_("{who} answered something unexpected."),
    "actor.declined": N_("{who} could not do it: {reason}"),
    "actor.fault": N_("Something went wrong inside Usher. No watch is lost."),
}
_DISCORD: Final = {
    "discord.enable_intent": N_(
        "turn on Message Content Intent at discord.com/developers > your application > Bot > Privileged Gateway Intents"
    ),
    "discord.allow_posting": N_("give the bot View Channel, Send Messages, Embed Links and Attach Files there"),
    "discord.forbidden": N_("Discord forbids to {doing}: {cure} (Discord's code {code})"),
    "discord.old_edits": N_("Discord takes no more edits of an old message now, to {doing}: trying again later"),
    "discord.no_such_channel": N_("Discord knows no such channel, to {doing}: check DISCORD_ANNOUNCE_CHANNEL_ID"),
    "discord.not_a_text_channel": N_(
        "Discord takes no messages in a channel of this kind (a forum or a category), to {doing}: set "
        "DISCORD_ANNOUNCE_CHANNEL_ID to a text channel"
    ),
    "discord.archived_thread": N_(
        "the thread is archived, to {doing}: open it again, or set DISCORD_ANNOUNCE_CHANNEL_ID to a text channel"
    ),
    "discord.locked_thread": N_(
        "the thread is locked, to {doing}: unlock it, or set DISCORD_ANNOUNCE_CHANNEL_ID to a text channel"
    ),
    "discord.token_refused_request": N_("Discord refused the token, to {doing}: check DISCORD_TOKEN"),
    "discord.rate_limited_for": N_("Discord limits the rate, to {doing}: waiting {seconds} s"),
    "discord.rate_limited": N_("Discord limits the rate, to {doing}: trying again by itself"),
    "discord.server_error": N_("Discord fails (HTTP {status}), to {doing}: trying again by itself"),
    "discord.content_refused": N_("Discord refuses what was sent, to {doing}: {error}"),
    "discord.refused": N_("Discord refuses (HTTP {status}), to {doing}: {error}"),
    "discord.unreachable_request": N_("Discord cannot be reached ({error}), to {doing}: trying again by itself"),
    "discord.closed": N_("Discord closed the connection: connecting again"),
    "discord.token_refused": N_(
        "Discord refused the token: set DISCORD_TOKEN to the one of Developer Portal > Bot > Reset Token"
    ),
    "discord.gateway_token_refused": N_(
        "Discord's gateway refused the token: set DISCORD_TOKEN to a fresh one (Bot > Reset Token)"
    ),
    "discord.intent_missing": N_("Discord does not let the bot read messages: {cure}"),
    "discord.closed_with_code": N_("Discord closed the connection (code {code}): connecting again"),
    "discord.session_starts_used_up": N_(
        "{used} of the {total} connections that Discord allows in a day are used: waiting until the count starts "
        "again. Does another program use the same token?"
    ),
    "audit.unwritable": N_(
        "the audit log {file} cannot be written ({cause}): {cure}; what administrators do is kept in memory until then"
    ),
    "discord.closed_at_once": N_(
        "Discord's gateway closes every connection at once: trying again, more and more rarely"
    ),
    "discord.logins_limited": N_("Discord limits the rate of log-ins: waiting"),
    "discord.down": N_("Discord is down (HTTP {status} at log-in): connecting again"),
    "discord.no_gateway": N_("Discord's gateway cannot be found: connecting again"),
    "discord.unreachable": N_("Discord cannot be reached ({error}): connecting again"),
    "discord.unreadable": N_("Discord sent something unreadable ({error}): connecting again"),
    "discord.announcements_wait": N_("{reason} (announcements waiting: {count})"),
    "discord.edit_announced_card": N_("edit a card in the announce channel {channel}"),
    "discord.ask_member": N_("ask who is a member"),
    "discord.members_unknown": N_("Discord does not say now who is a member of the server: try again in a minute"),
    "discord.no_oauth": N_("signing in with Discord is not set up: set DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET"),
    "discord.oauth_unreachable": N_("Discord does not answer the sign-in ({error}): try again in a minute"),
    "discord.oauth_secret_refused": N_(
        "Discord refused DISCORD_CLIENT_SECRET: take a new one from the Developer Portal"
    ),
    "discord.oauth_refused": N_("Discord does not confirm the sign-in (HTTP {status}): start it again"),
    "discord.post": N_("post in the announce channel {channel}"),
    "discord.edit_card": N_("edit the card of a film"),
    "discord.attach_pictures": N_("attach pictures to the card of a film"),
    "discord.post_digest": N_("post the digest of the week in channel {channel}"),
    "discord.change_night": N_("begin or end the planned night"),
    "discord.read_poll": N_("read the poll of the vote on the next film"),
    "discord.post_reminder": N_("post the reminder of a film night"),
    "discord.read_attendance": N_("ask who had said that they would come"),
    "discord.allow_events": N_(
        "give the bot Create Events, Manage Events, View Channel and Connect in the server and in the voice channel"
        " (in a stage channel also Manage Channels, Mute Members and Move Members)"
    ),
    "discord.state_waits": N_("announcements and cards wait until the store says what they remember: {reason}"),
    "discord.register_commands": N_("register the / commands in server {server}"),
    "discord.invite_again": N_("invite the bot to it again, with the scopes bot and applications.commands"),
    "discord.cannot_answer": N_(
        "the bot may not answer in channel {channel}: give it View Channel, Send Messages, "
        "Embed Links and Attach Files there"
    ),
    "discord.not_in_server": N_(
        "the bot is not in the server {server}: invite it (Developer Portal > OAuth2 > URL "
        "Generator: bot, applications.commands), or set DISCORD_GUILD_ID to the server it is in"
    ),
    "discord.server_unavailable": N_("Discord says that the server {server} is unavailable: wait until it is back"),
    "discord.prefix_commands_off": N_("commands with ! do not work (those with / do): {cure}"),
    "discord.silent": N_("Discord does not answer: still trying"),
    "discord.gateway_gone": N_("Discord's gateway went away: connecting again"),
    "discord.voice_channel_unseen": N_(
        "the voice channel {channel} cannot be seen: set WATCH_PARTY_VOICE_CHANNEL_ID to the id of "
        "a voice or stage channel and give the bot View Channel there"
    ),
}
_LAUNCHER: Final = {
    "queue.mailbox_full": N_(
        "Messages arrive faster than they are handled: {count} ({megabytes} MB) are waiting, and further "
        "ones were put off."
    ),
    "queue.outbox_full": N_("{peer} isn't taking messages: {count} wait, and further ones were put off."),
    "process.not_started": N_("could not be started ({error})"),
    "process.hung": N_("didn't answer for {seconds} s and was killed"),
    "process.killed": N_("killed by {signal}"),
    "process.killed_by_number": N_("killed by signal {number}"),
    "process.refused": N_("refused to start (exit status {status}): its last log line says why"),
    "process.waits": N_("waits for what it needs: its last log line says for what"),
    "process.stopped": N_("stopped without being asked"),
    "process.out_of_memory": N_(
        "reached its memory limit and ended: look at what came in just before; if that was nothing unusual, "
        "raise MEMORY_LIMIT_PERCENT"
    ),
    "process.actor_crashed": N_("crashed ({error}): its log lines say why"),
    "process.crashed": N_("crashed (exit status {status}): its log lines say why"),
}

TEXTS: Final[Mapping[str, str]] = {
    "text": "{text}",
    **_ACTORS,
    **_TRACKING, **_WEB, **_WEBHOOKS, **_LINKS, **_PLEX, **_DISCORD, **COMMUNITIES, **_LAUNCHER, **STORE,
}  # fmt: skip
