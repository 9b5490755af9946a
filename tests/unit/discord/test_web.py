"""`web` in a simulated Discord: a link for the asker alone."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from actors.chat.discord.framework.actor_client import ActorClient
from actors.sign_in_links import hash_secret
from messages import OpenSignIn, SignInOpened, StartSession, WebSession

fails = pytest.mark.simcord(check_errors=False)


@pytest.fixture
def page(actor_client: ActorClient, actors: Any) -> ActorClient:
    """A web page that members sign in to."""
    actor_client.settings = replace(
        actor_client.settings, web_port=8765, web_access="members", web_url="https://films.example"
    )
    actors.answers[OpenSignIn] = SignInOpened(300.0)
    return actor_client


async def test_the_link_is_for_the_asker_alone(room: Any, actors: Any, page: ActorClient) -> None:
    """Only its hash goes to the store."""
    result = await room.ana.slash(room.channel, "web")
    assert result.ephemeral
    link = str(result.response.components[0]["components"][0]["url"])
    assert re.fullmatch(r"https://films\.example/sign-in/[\w-]{22}", link)
    (asked,) = actors.questions(OpenSignIn)
    assert asked == OpenSignIn(hash_secret(link.rpartition("/")[2]), str(room.ana.id), "ana")


async def test_by_a_prefix_command_it_comes_in_a_direct_message(room: Any, actors: Any, page: ActorClient) -> None:
    """The channel reads only that it came."""
    await room.ana.send(room.channel, "!web")
    assert "direct messages" in room.text()
    assert "sign-in" not in room.text()
    assert not room.channel.last_message.components
    assert len(actors.questions(OpenSignIn)) == 1


@fails
@pytest.mark.parametrize(("changes", "said"), [({"web_port": 0}, "WEB_PORT"), ({"web_access": "local"}, "WEB_ACCESS")])
async def test_where_nobody_signs_in_it_says_so(
    room: Any, actors: Any, page: ActorClient, changes: Any, said: str
) -> None:
    """With what to set."""
    page.settings = replace(page.settings, **changes)
    result = await room.ana.slash(room.channel, "web")
    assert said in str(result.response.embeds[0].to_dict())
    assert not actors.questions(OpenSignIn)


async def test_a_token_for_programs_is_for_the_asker_alone(room: Any, actors: Any, page: ActorClient) -> None:
    """Only its hash goes to the store."""
    actors.answers[StartSession] = WebSession(str(room.ana.id), "ana")
    result = await room.ana.slash(room.channel, "web", what="token")
    assert result.ephemeral
    found = re.search(r"usher_[\w-]{43}", str(result.response.embeds[0].to_dict()))
    assert found is not None
    (asked,) = actors.questions(StartSession)
    assert asked == StartSession(hash_secret(found[0]), "", str(room.ana.id), "ana", is_token=True)
    assert not actors.questions(OpenSignIn)
