"""What Usher says on Discord, in other languages: one folder each. Run `make languages` after changing a text."""
