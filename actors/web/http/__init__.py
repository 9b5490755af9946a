"""Serving the pages: routes, headers, limits, files and the stream of updates."""
