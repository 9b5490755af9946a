"""The Discord actor: commands, announcements, and who is in the voice channel."""
