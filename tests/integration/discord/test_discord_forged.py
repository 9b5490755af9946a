"""Forged interactions against the real bot on the real store: it lives, and names nobody who is hidden.

`FORGED=2000 pytest tests/integration/discord/test_discord_forged.py` sends as many; each has its number in the log.
"""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.discord.community_stage import CHOICES, Community, gather_community, own_film
from tests.integration.discord.discord_stage import answer
from tests.integration.discord.forged_interactions import Forger, list_replies

FORGED, SEED, AT_ONCE = int(os.environ.get("FORGED", "60")), int(os.environ.get("SEED", "11")), 20
ACKNOWLEDGED_WITHIN_S = 3.0
HIDDEN = [name for name, choice in CHOICES.items() if choice in ("private", "untracked")]


@pytest.fixture
def community(tmp_path: Path) -> Iterator[Community]:
    """A community that watched, with the bot."""
    for part in ("bot", "store"):
        (tmp_path / part).mkdir()
    with gather_community(tmp_path) as made, made.stage.acting():
        yield made


def await_quiet(community: Community) -> None:
    """Wait until the bot has answered what it will."""
    discord, requests = community.stage.discord, -1
    while requests != (requests := len(discord.recorder.requests)):
        time.sleep(0.25)


def test_forged_interactions_do_no_harm(community: Community, caplog: pytest.LogCaptureFixture) -> None:
    """Unknown ids, missing fields, other servers, huge and wrong options: no crash, no reconnect, nobody named."""
    stage = community.stage
    answer(stage, "Chiara", "!help")
    life, connects = stage.network.transports["discord"], stage.discord.gateway.connects
    forger = Forger(community, SEED)
    for number in range(FORGED):
        forger.send(forger.forge(number))
        if number % AT_ONCE == AT_ONCE - 1:
            await_quiet(community)
    await_quiet(community)
    assert answer(stage, "Iris", "!help").embeds, "it answers as before"
    assert stage.network.transports["discord"] is life and stage.discord.gateway.connects == connects
    assert [record.getMessage() for record in caplog.records if _is_ours(record)] == []
    answered = list(list_replies(community))
    for name in HIDDEN:
        found = [text for text in answered if community.ids[name] in text or own_film(name) in text]
        assert found == []
        assert [text for text in answered if name in text and "keeps this private" not in text] == []
    asked = [(forgery, stage.discord.world.interactions[token]) for token, forgery in forger.tokens.items()]
    acknowledged = [each.ack_after_s for _forgery, each in asked if each.ack_after_s is not None]
    assert [forgery.summary for forgery, each in asked if forgery.is_sound and each.acked_s is None] == []
    assert max(acknowledged) < ACKNOWLEDGED_WITHIN_S, "answered, or said that an answer follows"
    dropped = sum("is dropped" in record.getMessage() for record in caplog.records)
    silent = [
        forgery.summary for forgery, each in asked if each.acked_s is None and forgery.can_be_answered(each.token)
    ]
    assert len(silent) <= dropped, silent  # what is not answered is a line in the log
    print(
        f"{FORGED} forged (seed {SEED}): {len(acknowledged)} answered, the slowest after {max(acknowledged):.2f} s, "
        f"{dropped} dropped with a line; 0 crashes, 0 hidden people named"
    )


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a record is a traceback of the bot's; the simulated Discord has its own."""
    return record.exc_info is not None and not record.name.startswith("aiohttp.server")
