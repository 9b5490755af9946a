"""Whom what was said before must not name: by which ids and names, and for how long."""

import logging
from pathlib import Path

from msgspec.structs import replace

from actors.chat.discord.core.state import Keepsake
from actors.chat.discord.features.announcements.redactor import KEPT_S, ON_THE_WAY_S, Redactor
from actors.runtime import Clock
from messages import SOMEBODY, BadgesAwarded, LinkedAccount, Moment, ScreeningEnded, ScreeningStarted, ViewerAccount
from tests.unit.discord import samples

LINK = LinkedAccount("plex:m:7", "quirin_p", "4711", "Quirin")
PERSON = ViewerAccount("4711", "private", (LINK,), 3)
LOG = logging.getLogger("discord")


class Stopped(Clock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s = samples.NOW.wall_s

    def now(self) -> Moment:
        """As it was set."""
        return Moment(self.at_s, self.at_s)


def test_ids_and_names_of_one_person_are_taken_out(tmp_path: Path) -> None:
    """The host by name, too, with the player; who is somebody else stays, and so does what names nobody of them."""
    veil = Redactor(Keepsake(tmp_path / "discord.json", LOG), Stopped())
    seats = (samples.seat("Quirin", viewer_id="4711"), samples.seat("Ana", viewer_id="1"))
    hosted = samples.screening(host="QUIRIN_P", player="Quirin's TV", seats=seats)
    badges = BadgesAwarded("plex:m:7", "quirin_p", (samples.earned(),))
    started, ended = ScreeningStarted(samples.NOW, hosted), ScreeningEnded(samples.NOW, replace(hosted, host="Ana"))
    assert veil.redact(started) is started and veil.redact(badges) is badges
    veil.redact_past(PERSON)
    assert veil.redact(badges) is None
    others = BadgesAwarded("1", "Ana", (samples.earned(),))
    assert veil.redact(others) is others
    seen = veil.redact(started)
    assert isinstance(seen, ScreeningStarted)
    assert (seen.screening.host, seen.screening.player) == (SOMEBODY, "")
    assert [(seat.viewer_id, seat.username) for seat in seen.screening.seats] == [("", SOMEBODY), ("1", "Ana")]
    seen_end = veil.redact(ended)
    assert isinstance(seen_end, ScreeningEnded)
    assert (seen_end.screening.host, seen_end.screening.player) == ("Ana", "Quirin's TV")
    alone = ScreeningStarted(samples.NOW, replace(hosted, host="Ana", seats=seats[1:]))
    assert veil.redact(alone) is alone


def test_it_holds_for_what_was_said_until_then_and_is_forgotten(tmp_path: Path) -> None:
    """What is said later is the senders' matter. A file of marks alone, which another life reads; old ones go."""
    file, clock = tmp_path / "discord.json", Stopped()
    veil = Redactor(Keepsake(file, LOG), clock)
    veil.redact_past(PERSON)
    later = Moment(clock.at_s + ON_THE_WAY_S + 1, 0.0)
    shown = samples.screening(seats=(samples.seat("Quirin", viewer_id="4711"),))
    assert veil.redact(told := ScreeningStarted(later, shown)) is told
    assert veil.redact(ScreeningStarted(samples.NOW, shown)) != ScreeningStarted(samples.NOW, shown)
    assert not any(word in file.read_text() for word in ("4711", "uirin", "plex:"))
    written = file.read_text()
    veil.redact_past(PERSON)
    assert file.read_text() == written, "asked again at once, nothing new is written"
    clock.at_s += KEPT_S
    assert len(Keepsake(file, LOG).veiled) == 4
    clock.at_s += ON_THE_WAY_S
    keepsake = Keepsake(file, LOG)
    Redactor(keepsake, clock)
    assert keepsake.veiled == Keepsake(file, LOG).veiled == {}
