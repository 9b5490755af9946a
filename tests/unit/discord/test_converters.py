"""How a command reads whom it is asked about, as people type it."""

from typing import Any

import pytest
from discord.ext import commands

from actors.chat.discord.framework.command_errors import explain_error
from actors.chat.discord.framework.converters import MemberByName
from messages import GetViewerStats, ViewerProfile
from tests.unit.discord import samples

PROFILE = ViewerProfile(samples.viewer(), (samples.make_badge(),), (), 2)


@pytest.mark.parametrize("said", ["!stats Film Fan", '!stats "Film Fan"', "!stats Film O’Fan"])
async def test_a_name_of_several_words_is_one_name(room: Any, actors: Any, said: str) -> None:
    """And not the name of whom its first word calls; with a typographic apostrophe, as phones type it."""
    actors.answers[GetViewerStats] = PROFILE
    room.guild.add_member(room.env.create_user("Film"))
    meant = room.guild.add_member(room.env.create_user("Film O'Fan" if "’" in said else "Film Fan"))
    await room.ana.send(room.channel, said)
    assert actors.questions(GetViewerStats)[-1].viewer_id == str(meant.id)


@pytest.mark.simcord(check_errors=False)
@pytest.mark.parametrize("said", ['!stats "', "!badges “”", '!progress ""', "!stats „ “"])
async def test_quotation_marks_around_nothing_name_nobody(room: Any, said: str) -> None:
    """With what to do; Discord's library fails where it is to look up a name without a letter."""
    await room.ana.send(room.channel, said)
    assert "That isn't a name." in room.text()
    assert "Mention a member, or write a viewer's name: `!" in room.text()


def test_a_converter_error_is_answered_with_the_right_form() -> None:
    """Not with "something went wrong"; the log has the reason."""
    reason = ValueError("Cannot pass empty query string")
    said = explain_error(commands.ConversionError(MemberByName(), reason))
    assert said.unexpected is reason and said.embed is not None
    assert "I didn't understand that." in str(said.embed.description)
