"""What tests of film nights share: a Plex with a film, a night planned, a film that plays and ends."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from messages import FilmsFound, FindFilms, GetPoster, Moment, NowPlaying, Poster, Screening, ScreeningEnded
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.unit.discord import samples

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)


@contextlib.contextmanager
def knowing_a_film(folder: Path) -> Iterator[Stage]:
    """A Discord, and a Plex that knows one film."""
    with open_stage(folder) as made:
        made.plex.answers[FindFilms] = FilmsFound((samples.screening().item,))
        made.plex.answers[GetPoster] = Poster(PICTURE, "png")
        yield made


def events(stage: Stage) -> list[dict[str, Any]]:
    """What the server has planned."""
    return list(stage.discord.guild.events.values())


def screening(stage: Stage, **changes: Any) -> Any:
    """The film in the watch party, begun now and seen to its end."""
    item = samples.screening().item
    whole = {"party": True, "started_at_s": time.time(), "position_ms": item.duration_ms}
    return msgspec.structs.replace(samples.screening(), **{**whole, **changes})


def plays(stage: Stage, *shown: Screening) -> None:
    """The tracker says what plays; the actor has heard it when this returns."""
    before = stage.tracker.pulse().handled
    stage.tracker.tell(NowPlaying(samples.NOW, shown))
    until(lambda: stage.tracker.pulse().handled > before, "it is heard")


def plan(stage: Stage, text: str = "") -> dict[str, Any]:
    """An administrator plans one; what Discord has then."""
    said = answer(stage, "Iris", text or f"!night metropolis {in_minutes(stage, 20)}")
    assert said.embeds[0]["title"].startswith("📅"), said.embeds
    assert [(file.filename, file.content) for file in said.attachments] == [("poster.png", PICTURE)]
    assert said.embeds[0]["thumbnail"]["url"] == "attachment://poster.png", "it is in the card, not below it"
    return until(lambda: events(stage), "an event")[0]


def ends(stage: Stage, shown: Screening, at_s: float | None = None) -> None:
    """The tracker says that a film ended."""
    at = Moment(time.time() if at_s is None else at_s, time.monotonic())
    assert stage.tracker.tell(ScreeningEnded(at, shown)).wait(WITHIN_S)


def read_nights(stage: Stage) -> list[dict[str, Any]]:
    """The nights that the actor remembers."""
    return list(stage.read_state("film_night").values())


def in_minutes(stage: Stage, minutes: float) -> str:
    """A time to come, as people write it."""
    return f"{stage.shift_now(minutes):%Y-%m-%d %H:%M}"
