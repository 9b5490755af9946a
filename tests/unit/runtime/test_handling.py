"""The marker of the message in hand: it outlives a kill, and tells which message kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtime.middleware.poison_guard import REMEMBERED, PoisonGuard


def killed_by(folder: Path, message_id: str) -> None:
    """One life that ends in the middle of a message."""
    life = PoisonGuard(folder, "tracker")
    life.begin(message_id)
    life.close()


def deadly(folder: Path, message_id: str) -> bool:
    """What the next life makes of it."""
    life = PoisonGuard(folder, "tracker")
    try:
        return life.is_poison(message_id)
    finally:
        life.close()


def test_the_second_death_is_enough(tmp_path: Path) -> None:
    """The first may be chance."""
    killed_by(tmp_path, "a")
    assert not deadly(tmp_path, "a")
    killed_by(tmp_path, "a")
    assert deadly(tmp_path, "a")
    assert not deadly(tmp_path, "b")


def test_what_was_handled_is_not_blamed(tmp_path: Path) -> None:
    """A kill between two messages is nobody's fault."""
    for _ in range(3):
        life = PoisonGuard(tmp_path, "tracker")
        life.begin("a")
        life.end()
        life.close()
    assert not deadly(tmp_path, "a")


def test_a_long_id_after_a_short_one(tmp_path: Path) -> None:
    """The marker holds one id, never two run together."""
    for _ in range(2):
        life = PoisonGuard(tmp_path, "tracker")
        for message_id in ("badges:a-very-long-viewer-id:first,second", "b"):
            life.begin(message_id)
            if message_id != "b":
                life.end()
        life.close()
    assert deadly(tmp_path, "b")


def test_an_id_in_any_script(tmp_path: Path) -> None:
    """Ids may hold what people named."""
    killed_by(tmp_path, "badges:plex:ž:🎬")
    killed_by(tmp_path, "badges:plex:ž:🎬")
    assert deadly(tmp_path, "badges:plex:ž:🎬")


def test_a_life_that_dies_at_once_does_not_count_twice(tmp_path: Path) -> None:
    """The marker is cleared when it was counted."""
    killed_by(tmp_path, "a")
    for _ in range(3):
        PoisonGuard(tmp_path, "tracker").close()
    assert not deadly(tmp_path, "a")


def test_actors_are_told_apart(tmp_path: Path) -> None:
    """They share the run folder."""
    killed_by(tmp_path, "a")
    killed_by(tmp_path, "a")
    other = PoisonGuard(tmp_path, "discord")
    assert not other.is_poison("a")
    other.close()


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"a": "many"}', "\x00\xff"])
def test_an_unreadable_file_of_deaths_stops_nobody(tmp_path: Path, content: str) -> None:
    """Counting begins anew."""
    (tmp_path / "tracker.deaths").write_text(content, encoding="latin-1")
    killed_by(tmp_path, "a")
    killed_by(tmp_path, "a")
    assert deadly(tmp_path, "a")


def test_few_deaths_are_remembered(tmp_path: Path) -> None:
    """The file stays small, and the newest are in it."""
    for number in range(REMEMBERED + 20):
        killed_by(tmp_path, f"m{number}")
    assert len((tmp_path / "tracker.deaths").read_text()) < 20 * REMEMBERED
    killed_by(tmp_path, f"m{REMEMBERED + 19}")
    assert deadly(tmp_path, f"m{REMEMBERED + 19}")


def test_without_a_folder_nothing_is_remembered() -> None:
    """Nor does anything fail."""
    life = PoisonGuard(None, "tracker")
    life.begin("a")
    life.end()
    life.close()
    assert not life.is_poison("a")
