"""The web page: an optional actor that shows in a browser what plays and who watches it."""
