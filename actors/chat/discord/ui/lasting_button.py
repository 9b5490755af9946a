"""A button that works after a restart: its custom id contains all that it needs."""

import re
from typing import Any, ClassVar, Self

import discord


class LastingButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"usher:"):
    """A button that is recognised by its custom id, which may contain one key.

    `class WantButton(LastingButton, custom_id="usher:want", key=r"[0-9a-f]{16}")`. Its `__init__` takes only the key.
    """

    base_id: ClassVar[str]
    has_key: ClassVar[bool]

    def __init_subclass__(cls, *, custom_id: str, key: str = "") -> None:
        """Set the custom id of the subclass. `key`: pattern of the key; empty for none."""
        cls.base_id, cls.has_key = custom_id, bool(key)
        pattern = re.escape(custom_id)
        super().__init_subclass__(template=f"{pattern}:(?P<key>{key})" if key else pattern)

    def __init__(
        self,
        key: str = "",
        *,
        label: str,
        emoji: str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    ) -> None:
        self.key = key
        custom_id = f"{self.base_id}:{key}" if key else self.base_id
        super().__init__(discord.ui.Button(label=label, emoji=emoji, style=style, custom_id=custom_id))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Self:
        """Return the button from its custom id."""
        arguments = [match["key"]] if cls.has_key else []
        return cls(*arguments)  # type: ignore[call-arg]  # a subclass words its own label
