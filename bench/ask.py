"""An ask and a tell to an actor in another process, beside bare pyzmq and msgpack with the same message.

There are two references. Neither has deadlines, a second peer or bounded queues. `typed` has one blocking socket at
each end and a message that msgspec has checked; `bare` packs and unpacks plain lists. All take turns, so that other
load on the machine affects all of them.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgpack
import msgspec
import zmq

from actors.runtime import Actor, Endpoint
from actors.runtime.boot.boot_config import BootConfig, write_boot
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.factory import create_network
from config import Settings
from messages import AutoSaveTick, GetSaveStatus, Message, Moment, SaveStatus, VoiceMember, VoicePresence

ROUNDS = 25
ASKS = 500
TELLS = 5_000
WARM_UP = 1_500
WINDOW = 250
"""Maximum number of unconfirmed messages, so that no queue on the way overflows."""
MESSAGE = VoicePresence(
    guild_id="900000000000000001",
    channel_id="900000000000000002",
    at=Moment(1_795_377_600.123456, 86_400.654321),
    connected=True,
    members=tuple(VoiceMember(f"20000000000000000{number}", f"viewer {number}") for number in range(4)),
)
TYPED, PLAIN, COUNTED, END = "typed", "plain", "counted", "end"
"""What a reference does with a message: the first word of each."""
ROOT = Path(__file__).parents[1]


class Echo(Actor):
    """Returns the messages that it is asked; counts those that it is only told."""

    def on_start(self) -> None:
        """Reset the count."""
        self._told = 0

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Message | None]]:
        """Return the dispatch table: the message, its count, and its end."""
        return {VoicePresence: self._echo, GetSaveStatus: self._count, AutoSaveTick: self._forget}

    def _echo(self, message: VoicePresence) -> VoicePresence:
        self._told += 1
        return message

    def _count(self, _: GetSaveStatus) -> SaveStatus:
        return SaveStatus(None, float(self._told))

    def _forget(self, _: AutoSaveTick) -> SaveStatus:
        self._told = 0
        return SaveStatus(None, 0.0)


def run() -> dict[str, Any]:
    """Return, for each of `ours`, `typed` and `bare`, the medians of the rounds.

    `p50_us` and `p99_us` of an ask; `per_s`, messages told a second; `p50_us_spread` and `per_s_spread`, the lowest and
    the highest round. `ratios` has ours / reference for each reference and figure: medians of each round's own.
    """
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "typed": [], "bare": []}
    with _make_private_folder() as folder, _start_echo_actor(folder) as endpoint, _open_reference(folder) as socket:
        contenders: dict[str, tuple[Callable[[int], list[float]], Callable[[], float]]] = {
            "ours": (lambda count: _measure_asks(endpoint, count), lambda: _measure_tells(endpoint)),
            "typed": (
                lambda count: _measure_typed_asks(socket, count),
                lambda: _measure_reference_tells(socket, TYPED),
            ),
            "bare": (lambda count: _measure_bare_asks(socket, count), lambda: _measure_reference_tells(socket, PLAIN)),
        }
        for ask, _ in contenders.values():
            ask(WARM_UP)
        for _ in range(ROUNDS):
            for name, (ask, tell) in contenders.items():
                taken = statistics.quantiles(ask(ASKS), n=100)
                rounds[name].append({"p50_us": taken[49], "p99_us": taken[98], "per_s": tell()})
    figures: dict[str, Any] = {name: _compute_medians(found) for name, found in rounds.items()}
    figures["ratios"] = {
        name: {kind: statistics.median(our[kind] / its[kind] for our, its in zip(rounds["ours"], found, strict=True))
               for kind in found[0]}
        for name, found in rounds.items() if name != "ours"
    }  # fmt: skip
    return figures


def _compute_medians(rounds: list[dict[str, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {kind: statistics.median(one[kind] for one in rounds) for kind in rounds[0]}
    for kind in ("p50_us", "per_s"):
        values = [one[kind] for one in rounds]
        found[f"{kind}_spread"] = (min(values), max(values))
    return found


# -- ours ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _start_echo_actor(folder: Path) -> Iterator[Endpoint]:
    """Yield an endpoint that is connected to an echo actor in another process."""
    network = create_network(("tracker", "discord"))
    boot = BootConfig(
        name="tracker", settings=Settings(data_dir=str(folder), log_level="WARNING"), network=network.spec,
        actor_class="bench.ask:Echo",
    )  # fmt: skip
    command = [sys.executable, "-OO", "-m", "actors", "tracker"]
    with contextlib.closing(network), subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        write_boot(boot, cast(BinaryIO, process.stdin))
        endpoint = Endpoint("discord", network.transport("discord"), DeadLetters(None, "discord"))
        try:
            endpoint.ask("tracker", GetSaveStatus(), 30.0)
            yield endpoint
        finally:
            endpoint.stop_peer("tracker")
            process.wait(10)
            endpoint.close()


def _measure_asks(endpoint: Endpoint, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        answer = endpoint.ask("tracker", cast(Any, MESSAGE))
        taken.append((time.perf_counter() - began) * 1e6)
        assert answer == MESSAGE
    return taken


def _measure_tells(endpoint: Endpoint) -> float:
    """Return messages per second, until the last was handled. None is dropped: the mailbox never overflows."""
    endpoint.ask("tracker", cast(Any, AutoSaveTick(Moment(0.0, 0.0))))
    began = time.perf_counter()
    asked = endpoint.ask_future("tracker", GetSaveStatus())
    for number in range(1, TELLS + 1):
        endpoint.tell("tracker", MESSAGE)
        if number % WINDOW == 0:
            while not asked.done():
                endpoint.pump(1.0)
            asked = endpoint.ask_future("tracker", GetSaveStatus())
    status = endpoint.ask("tracker", GetSaveStatus())
    taken_s = time.perf_counter() - began
    assert isinstance(status, SaveStatus)
    assert status.auto_save_minutes == TELLS, f"{TELLS - status.auto_save_minutes:.0f} were dropped"
    return TELLS / taken_s


# -- the references ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _open_reference(folder: Path) -> Iterator[zmq.Socket[bytes]]:
    """Yield a socket to a process that runs `_serve`."""
    address = f"ipc://{folder}/reference.sock"
    with subprocess.Popen([sys.executable, "-OO", "-m", "bench.ask", address], cwd=ROOT) as process:
        context = zmq.Context()
        dealer: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        dealer.connect(address)
        try:
            yield dealer
        finally:
            dealer.send(msgpack.packb([END, None]))
            context.destroy(linger=1000)
            process.wait(10)


def _serve(address: str) -> None:
    """Answer each message with itself, typed or plain; only count messages of the kind COUNTED."""
    context = zmq.Context()
    router: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
    router.bind(address)
    while True:
        origin, frame = router.recv_multipart()
        what, body = msgpack.unpackb(frame)
        if what == TYPED:
            message = msgspec.convert(body, VoicePresence)
            router.send_multipart([origin, msgpack.packb(msgspec.to_builtins(message))])
        elif what == PLAIN:
            router.send_multipart([origin, msgpack.packb(body)])
        elif what == COUNTED + TYPED:
            msgspec.convert(body, VoicePresence)
        elif what == END:
            break
    context.destroy(linger=1000)


def _measure_typed_asks(dealer: zmq.Socket[bytes], count: int) -> list[float]:
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        dealer.send(msgpack.packb([TYPED, msgspec.to_builtins(MESSAGE)]))
        msgspec.convert(msgpack.unpackb(dealer.recv()), VoicePresence)
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


def _measure_bare_asks(dealer: zmq.Socket[bytes], count: int) -> list[float]:
    plain = msgspec.to_builtins(MESSAGE)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        dealer.send(msgpack.packb([PLAIN, plain]))
        msgpack.unpackb(dealer.recv())
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


def _measure_reference_tells(dealer: zmq.Socket[bytes], kind: str) -> float:
    """Return messages per second, until the last was unpacked; a full queue makes the sender wait."""
    plain = msgspec.to_builtins(MESSAGE)
    began = time.perf_counter()
    for _ in range(TELLS):
        dealer.send(msgpack.packb([COUNTED + kind, msgspec.to_builtins(MESSAGE) if kind == TYPED else plain]))
    _measure_bare_asks(dealer, 1)
    return TELLS / (time.perf_counter() - began)


@contextlib.contextmanager
def _make_private_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as folder:
        yield Path(folder)


def main() -> None:
    """Print the figures."""
    figures = run()
    print(f"{'':20} {'ours':>8} {'spread':>15} {'typed':>8} {'ratio':>6} {'bare':>8} {'ratio':>6}")
    for kind, label in (("p50_us", "ask p50, us"), ("p99_us", "ask p99, us"), ("per_s", "one way, messages/s")):
        low, high = figures["ours"].get(f"{kind}_spread", (None, None))
        spread = f"{low:.0f}-{high:.0f}" if low is not None else ""
        against = " ".join(
            f"{figures[name][kind]:>8.0f} {figures['ratios'][name][kind]:>6.2f}" for name in ("typed", "bare")
        )
        print(f"{label:20} {figures['ours'][kind]:>8.0f} {spread:>15} {against}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _serve(sys.argv[1])
    else:
        main()
