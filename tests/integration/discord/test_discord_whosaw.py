"""What is asked before a film night, and after a year of them, through a simulated Discord."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import (
    GetWhoSaw,
    GetYear,
    SeenBy,
    StartTracking,
    TitleCount,
    TrackingPlan,
    VoiceMember,
    WhoSaw,
    YearFigures,
    YearOfViewer,
)
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


def test_whosaw_lists_who_of_those_present_has_not_seen_a_film(stage: Stage) -> None:
    """The tracker says who is in the channel, the store how much they saw; the answer is one embed."""
    members = (VoiceMember("11", "Chiara"), VoiceMember("12", "אורי"))
    stage.tracker.answers[StartTracking] = TrackingPlan((), members, "", ())
    viewers = (
        SeenBy("12", "אורי", "not_yet"),
        SeenBy("11", "Chiara", "in_part", 1_790_000_000.0, 42.0),
        SeenBy("plex:a:3", "Cem", "seen", 1_790_000_000.0, 99.0, other=True),
    )
    film = TitleCount("Alien", 1979, 3, 2, 9_000.0)
    stage.persistence.answers[GetWhoSaw] = WhoSaw(film, (), viewers, 1, 1, 0, others_seen=1)
    with stage.acting():
        said = answer(stage, "Chiara", "!whosaw alien").embeds[0]
    assert said["title"] == "🎟️ Who saw Alien (1979)?"
    assert "**1** not yet · **1** in part · **0** seen" in said["description"]
    assert "אורי" in said["description"]
    assert "2 in the voice channel" in said["description"]
    assert "**Chiara** · 42" in said["description"]
    assert "👥 __Not in the channel__ · 1\n✅ **Cem** · <t:1790000000:R>" in said["description"]
    asked = stage.persistence.list_heard(GetWhoSaw)[0]
    assert (asked.title, asked.members) == ("alien", members)
    assert stage.tracker.list_heard(StartTracking)[0].simulate


def test_a_year_with_its_calendar(stage: Stage) -> None:
    """The card of a year, and soon the calendar picture on the same message."""
    figures = YearFigures(2025, 3, 0, 2, 20_000.0, 2, days=(("2025-11-20", 14_000.0), ("2025-11-21", 6_000.0)))
    stage.persistence.answers[GetYear] = YearOfViewer("Chiara", figures, ())
    with stage.acting():
        said = answer(stage, "Chiara", "!wrapped 2025")
        assert said.embeds[0]["title"] == "🎁 2025 · Chiara"
        until(lambda: stage.discord.messages(by_bot=True)[-1].attachments, "the calendar is drawn")
    assert len(stage.discord.messages(by_bot=True)) == 1
