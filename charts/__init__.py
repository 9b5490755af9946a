"""Charts as pictures: the data of a picture. It is drawn in a short process of its own: `python -m charts`."""

from charts.picture import SIZE_LIMIT, AttendancePanel, ChartLocale, CountsPanel, Panel, Picture, WeeksPanel, YearPanel

__all__ = ["SIZE_LIMIT", "AttendancePanel", "ChartLocale", "CountsPanel", "Panel", "Picture", "WeeksPanel", "YearPanel"]
