"""The one parent process: starts and supervises the actors, sends the ticks, keeps the health log."""

from actors.lazy_imports import lighten

lighten("launcher")
