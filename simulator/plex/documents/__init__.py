"""The XML and pictures that a Plex Media Server answers with."""
