"""What people ask of a Plex server beside the polls: posters, library searches, sign-in."""
