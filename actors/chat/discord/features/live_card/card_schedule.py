"""One card, beside what is kept of it: how it looks, and when it may be edited."""

import time
from dataclasses import dataclass, field

from msgspec.structs import replace

from actors.chat.discord.core.state import CardRecord
from actors.chat.discord.features.live_card import live_card_embeds
from messages import SOMEBODY, Screening, ScreeningEnded

POSITION_EVERY_S = 15.0
"""Between two edits that only move the position (real seconds)."""
OLD_S, OLD_EVERY_S, OLD_SOON_S = 3300.0, 60.0, 20.0
"""A message that is nearly an hour old is edited more rarely: beyond it Discord counts edits (its code 30046). Between
two edits that only move the position, and at least before one that shows who watches, or play and pause."""
SETTLE_S = 2.0
"""How long a change of who watches, or of play and pause, waits for company (real seconds)."""
GONE_S = 20.0
"""A film that is not among what plays for so long, and whose end is not told, has nobody left (real seconds)."""
_RESUMED_S = 1.0


@dataclass(eq=False)
class LiveCard:
    """What is known of a card beside what is kept: how it looks, and when it may be edited."""

    card: CardRecord
    seen: Screening | None = None
    shown: tuple[object, ...] = ()
    edited_s: float = field(default_factory=time.monotonic)
    changed_s: float | None = None
    """When something changed that people want to see soon; None where nothing did."""
    not_before_s: float = 0.0
    tries: int = 0
    limited: bool = False
    """Whether Discord took no more edits of it at the last try."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    """Files to attach, by name; those that were attached in an earlier life are not among them."""
    warned: bool = False
    renew: bool = False
    """Whether the files that the message has are to go."""
    alt: str = ""
    """What is on the chart, in words."""
    gone_s: float | None = None
    """Since when its film is not among what plays, on the steady clock; None while it is, or has ended."""
    left: bool = False
    """Whether it says that nobody is left."""
    posted_s: float = field(default_factory=time.monotonic)

    def due_s(self) -> float | None:
        """When to edit it next, on the steady clock; None while nothing changes."""
        due: float | None = None
        is_old = time.monotonic() - self.posted_s > OLD_S
        if self.changed_s is not None:
            due = max(self.changed_s + SETTLE_S, self.edited_s + (OLD_SOON_S if is_old else SETTLE_S))
        elif self.gone_s is not None:
            due = None if self.left or self.seen is None else self.gone_s + GONE_S
        elif self.card.ended is None and self.seen is not None and self.seen.state != "paused":
            due = self.edited_s + (OLD_EVERY_S if is_old else POSITION_EVERY_S)
        return due if due is None else max(due, self.not_before_s)

    def is_limited_now(self) -> bool:
        """Whether Discord has said that it takes no edit of it now."""
        return self.limited and time.monotonic() < self.not_before_s

    def mark_changed(self) -> None:
        """Something to be seen soon."""
        if self.changed_s is None:
            self.changed_s = time.monotonic()

    def film_running(self, shown: Screening) -> bool:
        """Its film plays; whether it does so again after its end was told."""
        again = False
        if self.card.ended is not None:
            if shown.seen.wall_s <= self.card.ended.at.wall_s + _RESUMED_S:
                return False
            self.card.before, self.card.ended, self.card.charted = self.card.ended, None, False
            self.card.files, self.renew, again = [], True, True
        if again or live_card_embeds.signature(shown) != self.shown:
            self.mark_changed()
        self.seen, self.gone_s, self.left = shown, None, False
        return again

    def film_gone(self) -> None:
        """Its film is not among what plays. Its end may still come: until then it stays as it is for a while."""
        if self.card.ended is None and self.gone_s is None:
            self.gone_s, self.changed_s = time.monotonic(), None

    def prepare_edit(self) -> bool:
        """Before an edit: a film that nobody watches any more names nobody; whether the record is there again."""
        if self.gone_s is None or self.card.ended is not None or time.monotonic() < self.gone_s + GONE_S:
            return False
        self.left, self.shown = True, ()
        if self.seen is not None:
            self.seen = replace(self.seen, seats=(), host=SOMEBODY, player="")
        if self.card.before is not None:
            self.card.ended, self.card.before, self.gone_s = self.card.before, None, None
            return True
        return False

    def attach(self, name: str, content: bytes) -> None:
        """A picture to be seen at once: it comes once or twice in a card's life."""
        self.pictures[name] = content
        self.changed_s, self.edited_s = time.monotonic() - SETTLE_S, 0.0


@dataclass(frozen=True)
class RenderedVersion:
    """What an edit shows, taken before it is sent."""

    shown: tuple[object, ...]
    ended: ScreeningEnded | None
    badges: int
    said: list[str]

    @classmethod
    def of(cls, face: LiveCard) -> "RenderedVersion":
        """As it is now."""
        shown = live_card_embeds.signature(face.seen) if face.seen is not None and not face.left else ()
        return cls(shown, face.card.ended, len(face.card.awarded), face.card.said)
