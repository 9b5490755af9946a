"""Announcements that wait for Discord do not name viewers who have since been forgotten or have hidden."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from messages import (
    BadgesAwarded,
    EraseViewer,
    GetPoster,
    GetViewerAccount,
    LinkedAccount,
    Moment,
    Poster,
    ScreeningStarted,
    SetPrivacy,
    ViewerAccount,
    ViewerErased,
)
from simulator.discord.model import permissions
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.unit.discord import samples

ACCOUNT = "plex:machine-a:7"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and a store that knows Chiara and her Plex account."""
    with open_stage(tmp_path) as made:
        who = str(made.discord.member("Chiara").id)
        links = (LinkedAccount(ACCOUNT, "chiarap", who, "Chiara"),)
        made.plex.answers[GetPoster] = Poster()
        made.persistence.answers |= {
            GetViewerAccount: ViewerAccount(who, "open", links, 12), EraseViewer: ViewerErased(12, 3, 0),
            SetPrivacy: lambda asked: ViewerAccount(who, asked.privacy, links, 12),
        }  # fmt: skip
        yield made


def said_now(stage: Stage) -> list[BadgesAwarded | ScreeningStarted]:
    """A badge of hers; a film that she plays for Ben and one that Ben plays for her, under her account's id."""
    who = str(stage.discord.member("Chiara").id)
    at = Moment(time.time(), time.monotonic())
    ben, hers = samples.seat("Ben", viewer_id="2"), samples.seat("chiarap", viewer_id=ACCOUNT)
    return [
        BadgesAwarded(who, "Chiara", (samples.make_badge(),), "screening-1"),
        ScreeningStarted(at, samples.screening(1, "Hers", host="chiarap", player="Chiara's TV", seats=(hers, ben))),
        ScreeningStarted(at, samples.screening(2, "His", host="Ben", seats=(ben, hers))),
    ]


def forget(stage: Stage) -> None:
    """She has herself forgotten."""
    stage.discord.say("Chiara", "film-club", "!forgetme")
    question = until(lambda: stage.discord.direct_messages("Chiara"), "the question")[0]
    stage.discord.click("Chiara", question, "Delete my data")
    until(lambda: "Deleted" in question.text, "it is done")


def choose(stage: Stage) -> None:
    """She keeps to herself what she watches."""
    stage.discord.say("Chiara", "film-club", "!privacy private")
    until(lambda: stage.discord.direct_messages("Chiara"), "the answer")


@pytest.mark.parametrize("wish", [forget, choose])
def test_viewers_who_hide_are_removed_from_waiting_announcements(stage: Stage, wish: Callable[[Stage], None]) -> None:
    """Badges are dropped and films lose the name; also if the senders repeat them after a restart."""
    stage.discord.deny_permissions("film-club", permissions.SEND_MESSAGES)
    notices = said_now(stage)
    with stage.acting():
        badges = stage.persistence.tell(notices[0])
        films = [stage.tracker.tell(notice) for notice in notices[1:]]
        stage.until_health("announcements wait")
        wish(stage)
        assert badges.wait(WITHIN_S), "it is dropped, and its sender told so"
        assert not any(film.is_set() for film in films)
    assert "hiara" not in str(stage.persistence.state)
    stage.discord.deny_permissions("film-club")
    with stage.acting():
        for notice in notices:
            stage.tracker.tell(notice)
        until(lambda: all(film.wait(WITHIN_S) for film in films), "the films are told")
        until(lambda: "His" in stage.read_posts(), "they are on Discord")
    posted = "\n".join(message.text for message in stage.discord.messages("film-club", by_bot=True))
    assert "Hers" in posted and "Ben" in posted
    assert "hiara" not in posted
    assert "played by Somebody" in posted


def test_later_announcements_of_a_forgotten_viewer_are_posted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten viewer who comes again is a viewer like any other."""
    monkeypatch.setattr("actors.chat.discord.features.announcements.redactor.ON_THE_WAY_S", 0.0)
    with stage.acting():
        forget(stage)
        for notice in said_now(stage)[1:]:
            assert stage.tracker.tell(notice).wait(WITHIN_S)
    posted = "\n".join(message.text for message in stage.discord.messages("film-club", by_bot=True))
    assert posted.count("chiarap") == 3, posted
