"""Commands by which members link accounts and control their data."""
