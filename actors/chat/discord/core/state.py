"""What the Discord actor remembers across restarts: what it posted, and which commands Discord knows."""

import json
import logging
from collections.abc import Set
from pathlib import Path

import msgspec
from msgspec.structs import replace

from atomic_file import write_atomically
from messages import ScreeningEnded
from viewers.redact import redact_screening

MOST_POSTED = 500
MOST_CARDS = 10
"""Cards that are remembered: those of films that run, and of the last ones that ended."""

MOST_NIGHTS = 50
MOST_ASKED = 200
"""Answers whose buttons cannot carry what was asked for, and still work."""


class PendingPost(msgspec.Struct):
    """A post that was begun: whether Discord has it is not known until `posted` names its ids."""

    nonce: str
    ids: list[str]


class CardRecord(msgspec.Struct):
    """A screening's own message in the announce channel."""

    screening_id: str
    message_id: int
    opened_s: float
    """When it was first posted; seconds since 1970, UTC."""
    files: list[str] = []
    """Names of the files that the message has."""
    awarded: list[tuple[str, str, str]] = []
    """Who earned which badge with this screening: viewer id, name, badge as it is shown."""
    ended: ScreeningEnded | None = None
    """What became of it; None while it runs."""
    before: ScreeningEnded | None = None
    """What had become of it before somebody went on with it; None where nobody did."""
    charted: bool = False
    """Whether its chart was drawn, or given up."""
    said: list[str] = []
    """Ids of those who had said on Discord that they would come; empty where it was no planned night."""
    owed: bool = False
    """Whether its message does not say yet what became of it: Discord took no more edits of it then."""


class PlannedNight(msgspec.Struct):
    """A film night that was planned as an event on Discord."""

    event_id: int
    server_id: str
    """Plex server that holds the film."""
    rating_key: str
    starts_s: float
    """When it was planned to begin; seconds since 1970, UTC."""
    screening_id: str = ""
    """The screening that it became; empty until the film began."""
    left_s: float = 0.0
    """Since when the film that had begun does not run; seconds since 1970, 0 while it runs or has not begun."""
    kind: str = ""
    """Plex's type of the film; empty where only its rating key is known."""
    guid: str = ""
    """Plex's guid of the film, the same on every server."""
    title: str = ""
    """The film's title."""
    year: int | None = None
    """The film's year of release."""
    said: list[str] = []
    """Ids of those who had said that they would come to another event of the same evening, which is called off."""


class _Kept(msgspec.Struct):
    commands: str = ""
    posted: list[str] = []
    posting: PendingPost | None = None
    cards: list[CardRecord] = []
    nights: list[PlannedNight] = []
    digest_s: float = 0.0
    roles: dict[str, list[int]] = {}
    """By the role's id: the members to whom it was given."""
    asked: dict[str, str] = {}
    """What was asked for, by what the buttons below an answer carry of it; the oldest first."""
    veiled: dict[str, float] = {}
    """Marks of ids and names that no announcement of a time until then may name; seconds since 1970, UTC."""


class Keepsake:
    """A small file, written whole each time.

    Losing it costs a repeated announcement, planned nights that no longer begin by themselves, and what the buttons
    below old answers cannot carry.
    """

    def __init__(self, file: Path, log: logging.Logger) -> None:
        self._file = file
        self._log = log
        self._kept = self._read()

    @property
    def commands(self) -> str:
        """Hash of the commands that Discord was last told; empty where it was told none."""
        return self._kept.commands

    @property
    def posting(self) -> PendingPost | None:
        """A post that was begun and whose end is not known."""
        return self._kept.posting

    def was_posted(self, message_id: str) -> bool:
        """Whether the announcement of this message is on Discord already."""
        return message_id in self._kept.posted

    def told_commands(self, digest: str) -> None:
        """Discord knows these commands now."""
        self._kept.commands = digest
        self._write()

    def begin(self, posting: PendingPost) -> None:
        """A post is about to be sent."""
        self._kept.posting = posting
        self._write()

    def done(self, ids: list[str]) -> None:
        """A post is on Discord."""
        self._kept.posted = [*self._kept.posted, *ids][-MOST_POSTED:]
        self._kept.posting = None
        self._write()

    def forget_posting(self) -> None:
        """The post that was begun is given up."""
        self._kept.posting = None
        self._write()

    @property
    def cards(self) -> list[CardRecord]:
        """The cards, the oldest first. Call `keep_cards` after changing one."""
        return self._kept.cards

    def keep_cards(self, cards: list[CardRecord]) -> None:
        """These are the cards now; the oldest go where there are too many."""
        self._kept.cards = cards[-MOST_CARDS:]
        self._write()

    def mask(self, viewer_ids: Set[str], names: Set[str]) -> None:
        """Have nobody of these ids or names in what became of films: it may be shown again."""
        for card in self._kept.cards:
            card.ended = _redact(card.ended, viewer_ids, names)
            card.before = _redact(card.before, viewer_ids, names)
        self._write()

    def forget(self, viewer_ids: Set[str], names: Set[str]) -> None:
        """Take somebody out of it: seats and badges on cards, who said that they would come, what was announced."""
        for card in self._kept.cards:
            card.awarded = [badge for badge in card.awarded if badge[0] not in viewer_ids]
            card.said = [member for member in card.said if member not in viewer_ids]
        for night in self._kept.nights:
            night.said = [member for member in night.said if member not in viewer_ids]
        for members in self._kept.roles.values():
            members[:] = [member for member in members if str(member) not in viewer_ids]

        def is_told(told: str) -> bool:
            return any(f":{viewer_id}:" in told for viewer_id in viewer_ids)

        self._kept.posted = [told for told in self._kept.posted if not is_told(told)]
        self._kept.asked = {
            key: asked for key, asked in self._kept.asked.items() if not any(each in asked for each in viewer_ids)
        }
        if (begun := self._kept.posting) is not None:
            begun.ids = [told for told in begun.ids if not is_told(told)]
            self._kept.posting = begun if begun.ids else None
        self.mask(viewer_ids, names)

    @property
    def nights(self) -> list[PlannedNight]:
        """The nights planned, the oldest first. Call `keep_nights` after changing one."""
        return self._kept.nights

    def keep_nights(self, nights: list[PlannedNight]) -> None:
        """These are the nights now; the oldest go where there are too many."""
        self._kept.nights = nights[-MOST_NIGHTS:]
        self._write()

    @property
    def digest_s(self) -> float:
        """Digests due by then were posted; seconds since 1970, 0 where none was ever thought of."""
        return self._kept.digest_s

    def told_digest(self, due_s: float) -> None:
        """No digest that was due by then is posted any more."""
        self._kept.digest_s = due_s
        self._write()

    def given(self, role_id: int) -> list[int]:
        """The members to whom this role was given."""
        return self._kept.roles.get(str(role_id), [])

    def gave(self, role_id: int, members: list[int]) -> None:
        """These are the members now to whom this role was given."""
        self._kept.roles[str(role_id)] = members
        self._write()

    def asked(self, key: str) -> str | None:
        """What was asked for where a button carries this of it; None where it is not known any more."""
        return self._kept.asked.get(key)

    def keep_asked(self, key: str, asked: str) -> None:
        """A button is about to carry this of what was asked for."""
        if next(reversed(self._kept.asked), "") == key:
            return
        others = [pair for pair in self._kept.asked.items() if pair[0] != key]
        self._kept.asked = dict([*others, (key, asked)][-MOST_ASKED:])
        self._write()

    @property
    def veiled(self) -> dict[str, float]:
        """By the mark of an id or a name: until when (seconds since 1970) what was said must not name it."""
        return self._kept.veiled

    def veil(self, marks: dict[str, float]) -> None:
        """These are the marks now."""
        self._kept.veiled = marks
        self._write()

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, msgspec.MsgspecError) as error:
            self._log.warning(
                "%s cannot be read (%s): starting without it; an announcement may repeat", self._file, error
            )
            return _Kept()

    def _write(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, [json.dumps(msgspec.to_builtins(self._kept)).encode()])
        except OSError as error:
            self._log.warning(
                "%s cannot be written (%s): free the disk, or give it to this user; until then a restart may repeat an "
                "announcement",
                self._file,
                error,
            )


def _redact(ended: ScreeningEnded | None, viewer_ids: Set[str], names: Set[str]) -> ScreeningEnded | None:
    """Return what became of a film with nobody of those ids or names in it."""
    if ended is None:
        return None
    redacted = redact_screening(ended.screening, viewer_ids.__contains__, hides_host=names.__contains__)
    return replace(ended, screening=redacted)
