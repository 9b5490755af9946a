"""Documents for programs: one file for each calendar, feed or table."""
