"""What passes between an actor's process and its parent: the boot config at its start, the exit report at its end."""
