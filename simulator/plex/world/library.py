"""The library of the simulated server: items, and groups such as series and albums. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

ItemKind = Literal["movie", "episode", "clip", "track", "photo"]

MOVIES = 1
"""Library section of the films."""
SHOWS = 2
"""Library section of the series."""
MUSIC = 3
"""Library section of the music."""
PHOTOS = 4
"""Library section of the photos."""
EXTRAS = -2
"""Section id that a real server gives to trailers and other extras."""
PREROLLS = -3
"""Section id that a real server gives to prerolls."""


@dataclass(frozen=True)
class LibraryItem:
    """A playable item. `rating_key` is empty for live TV, which belongs to no library."""

    rating_key: str
    kind: ItemKind
    title: str
    section_id: int | None = None
    year: int | None = None
    duration_ms: int | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    guid: str = ""
    subtype: str = ""
    live: bool = False
    key: str = ""
    """Path of the item; if empty, it is set from the rating key."""
    parent_key: str = ""
    """Rating key of the season or album."""
    parent_title: str = ""
    grandparent_key: str = ""
    """Rating key of the series or artist."""
    grandparent_title: str = ""
    parent_index: int | None = None
    """Number of the season or disc."""
    index: int | None = None
    """Number of the episode or track."""

    def __post_init__(self) -> None:
        if not self.key and self.rating_key:
            object.__setattr__(self, "key", f"/library/metadata/{self.rating_key}")

    @property
    def tag(self) -> str:
        """The XML element that a real server uses for this kind."""
        return {"track": "Track", "photo": "Photo"}.get(self.kind, "Video")

    @property
    def thumb(self) -> str:
        """Path of the poster; empty for live TV."""
        return f"/library/metadata/{self.rating_key}/thumb/1700000000" if self.rating_key else ""


@dataclass(frozen=True)
class ItemGroup:
    """A series, season, artist or album: not playable, but listed, fetched and browsed."""

    rating_key: str
    kind: Literal["show", "season", "artist", "album"]
    title: str
    section_id: int
    year: int | None = None
    index: int | None = None
    parent_key: str = ""
    parent_title: str = ""

    @property
    def thumb(self) -> str:
        """Path of the poster."""
        return f"/library/metadata/{self.rating_key}/thumb/1700000000"


@dataclass(frozen=True)
class LibrarySection:
    """A library section in `/library/sections`."""

    id: int
    title: str
    kind: Literal["movie", "show", "artist", "photo"]


SECTIONS = (
    LibrarySection(MOVIES, "Movies", "movie"),
    LibrarySection(SHOWS, "TV Shows", "show"),
    LibrarySection(MUSIC, "Music", "artist"),
    LibrarySection(PHOTOS, "Photos", "photo"),
)


@dataclass
class PlexLibrary:
    """All items and groups, by rating key or title."""

    items: dict[str, LibraryItem] = field(default_factory=dict)
    """Playable items by rating key; live TV by its path."""
    groups: dict[str, ItemGroup] = field(default_factory=dict)

    def add(self, item: LibraryItem) -> LibraryItem:
        """Add the item, replacing one that has the same rating key."""
        self.items[item.rating_key or item.key] = item
        return item

    def add_movie(
        self,
        title: str,
        *,
        minutes: float,
        year: int | None = None,
        genres: Iterable[str] = (),
        directors: Iterable[str] = (),
        rating_key: str | None = None,
    ) -> LibraryItem:
        """Add a new film, under the next free rating key unless one is given."""
        key = rating_key or self.free_key()
        return self.add(
            LibraryItem(
                key,
                "movie",
                title,
                MOVIES,
                year,
                round(minutes * 60_000),
                tuple(genres),
                tuple(directors),
                guid=f"plex://movie/{int(key):024x}",
            )
        )

    def free_key(self) -> str:
        """Return an unused rating key."""
        used = [int(key) for key in (*self.items, *self.groups) if key.isdigit()]
        return str(max(used, default=1000) + 1)

    def remove(self, item: LibraryItem) -> None:
        """Delete the item: its metadata is gone, and its history rows lose their key."""
        self.items.pop(item.rating_key or item.key, None)

    def __getitem__(self, name: str) -> LibraryItem:
        """Return the item with this rating key, path or exact title. Raises a KeyError that names it."""
        if name in self.items:
            return self.items[name]
        for item in self.items.values():
            if item.title == name:
                return item
        raise KeyError(f"no item {name!r} in the simulated library; titles are exact, case and all")

    def __iter__(self) -> Iterator[LibraryItem]:
        return iter(self.items.values())

    def in_section(self, section_id: int) -> list[LibraryItem]:
        """Return the playable items of one section, in the order they were added."""
        return [item for item in self if item.section_id == section_id]

    def search(self, words: str) -> list[LibraryItem]:
        """Return library items whose title contains the words, whatever their case; never live TV or prerolls."""
        wanted = words.casefold()
        return [i for i in self if (i.section_id or 0) > 0 and wanted in i.title.casefold()]
