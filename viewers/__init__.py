"""Pure rules: which ids are one viewer, which records are one watch, and what other people may see."""
