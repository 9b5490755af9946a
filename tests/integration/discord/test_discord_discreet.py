"""What the bot must not repeat, must not tell everybody, and must not do for a wrong reason."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.chat.discord.features.live_card import live_card
from actors.runtime import Clock
from messages import (
    SOMEBODY,
    EraseViewer,
    FilmsFound,
    FindFilms,
    GetPoster,
    GetViewerAccount,
    GetViewerStats,
    GetWhoSaw,
    LinkedAccount,
    Moment,
    NowPlaying,
    Poster,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
    SessionChoice,
    SetPrivacy,
    StartTracking,
    TrackingPlan,
    UnlinkAccount,
    ViewerAccount,
    ViewerErased,
    ViewerProfile,
    WhoSaw,
)
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.unit.discord import samples

SCHEDULED, ACTIVE = 1, 2


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The actor in a simulated Discord."""
    with open_stage(tmp_path) as made:
        made.plex.answers[GetPoster] = Poster()
        made.tracker.answers[StartTracking] = TrackingPlan((), (), "", ())
        yield made


def now() -> Moment:
    """This moment."""
    return Clock().now()


def film(**changes: Any) -> Screening:
    """A film that began a while ago."""
    at = now()
    return samples.screening(1, **{"seen": at, "started_at_s": at.wall_s - 2530, **changes})


def chiara(stage: Stage, *links: LinkedAccount) -> str:
    """Her id; persistence keeps her choice."""
    who, choice = str(stage.discord.member("Chiara").id), ["open"]

    def choose(asked: SetPrivacy) -> ViewerAccount:
        choice[0] = asked.privacy
        return ViewerAccount(who, asked.privacy, links, 12)

    stage.persistence.answers[SetPrivacy] = choose
    stage.persistence.answers[GetViewerAccount] = lambda _asked: ViewerAccount(who, choice[0], links, 12)  # type: ignore[arg-type] # one of them
    return who


def plays_again(stage: Stage, shown: Screening) -> bool:
    """Tell that it plays now: again and again, as the tracker does, for the first may come before the end is shown."""
    stage.tracker.tell(NowPlaying(now(), (replace(shown, seen=now()),)))
    return True


def test_a_restored_record_names_nobody_who_has_hidden_since(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film continued after its end, somebody chose not to be tracked, and then nobody is left."""
    monkeypatch.setattr(live_card, "GONE_S", 0.5)
    monkeypatch.setattr(live_card, "SETTLE_S", 0.1)
    who = chiara(stage)
    shown = film(seats=(samples.seat("Chiara", viewer_id=who),), host="filmnight")
    masked = replace(shown.seats[0], viewer_id="", username=SOMEBODY)
    with stage.acting():
        stage.tracker.tell(ScreeningStarted(now(), shown)).wait(WITHIN_S)
        card = stage.discord.messages("film-club", by_bot=True)[0]
        stage.tracker.tell(ScreeningEnded(Moment(now().wall_s - 60, 0.0), shown)).wait(WITHIN_S)
        until(lambda: plays_again(stage, shown) and "🎬" in card.text, "it lives again")
        stage.discord.slash("Chiara", "privacy", {"choice": "untracked"}).wait_reply()
        stage.tracker.tell(NowPlaying(now(), (replace(shown, seen=now(), seats=(masked,)),)))
        until(lambda: "Chiara" not in card.text, "she is hidden")
        stage.tracker.tell(NowPlaying(now(), ()))
        until(lambda: "🏁" in card.text, "the record is there again")
        assert "Chiara" not in card.text and "and 1 hidden" in card.text


def test_forgetting_works_even_if_its_answer_is_lost(stage: Stage) -> None:
    """Afterwards nobody knows the links, so what is remembered of the account goes at the first attempt."""
    who = str(stage.discord.member("Chiara").id)
    chiara(stage, LinkedAccount("plex:machine-a:7", "chiarap", who, "Chiara"))
    shown = film(seats=(samples.seat("chiarap", viewer_id="plex:machine-a:7"),), host="chiarap", player="Her phone")
    stage.persistence.answers[EraseViewer] = Poster()  # as good as none
    with stage.acting():
        stage.tracker.tell(ScreeningStarted(now(), shown)).wait(WITHIN_S)
        stage.tracker.tell(ScreeningEnded(now(), shown)).wait(WITHIN_S)
        stage.discord.say("Chiara", "film-club", "!forgetme")
        asked = until(lambda: stage.discord.direct_messages("Chiara"), "the question")[0]
        stage.discord.click("Chiara", asked, "Delete my data").wait_reply()
        stage.persistence.answers[GetViewerAccount] = ViewerAccount(who, "open", (), 0)
        stage.persistence.answers[EraseViewer] = ViewerErased(0, 0, 0)
        stage.discord.click("Chiara", asked, "Delete my data")
        until(lambda: "Deleted" in asked.text, "the second try")
    left = str(stage.persistence.state)
    assert "chiarap" not in left and "Her phone" not in left


def test_a_choice_is_confirmed_if_direct_messages_are_closed(stage: Stage) -> None:
    """Without saying in the channel what was chosen."""
    chiara(stage)
    with stage.acting():
        stage.discord.refuse_direct_messages("Chiara")
        said = answer(stage, "Chiara", "!privacy private").embeds[0]
    assert "Done." in said["description"] and "private" not in said["description"]


def test_only_the_asker_sees_what_unlinking_changed(stage: Stage) -> None:
    """The account's name and the figures concern nobody else."""
    who = str(stage.discord.member("Chiara").id)
    chiara(stage, LinkedAccount("plex:machine-a:7", "secretname", who, "Chiara"))
    stage.persistence.answers[UnlinkAccount] = ViewerAccount(who, "private", (), 3)
    stage.persistence.answers[GetViewerStats] = ViewerProfile(samples.viewer(), (), ())
    with stage.acting():
        stage.discord.say("Chiara", "film-club", "!unlink")
        told = until(lambda: stage.discord.direct_messages("Chiara"), "the answer")[0]
        assert "secretname" in told.text
        assert "secretname" not in stage.read_posts()


def test_a_session_that_is_gone_is_not_another_one(stage: Stage) -> None:
    """Its number may be a part of a year; a number that is all of a title is that title."""
    met = SessionChoice("12", "machine-a", samples.item("Metropolis", year=1927), "filmnight", "TV", "playing", None)
    war = replace(met, session_key="13", item=samples.item("1917", year=2019))
    stage.tracker.answers[StartTracking] = lambda asked: TrackingPlan((met, war), (), asked.session_key, ())
    with stage.acting():
        assert "Which session?" in answer(stage, "Iris", "!starttracking 7").embeds[0]["title"]
        assert all(asked.simulate for asked in stage.tracker.list_heard(StartTracking))
        answer(stage, "Iris", "!starttracking 1917")
    assert [asked.session_key for asked in stage.tracker.list_heard(StartTracking) if not asked.simulate] == ["13"]


@pytest.mark.parametrize("said", ['"alien"', "“alien”", "„alien“", " alien "])
def test_a_title_in_quotation_marks_is_that_title(stage: Stage, said: str) -> None:
    """As other commands take it."""
    stage.persistence.answers[GetWhoSaw] = WhoSaw(None, (), (), 0, 0, 0)
    with stage.acting():
        answer(stage, "Chiara", f"!whosaw {said}")
    assert stage.persistence.list_heard(GetWhoSaw)[0].title == "alien"


def test_a_film_played_in_the_afternoon_does_not_begin_the_night(stage: Stage) -> None:
    """The event begins near its time, if the film is running then."""
    item = samples.screening().item
    stage.plex.answers[FindFilms] = FilmsFound((item,))
    with stage.acting():
        answer(stage, "Iris", f"!night metropolis {stage.shift_now(150):%Y-%m-%d %H:%M}")
        (event,) = until(lambda: list(stage.discord.guild.events.values()), "an event")
        tried = film(started_at_s=time.time(), party=True, item=item)
        stage.tracker.tell(NowPlaying(now(), (tried,)))
        until(lambda: stage.discord.recorder.count("GET", "/scheduled-events/"), "it is looked at")
        answer(stage, "Iris", f"!night metropolis {stage.shift_now(2):%Y-%m-%d %H:%M}")
        stage.tracker.tell(NowPlaying(now(), (tried,)))
        until(lambda: [e for e in stage.discord.guild.events.values() if e["status"] == ACTIVE], "the near one begins")
        assert event["status"] == SCHEDULED
