"""Discord's REST API: the routes that a bot uses, limits and errors. Handlers refuse a request by raising ApiError."""
