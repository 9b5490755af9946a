"""The rules of watching, pure: observations go in with their time, watches and events come out."""

from tracking.events import Event, HistoryWanted, Notice, WatchDropped, WatchOpened
from tracking.rules import Rules, classify
from tracking.tracking import Tracking

__all__ = ["Event", "HistoryWanted", "Notice", "Rules", "Tracking", "WatchDropped", "WatchOpened", "classify"]
