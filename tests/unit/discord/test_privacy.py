"""`privacy`, `mydata` and `forgetme` in a simulated Discord; and what others are shown of who keeps to themselves."""

import gzip
import os
from typing import Any

import discord
import pytest
from msgspec.structs import replace

from actors.chat.discord.commands.admin import starttracking
from actors.chat.discord.commands.privacy import forgetme
from actors.chat.discord.commands.privacy.forgetme import ForgetButton
from actors.chat.discord.commands.privacy.mydata import FILE, split_files
from actors.chat.discord.features.announcements import announcement_embeds
from actors.chat.discord.features.live_card import live_card_embeds
from messages import (
    SOMEBODY,
    EraseViewer,
    GetHistory,
    GetLeaderboard,
    GetMyData,
    GetViewerAccount,
    GetViewerStats,
    GetWhoSaw,
    GetYear,
    HistoryPage,
    Leaderboard,
    LeaderboardRow,
    LinkedAccount,
    MyData,
    ScreeningEnded,
    ScreeningStarted,
    SetPrivacy,
    ViewerAccount,
    ViewerErased,
    ViewerProfile,
    WhoSaw,
    YearFigures,
    YearOfViewer,
)
from tests.unit.discord import samples
from viewers.redact import redact_item
from wording import chart_data

fails = pytest.mark.simcord(check_errors=False)
"""A test in which a command is refused: simcord would take the refusal for a bug."""

FORGOTTEN = ViewerErased(12, 3, 2, 1_790_000_000.0, 1_790_086_400.0, 24.0, 7)
NOBODY_S_YEAR = YearFigures(2026, 0, 0, 0, 0.0, 0)


def person(privacy: Any = "open") -> Any:
    """What the store knows of whoever is asked about."""

    def answer(asked: Any) -> ViewerAccount:
        links = (LinkedAccount("plex:m:1", "Anton *A*", asked.viewer_id, "ana"),)
        return ViewerAccount(asked.viewer_id, getattr(asked, "privacy", privacy), links, 12)

    return answer


async def test_privacy_shows_every_choice_and_marks_the_current_one(room: Any, actors: Any) -> None:
    """Only to the asker; with the accounts to which it applies."""
    actors.answers[GetViewerAccount] = person("anonymous")
    result = await room.ana.slash(room.channel, "privacy")
    assert result.ephemeral and result.response.ephemeral
    shown = result.response.embeds[0]
    assert "✅ **anonymous**" in shown.description
    assert shown.description.count("▫️") == 3
    assert "What was posted stays" in shown.description
    assert shown.fields[0].value == "Anton \\*A\\*"


@pytest.mark.parametrize("choice", ["open", "anonymous", "private", "untracked"])
async def test_a_choice_is_made(room: Any, actors: Any, choice: Any) -> None:
    """It goes to the store with the member's name, and is shown."""
    actors.answers[SetPrivacy] = person()
    result = await room.ana.slash(room.channel, "privacy", choice=choice)
    assert actors.questions(SetPrivacy) == [SetPrivacy(str(room.ana.id), "ana", choice)]
    assert f"✅ **{choice}**" in result.response.embeds[0].description


@fails
async def test_an_unknown_choice_lists_the_choices(room: Any, actors: Any) -> None:
    """An objection of the store is shown, too."""
    await room.ana.send(room.channel, "!privacy secret")
    assert "`untracked`" in room.text()
    actors.answers[SetPrivacy] = ViewerAccount("1", "open", (), 0, "Not now.")
    result = await room.ana.slash(room.channel, "privacy", choice="private")
    assert "Not now." in result.response.embeds[0].description


@pytest.mark.parametrize(
    ("command", "question", "hidden"),
    [
        ("stats", GetViewerStats, ViewerProfile(None, (), (), hidden=True)),
        ("badges", GetViewerStats, ViewerProfile(None, (), (), hidden=True)),
        ("progress", GetViewerStats, ViewerProfile(None, (), (), hidden=True)),
        ("wrapped 2026", GetYear, YearOfViewer("", NOBODY_S_YEAR, (), hidden=True)),
        ("history", GetHistory, HistoryPage((), 0, hidden=True)),
    ],
)
async def test_private_data_is_not_shown_to_others(
    room: Any, actors: Any, command: str, question: Any, hidden: Any
) -> None:
    """The store is told who asks; the answer says that the data is private."""
    actors.answers[question] = hidden
    await room.boss.send(room.channel, f"!{command} {room.ana.mention}")
    assert "keeps this private." in room.text()
    assert actors.questions(question)[-1].viewer_id == str(room.ana.id)
    assert actors.questions(question)[-1].asker == str(room.boss.id)


async def test_a_page_is_built_for_whoever_turns_it(room: Any, actors: Any) -> None:
    """The owner's page stays visible; another member who presses is told privately that it is private."""
    records = tuple(samples.record(f"Film {number}", watch_id=str(number)) for number in range(8))

    def history(asked: GetHistory) -> HistoryPage:
        return HistoryPage(records, 20) if asked.asker == str(room.ana.id) else HistoryPage((), 0, hidden=True)

    actors.answers[GetHistory] = history
    await room.ana.send(room.channel, f"!history {room.ana.mention}")
    message = room.channel.last_message
    forward = next(item.custom_id for row in message.components for item in row.children if ":+:" in item.custom_id)
    kept = await room.boss.click(message, custom_id=forward)
    assert kept.followups[0].ephemeral and "keeps this private" in kept.followups[0].embeds[0].description
    assert "Film 1" in room.text()
    await room.ana.click(message, custom_id=forward)
    assert actors.questions(GetHistory)[-1] == GetHistory(str(room.ana.id), "", None, 8, 8, str(room.ana.id))
    actors.answers[GetWhoSaw] = WhoSaw(None, (), (), 0, 0, 0)
    await room.ana.send(room.channel, "!whosaw metropolis")
    assert str(room.ana.id) not in str(actors.questions(GetWhoSaw)[-1]), "all read that answer: it is nobody's own"


@pytest.mark.usefixtures("german")
async def test_an_anonymous_viewer_is_called_somebody_in_the_bots_language(room: Any, actors: Any) -> None:
    """Without a mention, at their rank."""
    rows = (LeaderboardRow(1, "", SOMEBODY, 9.0), LeaderboardRow(2, "2", "Ben", 5.0))
    actors.answers[GetLeaderboard] = Leaderboard("movies", rows, 2)
    await room.ana.send(room.channel, "!leaderboard")
    assert "🥇 **Jemand**\n🥈 **Ben** · 5" in room.text(), "a figure would say who it is"
    assert SOMEBODY not in room.text() and "<@" not in room.text()


@pytest.mark.usefixtures("german")
def test_hidden_viewers_are_not_named_on_cards() -> None:
    """As host, as viewer, among those who left, in a list of sessions; several are counted."""
    length_ms = 60 * 60_000
    here, left = (
        samples.seat(SOMEBODY, viewer_id="", present=present, spans=((0, until_ms),))
        for present, until_ms in ((True, length_ms), (False, length_ms // 2))
    )
    gone = samples.seat("Ben", viewer_id="2", present=False, spans=((0, length_ms),))
    shown = samples.screening(1, "Metropolis", host=SOMEBODY, seats=(here, left, gone))
    for card in (
        live_card_embeds.build_playing(shown, samples.NOW),
        live_card_embeds.build_record(ScreeningEnded(samples.NOW, shown)),
    ):
        said = str(card.to_dict())
        assert "verborgen" in said and SOMEBODY not in said
        assert "Jemand** ·" not in said, "no figure of theirs"
    picture = chart_data.night_chart(ScreeningEnded(samples.NOW, shown))
    assert picture is not None and "0:00:00 1" in picture.alt, "the curve less the lanes would be what they saw"
    assert "Jemand" in announcement_embeds.build_line(ScreeningStarted(samples.NOW, shown))
    session = replace(samples.session(account=SOMEBODY), player="")
    assert starttracking._session_line(session).endswith("Jemand · ▶️ 0:42:10")
    assert starttracking._session_label(session).startswith("Jemand · ")
    private = replace(session, item=redact_item(session.item), position_ms=None)
    assert starttracking._session_label(private) == "Jemand · (Titel wird nicht gezeigt)"
    assert starttracking._session_line(private) == "**(Titel wird nicht gezeigt)** · Jemand · ▶️ ?"


def pages(content: bytes, size: int) -> Any:
    """A store that gives it out in parts of that size."""

    def answer(asked: GetMyData) -> MyData:
        return MyData(content[asked.offset : asked.offset + size], len(content), 12)

    return answer


async def test_mydata_joins_the_parts_into_a_file_for_the_asker_alone(room: Any, actors: Any) -> None:
    """As the store has it, byte for byte."""
    content = '{"watches": [], "name": "אורי"}'.encode()
    actors.answers[GetMyData] = pages(content, 10)
    result = await room.ana.slash(room.channel, "mydata")
    assert result.response.ephemeral
    assert [attached.filename for attached in result.response.attachments] == ["usher.json"]
    assert await result.response.attachments[0].read() == content
    assert "12 watches" in result.response.embeds[0].description
    assert {one.viewer_id for one in actors.questions(GetMyData)} == {str(room.ana.id)}


async def test_mydata_without_data_sends_no_file(room: Any, actors: Any) -> None:
    """It says that nothing is stored."""
    actors.answers[GetMyData] = MyData(b"", 0, 0)
    result = await room.ana.slash(room.channel, "mydata")
    assert "Nothing is stored" in result.response.embeds[0].description and not result.response.attachments


@fails
async def test_mydata_that_changes_on_the_way_is_not_mixed(room: Any, actors: Any) -> None:
    """Another length in the middle, or an empty part: asked to try again."""
    for broken in (MyData(b"b", 9, 1), MyData(b"", 4, 1)):
        answers = [MyData(b"aa", 4, 1), broken]
        actors.answers[GetMyData] = lambda _, answers=answers: answers.pop(0)
        result = await room.boss.slash(room.channel, "mydata")
        assert "changed while it was read" in result.response.embeds[0].description


def test_large_files_are_packed_and_larger_ones_are_parted() -> None:
    """Each within what Discord takes; put together again they are the same."""
    assert split_files(b"x" * FILE) == [("usher.json", b"x" * FILE)]
    ((name, small),) = split_files(b"x" * (FILE + 1))
    assert name == "usher.json.gz" and gzip.decompress(small) == b"x" * (FILE + 1)
    noise = os.urandom(FILE + 100_000)
    parts = split_files(noise)
    assert [name for name, _ in parts] == ["usher.json.gz.01", "usher.json.gz.02"]
    assert all(len(part) <= FILE for _, part in parts)
    assert gzip.decompress(b"".join(part for _, part in parts)) == noise


async def test_forgetme_asks_for_confirmation_and_says_what_was_removed(room: Any, actors: Any) -> None:
    """Only the asker sees it; nothing is removed before the press."""
    actors.answers |= {GetViewerAccount: person(), EraseViewer: FORGOTTEN}
    result = await room.ana.slash(room.channel, "forgetme")
    assert result.response.ephemeral
    question = result.response.embeds[0].description
    for part in ("**12 watches**", "Anton \\*A\\*", "can't be undone", "Backups keep it", "What stays"):
        assert part in question
    assert not actors.questions(EraseViewer)
    await room.ana.click(result.response, label="Delete my data")
    assert actors.questions(EraseViewer) == [EraseViewer(str(room.ana.id))]
    said = result.response.embeds[0].description
    assert "**12 watches** and **3 badges**" in said
    assert "2 backups still have it, made between <t:1790000000:f> and <t:1790086400:f>." in said
    assert "Newer ones replace them, by <t:" in said
    assert not result.response.components


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (ViewerErased(1, 1, 1, 1.79e9, 1.79e9), "No newer ones replace them here"),
        (ViewerErased(0, 0, 0, backup_interval_hours=24.0, backup_keep=7), "**0 watches** and **0 badges**"),
    ],
)
def test_forgetme_says_how_long_backups_keep_the_data(gone: ViewerErased, said: str) -> None:
    """Also if no backup is made, or none has the data."""
    text = "\n".join(forgetme._build_forgotten(gone, 1.79e9))
    assert said in text
    assert ("backup" in text) == bool(gone.backups)


async def post_button(room: Any, bot: Any, member: int) -> discord.Message:
    """The button where everybody can press it."""
    view = discord.ui.View(timeout=None)
    view.add_item(ForgetButton(member))
    message: discord.Message = await bot.get_channel(room.channel.id).send("?", view=view)
    return message


async def test_the_button_is_the_asker_s_alone_and_holds_for_two_minutes(
    room: Any, actors: Any, bot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another, and one too late, are told so: nothing is removed."""
    actors.answers[EraseViewer] = FORGOTTEN
    refused = await room.boss.click(await post_button(room, bot, room.ana.id), label="Delete my data")
    assert "isn't yours" in refused.response.embeds[0].description
    late = await post_button(room, bot, room.ana.id)
    monkeypatch.setattr(forgetme, "PRESS_S", -1)
    refused = await room.ana.click(late, label="Delete my data")
    assert "nothing was deleted" in refused.response.embeds[0].description
    assert not actors.questions(EraseViewer)


async def test_forgetme_says_that_the_store_is_away(room: Any, bot: Any) -> None:
    """Nothing is removed; the button stays, to be pressed again."""
    message = await post_button(room, bot, room.ana.id)
    refused = await room.ana.click(message, label="Delete my data")
    assert "is restarting" in refused.followups[0].embeds[0].description
    assert room.channel.last_message.components
