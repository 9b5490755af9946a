"""Commands with which members choose the next film together."""
