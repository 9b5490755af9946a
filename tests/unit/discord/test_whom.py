"""Whom a command is asked about, as people type it."""

from typing import Any

import pytest

from messages import GetViewerStats, ViewerProfile
from tests.unit.discord import samples

PROFILE = ViewerProfile(samples.viewer(), (samples.earned(),), (), 2)


@pytest.mark.parametrize("said", ["!stats Film Fan", '!stats "Film Fan"', "!stats Film O’Fan"])
async def test_a_name_of_several_words_is_one_name(room: Any, actors: Any, said: str) -> None:
    """And not the name of whom its first word calls; with a typographic apostrophe, as phones type it."""
    actors.answers[GetViewerStats] = PROFILE
    room.guild.add_member(room.env.create_user("Film"))
    meant = room.guild.add_member(room.env.create_user("Film O'Fan" if "’" in said else "Film Fan"))
    await room.ana.send(room.channel, said)
    assert actors.questions(GetViewerStats)[-1].viewer_id == str(meant.id)
