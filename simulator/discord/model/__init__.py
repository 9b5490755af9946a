"""The state of the simulated Discord: servers, members, channels, messages, commands. No sockets."""
