"""The content of each page: plain data for the templates, made from messages. Pure: time is an argument."""
