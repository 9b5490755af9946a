"""What the real discord.py makes of every way in which Discord can fail."""

import datetime
import io
import json
import zlib
from collections.abc import Coroutine, Iterator
from typing import Any

import aiohttp
import discord
import pytest
import requests
import yarl

from simulator.discord import VOICE, SimulatedDiscord
from simulator.discord.model.guild import FORUM, THREAD
from simulator.discord.model.permissions import BOT_CAN, CONNECT, MANAGE_CHANNELS, MOVE_MEMBERS, MUTE_MEMBERS
from tests.integration.simulator.discord_bot import Robot


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedDiscord]:
    """A Discord that discord.py is pointed at; it reconnects without long pauses."""
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.05)
    with SimulatedDiscord(heartbeat_s=0.3) as made:
        monkeypatch.setattr(discord.http.Route, "BASE", made.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(made.gateway_url))
        yield made


@pytest.fixture
def robot(server: SimulatedDiscord) -> Iterator[Robot]:
    """A bot that is logged in."""
    with Robot(server, message_content=True) as made:
        made.wait_heard("ready")
        yield made


def plan(robot: Robot, server: SimulatedDiscord, where: str, kind: discord.EntityType) -> discord.ScheduledEvent:
    """The bot plans an event in a channel."""
    create: Any = robot.guilds[0].create_scheduled_event  # its types know no channel by its id
    event: Coroutine[Any, Any, discord.ScheduledEvent] = create(
        name="Metropolis", start_time=discord.utils.utcnow() + datetime.timedelta(hours=1), entity_type=kind,
        channel=discord.Object(server.channel(where).id), privacy_level=discord.PrivacyLevel.guild_only,
    )  # fmt: skip
    return robot.do(event)


def test_an_event_needs_connect_in_its_voice_channel(robot: Robot, server: SimulatedDiscord) -> None:
    """Also to begin it."""
    voice = discord.EntityType.voice
    made = plan(robot, server, "Cinema", voice)
    server.deny_permissions("Cinema", CONNECT)
    with pytest.raises(discord.Forbidden):
        plan(robot, server, "Cinema", voice)
    with pytest.raises(discord.Forbidden):
        robot.do(made.start())


def test_an_event_on_a_stage_needs_stage_permissions(robot: Robot, server: SimulatedDiscord) -> None:
    """To run the stage. A channel of another kind is refused."""
    stage = discord.EntityType.stage_instance
    with pytest.raises(discord.HTTPException, match="does not fit"):
        plan(robot, server, "Cinema", stage)
    server.allow_bot(BOT_CAN | MANAGE_CHANNELS | MUTE_MEMBERS)
    with pytest.raises(discord.Forbidden):
        plan(robot, server, "Premieres", stage)
    server.allow_bot(BOT_CAN | MANAGE_CHANNELS | MUTE_MEMBERS | MOVE_MEMBERS)
    plan(robot, server, "Premieres", stage)
    assert len(server.guild.events) == 1


def wait_death(robot: Robot) -> BaseException:
    """Wait until the client ends; return with what."""
    error = robot.ended.exception(10)
    assert error is not None
    return error


def hears(robot: Robot, times: int) -> None:
    """Tell whether the gateway's events arrive: the voice update of that number."""
    robot.server.join_voice("Chiara")
    robot.wait_heard("voice_state_update", times)


def test_a_wrong_token_is_a_login_failure(server: SimulatedDiscord) -> None:
    """REST answers 401."""
    with Robot(server, token="wrong") as robot:
        assert isinstance(wait_death(robot), discord.LoginFailure)
    assert server.bad_requests == 1


def test_a_token_refused_by_the_gateway_closes_with_4004(robot: Robot, server: SimulatedDiscord) -> None:
    """And discord.py does not come back."""
    server.faults.refuse_token = True
    server.faults.drop_connections()
    error = wait_death(robot)
    assert isinstance(error, discord.ConnectionClosed) and error.code == 4004


def test_an_intent_that_is_not_granted_closes_with_4014(server: SimulatedDiscord) -> None:
    """discord.py has an error of its own for it; without asking for it the bot logs in."""
    server.allow_message_content(False)
    with Robot(server, message_content=True) as robot:
        assert isinstance(wait_death(robot), discord.PrivilegedIntentsRequired)
    with Robot(server) as robot:
        robot.wait_heard("ready")
        assert not robot.application_flags.gateway_message_content


def test_op_7_is_resumed_and_nothing_is_missed(robot: Robot, server: SimulatedDiscord) -> None:
    """Events of the gap are sent again."""
    server.faults.request_reconnect()
    server.join_voice("Chiara")
    robot.wait_heard("resumed")
    hears(robot, 2)
    assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


def test_op_9_resumable_is_resumed(robot: Robot, server: SimulatedDiscord) -> None:
    """The session goes on."""
    server.faults.invalidate_sessions(resumable=True)
    robot.wait_heard("resumed")
    hears(robot, 1)


def test_op_9_starts_a_new_session(robot: Robot, server: SimulatedDiscord) -> None:
    """on_ready fires again."""
    server.faults.invalidate_sessions(resumable=False)
    robot.wait_heard("ready", 2)
    hears(robot, 1)
    assert (server.gateway.identifies, server.gateway.resumes) == (2, 0)


@pytest.mark.parametrize("code", [0, 1000, 4000, 4009])
def test_a_lost_line_is_resumed(robot: Robot, server: SimulatedDiscord, code: int) -> None:
    """Cut without a word (0), or closed with a code that allows it."""
    if code:
        server.faults.close_connections(code)
    else:
        server.faults.drop_connections()
    robot.wait_heard("resumed")
    hears(robot, 1)


def test_a_forgotten_session_is_started_again(robot: Robot, server: SimulatedDiscord) -> None:
    """RESUME is answered with op 9."""
    server.faults.forget_sessions()
    server.faults.drop_connections()
    robot.wait_heard("ready", 2)
    hears(robot, 1)


def test_a_half_open_line_is_noticed(robot: Robot, server: SimulatedDiscord) -> None:
    """No heartbeat is acknowledged: discord.py leaves after its time-out and resumes, told what it missed."""
    assert server.wait_until(lambda: server.gateway.heartbeats >= 2)
    server.faults.mute_connections()
    assert not server.is_connected
    server.join_voice("Chiara")
    robot.wait_heard("resumed")
    robot.wait_heard("voice_state_update")


def test_text_that_is_no_json_ends_the_client(robot: Robot, server: SimulatedDiscord) -> None:
    """discord.py 2.7.1 lets the error through."""
    server.faults.send_raw("{half")
    assert isinstance(wait_death(robot), json.JSONDecodeError)


def test_a_dispatch_without_its_keys_ends_the_client(robot: Robot, server: SimulatedDiscord) -> None:
    """A KeyError out of the parser."""
    server.faults.send_malformed()
    assert isinstance(wait_death(robot), KeyError)


def test_a_gateway_away_at_the_first_connection_ends_the_client(server: SimulatedDiscord) -> None:
    """discord.py 2.7.1 has no websocket yet to reconnect: an AttributeError."""
    server.faults.gateway_refused = True
    with Robot(server) as robot:
        assert isinstance(wait_death(robot), AttributeError)


def test_discord_goes_and_comes_back_at_the_same_address(robot: Robot, server: SimulatedDiscord) -> None:
    """Connections are refused meanwhile; the world is kept."""
    robot.send("before")
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.api_url + "/gateway", timeout=1)
    server.start()
    robot.wait_heard("resumed")
    assert robot.send("after").content == "after"
    assert [message.content for message in server.messages("film-club")] == ["before", "after"]


def test_a_short_storm_of_429_is_waited_out(robot: Robot, server: SimulatedDiscord) -> None:
    """discord.py sleeps inside the request, up to five tries."""
    server.faults.rate_limit("/messages", times=4, retry_after_s=0.02)
    assert robot.send("x").content == "x"
    assert server.recorder.count("POST", "/messages") == 5


def test_a_long_storm_of_429_is_an_error(robot: Robot, server: SimulatedDiscord) -> None:
    """After the fifth try."""
    server.faults.rate_limit("/messages", retry_after_s=0.02, is_global=True)
    with pytest.raises(discord.HTTPException) as caught:
        robot.send("x")
    assert caught.value.status == 429
    assert server.bad_requests == 5
    server.faults.heal()
    assert robot.send("y").content == "y"


def test_a_server_error_is_raised(robot: Robot, server: SimulatedDiscord) -> None:
    """503 at once, with the HTML that proxies answer."""
    server.faults.fail_requests(503, "/messages", times=1)
    with pytest.raises(discord.DiscordServerError):
        robot.send("x")
    assert robot.send("y").content == "y"


def test_a_ban_of_the_address_is_no_rate_limit(robot: Robot, server: SimulatedDiscord) -> None:
    """A 429 without the Via header: discord.py raises at once and does not try again."""
    server.faults.ban_address(times=1)
    with pytest.raises(discord.HTTPException) as caught:
        robot.send("x")
    assert caught.value.status == 429
    assert server.recorder.count("POST", "/messages") == 1


def test_channels_that_take_no_messages(robot: Robot, server: SimulatedDiscord) -> None:
    """A forum takes none at all, an archived thread none until it is opened again."""
    forum, thread = server.add_channel("ideas", FORUM), server.add_channel("old talk", THREAD)
    thread.archived = True
    for channel, code in ((forum, 50008), (thread, 50083)):
        answer = request(server, "POST", f"/channels/{channel.id}/messages", {"content": "x"})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert server.messages(channel) == []
    thread.archived = False
    assert request(server, "POST", f"/channels/{thread.id}/messages", {"content": "x"}).ok


def request(server: SimulatedDiscord, method: str, path: str, body: Any = None) -> requests.Response:
    """A request without discord.py, with the bot's token."""
    headers = {"Authorization": f"Bot {server.token}"}
    return requests.request(method, server.api_url + path, json=body, headers=headers, timeout=5)


def test_answers_look_as_discord_py_needs_them(server: SimulatedDiscord) -> None:
    """Bare content type; a 429 with Via, Retry-After and its scope; what does not exist is a JSON 404."""
    server.allow_bot(BOT_CAN | MANAGE_CHANNELS)
    me = request(server, "GET", "/users/@me")
    assert (me.status_code, me.headers["Content-Type"]) == (200, "application/json")
    cinema = f"/channels/{server.channel('Cinema').id}"
    renamed = [request(server, "PATCH", cinema, {"name": f"Film {number}"}) for number in range(3)]
    assert [each.status_code for each in renamed] == [200, 200, 429]
    assert 590 < renamed[2].json()["retry_after"] <= 600 and renamed[2].headers["Via"]
    assert server.channel("Film 1").kind == VOICE
    nowhere = request(server, "GET", "/no/such/route")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, 0)
    unknown = request(server, "POST", "/channels/1/messages", {"content": "x"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, 10003)


def test_a_voice_channels_status_needs_its_permission(server: SimulatedDiscord) -> None:
    """A bot that is not in the channel must be allowed to manage it."""
    path = f"/channels/{server.channel('Cinema').id}/voice-status"
    assert request(server, "PUT", path, {"status": "Metropolis"}).json()["code"] == 50013
    server.allow_bot(BOT_CAN | MANAGE_CHANNELS)
    assert request(server, "PUT", path, {"status": "Metropolis"}).status_code == 204
    assert request(server, "PUT", path, {"status": "x" * 501}).json()["code"] == 50035


def test_any_error_of_the_api_can_be_had(robot: Robot, server: SimulatedDiscord) -> None:
    """With its code and text; also on uploads."""
    server.faults.refuse_requests(50013, "Missing Permissions", path="/messages", times=1)
    with pytest.raises(discord.Forbidden) as caught:
        robot.send("x", file=discord.File(io.BytesIO(b"x"), "x.txt"))
    assert caught.value.code == 50013


def test_a_slow_discord_is_only_slow(robot: Robot, server: SimulatedDiscord) -> None:
    """The answer is right when it comes; the gateway is not slowed."""
    server.faults.delay_requests(0.5, "/messages", times=1)
    hears(robot, 1)
    assert robot.send("x").content == "x"


@pytest.mark.parametrize("compress", ["", "&compress=zlib-stream"])
async def test_the_gateway_speaks_plain_and_compressed(server: SimulatedDiscord, compress: str) -> None:
    """zlib-stream where it is asked for, one stream for the whole connection; else plain text."""
    inflate = zlib.decompressobj()

    async def receive(socket: aiohttp.ClientWebSocketResponse) -> Any:
        frame = await socket.receive(timeout=5)
        assert frame.type is (aiohttp.WSMsgType.BINARY if compress else aiohttp.WSMsgType.TEXT)
        return json.loads(inflate.decompress(frame.data) if compress else frame.data)

    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.gateway_url}?v=10{compress}") as socket:
        assert await receive(socket) == {"op": 10, "d": {"heartbeat_interval": 300}}
        await socket.send_json({"op": 1, "d": None})
        assert await receive(socket) == {"op": 11}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 4002),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 0}}, 4004),
    ],
)
async def test_protocol_errors_close_the_connection(server: SimulatedDiscord, frame: Any, code: int) -> None:
    """With Discord's close codes."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.gateway_url}?v=10") as socket:
        await socket.receive(timeout=5)
        await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        closed = await socket.receive(timeout=5)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, code)
