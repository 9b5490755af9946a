"""Find the texts in the code, and update and compile the catalogues of all languages."""

import ast
import datetime
import functools
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
SOURCES = (
    ROOT / "actors" / "chat" / "discord",
    ROOT / "actors" / "web",
    ROOT / "actors" / "webhooks",
    ROOT / "diagnosis",
    ROOT / "wording",
)
"""Sources of the texts that people see."""
BADGES = ROOT / "awards" / "badges.toml"
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2, "format_count": 2}
"""Functions that take a text to be translated, each with its number of forms of the text."""
WIDTH = 110
_HEADER = "# What Usher says on Discord, in {language}. Edit the msgstr lines, then run: make languages"


class SourceText(NamedTuple):
    """A text to be translated, and its place."""

    forms: tuple[str, ...]
    """The text, or its forms for one and for many."""
    file: str
    line: int
    context: str = ""


def list_sources() -> list[Path]:
    """Return every source file that can hold a text, in a stable order."""
    return sorted(path for folder in SOURCES for path in folder.rglob("*.py"))


@functools.cache
def find_texts() -> tuple[SourceText, ...]:
    """Return every text that people see: those of the code, and the names and descriptions of the badges."""
    found = [
        text
        for path in list_sources()
        for text in find_texts_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]
    badges = tomllib.loads(BADGES.read_text(encoding="utf-8"))["badge"]
    said = [text for badge in badges for text in (badge["name"], badge["description"])]
    return (*found, *(SourceText((text,), BADGES.relative_to(ROOT).as_posix(), 0, BADGE) for text in said))


def find_texts_in(source: str, file: str) -> Iterator[SourceText]:
    """Yield the texts of one file. Raises ValueError if a text is put together before it is looked up."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        count = KEYWORDS.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
        if count is None:
            continue
        arguments = node.args[:count]
        forms = tuple(one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str))
        if len(forms) == count:
            yield SourceText(forms, file, node.lineno)
        elif any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in arguments):
            raise ValueError(f"{file}:{node.lineno}: put the parts into the text after _(), with .format()")


def list_languages() -> list[str]:
    """Return every language that has a catalogue."""
    return sorted(path.parent.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES/usher.po"))


def catalogue_path(language: str) -> Path:
    """Return the file that translators edit."""
    return CATALOGUES / language / "LC_MESSAGES" / "usher.po"


def update_catalogue(language: str) -> Catalog:
    """Return a language's catalogue with the current texts: new ones without translation, removed ones left out."""
    path = catalogue_path(language)
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
    for found in sorted(find_texts(), key=lambda each: (each.context, each.file, each.line)):
        text = found.forms[0] if len(found.forms) == 1 else found.forms
        template.add(text, locations=[(found.file, found.line)], context=found.context or None)
    known.update(template, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    return known


def list_untranslated(catalogue: Catalog) -> list[Message]:
    """Return the texts that are not translated yet, or only marked fuzzy."""
    return [one for one in catalogue if one.id and (one.fuzzy or not all(_list_forms(one.string)))]


def _list_forms(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (string or "",) if isinstance(string, str | None) else tuple(string)


def format_po(catalogue: Catalog) -> bytes:
    """Return the content of the file that translators edit."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=WIDTH, ignore_obsolete=True, include_lineno=False)
    return stream.getvalue()


def compile_mo(catalogue: Catalog) -> bytes:
    """Return the compiled catalogue, which Usher loads; texts without translation stay English."""
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()
