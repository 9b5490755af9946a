"""Checks whether pictures can be drawn here, and with which letters and emoji."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import config
from charts.chart_renderer import draw_in_process
from charts.picture import CountsPanel, Picture
from diagnosis.findings import Finding, note, ok

_SAMPLE = Picture((CountsPanel("Usher", (("🎬", 1),)),))


def check_pictures(_settings: config.Settings) -> Iterator[Finding]:
    """Check whether pictures can be drawn, by drawing one in a separate process, as the service does."""
    try:
        drawn, problem = asyncio.run(draw_in_process(_SAMPLE))
    except OSError as failure:
        drawn, problem = b"", str(failure)
    if not drawn:
        yield note("pictures", "pictures.none", error=problem)
        return
    from charts.drawing.fonts import has_colour_emoji, list_missing_packages

    if missing := list_missing_packages():
        yield note("pictures", "pictures.fonts_missing", packages=", ".join(missing))
    else:
        yield ok("pictures", "pictures.ok") if has_colour_emoji() else note("pictures", "pictures.plain_emoji")
