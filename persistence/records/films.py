"""The film of a suggestion or a rating: a film in the library, or a title that somebody typed."""

import hashlib

import msgspec

from awards import record_title
from messages import Item
from tracking.watches.film import film_keys, global_guid, same_film


class Film(msgspec.Struct, frozen=True):
    """A film that people name."""

    title: str
    year: int | None
    item: Item | None = None
    """The film in a library; None if only its title is known."""

    @classmethod
    def from_item(cls, item: Item) -> "Film":
        """Return the film of an item."""
        return cls(record_title(item), item.year, item)

    @property
    def film_id(self) -> str:
        """The id under which its rows are stored: 16 hexadecimal digits."""
        key = film_keys(self.item)[0] if self.item is not None else f"title:{self.title.casefold()}:{self.year or ''}"
        return hashlib.blake2s(key.encode(), digest_size=8).hexdigest()

    def is_same(self, other: "Film") -> bool:
        """Tell whether two are the same film: by their global guids, or else by title and year, as far as known."""
        if self.item is not None and other.item is not None:
            if same_film(self.item, other.item):
                return True
            if global_guid(self.item) and global_guid(other.item):
                return False  # there are films of one title and year
        is_same_year = self.year == other.year
        if None in (self.item, other.item):  # a typed title
            is_same_year = is_same_year or None in (self.year, other.year)
        return is_same_year and self.title.casefold() == other.title.casefold()
