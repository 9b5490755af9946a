"""Rendering of pages to HTML, in the reader's language."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from actors.web.page import load_pages
from actors.web.readers import Access, Admission, Reader, admit
from config import languages
from wording.translation import _, use_language

TEMPLATES = Path(__file__).resolve().parent / "templates"
PARTS = ("notice", "hero", "last", "lanes", "also", "feed", "next")
"""The parts of Tonight that are updated while the page is open; each has a template in `templates/parts`."""


class Part(NamedTuple):
    """A part of a page."""

    version: str
    """A text that changes with the content."""
    html: str


class MenuEntry(NamedTuple):
    """An entry of the menu."""

    path: str
    label: str
    icon: str
    """An icon of 24 x 24, as an SVG path."""


ICONS = {
    "/": "M4 6h16v12H4z M10 9.5v5l4.5-2.5z",
    "/nights": "M5 6h14v14H5z M5 10h14 M9 3v4 M15 3v4",
    "/films": "M5 4h14v16H5z M9 4v16 M15 4v16 M5 9h4 M15 9h4 M5 15h4 M15 15h4",
    "/viewers": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
    "/board": "M5 20V11h4v9 M10 20V5h4v15 M15 20v-6h4v6",
    "/history": "M12 4a8 8 0 1 1-7.7 5.8 M4 4v6h6 M12 8v4.5l3 2",
}
"""The icons, by the path of the menu entry."""


class Renderer:
    """The templates, compiled once. Autoescape is on; no template marks anything as safe."""

    def __init__(self, find_static: Callable[[str], str], version: str, zone_name: str) -> None:
        """`find_static` returns the address of a file of the folder `static`."""
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(static=find_static, version=version, zone=zone_name)

    def render_parts(self, language: str, content: Any, poster: Callable[[Any], str]) -> dict[str, Part]:
        """Return every part of Tonight. `poster` returns the address of an item's poster; empty if it has none."""
        with use_language(language):
            return {name: self._render_part(name, content, poster) for name in PARTS}

    def render_part(self, name: str, language: str, content: Any) -> Part:
        """Return a part of another page."""
        with use_language(language):
            return self._render_part(name, content, lambda _item: "")

    def render_page(self, template: str, language: str, reader: Reader, **values: Any) -> str:
        """Return a whole page; `section` is the path of the menu entry to which it belongs."""
        with use_language(language):
            shared = {"language": language, "texts": _shared_texts(), "reader": reader, "section": ""}
            shared["menu"] = build_menu(reader)
            return self._environment.get_template(template).render(shared | values)

    def _render_part(self, name: str, content: Any, poster: Callable[[Any], str]) -> Part:
        template = self._environment.get_template(f"parts/{name}.html")
        html = template.render(page=content, poster=poster, texts=_shared_texts())
        return Part(hashlib.blake2b(html.encode(), digest_size=6).hexdigest(), html)


def build_menu(reader: Reader) -> list[MenuEntry]:
    """Return the menu entries that a reader may open, in the current language."""
    entries = []
    if admit(reader, Access.READERS) is Admission.GRANTED:
        entries.append(MenuEntry("/", _("Tonight"), ICONS["/"]))
    return entries + [
        MenuEntry(declared.path, _(declared.menu), ICONS[declared.path])
        for declared in load_pages()
        if declared.menu and admit(reader, declared.access) is Admission.GRANTED
    ]


def choose_language(accepted: str, default: str) -> str:
    """Return the language for a reader: the most preferred in Accept-Language that Usher has, or the default."""
    spoken = {name.lower(): name for name in languages()}
    weighed = []
    for place, entry in enumerate(accepted.split(",")[:20]):
        tag, _sep, quality = entry.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        if tag and weight > 0:
            weighed.append((-weight, place, tag.lower()))
    for _weight, _place, tag in sorted(weighed):
        if found := spoken.get(tag) or spoken.get(tag.partition("-")[0]):
            return found
    return default


def _shared_texts() -> dict[str, str]:
    """Return the texts that templates share, in the current language."""
    return {
        "admin": _("Admin"),
        "me": _("My page"),
        "you": _("you"),
        "sign_in": _("Sign in"),
        "who_sees_what": _("Who sees what"),
        "skip": _("Skip to content"),
        "main": _("Main"),
        "everybody": _("Everybody"),
        "tonight": _("Tonight"),
        "film_nights": _("Film nights"),
        "who_sat_where": _("Who sat where"),
        "each_minutes": _("everyone's minutes of the film"),
        "at_each_minute": _("Watching at each minute"),
        "also_playing": _("Also playing"),
        "so_far": _("Tonight so far"),
        "next_night": _("The next film night:"),
        "next_nights": _("Next nights"),
        "as_calendar": _("Calendar feed"),
        "nothing": _("Nothing is playing"),
        "last_night": _("The last film night"),
        "nothing_more": _("When somebody presses play on Plex, the film and everybody who watches it appear here."),
        "poster_of": _("Poster of {title}"),
        "film": _("Film"),
        "stale": _("No connection to Usher since {clock}. You see what was known then."),
        "times_in": _("Times in {zone}"),
    }
