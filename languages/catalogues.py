"""Keeps the catalogues of all languages at one with the code: what is said, found; what is translated, compiled."""

import ast
import datetime
import io
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from wording.translation import BADGE, CATALOGUES

ROOT = CATALOGUES.parent
SOURCES = (ROOT / "actors" / "chat" / "discord", ROOT / "diagnosis", ROOT / "wording")
"""Where everything is said that people see."""
BADGES = ROOT / "awards" / "badges.toml"
KEYWORDS = {"_": 1, "later": 1, "ngettext": 2, "format_count": 2}
"""What a text to be translated is put into, and how many forms of it are given."""
WIDTH = 110
_HEADER = "# What Usher says on Discord, in {language}. Edit the msgstr lines, then run: make languages"


class Found(NamedTuple):
    """A text, and where it is said."""

    forms: tuple[str, ...]
    """One form, or the one for one and the one for many."""
    file: str
    line: int
    context: str = ""


def sources() -> list[Path]:
    """Return every source file that can hold a text, in a stable order."""
    return sorted(path for folder in SOURCES for path in folder.rglob("*.py"))


def texts() -> Iterator[Found]:
    """Every text that people see: those of the code, then the names and descriptions of the badges."""
    for path in sources():
        yield from in_source(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    badges = tomllib.loads(BADGES.read_text(encoding="utf-8"))["badge"]
    for badge in badges:
        for text in (badge["name"], badge["description"]):
            yield Found((text,), BADGES.relative_to(ROOT).as_posix(), 0, BADGE)


def in_source(source: str, file: str) -> Iterator[Found]:
    """The texts of one file. ValueError where one is put together before it is looked up: nobody could translate it."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        count = KEYWORDS.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
        if count is None:
            continue
        given = node.args[:count]
        forms = tuple(one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))
        if len(forms) == count:
            yield Found(forms, file, node.lineno)
        elif any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in given):
            raise ValueError(f"{file}:{node.lineno}: put the parts into the text after _(), with .format()")


def languages() -> list[str]:
    """Every language that has a catalogue."""
    return sorted(found.parent.parent.name for found in CATALOGUES.glob("*/LC_MESSAGES/usher.po"))


def source_of(language: str) -> Path:
    """The file that translators edit."""
    return CATALOGUES / language / "LC_MESSAGES" / "usher.po"


def updated(language: str) -> Catalog:
    """A language's catalogue with every text of today; what is new is empty, what is gone is left out."""
    path = source_of(language)
    if path.is_file():
        with path.open("rb") as stream:
            known = read_po(stream, locale=language, domain="usher")
    else:
        known = Catalog(
            language, "usher", _HEADER.format(language=language), "Usher", "1", msgid_bugs_address="Usher",
            last_translator="Usher", language_team="Usher", charset="utf-8", fuzzy=False,
            revision_date=datetime.datetime.now(datetime.UTC),
        )  # fmt: skip
    made = known.creation_date
    template = Catalog(creation_date=made if isinstance(made, datetime.datetime) else None)
    for found in sorted(texts(), key=lambda found: (found.context, found.file, found.line)):
        text = found.forms[0] if len(found.forms) == 1 else found.forms
        template.add(text, locations=[(found.file, found.line)], context=found.context or None)
    known.update(template, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    return known


def untranslated(catalogue: Catalog) -> list[Message]:
    """What a language does not say yet, or only perhaps."""
    return [one for one in catalogue if one.id and (one.fuzzy or not all(_forms(one.string)))]


def _forms(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (string or "",) if isinstance(string, str | None) else tuple(string)


def written(catalogue: Catalog) -> bytes:
    """As translators edit it."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=WIDTH, ignore_obsolete=True, include_lineno=False)
    return stream.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """As it is read when Usher starts; what is not translated stays English."""
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()
