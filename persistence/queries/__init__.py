"""Answers to questions, read from snapshots without blocking the writer."""
