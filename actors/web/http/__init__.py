"""How the pages are served: routes, headers, limits, files and the stream of updates."""
