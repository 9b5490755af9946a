"""What is playing, as of the tracker's last report of each Plex server."""

from messages import Moment, NowPlaying, Screening


class ScreeningBoard:
    """Every screening that others may see, and when it was reported."""

    def __init__(self) -> None:
        self.heard_at: Moment | None = None
        """When the tracker last reported; None if it has not yet."""
        self._servers: dict[str, tuple[Moment, tuple[Screening, ...]]] = {}
        self._screenings: tuple[Screening, ...] | None = None

    @property
    def screenings(self) -> tuple[Screening, ...]:
        """Every screening; the oldest comes first."""
        if self._screenings is None:
            every = (shown for _at, screenings in self._servers.values() for shown in screenings)
            self._screenings = tuple(sorted(every, key=lambda shown: shown.started_at_s))
        return self._screenings

    def update(self, playing: NowPlaying) -> None:
        """Apply a report of one server or of all, unless a newer report came before."""
        reported = (playing.server_id,) if playing.server_id else self._servers
        servers: dict[str, list[Screening]] = {server_id: [] for server_id in reported}
        for shown in playing.screenings:
            servers.setdefault(shown.server_id, []).append(shown)
        for server_id, screenings in servers.items():
            known = self._servers.get(server_id)
            if known is None or playing.at.steady_s >= known[0].steady_s:
                self._servers[server_id] = (playing.at, tuple(screenings))
        self._screenings = None
        if self.heard_at is None or playing.at.steady_s >= self.heard_at.steady_s:
            self.heard_at = playing.at
