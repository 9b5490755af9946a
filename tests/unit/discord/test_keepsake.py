"""What the Discord actor remembers in a file of its own."""

import logging
from pathlib import Path

from msgspec.structs import replace

from actors.chat.discord.core.state import CardRecord, Keepsake, PlannedNight
from messages import SOMEBODY, ScreeningEnded
from tests.unit.discord import samples


def test_somebody_is_forgotten(tmp_path: Path) -> None:
    """Neither id nor name is left in the file; the others are as they were."""
    shown = samples.screening()
    one = replace(shown.seats[0], viewer_id="4711", username="Quirin")
    other = replace(shown.seats[0], viewer_id="4712", username="Olga")
    ended = ScreeningEnded(samples.NOW, replace(shown, host="Quirin", seats=(one, other)))
    badges = [("4711", "Quirin", "First Ticket"), ("4712", "Quirin", "First Ticket")]
    as_host = ScreeningEnded(samples.NOW, replace(shown, host="old_nick", player="Q's phone", seats=(other,)))
    file = tmp_path / "discord.json"
    keepsake = Keepsake(file, logging.getLogger("test"))
    keepsake.keep_cards([
        CardRecord("s1", 1, 0.0, awarded=badges, ended=ended, said=["4711", "4712"]),
        CardRecord("s2", 2, 0.0, awarded=[("4711", "Quirin Q.", "Night Owl")], before=as_host),
    ])  # fmt: skip
    keepsake.keep_nights([PlannedNight(3, "srv", "11", 0.0, said=["4711", "4712"])])
    keepsake.done(["badges:4711:films_1", "badges:4712:films_1"])
    keepsake.forget({"4711", "plex:srv:7"}, {"old_nick"})
    text = file.read_text(encoding="utf-8")
    assert not [left for left in ("4711", "Quirin Q.", "old_nick", "Q's phone") if left in text]
    again = Keepsake(file, logging.getLogger("test"))
    assert again.nights[0].said == ["4712"]
    assert again.cards[0].said == ["4712"] and again.cards[0].awarded == [("4712", "Quirin", "First Ticket")]
    kept = again.cards[0].ended
    assert kept is not None and kept.screening.host == SOMEBODY
    assert [(seat.viewer_id, seat.username) for seat in kept.screening.seats] == [("", SOMEBODY), ("4712", "Olga")]
    assert again.was_posted("badges:4712:films_1") and not again.was_posted("badges:4711:films_1")
