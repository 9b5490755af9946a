"""Discord's limits for what a bot sends, with the errors that it answers. Pure.

Source: Discord's documentation (message resource, embed limits, component reference), as of API v10.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.discord.model.guild import Payload
from simulator.discord.model.messages import V2, walk_components
from simulator.discord.rest.errors import ApiError, invalid_form

Problem = tuple[str, str, str]
"""Path, code and text of an error."""

EMBED_TOTAL = 6000


def check_message(body: Payload, *, files: int = 0) -> None:
    """Raise the ApiError with which Discord would refuse this message; `files` is the number of its files."""
    problems = problems_of(body)
    if problems:
        raise invalid_form(problems)
    parts = (body.get(key) for key in ("content", "embeds", "components", "attachments", "sticker_ids", "poll"))
    if not files and not any(parts):
        raise ApiError(400, 50006, "Cannot send an empty message")


def problems_of(body: Payload) -> list[Problem]:
    """Return the errors that Discord would report for a message's body; empty if there are none."""
    found = [*_check_length(body.get("content"), 2000, "content")]
    embeds = body.get("embeds") or []
    if len(embeds) > 10:
        found.append(("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."))
    total = 0
    for number, embed in enumerate(embeds):
        found += _find_embed_problems(embed, f"embeds.{number}")
        total += _measure_embed(embed)
    if total > EMBED_TOTAL:
        found.append(("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000"))
    found += _find_component_problems(body.get("components") or [])
    found += _check_length(str(body["nonce"]) if body.get("nonce") is not None else None, 25, "nonce")
    if int(body.get("flags") or 0) & V2:
        found += _find_v2_problems(body)
    if body.get("poll"):
        found += _find_poll_problems(body["poll"])
    return found


def _find_poll_problems(poll: Payload) -> Iterator[Problem]:
    answers = poll.get("answers") or []
    if not 1 <= len(answers) <= 10:
        yield "poll.answers", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length."
    texts = [("poll.question.text", (poll.get("question") or {}).get("text"), 300)]
    texts += [
        (f"poll.answers.{number}.poll_media.text", (answer.get("poll_media") or {}).get("text"), 55)
        for number, answer in enumerate(answers)
    ]
    for path, text, limit in texts:
        if not str(text or "").strip():
            yield path, "BASE_TYPE_REQUIRED", "This field is required"
        yield from _check_length(text, limit, path)
    hours = poll.get("duration") or 24
    if int(hours) != hours or not 1 <= hours <= 768:
        yield "poll.duration", "NUMBER_TYPE_MAX", "int value should be between 1 and 768."


def _find_v2_problems(body: Payload) -> Iterator[Problem]:
    """Return the errors of a message made of components, which may have no text or embeds beside them."""
    for key in ("content", "embeds"):
        if body.get(key):
            text = "The 'flags' field IS_COMPONENTS_V2 forbids this field"
            yield key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text
    shown = sum(
        len(each["content"]) for each in walk_components(body.get("components") or []) if each.get("type") == 10
    )
    if shown > 4000:
        yield "components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", "Must be 4000 or fewer in length."


def _check_length(text: Any, limit: int, path: str) -> Iterator[Problem]:
    if isinstance(text, str) and len(text) > limit:
        yield path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length."


def _find_embed_problems(embed: Payload, path: str) -> Iterator[Problem]:
    yield from _check_length(embed.get("title"), 256, f"{path}.title")
    yield from _check_length(embed.get("description"), 4096, f"{path}.description")
    yield from _check_length((embed.get("footer") or {}).get("text"), 2048, f"{path}.footer.text")
    yield from _check_length((embed.get("author") or {}).get("name"), 256, f"{path}.author.name")
    fields = embed.get("fields") or []
    if len(fields) > 25:
        yield f"{path}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."
    for number, each in enumerate(fields):
        for key, limit in (("name", 256), ("value", 1024)):
            if not str(each.get(key) or "").strip():
                yield f"{path}.fields.{number}.{key}", "BASE_TYPE_REQUIRED", "This field is required"
            yield from _check_length(each.get(key), limit, f"{path}.fields.{number}.{key}")


def _measure_embed(embed: Payload) -> int:
    texts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    texts.append((embed.get("author") or {}).get("name"))
    for each in embed.get("fields") or []:
        texts += [each.get("name"), each.get("value")]
    return sum(len(text) for text in texts if text)


def _find_component_problems(components: list[Payload]) -> Iterator[Problem]:
    if len(components) > 5 and all(each.get("type") == 1 for each in components):
        yield "components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length."
    if sum(1 for _ in walk_components(components)) > 40:
        yield "components", "BASE_TYPE_MAX_LENGTH", "Must be 40 or fewer in length."
    seen: set[str] = set()
    for path, component in _add_paths(components, "components"):
        yield from _check_component(component, path)
        custom_id = component.get("custom_id")
        if custom_id in seen:
            yield f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        seen |= {custom_id} if custom_id else set()


def _add_paths(components: list[Payload], path: str) -> Iterator[tuple[str, Payload]]:
    for number, component in enumerate(components):
        yield f"{path}.{number}", component
        yield from _add_paths(component.get("components") or [], f"{path}.{number}.components")
        if component.get("accessory"):
            yield f"{path}.{number}.accessory", component["accessory"]


def _check_component(component: Payload, path: str) -> Iterator[Problem]:
    kind = component.get("type")
    if kind == 1 and not 1 <= len(component.get("components") or []) <= 5:
        yield f"{path}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."
    if kind == 2 and not (component.get("label") or component.get("emoji")):
        yield f"{path}.label", "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji"
    if kind == 2 and component.get("style") == 5 and not component.get("url"):
        yield f"{path}.url", "BASE_TYPE_REQUIRED", "This field is required"
    if kind in (2, 3, 4, 5, 6, 7, 8) and not (component.get("custom_id") or component.get("url")):
        yield f"{path}.custom_id", "BASE_TYPE_REQUIRED", "This field is required"
    yield from _check_length(component.get("custom_id"), 100, f"{path}.custom_id")
    yield from _check_length(component.get("label"), 80 if kind == 2 else 45, f"{path}.label")
    yield from _check_length(component.get("placeholder"), 150, f"{path}.placeholder")
    options = component.get("options") or []
    if kind == 3 and not 1 <= len(options) <= 25:
        yield f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length."
    values: set[Any] = set()
    for number, option in enumerate(options):
        if option.get("value") in values:
            text = "The specified option value is already used"
            yield f"{path}.options.{number}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", text
        values.add(option.get("value"))
        for key in ("label", "value", "description"):
            yield from _check_length(option.get(key), 100, f"{path}.options.{number}.{key}")


def check_choices(choices: list[Payload]) -> None:
    """Raise the ApiError with which Discord would refuse these choices of an autocompletion."""
    problems: list[Problem] = []
    if len(choices) > 25:
        problems.append(("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."))
    for number, choice in enumerate(choices):
        for key in ("name", "value"):
            path = f"data.choices.{number}.{key}"
            if choice.get(key) in ("", None):
                problems.append((path, "BASE_TYPE_REQUIRED", "This field is required"))
            problems += _check_length(choice.get(key), 100, path)
    if problems:
        raise invalid_form(problems)


def check_modal(data: Payload) -> None:
    """Raise the ApiError with which Discord would refuse this form."""
    problems = [
        *_check_length(data.get("title"), 45, "data.title"),
        *_check_length(data.get("custom_id"), 100, "data.custom_id"),
    ]
    rows = data.get("components") or []
    if not 1 <= len(rows) <= 5:
        problems.append(("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."))
    if problems:
        raise invalid_form(problems)
