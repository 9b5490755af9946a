"""Announcements: what starts, what ends and who earns badges, posted once each."""

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
