"""The web page: an optional actor that shows in a browser what is playing and who is watching it."""
