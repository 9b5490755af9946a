"""Mailboxes, at-least-once delivery and dead letters."""
