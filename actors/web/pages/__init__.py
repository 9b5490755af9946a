"""What each page shows: plain data for the templates, made from messages. Pure: time is an argument."""
