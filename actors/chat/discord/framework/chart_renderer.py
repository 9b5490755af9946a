"""Draws pictures in a short-lived process, which alone loads the plotting library."""

import asyncio
import contextlib
import io
import logging
import os
import sys
from pathlib import Path

import discord
import msgpack
import msgspec

import charts
from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.ui import embeds
from charts import SIZE_LIMIT, Picture

DEADLINE_S = 20.0
"""Longest that drawing may take, real seconds: the first on a machine has the fonts to look through."""
MOST_WAITING = 6
FILE = "chart.png"
_MARK = b"\x89PNG\r\n\x1a\n"
_ROOT = Path(charts.__file__).resolve().parent.parent
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR", "HOME", "LANG")
"""What the process is told of the environment: no token among it."""


class ChartRenderer:
    """Draws one picture at a time. Lives on the loop."""

    def __init__(self, cache: Path, log: logging.Logger) -> None:
        self._cache = cache
        self._log = log
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def draw(self, picture: Picture) -> bytes:
        """Return the picture as PNG; empty where it could not be drawn, and the log says why."""
        if self._waiting >= MOST_WAITING:
            return b""
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                drawn, problem = await self._run(msgpack.packb(msgspec.to_builtins(picture)))
        except (OSError, ValueError) as error:
            drawn, problem = b"", f"{type(error).__name__}: {error}"
        finally:
            self._waiting -= 1
        if problem:
            self._log.warning("A chart could not be drawn (%s); its figures are shown in words", problem)
        return drawn

    async def show(self, message: discord.Message, picture: Picture, beside: discord.Embed) -> None:
        """Add the picture to a message that shows its figures in words; where that fails, the words stay."""
        drawn = await self.draw(picture)
        if drawn:
            beside.set_image(url=f"attachment://{FILE}")
            file = discord.File(io.BytesIO(drawn), FILE, description=picture.alt)
            with contextlib.suppress(*API_ERRORS):
                await message.edit(embed=beside, attachments=[file], allowed_mentions=embeds.NOBODY)

    async def _run(self, data: bytes) -> tuple[bytes, str]:
        """Return the picture, and the reason where there is none."""
        if len(data) > SIZE_LIMIT:
            return b"", f"{len(data)} bytes of data"
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "charts", cwd=_ROOT, env=self._environment(), stdin=pipe, stdout=pipe, stderr=pipe
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

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with contextlib.suppress(OSError):  # step by step: the data folder itself is made by the launcher alone
            self._cache.parent.mkdir(exist_ok=True)
            self._cache.mkdir(exist_ok=True)
        if self._cache.is_dir():  # else the library makes itself one among the temporary files
            kept["MPLCONFIGDIR"] = str(self._cache.absolute())
        # One thread: the pictures are small, and every further one of the library's costs memory.
        return {**kept, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
