"""The tracker actor: keeps every running watch, and says what began and what ended."""
