"""The live card against a simulated Discord: one message, edited in place, that outlives restarts and deletions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.chat.discord.core import api_errors
from actors.chat.discord.features.live_card import live_card, live_cards
from actors.chat.discord.ui import embeds
from actors.runtime import Clock
from messages import (
    SOMEBODY,
    BadgesAwarded,
    GetPoster,
    Moment,
    NowPlaying,
    PositionMs,
    Poster,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
)
from simulator.discord.faults import RestFault
from simulator.discord.model.messages import ChannelMessage as Posted
from simulator.discord.model.permissions import ATTACH_FILES
from simulator.plex.documents.poster import draw_poster as picture
from tests.integration.discord.discord_stage import Stage, staged, until
from tests.unit.discord import samples

THUMB = "/library/metadata/11/thumb/1"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, the other actors, and a Plex poller that has posters."""
    with staged(tmp_path) as made:
        made.plex.answers[GetPoster] = Poster(picture("11"), "png")
        yield made


def now() -> Moment:
    """The service's own time."""
    return Clock().now()


def film(number: int = 1, **changes: Any) -> Screening:
    """A film that plays now, at 0:42:10 of two hours."""
    at = now()
    plain: dict[str, Any] = {
        "item": samples.item(thumb=THUMB),
        "seen": at,
        "started_at_s": at.wall_s - 2_530,
    }
    return samples.screening(number, **{**plain, **changes})


def start(stage: Stage, shown: Screening) -> Posted:
    """A film starts; its card."""
    before = len(stage.discord.messages("film-club", by_bot=True))
    assert stage.tracker.tell(ScreeningStarted(now(), shown)).wait(10)
    return stage.discord.messages("film-club", by_bot=True)[before]


def text(message: Posted) -> str:
    """All that an embed says."""
    return message.text


def test_the_card_is_the_announcement_and_gets_its_poster(stage: Stage) -> None:
    """One post; then an edit brings the picture, as a file of the message."""
    with stage.acting():
        card = start(stage, film())
        assert "Metropolis (1927)" in text(card)
        assert "35 %" in text(card)
        assert "**Ana** · from the start" in text(card)
        until(lambda: card.attachments, "the poster")
        assert card.attachments[0].content == picture("11")
        assert card.embeds[0]["thumbnail"]["url"].endswith("poster.png")
        assert stage.discord.recorder.count("POST", "/messages") == 1


def test_who_comes_and_goes_is_seen_soon_in_one_edit(stage: Stage) -> None:
    """Three changes within the time they wait for each other are one edit; the poster stays."""
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        edits = len(card.edited_s)
        crowd = [samples.seat("Ana"), samples.seat("Ben", viewer_id="2", join_position_ms=PositionMs(2_400_000))]
        stage.tracker.tell(NowPlaying(now(), (film(seats=tuple(crowd)),)))
        crowd.append(samples.seat("Chiara", viewer_id="3"))
        stage.tracker.tell(NowPlaying(now(), (film(seats=tuple(crowd)),)))
        crowd[0] = replace_seat(crowd[0], present=False)
        stage.tracker.tell(NowPlaying(now(), (film(seats=tuple(crowd), state="paused"),)))
        until(lambda: "Chiara" in text(card), "the newcomers")
        assert len(card.edited_s) == edits + 1
        assert "**Ben** · from 0:40:00" in text(card)
        assert "Paused" in text(card)
        assert "👋 Left" in text(card)
        assert [each.filename for each in card.attachments] == ["poster.png"]
        assert card.embeds[0]["thumbnail"]["url"].endswith("poster.png")


def replace_seat(seat: Any, **changes: Any) -> Any:
    """The same seat with other values."""
    return type(seat)(**{**{name: getattr(seat, name) for name in seat.__struct_fields__}, **changes})


def test_the_position_moves_at_its_own_pace(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the tracker reports, an edit that only moves the bar waits its time; paused, there is none."""
    monkeypatch.setattr(live_card, "POSITION_EVERY_S", 1.0)
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        for _ in range(40):
            stage.tracker.tell(NowPlaying(now(), (film(),)))
        until(lambda: len(card.edited_s) >= 4, "three edits more")
        gaps = [later - earlier for earlier, later in zip(card.edited_s[1:], card.edited_s[2:], strict=False)]
        assert min(gaps) > 0.8, gaps


def test_the_card_is_gone_on_with_after_a_restart(stage: Stage) -> None:
    """The same message is edited by the next life."""
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
    with stage.acting():
        stage.tracker.tell(NowPlaying(now(), (film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        until(lambda: "Dora" in text(card), "the edit after the restart")
        assert card.attachments
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        assert "🏁" in text(card)
    assert stage.discord.recorder.count("POST", "/messages") == 1


def test_a_deleted_card_is_posted_anew(stage: Stage) -> None:
    """Somebody deletes the message: the next change brings it back, with its poster."""
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        stage.discord.world.delete(card)
        stage.tracker.tell(NowPlaying(now(), (film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        (again,) = until(lambda: stage.discord.messages("film-club", by_bot=True), "the card is back")
        assert again.id != card.id
        assert "Dora" in text(again)
        until(lambda: again.attachments, "its poster")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_card_that_is_posted_anew_is_there_once(stage: Stage, restarted: bool) -> None:
    """The answer to the new post is lost: the next try finds that message, also after a restart, and brings it up to
    date; the life after that goes on with it.
    """
    stage.plex.answers[GetPoster] = Poster()

    def comes(name: str) -> None:
        """Somebody comes, and the card shows it."""
        stage.tracker.tell(NowPlaying(now(), (film(seats=(samples.seat(name, viewer_id="7"),)),)))
        until(lambda: name in text(again), f"{name} is seen")

    with stage.acting():
        card = start(stage, film())
        stage.discord.world.delete(card)
        lost = stage.discord.faults.lose_responses("/messages", method="POST")
        stage.tracker.tell(NowPlaying(now(), (film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        (again,) = until(lambda: stage.discord.messages("film-club", by_bot=True), "the card is back")
        if not restarted:
            stage.discord.faults.heal(lost)
            until(lambda: stage.discord.recorder.count("POST", "/messages") >= 3, "another try")
            comes("Emil")
    stage.discord.faults.heal()
    for name in ("Fay", "Gus"):
        with stage.acting():
            comes(name)
    assert stage.discord.messages("film-club", by_bot=True) == [again]


def test_an_end_whose_card_was_deleted_is_posted(stage: Stage) -> None:
    """The record is a message of its own then."""
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        stage.discord.world.delete(card)
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        (record,) = stage.discord.messages("film-club", by_bot=True)
        assert "🏁 Metropolis (1927)" in text(record)


def test_the_record_names_the_badges_of_the_night(stage: Stage) -> None:
    """Also of one who was awarded after the end."""
    with stage.acting():
        shown = film(seats=(samples.seat("Ana", viewer_id="1"), samples.seat("Ben", viewer_id="2")))
        card = start(stage, shown)
        until(lambda: card.attachments, "the poster")
        early = [
            stage.persistence.tell(BadgesAwarded("1", "Ana", (samples.earned(),), "screening-1")),
            stage.persistence.tell(BadgesAwarded("3", "Zoe", (samples.earned("Elsewhere"),), "screening-1")),
        ]
        assert stage.tracker.tell(ScreeningEnded(now(), shown)).wait(10)
        assert all(told.wait(10) for told in early)
        assert "🏅 2 badges earned" in text(stage.discord.messages("film-club", by_bot=True)[-1])
        until(lambda: "First Reel" in text(card), "the badge in the record")
        assert "Elsewhere" not in text(card), "the badge of somebody who was not there"
        stage.persistence.tell(BadgesAwarded("2", "Ben", (samples.earned("Ten Reels"),), "screening-1")).wait(10)
        until(lambda: "Ten Reels" in text(card), "the late badge")


def test_badges_of_a_film_come_together_at_its_end_and_rare_ones_at_once(stage: Stage) -> None:
    """Whoever leaves early makes nobody's phone ring twice; what is rare is told while people are there."""
    with stage.acting():
        start(stage, film())
        common = stage.persistence.tell(BadgesAwarded("1", "Ana", (samples.earned(),), "screening-1"))
        rare = BadgesAwarded("2", "Ben", (samples.earned("Marathon", rarity="epic"),), "screening-1")
        assert stage.persistence.tell(rare).wait(10)
        other = BadgesAwarded("3", "Zoe", (samples.earned("Ten Reels"),), "another screening")
        assert stage.persistence.tell(other).wait(10)
        said = [text(message) for message in stage.discord.messages("film-club", by_bot=True)[1:]]
        assert any("Ben earned 1 badge" in each for each in said)
        assert not any("First Reel" in each for each in said)
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        assert common.wait(10)
        assert "Ana earned 1 badge" in text(stage.discord.messages("film-club", by_bot=True)[-1])


def test_badges_of_one_message_have_a_line_for_each_viewer(stage: Stage) -> None:
    """However many moments they were earned at."""
    with stage.acting():
        start(stage, film())
        earned = [("1", "Ana", "First Reel"), ("2", "Ben", "Ten Reels"), ("1", "Ana", "Night Shift")]
        told = [
            stage.persistence.tell(BadgesAwarded(who, name, (samples.earned(badge, badge_id=badge),), "screening-1"))
            for who, name, badge in earned
        ]
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        assert all(each.wait(10) for each in told)
        said = text(stage.discord.messages("film-club", by_bot=True)[-1])
        assert "🏅 3 badges earned" in said
        assert "**Ana**: 🎬 First Reel, 🎬 Night Shift\n**Ben**: 🎬 Ten Reels" in said


def test_the_record_gets_its_chart_beside_the_poster(stage: Stage) -> None:
    """Also where the service was restarted between the film and its end: the poster is fetched anew."""
    shown = film(seats=(samples.seat(spans=((0, 2_530_000),)),))
    with stage.acting():
        card = start(stage, shown)
        until(lambda: card.attachments, "the poster")
    with stage.acting():
        assert stage.tracker.tell(ScreeningEnded(now(), shown)).wait(10)
        until(lambda: len(card.attachments) == 2, "poster and chart", 30)
        chart, poster = sorted(card.attachments, key=lambda each: each.filename)
        assert chart.content.startswith(b"\x89PNG")
        assert chart.description is not None
        assert chart.description.startswith(
            "Viewers at each minute of the film: 0:00:00 1, 0:42:00 0. Ana saw 0:00 to "
        )
        assert poster.content == picture("11")
        assert card.embeds[0]["image"]["url"].endswith("attendance.png")


def test_a_film_that_goes_on_after_its_end_is_live_again(stage: Stage) -> None:
    """The same screening, resumed within its window."""
    with stage.acting():
        card = start(stage, film())
        assert stage.tracker.tell(ScreeningEnded(Moment(now().wall_s - 60, 0.0), film())).wait(10)
        assert "🏁" in text(card)
        stage.tracker.tell(NowPlaying(now(), (film(),)))
        until(lambda: "🎬" in text(card), "the card lives")


def test_only_a_handful_have_cards(stage: Stage) -> None:
    """The sixth film is announced, and its end is a message of its own."""
    with stage.acting():
        for number in range(live_cards.MOST_AT_ONCE + 1):
            start(stage, film(number, item=samples.item(f"Film {number}.")))
        kept = until(lambda: stage.remembered("live_card"), "the cards are remembered")
        assert len(kept) == live_cards.MOST_AT_ONCE
        last = film(live_cards.MOST_AT_ONCE, item=samples.item("Film 5."))
        assert stage.tracker.tell(ScreeningEnded(now(), last)).wait(20)
        assert stage.said().count("Film 5.") == 2


def test_no_token_leaves_for_discord(stage: Stage) -> None:
    """In no request of a whole evening."""
    stage.changes = {"plex_url": "http://127.0.0.1:1", "plex_token": "plex-secret-token"}
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        sent = "\n".join(str(request) for request in stage.discord.recorder.requests)
        assert "X-Plex-Token" not in sent
        assert "plex-secret-token" not in sent


def test_the_largest_crowd_fits(stage: Stage) -> None:
    """250 viewers and a title of 10,000 characters: Discord takes the card and the record."""
    seats = tuple(samples.seat(f"*Viewer* {number} " + "ж" * 40, viewer_id=str(number)) for number in range(250))
    with stage.acting():
        shown = film(seats=seats, item=samples.item("Ω" * 10_000, thumb=THUMB))
        card = start(stage, shown)
        until(lambda: card.attachments, "the poster")
        assert stage.tracker.tell(ScreeningEnded(now(), shown)).wait(10)
        assert "more" in text(card)
        assert len(card.embeds[0]["description"]) <= embeds.DESCRIPTION


def test_a_film_that_nobody_watches_any_more_names_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last viewer is not tracked any more: no end is told. It is as it was when somebody comes back."""
    monkeypatch.setattr(live_card, "GONE_S", 0.1)
    monkeypatch.setattr(live_card, "POSITION_EVERY_S", 0.1)
    with stage.acting():
        card = start(stage, film())
        assert "**Ana**" in text(card) and "filmnight" in text(card)
        shown_at = len(card.edited_s)
        stage.tracker.tell(NowPlaying(now(), (), "another server"))
        until(lambda: len(card.edited_s) > shown_at + 1, "it moves on")
        assert "**Ana**" in text(card)
        stage.tracker.tell(NowPlaying(now(), (), film().server_id))
        until(lambda: "Nobody is watching" in text(card), "nobody is left")
        assert "Ana" not in text(card) and "filmnight" not in text(card)
        until(lambda: card.attachments, "the poster")
        edits = len(card.edited_s)
        assert not stage.discord.wait_until(lambda: len(card.edited_s) > edits, 1.0), "nothing moves any more"
        stage.tracker.tell(NowPlaying(now(), (film(),)))
        until(lambda: "**Ana**" in text(card), "somebody is back")
        ended = ScreeningEnded(now(), film())
        assert stage.tracker.tell(ended).wait(10)
        assert "🏁" in text(card)


def test_a_record_is_back_where_going_on_was_not_worth_an_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody went on for less than a minute: the tracker tells no second end."""
    monkeypatch.setattr(live_card, "GONE_S", 0.1)
    shown = film(seats=(samples.seat(spans=((0, 2_530_000),)),))
    with stage.acting():
        card = start(stage, shown)
        at = now()
        assert stage.tracker.tell(ScreeningEnded(Moment(at.wall_s - 60, at.steady_s - 60), shown)).wait(10)
        stage.tracker.tell(NowPlaying(now(), (film(),)))
        until(lambda: "🎬" in text(card), "it lives")
        stage.tracker.tell(NowPlaying(now(), ()))
        until(lambda: "🏁" in text(card), "the record is back")
        until(lambda: len(card.attachments) == 2, "with poster and chart", 30)


def test_a_long_film_keeps_its_card_beside_many_short_ones(stage: Stage) -> None:
    """However many end meanwhile."""
    with stage.acting():
        card = start(stage, film(0, item=samples.item("Feature")))
        for number in range(1, 12):
            short = film(number, item=samples.item(f"Short {number}"))
            start(stage, short)
            assert stage.tracker.tell(ScreeningEnded(now(), short)).wait(10)
        assert stage.tracker.tell(ScreeningEnded(now(), film(0, item=samples.item("Feature")))).wait(10)
        assert "🏁 Feature" in text(card)


def test_without_attach_files_a_card_goes_on_without_pictures(stage: Stage) -> None:
    """Only the picture is forbidden: who comes and goes is shown, and the record is the same message."""
    with stage.acting():
        stage.discord.deny_permissions("film-club", ATTACH_FILES)
        card = start(stage, film())
        dora = samples.seat("Dora", viewer_id="9")
        stage.tracker.tell(NowPlaying(now(), (film(seats=(samples.seat(), dora)),)))
        until(lambda: "Dora" in text(card), "she is on the card")
        assert not card.attachments
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        assert "🏁" in text(card)
        assert len(stage.discord.messages("film-club", by_bot=True)) == 1


def test_a_record_names_no_badge_of_who_is_private_by_then(stage: Stage) -> None:
    """It was earned and told before; the record would say who Somebody is."""
    with stage.acting():
        card = start(stage, film())
        told = BadgesAwarded("100000000000000001", "Ana", (samples.earned(rarity="rare"),), "screening-1")
        assert stage.persistence.tell(told).wait(10)
        hidden = samples.seat(SOMEBODY, viewer_id="")
        assert stage.tracker.tell(ScreeningEnded(now(), film(seats=(hidden,)))).wait(10)
        assert "🏁" in text(card)
        assert "Ana" not in text(card)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_limit_on_edits_of_old_messages_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, restarted: bool
) -> None:
    """The film's end is taken at once and comes into the same card when Discord takes edits again, also after a
    restart; what else is announced does not wait for it.
    """
    monkeypatch.setattr(api_errors, "LIMITED_S", 0.1)
    text_of_limit = "Maximum number of edits to messages older than 1 hour reached"
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        path = f"/messages/{card.id}"
        limit = stage.discord.faults.add(
            RestFault(429, path, "PATCH", code=30046, text=text_of_limit, retry_after_s=0.01)
        )
        stage.tracker.tell(NowPlaying(now(), (film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        until(lambda: "takes no more edits of an old message" in caplog.text, "the limit is named")
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        other = start(stage, film(2, item=samples.item("Nosferatu")))
        assert "Nosferatu" in text(other)
        assert "🎬" in text(card)
        if not restarted:
            stage.discord.faults.heal(limit)
            until(lambda: "🏁" in text(card), "the record")
    stage.discord.faults.heal(limit)
    with stage.acting():
        until(lambda: "🏁" in text(card), "the record")
    assert stage.said().count("Metropolis") == 1


def test_a_record_that_is_owed_is_posted_where_its_card_is_deleted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has read it yet."""
    monkeypatch.setattr(api_errors, "LIMITED_S", 0.1)
    with stage.acting():
        card = start(stage, film())
        until(lambda: card.attachments, "the poster")
        path = f"/messages/{card.id}"
        limit = stage.discord.faults.add(RestFault(429, path, "PATCH", code=30046, retry_after_s=0.01))
        assert stage.tracker.tell(ScreeningEnded(now(), film())).wait(10)
        stage.discord.world.delete(card)
        stage.discord.faults.heal(limit)
        (record,) = until(lambda: stage.discord.messages("film-club", by_bot=True), "the record")
        assert "🏁 Metropolis (1927)" in text(record)
