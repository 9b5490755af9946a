"""Writes the generated pages of docs/ and .env.example, or with --check says whether they are current."""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

import config
import messages
from actors.chat.discord.commands import load_commands
from actors.chat.discord.framework.command import CommandGroup, UsherCommand
from launcher.arguments import build_parser

ROOT = Path(__file__).resolve().parent.parent
ROLES = (messages.Event, messages.Command, messages.Question, messages.Answer)


def field_lines(kind: type) -> dict[str, str]:
    """Return the docstring line under each field of a message or record, by field name."""
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
    """Return the catalogue as a page: who says what to whom, and every field with its unit."""
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
    """Return every setting with its default, as a file to fill in."""
    defaults = config.Settings()
    out = [
        "# Copy to .env and fill in. The environment wins over this file.",
        "# FILE__NAME=path reads the value of NAME from a file.",
    ]
    for name, setting in config.DECLARED.items():
        shown = _show_default(getattr(defaults, name.lower()))
        if setting.required:
            out += ["", f"# Required: {setting.help}", f"{name}="]
        else:
            out += ["", f"# {setting.help[0].upper()}{setting.help[1:]}", f"#{name}={shown}"]
    return "\n".join(out) + "\n"


def settings_page() -> str:
    """Return every setting as a table: what it takes, its default, and which processes are given it."""
    defaults = config.Settings()
    out = [
        "# Settings",
        "",
        "Generated from `config.py` by `make docs`. Set them in the environment or in a file `.env`; the environment",
        "wins. `FILE__NAME=path` reads the value of `NAME` from a file. `python run.py setup` asks for the important",
        "ones, `python run.py check` tries them.",
        "",
        "*Given to*: the processes that get the value. Discord's token, for example, reaches the Discord actor only.",
        "*Further servers*: whether further Discord servers ([communities.md](communities.md)) choose their own value",
        "(`own`), or may choose one and otherwise use yours (`own, else yours`).",
        "",
        "| setting | meaning | takes | default | given to | further servers |",
        "|---|---|---|---|---|---|",
    ]
    for name, setting in config.DECLARED.items():
        shown = _show_default(getattr(defaults, name.lower()))
        default = "required" if setting.required else f"`{shown}`" if shown else ""
        chosen = ("own, else yours" if setting.is_inherited else "own") if setting.by_community else ""
        columns = (f"`{name}`", setting.help, setting.check.takes, default, setting.group.value, chosen)
        out.append(f"| {' | '.join(columns)} |")
    return "\n".join(out) + "\n"


def readme() -> str:
    """Return the README, with its table of settings anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, rest = text.split(SETTINGS_BEGIN)
    _, after = rest.split(SETTINGS_END)
    defaults = config.Settings()
    out = ["| setting | meaning | default |", "|---|---|---|"]
    for name in SHORT_SETTINGS:
        setting = config.DECLARED[name]
        shown = _show_default(getattr(defaults, name.lower()))
        out.append(
            f"| `{name}` | {setting.help} | {'required' if setting.required else f'`{shown}`' if shown else ''} |"
        )
    return f"{before}{SETTINGS_BEGIN}\n" + "\n".join(out) + f"\n{SETTINGS_END}{after}"


def commands_page() -> str:
    """Return every command on Discord and on the command line."""
    out = [
        "# Commands",
        "",
        "Generated by `make docs`.",
        "",
        "## On Discord",
        "",
        "Each works as `!name` and as `/name`. In `<...>` is what a command needs, in `[...]` what may be left out.",
    ]
    everything = load_commands()
    for group in (*CommandGroup, None):
        heading = group.value if group is not None else "⚙️ Help and setup"
        rows = (each for each in everything if each.group is group)
        out += ["", f"### {heading.partition(' ')[2]}", "", "| command | does |", "|---|---|", *_list_commands(rows)]
    out += [
        "",
        "## On the command line",
        "",
        "`python run.py` alone runs the service. Add `--help` to a command for more about it.",
        "",
        "| command | arguments | does |",
        "|---|---|---|",
    ]
    top = build_parser()
    (choices,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    for described in choices._choices_actions:
        usage = choices.choices[described.dest].format_usage().split(f" {described.dest}", 1)[1]
        arguments = " ".join(usage.replace("[-h]", "").split()).replace("|", "\\|")
        out.append(f"| `{described.dest}` | {f'`{arguments}`' if arguments else ''} | {described.help} |")
    return "\n".join(out) + "\n"


def _list_commands(rows: Iterable[UsherCommand]) -> Iterable[str]:
    for each in rows:
        usage = f"{each.name} {each.usage or ''}".strip().replace("|", "\\|")
        yield f"| `{usage}` | {each.description} |"


def _show_default(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value or "")


SETTINGS_BEGIN, SETTINGS_END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"
SHORT_SETTINGS = (
    "PLEX_URL", "PLEX_TOKEN", "DISCORD_TOKEN", "DISCORD_GUILD_ID", "DISCORD_ANNOUNCE_CHANNEL_ID",
    "WATCH_PARTY_VOICE_CHANNEL_ID", "WATCH_PARTY_PLEX_USER", "TIMEZONE", "BOT_LANGUAGE", "WATCHED_PERCENT",
    "AUTO_SAVE_INTERVAL_MINUTES", "FILM_NIGHT_ROLE_ID", "WEEKLY_DIGEST", "WEB_PORT", "WEBHOOK_URLS",
)  # fmt: skip
"""Those that the README shows."""

PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "README.md": readme,
    ROOT / "docs" / "commands.md": commands_page,
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
