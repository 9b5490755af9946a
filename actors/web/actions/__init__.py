"""What readers can do on the page: a module for each page that has forms."""
