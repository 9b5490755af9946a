"""A finding of a check, and its text in the language of the bot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from diagnosis.texts import TEXTS, TOPICS
from messages import Problem
from wording.problems import translate
from wording.translation import _

Severity = Literal["ok", "note", "error"]
"""A note is worth knowing; an error keeps the service from doing everything that it should."""
Param = str | int | Problem | tuple[str, ...]
"""A name, a figure, a problem, or names of permissions. `setting` names a setting, `when` is in seconds since 1970."""


class Markup(msgspec.Struct, frozen=True):
    """Functions that escape and format the parts of a finding for the place in which it is shown."""

    escape: Callable[[str], str] = str
    """Escapes names that other people chose."""
    code: Callable[[str], str] = str
    """Formats names of settings."""
    moment: Callable[[float], str] = str
    """Formats a time, seconds since 1970."""


PLAIN = Markup()


class Finding(msgspec.Struct, frozen=True):
    """One thing that was checked, and the result, as codes of `diagnosis.texts`."""

    severity: Severity
    topic: str
    code: str
    params: Mapping[str, Param] = msgspec.field(default_factory=dict)


class Rendered(msgspec.Struct, frozen=True):
    """The text of a finding."""

    topic: str
    text: str
    cure: str
    """What to do; empty if nothing needs to be done."""


def ok(topic: str, code: str, **params: Param) -> Finding:
    """Return a finding that something is all right."""
    return Finding("ok", topic, code, params)


def note(topic: str, code: str, **params: Param) -> Finding:
    """Return a finding that is worth knowing."""
    return Finding("note", topic, code, params)


def error(topic: str, code: str, **params: Param) -> Finding:
    """Return a finding of something that keeps the service from doing everything that it should."""
    return Finding("error", topic, code, params)


def render(finding: Finding, markup: Markup = PLAIN) -> Rendered:
    """Return the text of a finding in the language of the bot."""
    params = {name: _word_param(name, value, markup) for name, value in finding.params.items()}
    text = TEXTS[finding.code]
    return Rendered(_(TOPICS[finding.topic]), _(text.text).format(**params), _(text.cure).format(**params))


def _word_param(name: str, value: Param, markup: Markup) -> str:
    match value:
        case tuple():
            return ", ".join(_(part) for part in value)
        case Problem():
            return markup.escape(translate(value))
        case int() if name == "when":
            return markup.moment(value)
    if name == "setting":
        return markup.code(str(value))
    return str(value) if name in ("invitation", "portal") else markup.escape(str(value))
