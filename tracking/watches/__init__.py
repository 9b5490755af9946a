"""One watch: what counts as seen and played, from its opening to its record; and which items are one film."""
