"""What the features remember: over restarts, without a viewer who is forgotten, from the file of an earlier version."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.chat.discord.core.state import FeatureState, StateStore, ViewerIdentity
from actors.chat.discord.core.state_file import read_state_file
from actors.chat.discord.features.announcements import AnnouncementRecord, PostedAnnouncements
from actors.chat.discord.features.film_night import PlannedNight
from actors.chat.discord.features.live_card import CardRecord
from actors.runtime import Clock, OutboxFull
from messages import SOMEBODY, ScreeningEnded
from tests.unit.discord import samples
from tests.unit.discord.memory_store import MemoryStore

LOG = logging.getLogger("test")
QUIRIN = ViewerIdentity({"4711", "plex:srv:7"}, {"old_nick"})


def test_a_change_is_there_at_the_next_start_and_a_removed_record_is_not() -> None:
    """Only what changed is told; records come the longest unchanged first."""
    memory = MemoryStore()
    state = memory.open("pages", str)
    state.update({"a": "one", "b": "two"})
    state.put("a", "three")
    saves = memory.saves
    state.put("a", "three")
    assert memory.saves == saves, "nothing changed, nothing is told"
    again = memory.open("pages", str)
    assert list(again.records.items()) == [("b", "two"), ("a", "three")]
    again.replace({"c": "four"})
    assert dict(memory.open("pages", str).records) == {"c": "four"}


def test_unreadable_records_are_left_out_with_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """The other records are loaded; those of a feature of another version are ignored."""
    memory = MemoryStore()
    memory.entries = {("pages", "a"): "{half", ("pages", "b"): '"two"', ("future", "x"): "1"}
    assert dict(memory.open("pages", str).records) == {"b": "two"}
    assert "pages" in caplog.text and "cannot be read" in caplog.text


def test_changes_before_the_store_answers_are_kept() -> None:
    """The store's older value does not replace them."""
    memory = MemoryStore()
    memory.entries = {("hidden_viewers", "mark"): "1.0"}
    store = memory.begin_life()
    state = store.open("hidden_viewers", float)
    state.put("mark", 2.0)
    memory.load(store)
    assert state.records["mark"] == 2.0


async def test_a_save_waits_if_the_outbox_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent later, whole; its future completes when the store has it."""
    monkeypatch.setattr("actors.chat.discord.core.state._RETRY_S", 0.01)
    memory, refused = MemoryStore(), 2

    def tell(save: Any, done: Any) -> None:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            raise OutboxFull("persistence")
        memory.tell(save, done)

    store = StateStore(tell, LOG)
    state: FeatureState[str] = store.open("pages", str)
    store.load([])
    saved = [state.put("a", "one"), state.put("a", "two")]
    assert not any(future.done() for future in saved)
    async with asyncio.timeout(5):
        await asyncio.gather(*(asyncio.wrap_future(future) for future in saved))
    assert memory.values("pages") == ['"two"']


def test_a_forgotten_viewer_is_removed_from_cards() -> None:
    """Id and name; the others stay."""
    shown = samples.screening()
    one = replace(shown.seats[0], viewer_id="4711", username="Quirin")
    other = replace(shown.seats[0], viewer_id="4712", username="Olga")
    ended = ScreeningEnded(samples.NOW, replace(shown, host="Quirin", seats=(one, other)))
    badges = [("4711", "Quirin", "First Ticket"), ("4712", "Quirin", "First Ticket")]
    as_host = ScreeningEnded(samples.NOW, replace(shown, host="old_nick", player="Q's phone", seats=(other,)))
    first = CardRecord("s1", 1, 0.0, awarded=badges, ended=ended, said=["4711", "4712"])
    second = CardRecord("s2", 2, 0.0, awarded=[("4711", "Quirin Q.", "Night Owl")], before=as_host)
    memory = MemoryStore()
    state = memory.open("live_card", CardRecord)
    for card in (first, second):
        card.forget(QUIRIN)
        state.put(card.screening_id, card)
    text = str(memory.entries)
    assert not [left for left in ("4711", "Quirin Q.", "old_nick", "Q's phone") if left in text]
    again = memory.open("live_card", CardRecord).records["s1"]
    assert again.said == ["4712"] and again.awarded == [("4712", "Quirin", "First Ticket")]
    assert again.ended is not None and again.ended.screening.host == SOMEBODY
    attendees = [(attendee.viewer_id, attendee.username) for attendee in again.ended.screening.seats]
    assert attendees == [("", SOMEBODY), ("4712", "Olga")]


def test_a_forgotten_viewer_is_nowhere_in_the_posts() -> None:
    """Neither in what was posted nor in the post that was begun; old posts go by themselves."""
    memory = MemoryStore()
    posted = PostedAnnouncements(memory.open("announcements", AnnouncementRecord), Clock())
    posted.finish(["badges:4711:films_1", "badges:4712:films_1"])
    posted.begin("nonce", ["badges:4711:films_5", "screening-1"])
    posted.forget(QUIRIN)
    assert "4711" not in str(memory.entries)
    again = PostedAnnouncements(memory.open("announcements", AnnouncementRecord), Clock())
    assert again.was_posted("badges:4712:films_1") and not again.was_posted("badges:4711:films_1")
    assert again.pending is not None and again.pending.ids == ["screening-1"]
    memory.entries["announcements", "posted:old"] = '{"at_s":1.0}'
    late = PostedAnnouncements(memory.open("announcements", AnnouncementRecord), Clock())
    late.finish(["screening-1"])
    assert ("announcements", "posted:old") not in memory.entries and late.pending is None


def test_the_file_of_an_earlier_version_is_read_whole(tmp_path: Path) -> None:
    """Each part becomes what its feature reads."""
    file = tmp_path / "discord.json"
    card = {"screening_id": "s1", "message_id": 1, "opened_s": 5.0, "files": ["poster.png"], "said": ["1"]}
    night = {"event_id": 7, "server_id": "srv", "rating_key": "11", "starts_s": 9.0, "title": "Dune"}
    old = {
        "commands": "hash", "posted": ["id-1"], "posting": {"nonce": "n", "ids": ["id-2"]}, "cards": [card],
        "nights": [night], "digest_s": 3.5, "roles": {"77": [1, 2]}, "asked": {"~k": "1||title"}, "veiled": {"m": 4.0},
    }  # fmt: skip
    file.write_text(json.dumps(old))
    memory = MemoryStore()
    memory.entries = {(each.feature, each.key): each.value for each in read_state_file(file, 100.0, LOG) or ()}
    assert memory.open("slash_commands", str).records["synced"] == "hash"
    posted = PostedAnnouncements(memory.open("announcements", AnnouncementRecord), Clock())
    assert posted.was_posted("id-1") and posted.pending == AnnouncementRecord(100.0, "n", ["id-2"])
    assert memory.open("live_card", CardRecord).records["s1"].files == ["poster.png"]
    assert memory.open("film_night", PlannedNight).records["7"].title == "Dune"
    assert memory.open("weekly_digest", float).records["posted_until"] == 3.5
    assert memory.open("top_roles", list[int]).records["77"] == [1, 2]
    assert memory.open("pages", str).records["~k"] == "1||title"
    assert memory.open("hidden_viewers", float).records["m"] == 4.0


@pytest.mark.parametrize("content", ["{half", "[]", '{"cards": [1]}', "null"])
def test_the_bot_starts_with_an_unreadable_state_file(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It logs that; without a file it logs nothing."""
    file = tmp_path / "discord.json"
    assert read_state_file(file, 0.0, LOG) == [] and not caplog.text
    file.write_text(content)
    assert read_state_file(file, 0.0, LOG) is None
    assert "an announcement may repeat" in caplog.text
