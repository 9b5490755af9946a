"""`whosaw` in a simulated Discord: whom it is asked of, and what people read."""

from typing import Any

import pytest

from actors.chat.discord.ui import embeds
from messages import GetWhoSaw, SeenBy, StartTracking, TitleCount, TrackingPlan, VoiceMember, WhoSaw
from tests.unit.discord import samples

FILM = TitleCount("Metropolis", 1927, 9, 4, 40_000.0)
OTHER = TitleCount("Metropolis", 2001, 1, 1, 6_000.0)
fails = pytest.mark.simcord(check_errors=False)


def present(*names: str) -> TrackingPlan:
    """The voice channel."""
    return TrackingPlan((), tuple(VoiceMember(str(n), name) for n, name in enumerate(names)), "", ())


def make_answer(viewers: tuple[SeenBy, ...], **changes: Any) -> WhoSaw:
    """An answer of the store."""
    counts = {state: sum(viewer.state == state for viewer in viewers) for state in ("not_yet", "in_part", "seen")}
    return WhoSaw(**{"film": FILM, "others": (), "viewers": viewers, **counts, **changes})


THREE = (
    SeenBy("1", "Ana", "not_yet"),
    SeenBy("2", "Björn", "in_part", samples.NOW.wall_s, 42.0),
    SeenBy("3", "Cem", "seen", samples.NOW.wall_s, 100.0),
)


async def test_whosaw_asks_of_those_present(room: Any, actors: Any) -> None:
    """The voice channel's members are asked after; the rest is said in one embed, the unseen first."""
    actors.answers[StartTracking] = present("Ana", "Björn", "Cem")
    actors.answers[GetWhoSaw] = make_answer(THREE, others=(OTHER,))
    await room.ana.send(room.channel, "!whosaw the metro polis")
    question = actors.questions(GetWhoSaw)[0]
    assert question.title == "the metro polis"
    assert [member.name for member in question.members] == ["Ana", "Björn", "Cem"]
    assert actors.questions(StartTracking)[0].simulate
    said = room.text()
    of_whom = "3 in the voice channel (hidden members not counted)"
    for part in ("Who saw Metropolis (1927)?", "**1** not yet", of_whom, "Metropolis (2001)"):
        assert part in said
    assert "**Björn** · 42" in said
    assert f"**Cem** · <t:{int(samples.NOW.wall_s)}:R>" in said
    assert said.index("**Ana**") < said.index("**Björn**") < said.index("**Cem**")


async def test_whosaw_of_everybody_where_nobody_is_there(room: Any, actors: Any) -> None:
    """With an empty channel, and with the tracker away, all known viewers are meant, and it says so."""
    actors.answers[GetWhoSaw] = make_answer(THREE)
    for plan in (present(), None):
        if plan is not None:
            actors.answers[StartTracking] = plan
        else:
            del actors.answers[StartTracking]
        await room.ana.send(room.channel, "!whosaw metropolis")
        assert actors.questions(GetWhoSaw)[-1].members == ()
        assert "3 known viewers" in room.text()


@fails
async def test_whosaw_without_a_title(room: Any, actors: Any) -> None:
    """Is asked for one; the store is not."""
    await room.ana.send(room.channel, "!whosaw")
    assert "Which film?" in room.text()
    assert not actors.asked


@fails
async def test_only_questions_to_the_store_count_for_the_cooldown(room: Any, actors: Any) -> None:
    """A question without a title uses up none of the three in ten seconds."""
    actors.answers[GetWhoSaw] = make_answer(THREE)
    for said in ("!whosaw", "!whosaw", "!whosaw", *["!whosaw metropolis"] * 3):
        await room.ana.send(room.channel, said)
    assert len(actors.questions(GetWhoSaw)) == 3
    await room.ana.send(room.channel, "!whosaw metropolis")
    assert "Slow down." in room.text()
    assert len(actors.questions(GetWhoSaw)) == 3
    await room.boss.send(room.channel, "!whosaw metropolis")
    assert len(actors.questions(GetWhoSaw)) == 4


async def test_whosaw_of_an_unknown_film(room: Any, actors: Any) -> None:
    """Said kindly, with the title made safe."""
    actors.answers[GetWhoSaw] = WhoSaw(None, (), (), 0, 0, 0)
    await room.ana.send(room.channel, "!whosaw **@everyone**")
    assert "Nobody here has watched a film with that title." in room.text()
    assert "**@everyone**" not in room.text()


async def test_whosaw_as_slash_command(room: Any, actors: Any) -> None:
    """The same with /."""
    actors.answers[StartTracking] = present("Ana", "Björn", "Cem")
    actors.answers[GetWhoSaw] = make_answer(THREE)
    result = await room.ana.slash(room.channel, "whosaw", title="metropolis")
    assert "Who saw Metropolis (1927)?" in str(result.response.embeds[0].title)


async def test_250_viewers_with_the_longest_names(room: Any, actors: Any) -> None:
    """Every page stays within the limits and shows all its viewers."""
    film = TitleCount("*" * 300, 1927, 9, 4, 40_000.0)
    actors.answers[StartTracking] = present(*(f"V{n}" for n in range(250)))

    def page(question: GetWhoSaw) -> WhoSaw:
        rows = tuple(
            SeenBy(str(n), f"{n:03}" + "_" * 40, "in_part", samples.NOW.wall_s, 12.5)
            for n in range(question.offset, min(250, question.offset + question.limit))
        )
        return WhoSaw(film, (film,) * 5, rows, 0, 250, 0)

    actors.answers[GetWhoSaw] = page
    await room.ana.send(room.channel, "!whosaw " + "x" * 200)
    embed = room.embed()
    assert embeds.count_units(embed) <= embeds.MOST_IN_MESSAGE
    assert "000" in embed.description and "019" in embed.description
    assert "1 of 13" in str(room.channel.last_message.components)
