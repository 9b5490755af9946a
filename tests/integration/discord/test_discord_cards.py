"""The live card against a simulated Discord: one message, edited in place, that outlives restarts and deletions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.chat.discord.features.live_card import live_card, live_cards
from actors.chat.discord.ui import embeds
from messages import GetPoster, NowPlaying, PositionMs, Poster, ScreeningEnded
from simulator.discord.model.permissions import ATTACH_FILES
from tests.deadlines import WITHIN_S
from tests.integration.discord.card_stage import PICTURE, THUMB, make_film, now, open_card_stage, start_film
from tests.integration.discord.discord_stage import Stage, until
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord with posters."""
    with open_card_stage(tmp_path) as opened:
        yield opened


def test_the_card_is_the_announcement_and_gets_its_poster(stage: Stage) -> None:
    """One post; then an edit brings the picture, as a file of the message."""
    with stage.acting():
        card = start_film(stage, make_film())
        assert "Metropolis (1927)" in card.text
        assert "35 %" in card.text
        assert "**Ana** · from the start" in card.text
        until(lambda: card.attachments, "the poster")
        assert card.attachments[0].content == PICTURE
        assert card.embeds[0]["thumbnail"]["url"].endswith("poster.png")
        assert stage.discord.recorder.count("POST", "/messages") == 1


def test_changes_that_follow_each_other_are_one_edit(stage: Stage) -> None:
    """Three people come or leave within the waiting time; the poster stays."""
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        edits = len(card.edited_s)
        crowd = [samples.seat("Ana"), samples.seat("Ben", viewer_id="2", join_position_ms=PositionMs(2_400_000))]
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=tuple(crowd)),)))
        crowd.append(samples.seat("Chiara", viewer_id="3"))
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=tuple(crowd)),)))
        crowd[0] = replace(crowd[0], present=False)
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=tuple(crowd), state="paused"),)))
        until(lambda: "Chiara" in card.text, "the newcomers")
        assert len(card.edited_s) == edits + 1
        assert "**Ben** · from 0:40:00" in card.text
        assert "Paused" in card.text
        assert "👋 Left" in card.text
        assert [each.filename for each in card.attachments] == ["poster.png"]
        assert card.embeds[0]["thumbnail"]["url"].endswith("poster.png")


def test_edits_that_only_move_the_bar_are_limited(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the tracker reports; while the film is paused, there is none."""
    monkeypatch.setattr(live_card, "POSITION_EVERY_S", 1.0)
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        for _ in range(40):
            stage.tracker.tell(NowPlaying(now(), (make_film(),)))
        until(lambda: len(card.edited_s) >= 4, "three edits more")
        gaps = [later - earlier for earlier, later in zip(card.edited_s[1:], card.edited_s[2:], strict=False)]
        assert min(gaps) > 0.8, gaps


def test_the_card_continues_after_a_restart(stage: Stage) -> None:
    """The next process edits the same message."""
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
    with stage.acting():
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        until(lambda: "Dora" in card.text, "the edit after the restart")
        assert card.attachments
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        assert "🏁" in card.text
    assert stage.discord.recorder.count("POST", "/messages") == 1


def test_a_deleted_card_is_posted_again(stage: Stage) -> None:
    """The next change posts it, with its poster."""
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        stage.discord.world.delete(card)
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
        (again,) = until(lambda: stage.discord.messages("film-club", by_bot=True), "the card is back")
        assert again.id != card.id
        assert "Dora" in again.text
        until(lambda: again.attachments, "its poster")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_card_that_is_posted_again_exists_once(stage: Stage, restarted: bool) -> None:
    """The answer to the new post is lost: the next attempt, also after a restart, finds and updates that message."""
    stage.plex.answers[GetPoster] = Poster()

    def comes(name: str) -> None:
        """Let somebody come, and wait until the card shows it."""
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=(samples.seat(name, viewer_id="7"),)),)))
        until(lambda: name in again.text, f"{name} is seen")

    with stage.acting():
        card = start_film(stage, make_film())
        stage.discord.world.delete(card)
        lost = stage.discord.faults.lose_responses("/messages", method="POST")
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=(samples.seat("Dora", viewer_id="9"),)),)))
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


def test_at_most_five_films_have_cards(stage: Stage) -> None:
    """The sixth film is announced, and its end is a message of its own."""
    with stage.acting():
        for number in range(live_cards.MOST_AT_ONCE + 1):
            start_film(stage, make_film(number, item=samples.item(f"Film {number}.")))
        kept = until(lambda: stage.read_state("live_card"), "the cards are remembered")
        assert len(kept) == live_cards.MOST_AT_ONCE
        last = make_film(live_cards.MOST_AT_ONCE, item=samples.item("Film 5."))
        assert stage.tracker.tell(ScreeningEnded(now(), last)).wait(20)
        assert stage.read_posts().count("Film 5.") == 2


def test_no_token_is_sent_to_discord(stage: Stage) -> None:
    """In no request of a whole evening."""
    stage.changes = {"plex_url": "http://127.0.0.1:1", "plex_token": "plex-secret-token"}
    with stage.acting():
        card = start_film(stage, make_film())
        until(lambda: card.attachments, "the poster")
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        sent = "\n".join(str(request) for request in stage.discord.recorder.requests)
        assert "X-Plex-Token" not in sent
        assert "plex-secret-token" not in sent


def test_the_largest_crowd_fits(stage: Stage) -> None:
    """250 viewers and a title of 10,000 characters: Discord takes the card and the record."""
    seats = tuple(samples.seat(f"*Viewer* {number} " + "ж" * 40, viewer_id=str(number)) for number in range(250))
    with stage.acting():
        shown = make_film(seats=seats, item=samples.item("Ω" * 10_000, thumb=THUMB))
        card = start_film(stage, shown)
        until(lambda: card.attachments, "the poster")
        assert stage.tracker.tell(ScreeningEnded(now(), shown)).wait(WITHIN_S)
        assert "more" in card.text
        assert len(card.embeds[0]["description"]) <= embeds.DESCRIPTION


def test_a_film_that_nobody_watches_any_more_names_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last viewer is no longer tracked, so no end is reported; it continues when somebody comes back."""
    monkeypatch.setattr(live_card, "GONE_S", 0.1)
    monkeypatch.setattr(live_card, "POSITION_EVERY_S", 0.1)
    with stage.acting():
        card = start_film(stage, make_film())
        assert "**Ana**" in card.text and "filmnight" in card.text
        shown_at = len(card.edited_s)
        stage.tracker.tell(NowPlaying(now(), (), "another server"))
        until(lambda: len(card.edited_s) > shown_at + 1, "it moves on")
        assert "**Ana**" in card.text
        stage.tracker.tell(NowPlaying(now(), (), make_film().server_id))
        until(lambda: "Nobody is watching" in card.text, "nobody is left")
        assert "Ana" not in card.text and "filmnight" not in card.text
        until(lambda: card.attachments, "the poster")
        edits = len(card.edited_s)
        assert not stage.discord.wait_until(lambda: len(card.edited_s) > edits, 1.0), "nothing moves any more"
        stage.tracker.tell(NowPlaying(now(), (make_film(),)))
        until(lambda: "**Ana**" in card.text, "somebody is back")
        ended = ScreeningEnded(now(), make_film())
        assert stage.tracker.tell(ended).wait(WITHIN_S)
        assert "🏁" in card.text


def test_a_long_film_keeps_its_card_beside_many_short_ones(stage: Stage) -> None:
    """However many of them end in the meantime."""
    with stage.acting():
        card = start_film(stage, make_film(0, item=samples.item("Feature")))
        for number in range(1, 12):
            short = make_film(number, item=samples.item(f"Short {number}"))
            start_film(stage, short)
            assert stage.tracker.tell(ScreeningEnded(now(), short)).wait(WITHIN_S)
        assert stage.tracker.tell(ScreeningEnded(now(), make_film(0, item=samples.item("Feature")))).wait(WITHIN_S)
        assert "🏁 Feature" in card.text


def test_without_attach_files_the_card_has_no_picture(stage: Stage) -> None:
    """Everything else is shown, and the record is the same message."""
    with stage.acting():
        stage.discord.deny_permissions("film-club", ATTACH_FILES)
        card = start_film(stage, make_film())
        dora = samples.seat("Dora", viewer_id="9")
        stage.tracker.tell(NowPlaying(now(), (make_film(seats=(samples.seat(), dora)),)))
        until(lambda: "Dora" in card.text, "she is on the card")
        assert not card.attachments
        assert stage.tracker.tell(ScreeningEnded(now(), make_film())).wait(WITHIN_S)
        assert "🏁" in card.text
        assert len(stage.discord.messages("film-club", by_bot=True)) == 1
