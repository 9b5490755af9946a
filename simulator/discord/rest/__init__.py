"""Discord's REST API: what a bot requests, its limits and its errors."""
