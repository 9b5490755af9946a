"""The one parent process: starts and supervises the actors, sends the ticks, keeps the health log."""
