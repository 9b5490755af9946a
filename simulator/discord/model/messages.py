"""What people and the bot write: messages, their files, and the interactions that a bot answers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simulator.discord.model.guild import Member, Payload, User
from simulator.discord.model.polls import Poll

EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
"""Flags of a message: seen by one person; "thinking ..."; made of components alone."""
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
"""Kinds of interactions."""

ANSWER_WITHIN_S = 45.0
"""How long a bot may take for what it was asked, real seconds: it may run on a busy machine."""


@dataclass(frozen=True)
class Attachment:
    """A file of a message, kept in memory."""

    id: int
    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"
    description: str | None = None

    def payload(self, base: str) -> Payload:
        """Return it as the API shows it; `base` is this server's address."""
        url = f"{base}/attachments/{self.id}/{self.filename}"
        return {
            "id": str(self.id), "filename": self.filename, "size": len(self.content), "url": url,
            "proxy_url": url, "content_type": self.content_type, "description": self.description,
        }  # fmt: skip


@dataclass
class ChannelMessage:
    """A message in a channel."""

    id: int
    channel_id: int
    author: User
    content: str = ""
    embeds: list[Payload] = field(default_factory=list)
    components: list[Payload] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    at: str = ""
    """When it was written, by the world's clock; ISO 8601. Set when it is posted."""
    edited_at: str | None = None
    deleted: bool = False
    reply_to: int | None = None
    asked_by: User | None = None
    """The user whose interaction it answers."""
    asked_with: str = ""
    """The command that it answers."""
    pings: tuple[str, ...] = ()
    """The mentions in it that notify, as written: `<@1>`, `@everyone`. Mentions in embeds notify nobody."""
    reactions: dict[str, set[int]] = field(default_factory=dict)
    poll: Poll | None = None
    is_poll_result: bool = False
    """Whether it reports the result of the poll in the message that it replies to."""
    posted_s: float = field(default_factory=time.monotonic)
    """When it was posted; real seconds of a steady clock."""
    edited_s: list[float] = field(default_factory=list)
    """When it was edited, each time; real seconds of a steady clock."""

    @property
    def is_ephemeral(self) -> bool:
        """Whether only the person who asked sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        """Whether it is still "thinking ..."."""
        return bool(self.flags & LOADING)

    @property
    def text(self) -> str:
        """Everything that can be read in it, embeds and text components included, with its markdown as sent."""
        parts: list[str | None] = [self.content, *(self.poll.lines() if self.poll is not None else ())]
        for embed in self.embeds:
            parts += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
            for each in embed.get("fields") or []:
                parts += [each.get("name"), each.get("value")]
            parts.append((embed.get("footer") or {}).get("text"))
        parts += [each["content"] for each in walk_components(self.components) if each.get("type") == 10]
        return "\n".join(part for part in parts if part)

    def is_settled(self, quiet_s: float) -> bool:
        """Tell whether it is complete: not "thinking ...", nor posted or edited in the last `quiet_s` real seconds."""
        last_s = self.edited_s[-1] if self.edited_s else self.posted_s
        return not self.is_loading and time.monotonic() - last_s >= quiet_s

    @property
    def controls(self) -> list[Payload]:
        """Every button and select of the message, in order."""
        return [each for each in walk_components(self.components) if each.get("custom_id") or each.get("url")]


@dataclass
class Interaction:
    """A slash command, a click or another interaction: what was asked, and what the bot answered."""

    id: int
    token: str = field(repr=False)
    member: Member
    channel_id: int
    kind: int
    name: str
    """The command's full name, or the component's custom_id."""
    changed: threading.Condition = field(repr=False)
    asked_s: float = field(default_factory=time.monotonic)
    acked_s: float | None = None
    stalled_s: float = 0.0
    """Real seconds before the acknowledgement in which the machine stalled."""
    ack_type: int | None = None
    message: ChannelMessage | None = None
    """The original response."""
    followups: list[ChannelMessage] = field(default_factory=list)
    choices: list[Payload] = field(default_factory=list)
    """The choices that an autocompletion offered: name and value."""
    modal: Payload | None = None
    """The form that the bot opened."""
    hidden: bool = False
    """Whether it was deferred as ephemeral."""
    source: ChannelMessage | None = None
    """The message whose component was used."""

    @property
    def ack_after_s(self) -> float | None:
        """Real seconds until it was acknowledged, without stalls of the machine; None if it was not."""
        return None if self.acked_s is None else self.acked_s - self.asked_s - self.stalled_s

    @property
    def replies(self) -> list[ChannelMessage]:
        """All answers so far, in order, without those still "thinking ..."."""
        found = ([self.message] if self.message is not None else []) + self.followups
        return [message for message in found if not message.is_loading and not message.deleted]

    def wait_ack(self, timeout: float = ANSWER_WITHIN_S) -> float:
        """Wait until it is acknowledged; return the real seconds since it was sent. Raises TimeoutError."""
        self._wait(lambda: self.acked_s is not None, timeout, "was not acknowledged")
        return self.ack_after_s or 0.0

    def wait_reply(self, timeout: float = ANSWER_WITHIN_S) -> ChannelMessage:
        """Return the newest answer so far, or else the first to come; for a click also the message that it changed.

        Raises TimeoutError if none comes within `timeout` seconds.
        """
        self._wait(lambda: bool(self.replies), timeout, "was not answered")
        return self.replies[-1]

    def wait_replies(self, count: int, timeout: float = ANSWER_WITHIN_S) -> list[ChannelMessage]:
        """Return all answers once there are at least `count`. Raises TimeoutError after `timeout` seconds."""
        self._wait(lambda: len(self.replies) >= count, timeout, f"has {len(self.replies)} of {count} answers")
        return self.replies

    def _wait(self, ready: Callable[[], bool], timeout: float, problem: str) -> None:
        with self.changed:
            if not self.changed.wait_for(ready, timeout):
                raise TimeoutError(f"{self.name!r} of {self.member.display_name} {problem} within {timeout} s")


def walk_components(components: list[Payload]) -> Iterator[Payload]:
    """Yield every component, the inner ones too, in reading order."""
    for component in components:
        yield component
        yield from walk_components(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                yield from walk_components([component[key]])


def mentions_of(content: str, allowed: Payload | None) -> tuple[str, ...]:
    """Return the mentions of a text that its allowed_mentions permit."""
    kinds = {"users": r"<@!?(\d+)>", "roles": r"<@&(\d+)>", "everyone": r"@(everyone|here)"}
    parse = list(kinds) if allowed is None else allowed.get("parse", [])
    found: list[str] = []
    for kind, pattern in kinds.items():
        named = {str(each) for each in (allowed or {}).get(kind, [])}
        found += [hit[0] for hit in re.finditer(pattern, content) if kind in parse or hit[1] in named]
    return tuple(found)
