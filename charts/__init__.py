"""Charts as pictures: the data of a picture. It is drawn as SVG in a short process of its own: `python -m charts`."""

from charts.picture import (
    AnyDrawing,
    BadgeMark,
    ChartLocale,
    CountsPanel,
    Figure,
    LaneRow,
    LanesPanel,
    Picture,
    PosterMark,
    PreviewCard,
    WeeksPanel,
    WrappedCard,
    YearPanel,
)

__all__ = [
    "AnyDrawing", "BadgeMark", "ChartLocale", "CountsPanel", "Figure", "LaneRow", "LanesPanel", "Picture", "PosterMark",
    "PreviewCard", "WeeksPanel", "WrappedCard", "YearPanel",
]  # fmt: skip
