"""What a shared night shows: its owner's lane, and how many there were."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from actors.web.page import PageRequest
from actors.web.pages.share import find_shared_page
from messages import SOMEBODY, FindShare, GetNight, Moment, Night, Question, Share, ShareFound
from tests.unit.web.page_stage import make_screening, make_seat

NOW = Moment(1_795_890_000.0, 100.0)


async def test_only_the_owners_lane_is_shown() -> None:
    """Also where somebody has two seats, came before the owner, or is hidden; the host is named nowhere."""
    seats = (
        make_seat("Rosa", (0, 30), viewer_id="1", present=False),
        replace(make_seat("x", (0, 88), present=False), username=SOMEBODY, viewer_id=""),
        make_seat("Rosa", (30, 88), viewer_id="1", present=False),
        make_seat("Iris", (10, 60), viewer_id="2", present=False),
        make_seat("Iris", (60, 80), viewer_id="2", present=False),
        make_seat("Björn", (0, 88), viewer_id="3", present=False),
    )
    screening = make_screening(NOW, 88, seats, state="stopped", host="Rosa")

    async def ask(question: Question[Any], timeout_s: float = 5.0, *, target: str = "") -> Any:
        if isinstance(question, FindShare):
            return ShareFound(Share("t", "night", "s1", 0.0), "2", "Iris")
        assert question == GetNight("s1", "2")
        return Night(screening)

    request = PageRequest(ask, NOW, ZoneInfo("Europe/Berlin"), "en", lambda _item: "", path={"token": "t"})
    shared = await find_shared_page(request)
    chart = shared.values["chart"]
    assert [lane.name for lane in chart.lanes] == ["Iris"]
    assert (chart.most, chart.hidden) == (3, "")
    for name in ("Rosa", "Björn"):
        assert name not in repr(shared.values["chart"]) + repr(shared.values["row"]) + repr(shared.card), name
    assert shared.card.figures[0].figure == "3"
