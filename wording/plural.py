"""How many of something there are, in the English of the log and the command line."""


def counted(count: int, one: str, more: str = "") -> str:
    """Return a number with its noun: "1 viewer", "2 viewers". `more` is a plural that is not `one` with an s."""
    return f"{count} {one if count == 1 else more or one + 's'}"
