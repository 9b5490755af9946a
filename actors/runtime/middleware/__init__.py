"""What happens around the handling of a message."""
