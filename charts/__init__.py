"""Charts as pictures: what can be drawn, as plain data. Drawing is a short process of its own: `python -m charts`."""

from charts.plan import SIZE_LIMIT, Attendance, Genres, Panel, Picture, Weeks, Wording, Year

__all__ = ["SIZE_LIMIT", "Attendance", "Genres", "Panel", "Picture", "Weeks", "Wording", "Year"]
