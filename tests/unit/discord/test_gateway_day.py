"""How many connections the gateway gets in a day, on a clock that jumps: in real life this would take hours."""

import asyncio
import bisect
import logging
from collections.abc import Iterator
from typing import Any

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from actors.chat.discord.core.api_errors import ClosedBeforeReady, SessionStartsUsedUp, backoff
from actors.chat.discord.gateway import connection
from actors.chat.discord.gateway.connect_brake import MOST_CONNECTS, ConnectBrake
from actors.chat.discord.gateway.resuming_bot import MOST_FRUITLESS, ResumingBot
from tests.unit.discord.jumping_loop import run_jumping

DAY_S = 86_400.0


class ScriptedGateway:
    """Stands for Discord's gateway: what it does with each connection is set by its fields."""

    def __init__(self) -> None:
        self.holds_s = DAY_S
        """How long a session stays up."""
        self.forgets_sessions = False
        self.away_until_s = 0.0
        """Until then (the loop's time) connections are not taken."""
        self.closes_until_s = 0.0
        """Until then each connection is closed before HELLO."""
        self.connects: list[float] = []
        self.identifies: list[float] = []
        self.resumes: list[float] = []

    async def from_client(self, bot: ResumingBot, *, initial: bool, **session: Any) -> "ScriptedSocket":
        """In the place of `DiscordWebSocket.from_client`."""
        now_s = asyncio.get_running_loop().time()
        self.connects.append(now_s)
        if now_s < self.away_until_s:
            raise ConnectionRefusedError
        if now_s < self.closes_until_s:
            raise ReconnectWebSocket(None)
        if not session.get("resume"):
            await bot.before_identify_hook(None, initial=initial)
            self.identifies.append(asyncio.get_running_loop().time())
        return ScriptedSocket(self, bot, resumes=bool(session.get("resume")))

    def most_within(self, window_s: float) -> int:
        """Return how many connections came within a window at most."""
        began_s = self.connects  # the clock only goes on: they are in order
        return max(bisect.bisect_left(began_s, each + window_s) - number for number, each in enumerate(began_s))


class ScriptedSocket:
    """One connection."""

    gateway = yarl.URL("ws://127.0.0.1/")

    def __init__(self, gateway: ScriptedGateway, bot: ResumingBot, *, resumes: bool) -> None:
        self.session_id: str | None = "session"
        self.sequence = 1
        self._gateway, self._bot, self._resumes = gateway, bot, resumes
        self._said = False

    async def poll_event(self) -> None:
        """READY or RESUMED first; then nothing, and at last the loss of the line."""
        now_s = asyncio.get_running_loop().time()
        if not self._said and self._resumes and self._gateway.forgets_sessions:
            self.session_id = None
            raise ReconnectWebSocket(None, resume=False)
        if not self._said:
            self._said = True
            if self._resumes:
                self._gateway.resumes.append(now_s)
            self._bot.dispatch("resumed" if self._resumes else "connect")
            return
        await asyncio.sleep(self._gateway.holds_s)
        raise ReconnectWebSocket(None)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedGateway]:
    """A gateway, in the place of Discord's."""
    scripted = ScriptedGateway()
    monkeypatch.setattr(DiscordWebSocket, "from_client", scripted.from_client)
    monkeypatch.setattr("random.uniform", lambda lowest, _highest: lowest)
    yield scripted


class Rest:
    """The one answer of the REST interface that is asked for."""

    def __init__(self, gateway: ScriptedGateway) -> None:
        self._gateway = gateway

    async def request(self, _route: object) -> dict[str, Any]:
        """Say how many sessions may be started."""
        left = 1000 - len(self._gateway.identifies)
        return {"session_start_limit": {"total": 1000, "remaining": left, "reset_after": 3_600_000}}


async def stay(gateway: ScriptedGateway, for_s: float, brake: ConnectBrake | None = None) -> BaseException | None:
    """Keep one bot on the gateway; return what ended it before the time was over."""
    bot = ResumingBot(
        command_prefix="!", intents=discord.Intents.none(), brake=brake or ConnectBrake(), log=logging.getLogger("test")
    )
    await bot._async_setup_hook()
    bot.http = Rest(gateway)  # type: ignore[assignment]  # all that is asked of it
    try:
        async with asyncio.timeout(for_s):
            await bot.connect()
    except TimeoutError:
        return None
    except Exception as error:  # noqa: BLE001 - handed to the test
        return error
    return None


def test_a_day_of_flapping_resumes_one_session(gateway: ScriptedGateway) -> None:
    """Every 20 s the line is lost: 4,320 times RESUME, which costs none of the session starts."""
    gateway.holds_s = 20.0
    assert run_jumping(stay(gateway, DAY_S)) is None
    assert len(gateway.identifies) == 1
    assert len(gateway.resumes) > 4_000 and gateway.most_within(60.0) <= MOST_CONNECTS


def test_a_day_of_flapping_that_forgets_each_session_uses_half_of_the_starts(gateway: ScriptedGateway) -> None:
    """Every 20 s the session is lost too; the starts are spread over the whole day, not used up by noon."""
    gateway.holds_s, gateway.forgets_sessions = 20.0, True
    assert run_jumping(stay(gateway, DAY_S)) is None
    assert 450 <= len(gateway.identifies) <= 500
    assert gateway.identifies[-1] - gateway.identifies[0] > DAY_S - 600.0


def test_a_quiet_day_is_one_connection(gateway: ScriptedGateway) -> None:
    """The bot opens no other by itself."""
    assert run_jumping(stay(gateway, DAY_S - 1.0)) is None
    assert len(gateway.connects) == len(gateway.identifies) == 1


@pytest.mark.parametrize("away_s", [0.5, 4.0, 10.0])
def test_a_short_loss_is_resumed_though_the_first_connections_fail(gateway: ScriptedGateway, away_s: float) -> None:
    """The line is away for some seconds: refused connections, then the same session."""
    gateway.holds_s = 100.0

    async def lose() -> BaseException | None:
        gateway.away_until_s = asyncio.get_running_loop().time() + 100.0 + away_s
        staying = asyncio.ensure_future(stay(gateway, 150.0))
        gateway.away_until_s, until_s = 0.0, gateway.away_until_s
        await asyncio.sleep(50.0)
        gateway.away_until_s = until_s
        return await staying

    assert run_jumping(lose()) is None
    assert len(gateway.identifies) == 1 and len(gateway.resumes) == 1 and len(gateway.connects) > 2


def test_ten_minutes_of_closing_before_hello(gateway: ScriptedGateway) -> None:
    """After a session, over as many bots as it takes: few connections, and back within a minute."""

    async def close_for_ten_minutes() -> float:
        loop, brake = asyncio.get_running_loop(), ConnectBrake()
        gateway.holds_s = 60.0
        gateway.closes_until_s = loop.time() + 660.0
        error, tries = await _stay_up_for(gateway, brake), 0
        reconnecting: Any = connection.Connection("", None, None, None)  # type: ignore[arg-type]  # asked for waits
        while isinstance(error, ClosedBeforeReady):
            tries += 1
            await asyncio.sleep(reconnecting._wait_s(error, tries))
            gateway.holds_s = DAY_S
            error = await stay(gateway, 700.0, brake)
        return gateway.identifies[-1] - gateway.closes_until_s

    back_after_s = run_jumping(close_for_ten_minutes())
    assert len(gateway.connects) <= 100 and gateway.most_within(60.0) <= MOST_CONNECTS
    assert 0.0 <= back_after_s <= 60.0 and len(gateway.identifies) == 2


async def _stay_up_for(gateway: ScriptedGateway, brake: ConnectBrake) -> BaseException | None:
    """One session that is lost after a minute, to a gateway that takes no other."""
    until_s, gateway.closes_until_s = gateway.closes_until_s, 0.0
    staying = asyncio.ensure_future(stay(gateway, 700.0, brake))
    await asyncio.sleep(30.0)
    gateway.closes_until_s = until_s
    return await staying


def test_a_bot_gives_up_where_nothing_can_be_resumed(gateway: ScriptedGateway) -> None:
    """The first connection is not repeated by the bot; a session that cannot be reached is given up in time."""
    gateway.away_until_s = 1e9
    assert isinstance(run_jumping(stay(gateway, DAY_S)), ConnectionRefusedError)
    assert len(gateway.connects) == 1
    assert sum(backoff(tries) for tries in range(1, MOST_FRUITLESS)) < 20.0


def test_no_session_is_started_beyond_half_of_the_day_s(gateway: ScriptedGateway) -> None:
    """Whatever used them up: another process with the same token, say."""
    gateway.identifies = [0.0] * 500
    assert isinstance(run_jumping(stay(gateway, DAY_S)), SessionStartsUsedUp)
    assert len(gateway.identifies) == 500
