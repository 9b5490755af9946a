"""Numbers with their nouns, for the log and the command line."""

from wording.numbers import count_noun


def test_one_is_singular_and_zero_is_plural() -> None:
    """In English texts."""
    assert [count_noun(number, "viewer") for number in (0, 1, 2)] == ["0 viewers", "1 viewer", "2 viewers"]
    assert [count_noun(number, "watch", "watches") for number in (1, 2)] == ["1 watch", "2 watches"]
