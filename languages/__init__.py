"""What Usher says on Discord, in other languages: a folder each. `make languages` after a text was changed."""
