"""What the log says in whole sentences and people get to read, too: known here word for word, to be translated.

Who finds a reason (an actor, the launcher, the connection to Discord) writes it once, in English, for the log, the
command line and the health table. Where it is shown on Discord it passes through `heard`. What has no sentence here is
shown as it was said; a test holds each of these against the file that says it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from wording.translation import _, later

SENTENCES: Mapping[str, tuple[str, ...]] = {
    "tracking/watch_party.py": (
        later(
            "{count} films play at once ({titles}): it is not clear which one the voice channel watches. "
            "Say which with !starttracking, or set WATCH_PARTY_PLEX_USER."
        ),
    ),
    "tracking/manual_start.py": (
        later("Nobody is in the voice channel: ask people to join it, then try again."),
        later("Session {session} exists on {count} servers. Name one of them: {sessions}."),
        later("No session {session} plays now. Name one that does: {running}."),
        later("Nothing plays on Plex now: start the film, then try again."),
        later("Several films play. Name the session: {sessions}."),
        later("Plex server {name} does not answer: try again when it does."),
        later("Discord has not said who is in the voice channel: check the connection, then try again."),
        later("The position lies ahead of where the film is now: give one that has been shown already."),
    ),
    "actors/tracker/actor.py": (
        later("the tracker is waiting for persistence to say what ran before; try again in a moment"),
        later("Persistence does not say which watches ran before ({error}); observations wait."),
    ),
    "actors/tracker/finished_outbox.py": (later("{count} finished watches wait for persistence: {error}"),),
    "actors/persistence/actor.py": (
        later("The last save failed: {error}"),
        later("The own badges are left out until their file is right: {error}"),
    ),
    "actors/persistence/read_worker.py": (later("The store cannot be read now: {error}. {cure}"),),
    "actors/persistence/backup_scheduler.py": (later("The scheduled backup failed: {error}"),),
    "persistence/operations/link.py": (
        later("That Plex account is linked to another member already: unlink it there first."),
        later("That Plex account is not linked to this member: choose one that /unlink offers."),
    ),
    "actors/media/plex/on_demand/plextv.py": (
        later("plex.tv gave no PIN ({error})."),
        later("plex.tv gave no PIN."),
        later("The PIN is void, or plex.tv does not answer any more."),
        later("plex.tv did not say whose account it is ({error})."),
        later("plex.tv did not list the servers ({error})."),
    ),
    "actors/media/plex/on_demand/signin.py": (
        later("Too many people sign in to Plex at the same time."),
        later("A Plex server does not answer, so it cannot be known."),
    ),
    "actors/media/plex/errors.py": (
        later("Plex at {place}"),
        later("{plex} points to {place}, where the token is not sent; set PLEX_URL to the server's own address"),
        later("{plex} answered with {what}, more than any Plex server has; {cure}"),
        later("{plex} sent {what} instead of Plex's XML; {cure}"),
        later(
            "{plex} has a certificate that does not fit its address; use http:// within your network, or the"
            " https://...plex.direct address that Plex Web shows"
        ),
        later("{plex} is no address that can be asked; correct PLEX_URL"),
        later("{plex} sent an answer that breaks off or cannot be unpacked; {cure}"),
        later(
            "{plex} cannot be reached ({error}); is it running, and is PLEX_URL right as seen from"
            " here (a container is its own localhost)?"
        ),
        later("{plex} sent XML that is cut short or broken; {cure}"),
        later("{plex} did not answer as a Plex server ({error}); {cure}"),
        later("{plex} refuses the token; {cure}"),
        later("{plex} accepts the token, but not as its owner's: it hides who watches; {cure}"),
        later("{plex} knows no such page (HTTP 404); {cure}"),
        later("{plex} has a fault of its own (HTTP {status}); look at the server's log"),
        later("{plex} answered with HTTP {status}; {cure}"),
        later("{plex} did not answer in time; is it overloaded, or is a firewall in between?"),
        later("check that PLEX_URL is a Plex Media Server"),
        later(
            "sign in to Plex Web as the server's owner, open 'View XML' of any item, copy X-Plex-Token from its address"
            " into PLEX_TOKEN, and start Usher again"
        ),
    ),
    "actors/chat/discord/core/api_errors.py": (
        later(
            "turn on Message Content Intent at discord.com/developers > your application > Bot > Privileged Gateway"
            " Intents"
        ),
        later("give the bot View Channel, Send Messages, Embed Links and Attach Files there"),
        later("Discord forbids to {doing}: {cure} (Discord's code {code})"),
        later("Discord takes no more edits of an old message now, to {doing}: trying again later"),
        later("Discord knows no such channel, to {doing}: check DISCORD_ANNOUNCE_CHANNEL_ID"),
        later("Discord refused the token, to {doing}: check DISCORD_TOKEN"),
        later("Discord limits the rate, to {doing}: waiting {seconds} s"),
        later("Discord limits the rate, to {doing}: trying again by itself"),
        later("Discord fails (HTTP {status}), to {doing}: trying again by itself"),
        later("Discord refuses what was sent, to {doing}: {error}"),
        later("Discord refuses (HTTP {status}), to {doing}: {error}"),
        later("Discord cannot be reached ({error}), to {doing}: trying again by itself"),
        later("Discord closed the connection: connecting again"),
        later("Discord refused the token: set DISCORD_TOKEN to the one of Developer Portal > Bot > Reset Token"),
        later("Discord's gateway refused the token: set DISCORD_TOKEN to a fresh one (Bot > Reset Token)"),
        later("Discord does not let the bot read messages: {cure}"),
        later("Discord closed the connection (code {code}): connecting again"),
        later("Discord limits the rate of log-ins: waiting"),
        later("Discord is down (HTTP {status} at log-in): connecting again"),
        later("Discord's gateway cannot be found: connecting again"),
        later("Discord cannot be reached ({error}): connecting again"),
        later("Discord sent what could not be read ({error}): connecting again"),
    ),
    "actors/chat/discord/features/announcements/announcement_queue.py": (
        later("{reason} (announcements waiting: {count})"),
        later("edit a card in the announce channel {channel}"),
        later("post in the announce channel {channel}"),
    ),
    "actors/chat/discord/features/live_card/live_cards.py": (later("edit the card of a film"),),
    "actors/chat/discord/gateway/bot.py": (
        later("register the / commands in server {server}"),
        later("invite the bot to it anew, with the scopes bot and applications.commands"),
        later(
            "the bot may not answer in channel {channel}: give it View Channel, Send Messages, "
            "Embed Links and Attach Files there"
        ),
    ),
    "actors/chat/discord/gateway/connection.py": (
        later(
            "the bot is not in the server {server}: invite it (Developer Portal > OAuth2 > URL "
            "Generator: bot, applications.commands), or set DISCORD_GUILD_ID to the server it is in"
        ),
        later("Discord says that the server {server} is unavailable: wait until it is back"),
        later("commands with ! do not work (those with / do): {cure}"),
        later("Discord does not answer: still trying"),
        later("Discord's gateway went away: connecting again"),
    ),
    "actors/chat/discord/features/voice_presence.py": (
        later(
            "the voice channel {channel} cannot be seen: set WATCH_PARTY_VOICE_CHANNEL_ID to the id of "
            "a voice or stage channel and give the bot View Channel there"
        ),
    ),
    "launcher/supervision/actor_process.py": (
        later("could not be started ({error})"),
        later("gave no answer for {seconds} s and was killed"),
    ),
    "launcher/supervision/child.py": (
        later("killed by {signal}"),
        later("refused to start (exit status {status}): its last log line says why"),
        later("stopped without being asked"),
        later("crashed (exit status {status}): its log lines say why"),
    ),
}
"""By the file that says them."""
_GAP = re.compile(r"\{(\w+)\}")
_ONE_WORD = {"place", "signal", "status", "code", "seconds", "count", "channel", "server"}
"""What stands in these gaps has no space in it."""
_DEEPEST = 4
"""Sentences within sentences: a reason, its cause, and the cure."""


_MOST_PARTS = 8
"""Sentences of one text that are looked at each by itself: a title may hold any number of "; "."""


def heard(text: str) -> str:
    """A sentence of the log in the language that is spoken, where it is known; several are told apart by "; "."""
    left, said = text.split("; ", _MOST_PARTS), []
    while left:
        for count in range(len(left), 0, -1):
            if (known := _known("; ".join(left[:count]), _DEEPEST)) is not None or count == 1:
                said.append(known or left[0])
                del left[:count]
                break
    return "; ".join(said)


def _known(text: str, deep: int) -> str | None:
    plain, patterns = _forms()
    if text in plain:
        return _(text)
    for sentence, pattern in patterns if deep else ():
        if found := pattern.fullmatch(text):
            gaps = {name: _known(given, deep - 1) or given for name, given in found.groupdict().items()}
            return _(sentence).format(**gaps)
    return None


@lru_cache(maxsize=1)
def _forms() -> tuple[frozenset[str], tuple[tuple[str, re.Pattern[str]], ...]]:
    """The sentences without a gap; and those with some, the more telling first, for a gap takes whatever is there."""
    every = [sentence for said in SENTENCES.values() for sentence in said]
    gapped = sorted((one for one in every if "{" in one), key=lambda one: -len(_GAP.sub("", one)))
    return frozenset(every) - frozenset(gapped), tuple((sentence, _pattern(sentence)) for sentence in gapped)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _GAP.split(sentence)
    return re.compile("".join(_gap(part) if place % 2 else re.escape(part) for place, part in enumerate(parts)))


def _gap(name: str) -> str:
    taken = r"\S+" if name in _ONE_WORD else ".+"
    return f"(?P<{name}>{taken})"
