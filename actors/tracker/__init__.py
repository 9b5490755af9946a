"""The tracker actor: keeps every running watch, and reports starts and ends."""
