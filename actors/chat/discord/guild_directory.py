"""The features of each Discord server that has a community."""

import contextlib
from collections.abc import Iterator

from actors.chat.discord.guild_features import GuildFeatures
from messages import AdminActed, AuditEntry


class GuildDirectory:
    """The features of every server, by the server's id. Runs on the loop.

    `own`: those of the server in DISCORD_GUILD_ID. If that is 0, they are every server's.
    """

    def __init__(self, own: GuildFeatures) -> None:
        self.own = own
        self._others: dict[int, GuildFeatures] = {}
        self._languages: dict[int, str] = {}
        """By further server: its community's language, even while its actor restarts."""
        self._without: set[int] = set()
        """Servers that are known to have no community; the actors of others may be starting."""
        self._unacknowledged: dict[int, list[AuditEntry]] = {}
        """By server: acts of its managers that the community's persistence has not acknowledged yet."""

    def __iter__(self) -> Iterator[GuildFeatures]:
        return iter((self.own, *self._others.values()))

    @property
    def is_shared(self) -> bool:
        """Whether there is more than one community."""
        return bool(self._others)

    def add(self, features: GuildFeatures) -> None:
        """Add a further server's features."""
        self._others[features.guild_id] = features
        self._without.discard(features.guild_id)
        self._languages[features.guild_id] = features.language
        for entry in list(self._unacknowledged.get(features.guild_id, ())):
            self._send_entry(features, entry)

    def remove(self, features: GuildFeatures) -> None:
        """Remove a further server's features, unless others have replaced them."""
        if self._others.get(features.guild_id) is features:
            del self._others[features.guild_id]

    def note_language(self, guild_id: int, language: str) -> None:
        """Note the new language of a further server's community."""
        self._languages[guild_id] = language

    def find_language(self, guild_id: int) -> str:
        """Return the language of a further server's community, or "" if it is not known."""
        return self._languages.get(guild_id, "")

    def expect(self, guild_id: int, *, is_community: bool) -> None:
        """Note whether a server has a community; its actor may not have started yet."""
        (self._without.discard if is_community else self._without.add)(guild_id)
        if not is_community:
            self._languages.pop(guild_id, None)

    def is_expected(self, guild_id: int) -> bool:
        """Tell whether a server without features may have a community, whose actor is starting."""
        return guild_id not in self._without

    def record_act(self, guild_id: int, entry: AuditEntry, *, starts_anew: bool) -> None:
        """Write what a manager did to the audit log of a server's community.

        `starts_anew`: whether the act restarts the community's actors; then it is sent to the new ones.
        """
        self._unacknowledged.setdefault(guild_id, []).append(entry)
        features = self._others.get(guild_id)
        if features is not None and not starts_anew:
            self._send_entry(features, entry)

    def _send_entry(self, features: GuildFeatures, entry: AuditEntry) -> None:
        unacknowledged = self._unacknowledged[features.guild_id]

        def acknowledge() -> None:
            with contextlib.suppress(ValueError):  # it was sent twice
                unacknowledged.remove(entry)

        features.tell_kept(AdminActed(entry), acknowledge)

    def find(self, guild_id: int) -> GuildFeatures | None:
        """Return a server's features, or None if it has no community, or its actor has not started."""
        if guild_id in (self.own.guild_id, 0) or not self.own.guild_id:
            return self.own
        return self._others.get(guild_id)
