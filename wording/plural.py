"""Counted things in the English of the log and the command line."""


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 viewer", "2 viewers". `plural` is one that is not `noun` with an s."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
