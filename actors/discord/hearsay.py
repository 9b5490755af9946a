"""What other actors say in whole sentences, for people: known here word for word, so that it can be translated.

Those actors know no language: their sentences are in the log and on the command line too, in English. What has no
sentence here is shown as it was said; a test holds every one of these against the file that says it.
"""

import re
from functools import lru_cache

from actors.discord.tongue import _, later

TRACKING = (
    later(
        "{count} films play at once ({titles}): it is not clear which one the voice channel watches. "
        "Say which with !starttracking, or set WATCH_PARTY_PLEX_USER."
    ),
    later("Nobody is in the voice channel: ask people to join it, then try again."),
    later("Session {session} exists on {count} servers: end all but one of them."),
    later("No session {session} plays now. Running: {running}."),
    later("Nothing plays on Plex now: start the film, then try again."),
    later("Several films play. Name the session: {sessions}."),
    later("Plex server {name} does not answer: try again when it does."),
    later("Discord has not said who is in the voice channel: check the connection, then try again."),
    later("The position lies ahead of where the film is now: give one that has been shown already."),
)
"""What stands in the way of tracking: tracking/party.py and tracking/manual.py."""


def heard(text: str) -> str:
    """A sentence of another actor in the language that is spoken, where it is known."""
    if (known := _(text)) != text:
        return known
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return _(sentence).format(**found.groupdict())
    return text


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each sentence with its gaps, the more telling first: a gap takes whatever stands in its place."""
    order = sorted(TRACKING, key=lambda sentence: -len(re.sub(r"\{\w+\}", "", sentence)))
    return tuple((sentence, _pattern(sentence)) for sentence in order if "{" in sentence)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", sentence)
    written = [f"(?P<{part}>.*)" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(written), re.DOTALL)
