"""When an actor that crashed is started again, and without which message."""
