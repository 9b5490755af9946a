"""The active badges: the default ones and the community's own."""

from pathlib import Path

import awards
from awards import BADGES_LIMITS, Badge, BadgesError, merge_badges, read_badges
from foreign_input import ForeignInputError, read_file
from wording.file_failures import find_cure
from wording.problems import english

DEFAULT = Path(awards.__file__).with_name("badges.toml")
OWN = "badges.toml"
_CURE = "make it a UTF-8 text that this user may read."


def default_badges() -> tuple[Badge, ...]:
    """Return the badges that Usher includes."""
    return read_badges(DEFAULT.read_text(encoding="utf-8"), DEFAULT.name)


def load_badges(data_dir: Path) -> tuple[Badge, ...]:
    """Return the default badges, with those of DATA_DIR/badges.toml if there is one.

    Raises BadgesError with every problem of that file.
    """
    own = data_dir / OWN
    try:
        content = read_file(own, BADGES_LIMITS.size)
    except FileNotFoundError:
        return default_badges()
    except (OSError, ForeignInputError) as error:
        why, cure = error.what if isinstance(error, ForeignInputError) else error.strerror, _CURE
        if isinstance(error, OSError) and (found := find_cure(error, only_reads=True)) is not None:
            cure = f"{english(found)}."
        raise BadgesError([f"{own} cannot be read ({why})"], cure) from None
    return merge_badges(default_badges(), read_badges(content, str(own)))
