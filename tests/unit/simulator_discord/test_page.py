"""Messages as a page, for pictures of them."""

import re

from simulator.discord.model.messages import ChannelMessage
from simulator.discord.model.world import DiscordWorld
from simulator.discord.transcript.html_page import DARK, render_page

AT = "2026-11-22T20:30:00+00:00"


def test_inline_fields_share_a_row_as_on_discord() -> None:
    """Three in a row, two by halves, one alone: each in columns of its own, with a gap between them."""
    world = DiscordWorld()
    fields = [{"name": str(number), "value": "x" * 60, "inline": number != 4} for number in range(1, 8)]
    embed = {"title": "", "fields": [*fields, {"name": "8", "value": "", "inline": False}]}
    shown = render_page([ChannelMessage(1, 2, world.bot, "", [embed], [], at=AT)], world, DARK)
    placed = re.findall(r"grid-column: (\d+) / span (\d+)'><div class='name'>(\d)<", shown)
    assert [(name, at, wide) for at, wide, name in placed] == [
        ("1", "1", "4"), ("2", "5", "4"), ("3", "9", "4"), ("4", "1", "12"),
        ("5", "1", "4"), ("6", "5", "4"), ("7", "9", "4"), ("8", "1", "12"),
    ]  # fmt: skip
    assert "repeat(12, minmax(0, 1fr)); gap: 8px" in shown and "overflow-wrap: anywhere" in shown
    two = render_page([ChannelMessage(1, 2, world.bot, "", [{"fields": fields[:2]}], [], at=AT)], world, DARK)
    assert re.findall(r"grid-column: (\d+) / span (\d+)", two) == [("1", "6"), ("7", "6")]
