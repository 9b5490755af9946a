"""Figures in large type, and bars: what the pages of a viewer and of a film have in common."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """A figure with what it is of."""

    figure: str
    label: str


@dataclass(frozen=True)
class NamedBar:
    """A bar with a name and a figure."""

    name: str
    figure: str
    percent: float
