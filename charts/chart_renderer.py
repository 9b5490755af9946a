"""Draws pictures in a short-lived process; only that process loads the drawing libraries."""

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path

import msgpack
import msgspec

from charts.picture import DATA_LIMIT, SIZE_LIMIT, AnyDrawing, without_posters

DEADLINE_S = 20.0
"""Maximum time for drawing on a busy machine, real seconds."""
MOST_WAITING = 6
_MARK = b"\x89PNG\r\n\x1a\n"
_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR", "HOME", "LANG")
"""Environment variables that are passed to the process; none of them contains a token."""


class ChartRenderer:
    """Draws one picture at a time. Runs on the event loop."""

    def __init__(self, log: logging.Logger, one_at_a_time: asyncio.Lock | None = None) -> None:
        """`one_at_a_time`: held while a picture is drawn."""
        self._log = log
        self._one_at_a_time = one_at_a_time or asyncio.Lock()
        self._waiting = 0

    def make_another(self) -> "ChartRenderer":
        """Return a renderer that shares this one's lock but has its own queue: each community has one, so that a
        community that asks for many pictures does not block the others.
        """
        return ChartRenderer(self._log, self._one_at_a_time)

    async def draw(self, drawing: AnyDrawing) -> bytes:
        """Return the picture as PNG; empty if it could not be drawn, and the log says why.

        If it cannot be drawn with its posters, it is drawn without them.
        """
        if self._waiting >= MOST_WAITING:
            return b""
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                drawn, problem = await draw_in_process(drawing)
                bare = without_posters(drawing)
                if problem and bare != drawing:
                    self._log.info("A picture could not be drawn with its posters: %s", problem)
                    drawn, problem = await draw_in_process(bare)
        except (OSError, ValueError) as error:
            drawn, problem = b"", f"{type(error).__name__}: {error}"
        finally:
            self._waiting -= 1
        if problem:
            self._log.warning("A chart could not be drawn (%s); its figures are shown in words", problem)
        return drawn


async def draw_in_process(drawing: AnyDrawing) -> tuple[bytes, str]:
    """Return the picture, or the reason why there is none. Raises OSError if no process can be started."""
    data = msgpack.packb(msgspec.to_builtins(drawing, builtin_types=(bytes,)))
    if len(data) > DATA_LIMIT:
        return b"", f"{len(data)} bytes of data"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "charts", cwd=_ROOT, env=_choose_environment(), stdin=pipe, stdout=pipe, stderr=pipe
    )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_S):
            drawn, stderr = await process.communicate(data)
    except TimeoutError:
        return b"", f"not within {DEADLINE_S:g} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or not drawn.startswith(_MARK) or len(drawn) > SIZE_LIMIT:
        last = stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return b"", f"status {process.returncode}, {len(drawn)} bytes: {' '.join(last)[:300]}"
    return drawn, ""


def _choose_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONUTF8": "1"}
