"""What programs read of the page: one file for each calendar, feed or table."""
