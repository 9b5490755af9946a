"""How a running service is found and reached: lock, run state, sockets."""
