"""Which servers have a community, and the features of each."""

from collections.abc import Iterator

from actors.chat.discord.guild_features import GuildFeatures


class GuildDirectory:
    """The features of every server, found by the server's id. Lives on the loop.

    `own`: those of the server in DISCORD_GUILD_ID. Where that is 0, they are every server's.
    """

    def __init__(self, own: GuildFeatures) -> None:
        self.own = own
        self._others: dict[int, GuildFeatures] = {}

    def __iter__(self) -> Iterator[GuildFeatures]:
        return iter((self.own, *self._others.values()))

    @property
    def is_shared(self) -> bool:
        """Whether there is more than one community."""
        return bool(self._others)

    def add(self, features: GuildFeatures) -> None:
        """Add a further server's."""
        self._others[features.guild_id] = features

    def remove(self, features: GuildFeatures) -> None:
        """Remove a further server's, where they are still the ones that are here."""
        if self._others.get(features.guild_id) is features:
            del self._others[features.guild_id]

    def find(self, guild_id: int) -> GuildFeatures | None:
        """Return a server's features; None where it has no community."""
        if guild_id in (self.own.guild_id, 0) or not self.own.guild_id:
            return self.own
        return self._others.get(guild_id)
