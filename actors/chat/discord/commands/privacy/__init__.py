"""Commands with which members link accounts and control their data."""
