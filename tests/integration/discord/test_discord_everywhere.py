"""A member of two communities: privacy, a copy of their data and its deletion, on one server or on both."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from messages import (
    EraseViewer,
    GetMyData,
    GetViewerAccount,
    MyData,
    SetPrivacy,
    ViewerAccount,
    ViewerErased,
)
from simulator.discord.model.messages import ChannelMessage
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.integration.discord.further_guild import FurtherGuild, add_community


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the environment's community."""
    with open_stage(tmp_path) as made:
        yield made


@pytest.fixture
def further(stage: Stage) -> Iterator[FurtherGuild]:
    """A second community."""
    with add_community(stage) as made:
        yield made


@contextlib.contextmanager
def both(stage: Stage, further: FurtherGuild, *, elsewhere: int) -> Iterator[Any]:
    """Both communities live; Chiara has a watch in the further one, and so many in the environment's."""
    for peer, watches in ((further.persistence, 1), (stage.persistence, elsewhere)):
        peer.answers |= {
            GetViewerAccount: ViewerAccount("1", "open", (), watches),
            EraseViewer: ViewerErased(watches, 0, 0),
            SetPrivacy: ViewerAccount("1", "private", (), watches),
            GetMyData: MyData(b'{"watches": []}', 15, watches) if watches else MyData(b"", 0, 0),
        }
    with stage.acting(), further.acting():
        yield further.people.member("Chiara")


def last(further: FurtherGuild, member: Any, with_button: str = "") -> ChannelMessage:
    """Return the newest direct message, one with such a button."""

    def find() -> ChannelMessage | None:
        found = [
            message
            for message in further.people.direct_messages(member)
            if any(re.search(with_button, str(control.get("label", ""))) for control in message.controls)
        ]
        return found[-1] if found else None

    message: ChannelMessage = until(find, f"a direct message with {with_button}")  # type: ignore[assignment]
    return message


def text(message: ChannelMessage) -> str:
    """Return everything that an answer says."""
    return "\n".join(f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds)


def labels(message: ChannelMessage) -> list[str]:
    """What its buttons say."""
    return [str(control.get("label", "")) for control in message.controls]


def test_a_second_button_deletes_data_on_both_servers(stage: Stage, further: FurtherGuild) -> None:
    """The answer says for each server, by name, what was deleted."""
    with both(stage, further, elsewhere=3) as member:
        further.people.say(member, "film-club", "!forgetme")
        asked = last(further, member, "Delete")
        assert labels(asked) == ["Delete my data", "On all 2 servers"]
        further.people.click(member, asked, "On all 2 servers").wait_ack(5)
        until(lambda: "Data deleted" in text(asked), "it is done")
        assert further.persistence.list_heard(EraseViewer) and stage.persistence.list_heard(EraseViewer)
        said = text(asked)
        assert said.index("**Sunday Matinee**") < said.index("**1 watch**") < said.index("**3 watches**")
        assert labels(asked) == []


def test_the_first_button_is_about_one_server(stage: Stage, further: FurtherGuild) -> None:
    """The other server's data stay."""
    with both(stage, further, elsewhere=3) as member:
        further.people.say(member, "film-club", "!forgetme")
        asked = last(further, member, "Delete")
        further.people.click(member, asked, "Delete my data").wait_ack(5)
        until(lambda: "Data deleted" in text(asked), "it is done")
        assert further.persistence.list_heard(EraseViewer) and not stage.persistence.list_heard(EraseViewer)


def test_a_member_of_one_server_is_not_asked_about_others(stage: Stage, further: FurtherGuild) -> None:
    """Nothing says that there are other servers."""
    with both(stage, further, elsewhere=0) as member:
        further.people.say(member, "film-club", "!forgetme")
        assert labels(last(further, member, "Delete")) == ["Delete my data"]


def test_a_button_makes_a_privacy_choice_on_both_servers(stage: Stage, further: FurtherGuild) -> None:
    """Before it is pressed, the choice is that of one server."""
    with both(stage, further, elsewhere=3) as member:
        further.people.say(member, "film-club", "!privacy private")
        shown = last(further, member, "servers")
        assert [asked.privacy for asked in further.persistence.list_heard(SetPrivacy)] == ["private"]
        assert stage.persistence.list_heard(SetPrivacy) == []
        further.people.click(member, shown, "On all 2 servers").wait_ack(5)
        until(lambda: "✅ Sunday Matinee: **private**" in text(shown), "it is said for each")
        (chosen,) = stage.persistence.list_heard(SetPrivacy)
        assert (chosen.viewer_id, chosen.privacy) == (str(member.id), "private")


def test_a_nickname_stays_on_its_server(stage: Stage, further: FurtherGuild) -> None:
    """The other community stores a choice under the name that everybody knows."""
    with both(stage, further, elsewhere=3) as member:
        member.nick = "Projectionist"
        shown = further.people.slash(member, "privacy", {"choice": "private"}).wait_reply()
        until(lambda: "On all 2 servers" in labels(shown), "the button")
        further.people.click(member, shown, "On all 2 servers").wait_ack(5)
        until(lambda: "✅ Sunday Matinee: **private**" in text(shown), "it is said for each")
        assert {asked.username for asked in further.persistence.list_heard(SetPrivacy)} == {"Projectionist"}
        (chosen,) = stage.persistence.list_heard(SetPrivacy)
        assert chosen.username == (member.user.global_name or member.user.name)


def test_a_copy_comes_from_both_servers(stage: Stage, further: FurtherGuild) -> None:
    """A file from each, with the server's name."""
    with both(stage, further, elsewhere=3) as member:
        further.people.say(member, "film-club", "!mydata")
        further.people.click(member, last(further, member, "servers"), "On all 2 servers").wait_ack(5)
        until(lambda: stage.persistence.list_heard(GetMyData), "the other is asked")
        until(
            lambda: any("Saturday Night Cinema" in text(each) for each in further.people.direct_messages(member)),
            "its file, with the server's name",
        )


def test_a_button_of_somebody_else_does_nothing(stage: Stage, further: FurtherGuild) -> None:
    """Whoever forges its id is refused, and nobody is asked."""
    with both(stage, further, elsewhere=3) as member:
        further.people.say(member, "film-club", "!forgetme")
        asked = last(further, member, "Delete")
        custom_id = str(asked.controls[1]["custom_id"])
        other = further.people.member("Iris")
        asked.controls[1]["custom_id"] = custom_id.replace(str(member.id), str(other.id))
        further.people.click(member, asked, "On all 2 servers").wait_ack(5)
        assert not further.persistence.list_heard(EraseViewer) and not stage.persistence.list_heard(EraseViewer)
