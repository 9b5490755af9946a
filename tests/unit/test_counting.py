"""Numbers with their nouns, for the log and the command line."""

from wording.plural import counted


def test_one_is_not_many() -> None:
    """Nothing is many, too."""
    assert [counted(number, "viewer") for number in (0, 1, 2)] == ["0 viewers", "1 viewer", "2 viewers"]
    assert [counted(number, "watch", "watches") for number in (1, 2)] == ["1 watch", "2 watches"]
