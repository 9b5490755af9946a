"""Figures in large type, and bars: shared by the pages of viewers and films."""

import msgspec


class Tile(msgspec.Struct, frozen=True):
    """A figure with its label."""

    figure: str
    label: str


class NamedBar(msgspec.Struct, frozen=True):
    """A bar with a name and a figure."""

    name: str
    figure: str
    percent: float
    path: str = ""
    """Address of a page with more about it; empty if there is none."""
