"""The settings that decide what a watch is, and which items can be watched at all."""

from functools import cached_property

import msgspec

from messages import Item

NEVER_COUNTED_KINDS = frozenset({"clip", "photo", "trailer", ""})
"""Plex types that are no film to watch, whatever TRACKED_TYPES says."""
EXTRA_SUBTYPES = frozenset(
    {
        "clip",
        "trailer",
        "teaser",
        "deletedscene",
        "interview",
        "behindthescenes",
        "scene",
        "sceneorsample",
        "sample",
        "featurette",
        "bloopers",
        "extra",
        "preroll",
        "themesong",
        "theme",
    }
)
"""Subtypes (lower case) of things that stand beside a film; home videos are movies of subtype clip."""
PREROLL_GUIDS = ("analyzed.prerolls://", "prerolls://")
LIVE_KEY = "/livetv/"
SHORT_GAP = 0.75
"""The share of the longest silence that is no outage within which a failed poll makes none either."""


class Rules(msgspec.Struct, frozen=True, dict=True):
    """How watches are measured. Seconds, unless a name says otherwise; defaults as in the settings."""

    end_grace_s: float = 30.0
    """How long a session may be missing from successful polls before its watches end."""
    ghost_after_s: float = 60.0
    """How long "playing" may stand still before it stops counting."""
    ghost_end_s: float = 300.0
    """How long "playing" may stand still before the watch ends."""
    slack_s: float = 20.0
    """How far ahead of the clock a late position report may jump."""
    watched_percent: float = 80.0
    """How much of a film must be seen for it to count as watched, percent."""
    min_watch_s: float = 60.0
    """Shorter watches are brief."""
    resume_window_s: float = 24 * 3600.0
    """How long after its end a watch can go on."""
    tracked_types: frozenset[str] = frozenset({"movie", "episode"})
    """Media types that count, as `classify` names them."""
    party_user: str = ""
    """Account name or id of the watch party's host; empty: the only film playing."""
    excluded: frozenset[str] = frozenset()
    """Accounts without watches of their own: names or ids, casefolded."""
    gap_s: float = 30.0
    """A longer silence between two successful polls is an outage, even where nobody said so."""
    group_synchronous: bool = True
    """Sessions of several accounts that play one film at the same time are one screening."""
    voice_fresh_s: float = 60.0
    """Without a word from Discord for longer, who is in the channel is not known."""

    @cached_property
    def slack_ms(self) -> int:
        """The slack, in milliseconds of film; computed once, for every step needs it."""
        return round(self.slack_s * 1000)

    def is_party_host(self, account_id: str, account_name: str) -> bool:
        """Tell whether this account is the one that WATCH_PARTY_PLEX_USER names."""
        wanted = self.party_user.casefold()
        return bool(wanted) and wanted in (account_id.casefold(), account_name.casefold())

    def counts(self, account_id: str, account_name: str) -> bool:
        """Tell whether an account's session is its own watch; without a usable account it is nobody's."""
        return bool(account_id) and not {account_id.casefold(), account_name.casefold()} & self.excluded

    def is_outage(self, silent_s: float, *, failed: bool) -> bool:
        """Tell whether so much time between two successful polls is an outage; `failed`: polls did fail meanwhile.

        A single failed poll is no worse than a late one.
        """
        return silent_s > self.gap_s * (SHORT_GAP if failed else 1.0)

    def tracks(self, item: Item) -> bool:
        """Tell whether an item counts."""
        return classify(item) in self.tracked_types


def classify(item: Item) -> str | None:
    """Return an item's media type: Plex's kind, or "live"; None for what never counts.

    Live TV comes first: its type is clip or episode, and only its flag or its path shows that it is live.
    """
    if is_live(item):
        return "live"
    if item.library_section_id is not None and item.library_section_id < 0:
        return None
    if item.kind in NEVER_COUNTED_KINDS or item.subtype.casefold() in EXTRA_SUBTYPES:
        return None
    if item.guid.startswith(PREROLL_GUIDS):
        return None
    if item.kind == "track" and item.guid.startswith("library://"):
        return None
    return item.kind


def is_live(item: Item) -> bool:
    """Tell whether an item is live TV, which has neither position nor length."""
    return item.live or item.key.startswith(LIVE_KEY)
