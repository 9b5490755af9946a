"""Who is one viewer, and what each chose: as it stands, and what changes of it."""

from hypothesis import given
from hypothesis import strategies as st

from messages import LinkedAccount, Privacy
from viewers.directory import ViewerDirectory

_CHOICES: list[Privacy] = ["anonymous", "private", "untracked"]
_DIRECTORIES = st.builds(
    lambda links, choices: ViewerDirectory(
        {plex_id: LinkedAccount(plex_id, "plex", viewer, f"name {viewer}") for plex_id, viewer in links.items()},
        choices,
    ),
    st.dictionaries(st.sampled_from(["plex:a:1", "plex:a:2", "plex:b:1"]), st.sampled_from(["1", "2"])),
    st.dictionaries(st.sampled_from(["1", "2", "plex:a:1"]), st.sampled_from(_CHOICES)),
)


@given(_DIRECTORIES, _DIRECTORIES)
def test_what_changed_makes_the_one_the_other(before: ViewerDirectory, now: ViewerDirectory) -> None:
    """Links that came, went or say something else, and choices, "open" among them; nothing where all is as it was."""
    changes = now.find_changes(before)
    after = before.apply_changes(changes)
    assert (dict(after.links), dict(after.choices)) == (dict(now.links), dict(now.choices))
    assert any(changes) == (before != now)
    assert not any(now.find_changes(after))


def test_a_change_names_nobody_else() -> None:
    """However many links there are."""
    many = {f"plex:a:{n}": LinkedAccount(f"plex:a:{n}", "plex", str(n), "name") for n in range(1000)}
    before, now = ViewerDirectory(many, {}), ViewerDirectory(many, {"7": "private"})
    assert now.find_changes(before) == ((), (), (("7", "private"),))
