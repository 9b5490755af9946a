"""The tracker actor: keeps every running watch, and reports what began and what ended."""
