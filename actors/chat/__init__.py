"""Chat platforms: one folder for each kind. What they send is `messages.chat`."""
