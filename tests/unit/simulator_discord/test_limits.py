"""What Discord refuses in a message, an autocompletion, a form and a command."""

from typing import Any

import pytest

from simulator.discord.rest.commands import problems_of
from simulator.discord.rest.errors import ApiError
from simulator.discord.rest.validation import check_choices, check_message, check_modal


def button(number: int) -> dict[str, Any]:
    """A button of its own custom_id."""
    return {"type": 2, "style": 2, "label": "x", "custom_id": f"id{number}"}


def row(*inner: dict[str, Any]) -> dict[str, Any]:
    """An action row."""
    return {"type": 1, "components": list(inner)}


def option(value: str) -> dict[str, Any]:
    """A choice of a menu."""
    return {"label": "the same for all", "value": value}


def text(length: int) -> dict[str, Any]:
    """A text component."""
    return {"type": 10, "content": "x" * length}


FITS: dict[str, dict[str, Any]] = {
    "content": {"content": "x" * 2000},
    "title": {"embeds": [{"title": "x" * 256}]},
    "description": {"embeds": [{"description": "x" * 4096}]},
    "fields": {"embeds": [{"fields": [{"name": "n", "value": "v"}] * 25}]},
    "field": {"embeds": [{"fields": [{"name": "n" * 256, "value": "v" * 1024}]}]},
    "footer": {"embeds": [{"footer": {"text": "x" * 2048}}]},
    "six thousand": {"embeds": [{"description": "x" * 3000}, {"description": "x" * 3000}]},
    "ten embeds": {"embeds": [{"title": "x"}] * 10},
    "custom_id": {"components": [row({**button(0), "custom_id": "x" * 100})]},
    "five rows": {"components": [row(*(button(5 * r + c) for c in range(5))) for r in range(5)]},
    "menu": {"components": [row({"type": 3, "custom_id": "s", "options": [option(str(n)) for n in range(25)]})]},
    "nonce": {"content": "x", "nonce": "n" * 25},
    "v2": {"flags": 1 << 15, "components": [text(4000)]},
    "v2, forty": {"flags": 1 << 15, "components": [text(1)] * 40},
}

TOO_MUCH: dict[str, tuple[dict[str, Any], str]] = {
    "content": ({"content": "x" * 2001}, "content"),
    "title": ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
    "description": ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
    "fields": ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields"),
    "field name": ({"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name"),
    "field value": ({"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}, "embeds.0.fields.0.value"),
    "empty value": ({"embeds": [{"fields": [{"name": "n", "value": " "}]}]}, "embeds.0.fields.0.value"),
    "footer": ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
    "author": ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
    "six thousand": ({"embeds": [{"description": "x" * 3000}, {"description": "x" * 3001}]}, "embeds"),
    "eleven embeds": ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    "custom_id": ({"components": [row({**button(0), "custom_id": "x" * 101})]}, "components.0.components.0.custom_id"),
    "same custom_id": ({"components": [row(button(1), button(1))]}, "components.0.components.1.custom_id"),
    "label": ({"components": [row({**button(0), "label": "x" * 81})]}, "components.0.components.0.label"),
    "six buttons": ({"components": [row(*map(button, range(6)))]}, "components.0.components"),
    "six rows": ({"components": [row(button(n)) for n in range(6)]}, "components"),
    "same value": (
        {"components": [row({"type": 3, "custom_id": "s", "options": [option("a"), option("b"), option("a")]})]},
        "components.0.components.0.options.2.value",
    ),
    "no options": ({"components": [row({"type": 3, "custom_id": "s"})]}, "components.0.components.0.options"),
    "26 options": (
        {"components": [row({"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "b"}] * 26})]},
        "components.0.components.0.options",
    ),
    "nonce": ({"content": "x", "nonce": "n" * 26}, "nonce"),
    "v2 with content": ({"flags": 1 << 15, "content": "x", "components": [text(1)]}, "content"),
    "v2 with embeds": ({"flags": 1 << 15, "embeds": [{"title": "x"}], "components": [text(1)]}, "embeds"),
    "v2 text": ({"flags": 1 << 15, "components": [text(2000), text(2001)]}, "components"),
    "v2, forty-one": ({"flags": 1 << 15, "components": [text(1)] * 41}, "components"),
}


@pytest.mark.parametrize("name", FITS)
def test_what_just_fits_is_taken(name: str) -> None:
    """Exactly at the limit."""
    check_message(FITS[name])


@pytest.mark.parametrize("name", TOO_MUCH)
def test_one_more_is_refused_with_its_path(name: str) -> None:
    """50035, and the place of the mistake."""
    body, path = TOO_MUCH[name]
    with pytest.raises(ApiError) as refused:
        check_message(body)
    assert (refused.value.status, refused.value.body["code"]) == (400, 50035)
    errors = refused.value.body["errors"]
    for part in path.split("."):
        errors = errors[part]
    assert errors["_errors"][0]["message"]


def test_an_empty_message_is_refused() -> None:
    """50006; a file alone is no empty message."""
    with pytest.raises(ApiError, match="50006"):
        check_message({"content": "", "embeds": []})
    check_message({}, files=1)


def test_choices_and_forms_have_limits_too() -> None:
    """25 choices of 100 characters; a title of 45."""
    check_choices([{"name": "x" * 100, "value": "y" * 100}] * 25)
    for wrong in (
        [{"name": "a", "value": "b"}] * 26,
        [{"name": "x" * 101, "value": "b"}],
        [{"name": "", "value": "b"}],
    ):
        with pytest.raises(ApiError, match="50035"):
            check_choices(wrong)
    field = row({"type": 4, "custom_id": "f", "label": "l", "style": 1})
    check_modal({"title": "x" * 45, "custom_id": "c", "components": [field]})
    for form in ({"title": "x" * 46, "custom_id": "c", "components": [field]}, {"title": "x", "custom_id": "c"}):
        with pytest.raises(ApiError, match="50035"):
            check_modal(form)


def test_a_command_has_a_lower_case_name_and_a_description() -> None:
    """Options too; the required ones first."""
    good = {"name": "stats", "description": "d", "options": [{"name": "who", "description": "d", "type": 6}]}
    assert problems_of(good, "") == []
    wrong: list[dict[str, Any]] = [
        {**good, "name": "Stats"},
        {**good, "name": "two words"},
        {**good, "description": ""},
        {**good, "description": "x" * 101},
        {**good, "options": [{"name": "A", "description": "d", "type": 3}]},
        {**good, "options": [*good["options"], {"name": "b", "description": "d", "type": 3, "required": True}]},
        {**good, "options": [{"name": f"o{n}", "description": "d", "type": 3} for n in range(26)]},
    ]
    assert [bool(problems_of(command, "")) for command in wrong] == [True] * len(wrong)
