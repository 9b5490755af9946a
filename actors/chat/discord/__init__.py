"""The Discord actor: commands, announcements, and who sits in the voice channel."""
