"""A Discord channel drawn as people see it, for a terminal and as a page."""
