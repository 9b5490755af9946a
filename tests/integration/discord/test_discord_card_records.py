"""What a film's card becomes at its end: the record, with its badges and its chart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.chat.discord.core import api_errors
from actors.chat.discord.features.live_card import live_card
from messages import SOMEBODY, BadgesAwarded, Moment, NowPlaying, ScreeningEnded
from simulator.discord.faults import RestFault
from tests.deadlines import WITHIN_S
from tests.integration.discord.card_stage import PICTURE, make_film, now, open_card_stage, start_film
from tests.integration.discord.discord_stage import Stage, until
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord with posters."""
    with open_card_stage(tmp_path) as opened:
        yield opened


def test_the_record_is_posted_if_the_card_was_deleted(stage: Stage) -> None:
    """It is then a message of its own."""
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        stage.discord.world.delete(card)
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        (record,) = stage.discord.messages("film-club", by_bot=True)
        assert "🏁 Metropolis (1927)" in record.text


def test_the_record_names_the_badges_of_the_night(stage: Stage) -> None:
    """Also a badge that was awarded after the end."""
    with stage.acting():
        shown = make_film(seats=(samples.seat("Ana", viewer_id="1"), samples.seat("Ben", viewer_id="2")))
        card = start_film(stage, shown)
        until(lambda: card.attachments, "the poster")
        early = [
            stage.persistence.tell(BadgesAwarded("1", "Ana", (samples.make_badge(),), "screening-1")),
            stage.persistence.tell(BadgesAwarded("3", "Zoe", (samples.make_badge("Elsewhere"),), "screening-1")),
        ]
        assert stage.tracker.tell(ScreeningEnded(now(), shown)).wait(WITHIN_S)
        assert all(told.wait(WITHIN_S) for told in early)
        assert "🏅 2 badges earned" in stage.discord.messages("film-club", by_bot=True)[-1].text
        until(lambda: "First Reel" in card.text, "the badge in the record")
        assert "Elsewhere" not in card.text, "the badge of somebody who was not there"
        stage.persistence.tell(BadgesAwarded("2", "Ben", (samples.make_badge("Ten Reels"),), "screening-1")).wait(
            WITHIN_S
        )
        until(lambda: "Ten Reels" in card.text, "the late badge")


def test_badges_are_announced_at_the_end_and_rare_ones_at_once(stage: Stage) -> None:
    """A viewer who leaves early is not mentioned twice; rare badges are announced while people are there."""
    with stage.acting():
        start_film(stage, make_film())
        common = stage.persistence.tell(BadgesAwarded("1", "Ana", (samples.make_badge(),), "screening-1"))
        rare = BadgesAwarded("2", "Ben", (samples.make_badge("Marathon", rarity="epic"),), "screening-1")
        assert stage.persistence.tell(rare).wait(WITHIN_S)
        other = BadgesAwarded("3", "Zoe", (samples.make_badge("Ten Reels"),), "another screening")
        assert stage.persistence.tell(other).wait(WITHIN_S)
        said = [message.text for message in stage.discord.messages("film-club", by_bot=True)[1:]]
        assert any("Ben earned 1 badge" in each for each in said)
        assert not any("First Reel" in each for each in said)
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        assert common.wait(WITHIN_S)
        assert "Ana earned 1 badge" in stage.discord.messages("film-club", by_bot=True)[-1].text


def test_badges_of_one_message_have_a_line_for_each_viewer(stage: Stage) -> None:
    """Whether or not they were earned at the same moment."""
    with stage.acting():
        start_film(stage, make_film())
        earned = [("1", "Ana", "First Reel"), ("2", "Ben", "Ten Reels"), ("1", "Ana", "Night Shift")]
        told = [
            stage.persistence.tell(
                BadgesAwarded(who, name, (samples.make_badge(badge, badge_id=badge),), "screening-1")
            )
            for who, name, badge in earned
        ]
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        assert all(each.wait(WITHIN_S) for each in told)
        said = stage.discord.messages("film-club", by_bot=True)[-1].text
        assert "🏅 3 badges earned" in said
        assert "**Ana**: 🎬 First Reel, 🎬 Night Shift\n**Ben**: 🎬 Ten Reels" in said


def test_the_record_gets_its_chart_beside_the_poster(stage: Stage) -> None:
    """Also where the service was restarted between the film and its end: the poster is fetched anew."""
    shown = make_film(seats=(samples.seat(spans=((0, 2_530_000),)),))
    with stage.acting():
        card = start_film(stage, shown)
        until(lambda: card.attachments, "the poster")
    with stage.acting():
        assert stage.tracker.tell(ScreeningEnded(now(), shown)).wait(WITHIN_S)
        until(lambda: len(card.attachments) == 2, "poster and chart", 2 * WITHIN_S)
        chart, poster = sorted(card.attachments, key=lambda each: each.filename)
        assert chart.content.startswith(b"\x89PNG")
        assert chart.description is not None
        assert chart.description.startswith(
            "Viewers at each minute of the film: 0:00:00 1, 0:42:00 0. Ana saw 0:00 to "
        )
        assert poster.content == PICTURE
        assert card.embeds[0]["image"]["url"].endswith("attendance.png")


def test_a_resumed_film_has_a_live_card_again(stage: Stage) -> None:
    """The same screening, resumed within its window."""
    with stage.acting():
        card = start_film(stage, make_film())
        assert stage.tracker.tell(ScreeningEnded(Moment(now().wall_s - 60, 0.0), make_film())).wait(WITHIN_S)
        assert "🏁" in card.text
        stage.tracker.tell(NowPlaying(now(), (make_film(),)))
        until(lambda: "🎬" in card.text, "the card lives")


def test_a_record_is_restored_after_a_brief_continuation(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody continued for less than a minute: the tracker reports no second end."""
    monkeypatch.setattr(live_card, "GONE_S", 0.1)
    shown = make_film(seats=(samples.seat(spans=((0, 2_530_000),)),))
    with stage.acting():
        card = start_film(stage, shown)
        at = now()
        assert stage.tracker.tell(ScreeningEnded(Moment(at.wall_s - 60, at.steady_s - 60), shown)).wait(WITHIN_S)
        stage.tracker.tell(NowPlaying(now(), (make_film(),)))
        until(lambda: "🎬" in card.text, "it lives")
        stage.tracker.tell(NowPlaying(now(), ()))
        until(lambda: "🏁" in card.text, "the record is back")
        until(lambda: len(card.attachments) == 2, "with poster and chart", 2 * WITHIN_S)


def test_the_record_omits_badges_of_viewers_who_became_private(stage: Stage) -> None:
    """The badge was announced before; in the record it would say who "Somebody" is."""
    with stage.acting():
        card = start_film(stage, make_film())
        told = BadgesAwarded("100000000000000001", "Ana", (samples.make_badge(rarity="rare"),), "screening-1")
        assert stage.persistence.tell(told).wait(WITHIN_S)
        hidden = samples.seat(SOMEBODY, viewer_id="")
        assert stage.tracker.tell(ScreeningEnded(now(), make_film(seats=(hidden,)))).wait(WITHIN_S)
        assert "🏁" in card.text
        assert "Ana" not in card.text


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
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        path = f"/messages/{card.id}"
        limit = stage.discord.faults.add(
            RestFault(429, path, "PATCH", code=30046, text=text_of_limit, retry_after_s=0.01)
        )
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        until(lambda: "takes no more edits of an old message" in caplog.text, "the limit is named")
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        other = start_film(stage, make_film(2, item=samples.item("Nosferatu")))
        assert "Nosferatu" in other.text
        assert "🎬" in card.text
        if not restarted:
            stage.discord.faults.heal(limit)
            until(lambda: "🏁" in card.text, "the record")
    stage.discord.faults.heal(limit)
    with stage.acting():
        until(lambda: "🏁" in card.text, "the record")
    assert stage.read_posts().count("Metropolis") == 1


def test_a_pending_record_is_posted_if_its_card_is_deleted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has read it yet."""
    monkeypatch.setattr(api_errors, "LIMITED_S", 0.1)
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        path = f"/messages/{card.id}"
        limit = stage.discord.faults.add(RestFault(429, path, "PATCH", code=30046, retry_after_s=0.01))
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        stage.discord.world.delete(card)
        stage.discord.faults.heal(limit)
        (record,) = until(lambda: stage.discord.messages("film-club", by_bot=True), "the record")
        assert "🏁 Metropolis (1927)" in record.text
