"""What tests of the live card share: a Discord with posters, and a film that starts."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actors.runtime import Clock
from messages import GetPoster, Moment, Poster, Screening, ScreeningStarted
from simulator.discord.model.messages import ChannelMessage
from simulator.plex.documents.poster import draw_poster
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage
from tests.unit.discord import samples

THUMB = "/library/metadata/11/thumb/1"
PICTURE = draw_poster("11")


@contextlib.contextmanager
def open_card_stage(folder: Path) -> Iterator[Stage]:
    """A Discord, the other actors, and a Plex poller that has posters."""
    with open_stage(folder) as stage:
        stage.plex.answers[GetPoster] = Poster(PICTURE, "png")
        yield stage


def now() -> Moment:
    """The service's own time."""
    return Clock().now()


def make_film(number: int = 1, **changes: Any) -> Screening:
    """A film that plays now, at 0:42:10 of two hours."""
    at = now()
    plain: dict[str, Any] = {
        "item": samples.item(thumb=THUMB),
        "seen": at,
        "started_at_s": at.wall_s - 2_530,
    }
    return samples.screening(number, **{**plain, **changes})


def start_film(stage: Stage, shown: Screening) -> ChannelMessage:
    """A film starts; its card."""
    before = len(stage.discord.messages("film-club", by_bot=True))
    assert stage.tracker.tell(ScreeningStarted(now(), shown)).wait(WITHIN_S)
    return stage.discord.messages("film-club", by_bot=True)[before]
