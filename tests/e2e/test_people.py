"""Links and forgetting through the whole service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.discord.model.messages import ChannelMessage, Interaction
from simulator.nights.stage import CINEMA, ServiceStage
from simulator.plex import OWNER
from simulator.plextv import TOKEN
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening, load, sql

pytestmark = pytest.mark.slow

SHORT, OTHER, HOST, MEMBER = "A Trip to the Moon", "Big Buck Bunny", "Rosa", "Björn"
SETTINGS = {"PLEX_POLL_SECONDS": "20", "END_GRACE_SECONDS": "240", "POSITION_SLACK_SECONDS": "300"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ServiceStage]:
    """After an evening on which Rosa saw two films, the second of them with Björn in the voice channel."""
    with ServiceStage(tmp_path / "data", speed=240.0, party_user=HOST, evening=evening(), **SETTINGS) as made:
        watch(made, OTHER, 1)  # first: who has just left may still be taken for there when the next film begins
        made.discord.join_voice(MEMBER, CINEMA)
        watch(made, SHORT, 3)
        made.discord.leave_voice(MEMBER)
        yield made


def watch(stage: ServiceStage, film: str, records: int) -> None:
    """Rosa plays a film to its end."""
    stage.plex.play(HOST, film)
    stage.wait_for(lambda: len(stage.history()) == records, WITHIN_S, f"{records} records")
    stage.wait_for(lambda: not stage.plex.sessions, WITHIN_S, "nothing to play any more")


def text(message: ChannelMessage) -> str:
    """Return the text of a message."""
    return "\n".join(str(embed.get("description", "")) for embed in message.embeds)


def wait_answer(stage: ServiceStage, asked: Interaction, words: str) -> ChannelMessage:
    """Return the answer that only the asker sees, as soon as it says this."""
    reply = stage.discord.wait_reply(asked, WITHIN_S)
    stage.wait_for(lambda: words in text(reply), WITHIN_S, f"{words!r} in the answer, which is {text(reply)!r}")
    assert reply.is_ephemeral
    return reply


def count_films(stage: ServiceStage) -> dict[str, int]:
    """Films of each viewer, as the file has them."""
    stats: dict[str, dict[str, Any]] = load(stage.data_dir, "user_stats.json")
    return {str(one["username"]): int(one["total_movies"]) for one in stats.values()}


def find_traces(stage: ServiceStage) -> list[str]:
    """Return every row of the store and every file that has a name or an id of one of the two.

    Who was forgotten, and when, stays stored, so that late messages do not bring them back.
    """
    tables = [row["name"] for row in sql(stage.data_dir, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [
        f"{table}: {row}"
        for table in tables
        if table != "forgotten"
        for row in sql(stage.data_dir, f"SELECT * FROM {table}")  # noqa: S608 - names that the store itself gave
    ]
    files = [f"{name}: {content.decode()}" for name, content in stage.files().items()]
    member = str(stage.discord.member(MEMBER).id)
    marks = (HOST, MEMBER, json.dumps(MEMBER)[1:-1], member, f"plex:{stage.plex.machine_id}:{OWNER.id}")
    return [said[:300] for said in rows + files if any(mark in said for mark in marks)]


def test_linking_makes_one_viewer_and_unlinking_two(stage: ServiceStage) -> None:
    """Linked by a code typed in at plex.tv: a film that both saw at once counts once; the sign-in leaves no trace."""
    assert count_films(stage) == {HOST: 2, MEMBER: 1}
    asked = stage.discord.slash(MEMBER, "link")
    reply = wait_answer(stage, asked, "plex.tv/link")
    code = stage.plex_tv.pins[-1].code
    assert f"**{code}**" in text(reply)
    stage.plex_tv.type_in(code, OWNER)
    reply = wait_answer(stage, asked, "are one viewer now")
    assert "Watches: 1 → 2" in text(reply)
    stage.wait_for(lambda: count_films(stage) == {MEMBER: 2}, WITHIN_S, "one viewer")
    reply = wait_answer(stage, stage.discord.slash(MEMBER, "unlink"), "are two viewers again")
    assert "Watches: 2 → 1" in text(reply)
    stage.wait_for(lambda: count_films(stage) == {HOST: 2, MEMBER: 1}, WITHIN_S, "two viewers")
    assert len(stage.plex_tv.void) == 1
    assert stage.stop_service()[0] == 0
    written = [file for file in stage.data_dir.rglob("*") if file.is_file()] + [stage.log_path]
    assert not [file for file in written if TOKEN.encode() in file.read_bytes()]


def test_forgetting_a_linked_member_removes_both_identities(stage: ServiceStage) -> None:
    """Nothing is left in store and files, not even after a restart. The member had signed in to the account."""
    linked = stage.discord.slash(MEMBER, "link")
    wait_answer(stage, linked, "plex.tv/link")
    stage.plex_tv.type_in(stage.plex_tv.pins[-1].code, OWNER)
    wait_answer(stage, linked, "are one viewer now")
    asked = stage.discord.slash(MEMBER, "mydata")
    reply = wait_answer(stage, asked, "2 watches")
    data = reply.attachments[0].content.decode()
    assert HOST in data and OTHER in data and SHORT in data
    asked = stage.discord.slash(MEMBER, "forgetme")
    question = wait_answer(stage, asked, "**2 watches**")
    assert find_traces(stage)
    stage.discord.click(MEMBER, question, "Delete my data")
    stage.wait_for(lambda: "Deleted: **2 watches**" in text(question), WITHIN_S, "it is done")
    assert find_traces(stage) == []
    assert stage.stop_service()[0] == 0
    stage.start_service()
    assert find_traces(stage) == []
