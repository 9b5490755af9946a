"""The one parent process: starts and supervises the actors, sends the ticks, writes the health log."""
