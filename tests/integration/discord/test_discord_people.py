"""What concerns one person alone, by ! commands: direct messages and their buttons, and who takes none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.chat.discord.commands.privacy import link
from messages import (
    CheckPlexSignIn,
    EraseViewer,
    ExternalIds,
    ExternalIdsFound,
    FindExternalIds,
    GetMyData,
    GetViewerAccount,
    GetViewerStats,
    LinkAccount,
    MyData,
    PlexSignedIn,
    PlexSignIn,
    StartPlexSignIn,
    ViewerAccount,
    ViewerErased,
    ViewerProfile,
)
from simulator.discord.model.messages import ChannelMessage
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until

WATCH = {
    "movie_title": "אורי", "year": 1999, "director": "A, B", "start_time": "2026-11-23T19:00:00+00:00",
    "end_time": "2026-11-23T23:30:00+00:00", "completed": True, "brief": False, "media_type": "movie",
    "server_id": "m", "rating_key": "7", "guid": "plex://movie/1",
}  # fmt: skip
DATA = json.dumps({"watches": [WATCH]}).encode()


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A Discord, a store that knows Chiara, and a plex.tv that waits."""
    monkeypatch.setattr(link, "CHECK_S", 0.02)
    with open_stage(tmp_path) as made:
        who = str(made.discord.member("Chiara").id)
        made.persistence.answers |= {
            GetViewerAccount: ViewerAccount(who, "open", (), 12), LinkAccount: ViewerAccount(who, "open", (), 12),
            GetViewerStats: ViewerProfile(None, (), ()), GetMyData: MyData(DATA, len(DATA), 1),
            EraseViewer: ViewerErased(12, 3, 0),
        }  # fmt: skip
        made.plex.answers |= {
            StartPlexSignIn: PlexSignIn("1", "WXYZ", "https://plex.tv/link", 600.0),
            CheckPlexSignIn: PlexSignedIn("waiting"),
            FindExternalIds: ExternalIdsFound((ExternalIds("7", "plex://movie/1", "tt0000027", "27"),)),
        }
        yield made


def wait_direct_message(stage: Stage, count: int) -> ChannelMessage:
    """Return the newest direct message to Chiara, as soon as there are so many."""
    return until(lambda: stage.discord.direct_messages("Chiara")[count - 1 :], f"direct message {count}")[0]


def text(message: Any) -> str:
    """Return what a message says."""
    shown = message.embeds[0]
    return f"{shown.get('title', '')}\n{shown.get('description', '')}"


def test_a_code_comes_as_a_direct_message_and_tells_when_it_was_used(stage: Stage) -> None:
    """The channel reads only that there is one."""
    with stage.acting():
        aside = answer(stage, "Chiara", "!link")
        assert "direct messages" in text(aside) and "WXYZ" not in text(aside)
        direct = wait_direct_message(stage, 1)
        assert "**WXYZ**" in text(direct)
        until(lambda: stage.plex.list_heard(CheckPlexSignIn), "plex.tv is asked")
        stage.plex.answers[CheckPlexSignIn] = PlexSignedIn("signed_in", ("plex:m:1",), "Anton")
        until(lambda: "are one viewer now" in text(direct), "the link is told")
        (asked,) = stage.persistence.list_heard(LinkAccount)
        assert (asked.viewer_id, asked.confirmed_by) == (str(stage.discord.member("Chiara").id), "plex.tv")


def test_a_newer_code_replaces_the_earlier_one(stage: Stage) -> None:
    """The first message then says that there is a newer code."""
    with stage.acting():
        answer(stage, "Chiara", "!link")
        stage.plex.answers[StartPlexSignIn] = PlexSignIn("2", "QRST", "https://plex.tv/link", 600.0)
        answer(stage, "Chiara", "!link")
        assert "QRST" in text(wait_direct_message(stage, 2))
        until(lambda: "newer code" in text(stage.discord.direct_messages("Chiara")[0]), "the first is over")


def test_mydata_and_forgetme_work_by_direct_message(stage: Stage) -> None:
    """File and button come as direct messages; the button works there. Days are those of the community."""
    stage.changes["timezone"] = "UTC"
    with stage.acting():
        answer(stage, "Chiara", "!mydata")
        assert wait_direct_message(stage, 1).attachments[0].content == DATA
        lists = {file.filename: file.content.decode() for file in wait_direct_message(stage, 2).attachments}
        assert lists["letterboxd.csv"].splitlines()[1] == '27,tt0000027,אורי,1999,"A, B",2026-11-23,,false'
        assert lists["trakt.csv"].splitlines()[1] == "tt0000027,27,,movie,2026-11-23T23:30:00Z,,,"
        answer(stage, "Chiara", "!forgetme")
        question = wait_direct_message(stage, 3)
        assert not stage.persistence.list_heard(EraseViewer)
        stage.discord.click("Chiara", question, "Delete my data")
        until(lambda: "**12 watches** and **3 badges**" in text(question), "it is done")
        assert question.components == []
        (asked,) = stage.persistence.list_heard(EraseViewer)
        assert asked.viewer_id == str(stage.discord.member("Chiara").id)
    everything = [text(message) for message in stage.discord.messages("film-club", by_bot=True) if message.embeds]
    assert not any("12" in said for said in everything)


@pytest.mark.parametrize("command", ["link", "mydata", "forgetme", "privacy"])
def test_closed_direct_messages_are_answered_in_the_channel(stage: Stage, command: str) -> None:
    """Without a word of what the message would have said."""
    stage.discord.refuse_direct_messages("Chiara")
    with stage.acting():
        said = text(answer(stage, "Chiara", f"!{command}"))
        assert "you don't accept direct messages" in said and f"`/{command}`" in said
    assert stage.discord.direct_messages("Chiara") == []


def test_a_command_in_a_direct_message_is_answered_with_where_to_use_it(stage: Stage) -> None:
    """Whoever got something by direct message answers there; what is no command gets no answer."""
    with stage.acting():
        stage.discord.send_direct_message("Chiara", "thanks!")
        stage.discord.send_direct_message("Chiara", "!forgetme")
        assert "I only answer in the server, not in direct messages." in text(wait_direct_message(stage, 1))
        assert "Use the command there." in text(wait_direct_message(stage, 1))
    assert len(stage.discord.direct_messages("Chiara")) == 1
