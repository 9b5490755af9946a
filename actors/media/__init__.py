"""Media servers: one folder for each kind. What they send is `messages.media`."""
