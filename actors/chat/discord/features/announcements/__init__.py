"""Announcements: a bounded queue and its embeds."""
