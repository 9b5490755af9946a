"""The rules of watching, pure: observations go in with their time, watches and events come out."""

from tracking.engine import TrackingEngine
from tracking.events import Event, HistoryWanted, Notice, WatchDropped, WatchOpened
from tracking.rules import Rules, classify

__all__ = ["Event", "HistoryWanted", "Notice", "Rules", "TrackingEngine", "WatchDropped", "WatchOpened", "classify"]
