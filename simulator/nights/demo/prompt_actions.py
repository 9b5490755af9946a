"""What the demo's people do with the bot's messages: press buttons, choose from menus, fill in forms, vote in polls."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from simulator.discord.model.messages import ChannelMessage, Interaction
from simulator.nights.demo.console_view import Show
from simulator.nights.demo.typed_lines import LineError, find_named
from simulator.nights.stage import ANNOUNCE, ServiceStage

BUTTON = 2
MOST_LISTED = 8


class MessageActions:
    """Buttons, menus, forms and polls of the channel's messages, the newest first."""

    def __init__(self, stage: ServiceStage, show: Show) -> None:
        self._stage = stage
        self._show = show
        self._asked: Interaction | None = None
        """The interaction in answer to which the bot opened the form that is not filled in yet."""

    def press(self, who: str, label: str) -> None:
        """Press a button in the newest message that has it; `label` may be its beginning. Raises LineError."""
        labels: list[str] = []
        for message, control, name in self._list_controls(who):
            labels.append(name)
            if not label or not name.casefold().startswith(label.casefold()):
                continue
            if control["type"] != BUTTON:
                offered = " or ".join(f'choose "{each["label"]}"' for each in control.get("options", [])[:3])
                raise LineError(f"That is a menu: {offered}.")
            self._show.print_event(f"{who} presses {name}")
            self._show_answer(self._stage.discord.click(who, message, control["custom_id"]))
            return
        newest = ", ".join(f'"{each}"' for each in itertools.islice(dict.fromkeys(labels), MOST_LISTED))
        if not newest:
            raise LineError("No message has a button.")
        asked = f'No button is called "{label}".' if label else "Which button?"
        raise LineError(f"{asked} The newest are {newest}.")

    def choose(self, who: str, text: str) -> None:
        """Choose the option that begins with this text, in the newest menu that has one. Raises LineError."""
        for message, control, name in self._list_controls(who):
            for option in control.get("options", []):
                if text and str(option["label"]).casefold().startswith(text.casefold()):
                    self._show.print_event(f"{who} chooses {option['label']} in {name}")
                    chosen = self._stage.discord.click(who, message, control["custom_id"], values=[option["value"]])
                    self._show_answer(chosen)
                    return
        raise LineError("No menu offers that. They are below the answers of !suggestions, for example.")

    def answer(self, text: str) -> None:
        """Fill the open form with a text and send it. Raises LineError."""
        if self._asked is None or self._asked.modal is None:
            raise LineError("Nothing asks for an answer.")
        asked, form, self._asked = self._asked, self._asked.modal, None
        fields = [part for row in form["components"] for part in row.get("components", [row.get("component")])]
        self._show_answer(self._stage.discord.submit(asked, {fields[0]["custom_id"]: text}))

    def vote(self, who: str, film: str) -> None:
        """Vote for a film in the newest poll that has not ended. Raises LineError."""
        for message in reversed(self._stage.discord.messages(ANNOUNCE, by_bot=True)):
            if message.poll is not None and not message.poll.is_final:
                answer = find_named(film, [str(each.get("text")) for each in message.poll.answers])
                self._stage.discord.vote(who, message, answer)
                self._show.print_event(f"{who} votes for {answer}")
                return
        raise LineError("No poll is running. Start one: !vote Metropolis; Alien")

    def _list_controls(self, who: str) -> Iterator[tuple[ChannelMessage, dict[str, Any], str]]:
        discord = self._stage.discord
        written = [*discord.messages(ANNOUNCE, by_bot=True), *discord.direct_messages(who)]
        for message in sorted(written, key=lambda each: each.id, reverse=True):
            for control in message.controls:
                emoji = control.get("emoji") or {}
                name = str(control.get("label") or control.get("placeholder") or emoji.get("name") or "")
                if name and not control.get("url"):
                    yield message, control, name

    def _show_answer(self, pressed: Interaction) -> None:
        pressed.wait_ack()
        if pressed.modal is not None:
            self._asked = pressed
            self._show.print_hint(f"{pressed.modal['title']}: write your answer like this: answer friday 8pm")
            return
        self._show.print_answer(pressed.wait_reply())
