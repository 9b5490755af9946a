"""Events that a step of the tracking returns."""

from dataclasses import dataclass

from messages import FindHistory, ScreeningEnded, ScreeningStarted, WatchFinished, WatchState


@dataclass(frozen=True, slots=True)
class WatchOpened:
    """A watch began, or was resumed after its end."""

    state: WatchState
    resumed: bool


@dataclass(frozen=True, slots=True)
class WatchDropped:
    """A running watch is dropped: its viewer chose not to be tracked, or to be forgotten."""

    watch_id: str
    viewer_id: str


@dataclass(frozen=True, slots=True)
class HistoryWanted:
    """A Plex server's history should be asked about a watch."""

    poller: str
    """Name of the actor that polls that server."""
    question: FindHistory


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice for the people who run Usher; reported once."""

    text: str


Event = WatchOpened | WatchFinished | WatchDropped | ScreeningStarted | ScreeningEnded | HistoryWanted | Notice
"""In the order in which they happened."""
