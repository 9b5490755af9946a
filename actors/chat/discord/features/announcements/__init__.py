"""Announcements of films that start or end and of earned badges, each posted once."""

from actors.chat.discord.features.announcements.announcement_embeds import Announcement
from actors.chat.discord.features.announcements.announcement_queue import AnnouncementQueue, QueuedAnnouncement
from actors.chat.discord.features.announcements.posted_announcements import AnnouncementRecord, PostedAnnouncements
from actors.chat.discord.features.announcements.redactor import Redactor

__all__ = [
    "Announcement",
    "AnnouncementQueue",
    "AnnouncementRecord",
    "PostedAnnouncements",
    "QueuedAnnouncement",
    "Redactor",
]
