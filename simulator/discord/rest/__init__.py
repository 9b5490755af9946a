"""Discord's REST API: the routes that a bot uses, the limits and the errors."""
