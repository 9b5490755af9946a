"""Titles, durations, dates and translated text, shared by Discord, the command line and the log."""
