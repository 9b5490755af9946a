"""Figures in large type, and bars: shared by the pages of viewers and films."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """A figure with its label."""

    figure: str
    label: str


@dataclass(frozen=True)
class NamedBar:
    """A bar with a name and a figure."""

    name: str
    figure: str
    percent: float
    path: str = ""
    """Address of a page with more about it; empty if there is none."""
