"""Writes docs/messages.md and .env.example from the code, or with --check says whether they are current."""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
import textwrap
from pathlib import Path

import msgspec

import config
import messages

ROOT = Path(__file__).resolve().parent.parent


def field_lines(kind: type) -> dict[str, str]:
    """The docstring line under each field of a message or record, by field name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for field, line in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(line, ast.Expr)
            and isinstance(line.value, ast.Constant)
        ):
            found[field.target.id] = str(line.value.value)
    return found


def messages_page() -> str:
    """The catalogue as a page: who says what to whom, and every field with its unit."""
    out = [
        "# What the actors say to each other",
        "",
        "Generated from `messages/` by `make docs`. On the wire a message is one msgpack array: its tag,",
        "then its fields in this order. Fields are only ever appended. *plain*: sent once; *latest*: a",
        "newer one takes the place of one still waiting; *kept*: kept by the sender until acknowledged,",
        "and done once.",
        "",
        "| message | way | delivery |",
        "|---|---|---|",
    ]
    for message in messages.CATALOGUE:
        first = (inspect.getdoc(message) or "").splitlines()[0]
        name = message.__name__
        out.append(f"| [{name}](#{name.lower()}) | {first} | {message.delivery.value} |")
    everything: tuple[type[msgspec.Struct], ...] = (*messages.CATALOGUE, *records())
    for kind in everything:
        tag = kind.__struct_config__.tag
        out += ["", f"## {kind.__name__}", "", inspect.getdoc(kind) or ""]
        lines = field_lines(kind)
        if not kind.__struct_fields__:
            out += ["", f"Tag `{tag}`, no fields."]
            continue
        out += ["", *([f"Tag `{tag}`.", ""] if tag else []), "| field | type | meaning |", "|---|---|---|"]
        types = inspect.get_annotations(kind)
        for name in kind.__struct_fields__:
            shown = str(types.get(name, "")).replace("|", "\\|")
            out.append(f"| `{name}` | {shown} | {lines.get(name, '')} |")
    return "\n".join(out) + "\n"


def records() -> list[type[messages.Record]]:
    """Every record that a message can carry, in the order of the alphabet."""
    named = (getattr(messages, name) for name in messages.__all__)
    return [
        kind
        for kind in named
        if isinstance(kind, type) and issubclass(kind, messages.Record) and kind is not messages.Record
    ]


def env_page() -> str:
    """Every setting with its default, as a file to fill in."""
    defaults = config.Settings()
    out = [
        "# Copy to .env and fill in. The environment wins over this file.",
        "# FILE__NAME=path reads the value of NAME from a file.",
    ]
    for setting in config.DECLARED:
        value = getattr(defaults, setting.field)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
        if setting.required:
            out += ["", f"# Needed: {setting.help}", f"{setting.name}="]
        else:
            shown = f"{value:g}" if isinstance(value, float) else text
            out += ["", f"# {setting.help[0].upper()}{setting.help[1:]}", f"#{setting.name}={shown}"]
    return "\n".join(out) + "\n"


PAGES = {ROOT / "docs" / "messages.md": messages_page, ROOT / ".env.example": env_page}


def main(arguments: list[str]) -> int:
    """Write every page, or with --check compare; returns the exit status."""
    stale = []
    for path, page in PAGES.items():
        text = page()
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(ROOT))
    for path in stale:
        sys.stderr.write(f"{path} is not current: run 'make docs'.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
