"""What waits at an endpoint: bounded, and fair to all who share it."""
