"""Writes the generated pages of docs/ and .env.example, or with --check says whether they are current."""

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
ROLES = (messages.Event, messages.Command, messages.Question, messages.Answer)


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
        "then its fields in this order. Fields are only ever appended. *At most once*: sent once;",
        "*conflated*: a newer one replaces one that still waits; *at least once*: kept by the sender",
        "until it is acknowledged, and deduplicated by its receiver.",
        "",
        "| message | what it is | what it says | delivery |",
        "|---|---|---|---|",
    ]
    for message in messages.CATALOGUE:
        first = (inspect.getdoc(message) or "").splitlines()[0]
        name = message.__name__
        role = next(base for base in ROLES if issubclass(message, base)).__name__.lower()
        if issubclass(message, messages.Question):
            answer = message.answer_type.__name__
            role += f" to {message.receiver}, answered by [{answer}](#{answer.lower()})"
        out.append(f"| [{name}](#{name.lower()}) | {role} | {first} | {message.delivery.value} |")
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


def records() -> list[type[messages.Struct]]:
    """Return every struct that a message can carry, alphabetically."""
    offered = [kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, messages.Struct)]
    return sorted((kind for kind in offered if kind is not messages.Struct), key=lambda kind: kind.__name__)


def env_page() -> str:
    """Every setting with its default, as a file to fill in."""
    defaults = config.Settings()
    out = [
        "# Copy to .env and fill in. The environment wins over this file.",
        "# FILE__NAME=path reads the value of NAME from a file.",
    ]
    for name, setting in config.DECLARED.items():
        shown = _show_default(getattr(defaults, name.lower()))
        if setting.required:
            out += ["", f"# Needed: {setting.help}", f"{name}="]
        else:
            out += ["", f"# {setting.help[0].upper()}{setting.help[1:]}", f"#{name}={shown}"]
    return "\n".join(out) + "\n"


def settings_page() -> str:
    """Every setting as a table: what it takes, its default, and which processes are given it."""
    defaults = config.Settings()
    out = [
        "# Settings",
        "",
        "Generated from `config.py` by `make docs`. They come from the environment or from a file `.env`; the",
        "environment wins. `FILE__NAME=path` reads the value of `NAME` from a file. Each actor's process is given",
        "the settings of its own groups (`actors/registry.py`) and no others: Discord's token reaches the Discord",
        "actor alone.",
        "",
        "What a further community ([communities.md](communities.md)) chooses for itself is marked in the last column:",
        "`own`, or `own, else yours` where your value holds until it does. All else is yours, and the same for all.",
        "",
        "| setting | meaning | takes | default | given to | further community |",
        "|---|---|---|---|---|---|",
    ]
    for name, setting in config.DECLARED.items():
        shown = _show_default(getattr(defaults, name.lower()))
        default = "needed" if setting.required else f"`{shown}`" if shown else ""
        chosen = ("own, else yours" if setting.is_inherited else "own") if setting.by_community else ""
        columns = (f"`{name}`", setting.help, setting.check.takes, default, setting.group.value, chosen)
        out.append(f"| {' | '.join(columns)} |")
    return "\n".join(out) + "\n"


def _show_default(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value or "")


PAGES = {
    ROOT / "docs" / "messages.md": messages_page,
    ROOT / ".env.example": env_page,
    ROOT / "docs" / "settings.md": settings_page,
}


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
