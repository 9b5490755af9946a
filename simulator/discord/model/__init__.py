"""What is on the simulated Discord: servers, members, channels, messages, commands. No socket."""
