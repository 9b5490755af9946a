"""What each page shows: from messages to plain data for the templates. Pure: time is an argument."""
