"""Events that a step of the tracking returns."""

import msgspec

from messages import FindHistory, ScreeningEnded, ScreeningStarted, WatchFinished, WatchState


class WatchOpened(msgspec.Struct, frozen=True):
    """A watch began, or was resumed after its end."""

    state: WatchState
    resumed: bool


class WatchDropped(msgspec.Struct, frozen=True):
    """A running watch is dropped: its viewer chose not to be tracked, or to be forgotten."""

    watch_id: str
    viewer_id: str


class HistoryWanted(msgspec.Struct, frozen=True):
    """A Plex server's history should be asked about a watch."""

    poller: str
    """Name of the actor that polls that server."""
    question: FindHistory


class Notice(msgspec.Struct, frozen=True):
    """A notice for the people who run Usher; reported once."""

    text: str


Event = WatchOpened | WatchFinished | WatchDropped | ScreeningStarted | ScreeningEnded | HistoryWanted | Notice
"""In the order in which they happened."""
