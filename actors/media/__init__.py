"""Media servers: one folder for each kind. Their messages are in `messages.media`."""
