"""One card: the content of its message, and when it may be edited next. Sends no request to Discord."""

import io
import time
from typing import Any

import discord
import msgspec
from msgspec.structs import replace

from actors.chat.discord.features.live_card import live_card_embeds
from actors.chat.discord.features.live_card.card_record import CardRecord
from actors.chat.discord.features.live_card.edit_pace import EditPace
from actors.chat.discord.features.live_card.rating_buttons import build_rating_buttons
from actors.chat.discord.ui import embeds
from messages import SOMEBODY, Moment, Screening, ScreeningEnded

POSITION_EVERY_S = 15.0
"""Pause between two edits that only move the position (real seconds)."""
OLD_S, OLD_EVERY_S, OLD_SOON_S = 3300.0, 60.0, 20.0
"""A message that is nearly an hour old is edited less often, for after an hour Discord limits edits (its code 30046).
Its age, the pause between two edits that only move the position, and the shortest pause before one that shows who
watches, or play and pause (real seconds)."""
SETTLE_S = 2.0
"""How long a change of who watches, or of play and pause, waits for further changes (real seconds)."""
GONE_S = 20.0
"""A film that is missing from reports for so long, without a reported end, has no viewers left (real seconds)."""
CHART = "attendance.png"
"""Name of the chart's file; the other is the poster."""
_RESUMED_S = 1.0


class RenderedVersion(msgspec.Struct, frozen=True):
    """The state that an edit shows, taken before it is sent: changes during the request need another edit."""

    signature: tuple[object, ...]
    ended: ScreeningEnded | None
    badges: int
    said: list[str]


class LiveCard(msgspec.Struct, eq=False):
    """A card in this process: its record, its screening, and the timing of its edits.

    Times are real seconds of a steady clock.
    """

    record: CardRecord
    screening: Screening | None = None
    """The screening as last reported; None if there was no report since the start of the process."""
    shown_signature: tuple[object, ...] = ()
    edited_s: float = msgspec.field(default_factory=time.monotonic)
    changed_s: float | None = None
    """When something changed that people want to see soon; None if nothing did."""
    not_before_s: float = 0.0
    tries: int = 0
    limited: bool = False
    """Whether Discord accepted no more edits of the message at the last try."""
    pictures: dict[str, bytes] = msgspec.field(default_factory=dict)
    """Files to attach, by name, without those that an earlier process attached."""
    warned: bool = False
    replaces_files: bool = False
    """Whether the message's present files must be removed."""
    chart_text: str = ""
    """A description of the chart in words."""
    gone_since_s: float | None = None
    """Since when the film is missing from reports; None if it is not, or if it has ended."""
    is_deserted: bool = False
    """Whether the card says that nobody is watching."""
    posted_s: float = msgspec.field(default_factory=time.monotonic)
    pace: EditPace = msgspec.field(default_factory=EditPace)
    """The pace of edits, shared by all cards of the process."""
    delay_s: float = 0.0
    """Delay of the next edit that only moves the position, caused by other cards; seconds."""

    def __post_init__(self) -> None:
        self._reserve()

    # -- changes of the film ---------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the film has not ended, as far as is known."""
        return self.record.ended is None and not self.is_deserted and not self.record.obsolete

    @property
    def attendance(self) -> Screening | None:
        """The screening with its present or past viewers; None if nothing is known of it."""
        return self.record.ended.screening if self.record.ended is not None else self.screening

    def may_play_on(self, server_id: str) -> bool:
        """Tell whether the film may be playing on a Plex server ("": on any); True if its server is not known."""
        return not server_id or self.screening is None or self.screening.server_id == server_id

    def note_film_running(self, screening: Screening) -> bool:
        """Note that the film is playing; return whether it is playing again after its end was shown."""
        resumed = False
        record = self.record
        if record.ended is not None:
            if screening.seen.wall_s <= record.ended.at.wall_s + _RESUMED_S:
                return False
            record.before, record.ended, record.charted = record.ended, None, False
            record.files, self.replaces_files, resumed = [], True, True
        if resumed or live_card_embeds.signature(screening) != self.shown_signature:
            self.mark_changed()
        self.screening, self.gone_since_s, self.is_deserted = screening, None, False
        return resumed

    def note_film_gone(self) -> None:
        """Note that the film is missing from a report. The card stays for a while: the end may still be reported."""
        if self.record.ended is None and self.gone_since_s is None:
            self.gone_since_s, self.changed_s = time.monotonic(), None

    def note_film_ended(self) -> None:
        """Note that the record of the end is shown, or owed."""
        self.record.owed = self.limited
        if self.record.owed:
            self.mark_changed()
        self.gone_since_s = self.record.before = None

    def mark_changed(self) -> None:
        """Schedule an edit soon."""
        if self.changed_s is None:
            self.changed_s = time.monotonic()

    def mark_record_changed(self) -> None:
        """Schedule an edit soon for a change of the record; while the film runs, the card does not show the record."""
        if self.record.ended is not None:
            self.mark_changed()

    def attach(self, name: str, content: bytes) -> None:
        """Show a picture at once: a card has only one or two."""
        self.pictures[name] = content
        self.changed_s, self.edited_s = time.monotonic() - SETTLE_S, 0.0

    # -- when it is edited -----------------------------------------------------------------------------------

    def due_s(self) -> float | None:
        """Return when to edit the card next, or None while nothing changes."""
        due: float | None = None
        is_old = time.monotonic() - self.posted_s > OLD_S
        if self.changed_s is not None:
            due = max(self.changed_s + SETTLE_S, self.edited_s + (OLD_SOON_S if is_old else SETTLE_S))
        elif self.gone_since_s is not None:
            due = None if self.is_deserted or self.screening is None else self.gone_since_s + GONE_S
        elif self.record.ended is None and self.screening is not None and self.screening.state != "paused":
            due = self.edited_s + (OLD_EVERY_S if is_old else POSITION_EVERY_S) + self.delay_s
        return due if due is None else max(due, self.not_before_s)

    def is_limited_now(self) -> bool:
        """Tell whether Discord accepts no edit of the card now."""
        return self.limited and time.monotonic() < self.not_before_s

    def prepare_edit(self) -> bool:
        """Remove the names from a film that nobody watches any more; return whether its earlier end is shown again."""
        if self.gone_since_s is None or self.record.ended is not None:
            return False
        if time.monotonic() < self.gone_since_s + GONE_S:
            return False
        self.is_deserted, self.shown_signature = True, ()
        if self.screening is not None:
            self.screening = replace(self.screening, seats=(), host=SOMEBODY, player="")
        if self.record.before is not None:
            self.record.ended, self.record.before, self.gone_since_s = self.record.before, None, None
            return True
        return False

    def render(self) -> RenderedVersion:
        """Return the state that an edit shows if it is sent now."""
        is_shown = self.screening is not None and not self.is_deserted
        signature = live_card_embeds.signature(self.screening) if self.screening is not None and is_shown else ()
        return RenderedVersion(signature, self.record.ended, len(self.record.awarded), self.record.said)

    def build_embed(self, at: Moment, files: list[str]) -> discord.Embed:
        """Return the embed for a message with these files. Raises TimeoutError if nothing is known of the film yet."""
        if self.record.ended is not None:
            embed = live_card_embeds.build_record(self.record.ended, self.record.shown_badges(), self.record.said)
        elif self.screening is not None and self.is_deserted:
            embed = live_card_embeds.build_deserted(self.screening)
        elif self.screening is not None:
            embed = live_card_embeds.build_playing(self.screening, at)
        else:
            raise TimeoutError("nothing is known of the film yet")
        for name in files:
            if name == CHART:
                embed.set_image(url=f"attachment://{name}")
            else:
                embed.set_thumbnail(url=f"attachment://{name}")
        return embed

    def build_edit(self, at: Moment, files: list[str]) -> dict[str, Any]:
        """Return an edit of the message with these files; a night's record has buttons below."""
        view = build_rating_buttons(self.record.ended) if self.record.ended is not None else None
        return {"embed": self.build_embed(at, files), "view": view, "allowed_mentions": embeds.NOBODY}

    def build_files(self) -> list[discord.File]:
        """Return the pictures to attach."""
        return [
            discord.File(io.BytesIO(content), name, description=self.chart_text if name == CHART else None)
            for name, content in sorted(self.pictures.items())
        ]

    def note_edit(self, version: RenderedVersion, files: list[str]) -> bool:
        """Note that the message shows a version, with these files; return whether its record changed."""
        self.edited_s = time.monotonic()
        self._reserve()
        self.tries, self.warned, self.replaces_files, self.limited = 0, False, False, False
        self.shown_signature = version.signature
        has_all = set(self.pictures) <= set(files)
        record = self.record
        is_same = (record.ended is version.ended, len(record.awarded), record.said) == (
            True, version.badges, version.said
        )  # fmt: skip
        screening = self.screening
        if has_all and is_same and (screening is None or live_card_embeds.signature(screening) == version.signature):
            self.changed_s = None  # otherwise something changed during the edit, and needs another one
        if record.charted and has_all:
            self.pictures.clear()  # the message has them, and there will be no more
        if record.files == files and not record.owed:
            return False
        record.files, record.owed = files, False
        return True

    def note_failed_edit(self, wait_s: float, *, limited: bool, refused: bool) -> None:
        """Note that an edit failed, and when it may be tried again."""
        self.tries += 1
        self.limited = limited
        if refused:
            self.pictures.clear()  # Discord would refuse them again
            wait_s = POSITION_EVERY_S
        self.not_before_s = time.monotonic() + max(wait_s, SETTLE_S)

    def _reserve(self) -> None:
        """Reserve a slot for the next edit that only moves the position; the record of an ended film needs none."""
        self.delay_s = self.pace.reserve() if self.record.ended is None else 0.0
