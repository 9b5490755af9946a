"""Interactions that no Discord client sends: made from a seed, each a change of a valid one."""

import contextlib
import copy
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from simulator.discord.model.ids import snowflake
from simulator.discord.model.messages import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from tests.integration.discord.community_stage import CHOICES, Community

Payload = dict[str, Any]
HUGE = "x" * 6_000
NUMBERS = (-1, 0, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 0.5, float(10**18))
TEXTS = (
    "", " ", "0", "-1", "null", HUGE, "\x00", "\x1b[31m", "\u202e", "<@1>", "@everyone", "'; DROP TABLE watches;--",
    "%s%n{0}{name}", "../../etc/passwd", "plex:srv:7 somebody", "plex:" + "y" * 400, "usher:page:=:stats:0:1|x",
    "~0123456789abcdef", "|" * 50, "9" * 5_000, "🎬" * 1_500,
)  # fmt: skip
CUSTOM_IDS = (
    "usher:page:+:history:9999:", "usher:page:=:stats:0:{id}|", "usher:page:=:history:0:{id}||",
    "usher:page:=:audit:0:", "usher:page:=:health:0:", "usher:page:=:nosuch:0:",
    "usher:page:=:wrapped:0:abc|{id}|x", "usher:page:=:wrapped:0:|||", "usher:page:=:whosaw:0:ecret",
    "usher:page:=:moviestats:0:secret", "usher:page:=:badges:0:{id}|", "usher:page:x",
    "usher:page:=:history:0:~0000", "usher:link:yes:{id}:plex:srv:7", "usher:link:no:0:plex:",
    "usher:link:yes:{big}:plex:a", "usher:forget:{id}", "usher:forget:{big}", "usher:toproles", "usher:start:",
    "usher:start:{big}", "usher:night:zz:0", "usher:suggest:{id}", "usher:vote:1", "usher:rate:5", "usher:",
    "usher:want:0123456789abcdef", "usher:want-menu", "usher:withdraw:0123456789abcdef", "usher:take-back",
    "usher:take-back-menu", "usher:end-vote:{big}", "usher:plan-night:1:other", "usher:open-night:1:2",
    "usher:stop-repeating:1", "usher:night-role", "usher:night:0123456789abcdef:7", "usher:rate:6:s0",
    "usher:rate:5:s0", "usher:setup", "usher:setup:x@1", "usher:forget:{id}@100000000000000000",
    "0123456789abcdef0123456789abcdef", "other:bot", "",
)  # fmt: skip
LOCALES: tuple[Any, ...] = ("xx", "", "zz-ZZ-zz", "en_US", "de-DE\x00", None, 5, [], "a" * 500)
PERMISSIONS: tuple[Any, ...] = ("0", "abc", None, "", "-1", str(2**70), 8, [])


@dataclass
class Forgery:
    """One forged interaction, as the gateway dispatches it."""

    number: int
    data: Payload
    is_sound: bool
    """Whether it is one that Discord might send, whatever was typed: then it has to be answered in time."""

    def can_be_answered(self, token: str) -> bool:
        """Tell whether an answer would reach Discord: it knows the token, and this is something that people do."""
        return self.data.get("token") == token and self.data.get("type") in (COMMAND, COMPONENT, AUTOCOMPLETE, MODAL)

    @property
    def summary(self) -> tuple[int, int, str]:
        """Its number, its type, and what was used."""
        return self.number, int(self.data.get("type", 0)), str(self.data.get("data"))[:300]


class Forger:
    """Makes forged interactions from a seed. All are from a stranger who is no administrator."""

    def __init__(self, community: Community, seed: int) -> None:
        self._community = community
        self.tokens: dict[str, Forgery] = {}
        """What was made, by its token."""
        self._random = random.Random(seed)  # noqa: S311 - a test repeats itself
        self._commands = list(community.stage.discord.world.commands[community.stage.discord.guild.id])

    def forge(self, number: int) -> Forgery:
        """Make one: a sound interaction with strange values, changed in up to two ways."""
        kind = self._random.choice((COMMAND, COMMAND, AUTOCOMPLETE, COMPONENT, COMPONENT, MODAL))
        self._may_be_sound = True
        data = self._build_sound(kind)
        changes = self._random.randint(0, 2)
        for _ in range(changes):
            with contextlib.suppress(KeyError, TypeError, IndexError):  # an earlier change may have taken the part away
                self._random.choice(self._changes())(data)
        self.tokens[self._asked.token] = Forgery(number, data, self._may_be_sound and not changes)
        return self.tokens[self._asked.token]

    def send(self, forgery: Forgery) -> None:
        """Have the gateway dispatch it."""
        self._community.stage.discord.world.dispatch("INTERACTION_CREATE", forgery.data, 0)

    def _build_sound(self, kind: int) -> Payload:
        world, channel = self._community.stage.discord.world, self._community.stage.discord.channel("film-club")
        source = self._random.choice(self._community.stage.discord.messages(channel, by_bot=True))
        asked = Interaction(
            snowflake(), secrets.token_urlsafe(24), self._community.add_asker(), channel.id, kind, "forged",
            world.changed, source=source if kind == COMPONENT else None,
        )  # fmt: skip
        world.interactions[asked.token] = self._asked = asked
        whole: Payload = world.interaction_payload(asked, self._build_data(kind))
        return copy.deepcopy(whole)

    def _build_data(self, kind: int) -> Payload:
        pick = self._random.choice
        if kind == COMPONENT:
            return {"component_type": pick((2, 2, 3, 5, 99)), "custom_id": self._custom_id(), "values": [pick(TEXTS)]}
        if kind == MODAL:
            field = {"type": 4, "custom_id": self._custom_id(), "value": pick(TEXTS)}
            return {"custom_id": self._custom_id(), "components": [{"type": 1, "components": [field]}]}
        command = pick(self._commands)
        options = [self._build_option(option) for option in command.get("options", ()) if self._random.random() < 0.7]
        if kind == AUTOCOMPLETE and options:
            typed = [option["name"] for option in command["options"] if option.get("autocomplete")]
            focused = next((option for option in options if option["name"] in typed), options[-1])
            focused["focused"] = True
            self._may_be_sound = focused["name"] in typed
        guild_id = str(self._community.stage.discord.guild.id)
        return {
            "id": command["id"], "name": command["name"], "type": 1, "guild_id": guild_id, "options": options,
            "resolved": self._resolve(options),
        }  # fmt: skip

    def _build_option(self, option: Payload) -> Payload:
        value: Any = self._random.choice(TEXTS)
        if option["type"] == 6:
            value = self._random.choice(list(self._community.ids.values()))
        elif option["type"] == 10:
            value = self._random.choice(NUMBERS)
        elif option["type"] == 4:
            value = self._random.choice([number for number in NUMBERS if isinstance(number, int)])
        elif option.get("choices"):
            value = self._random.choice(option["choices"])["value"]
        return {"name": option["name"], "type": option["type"], "value": value}

    def _resolve(self, options: list[Payload]) -> Payload:
        members = {each["value"]: self._community.stage.discord.member(name) for each in options
                   for name, viewer_id in self._community.ids.items() if each["value"] == viewer_id}  # fmt: skip
        return {
            "users": {key: member.user.payload() for key, member in members.items()},
            "members": {key: member.partial() for key, member in members.items()},
        }

    def _custom_id(self) -> str:
        hidden = [name for name, choice in CHOICES.items() if choice in ("private", "untracked")]
        chosen = self._community.ids[self._random.choice(hidden)]
        return self._random.choice(CUSTOM_IDS).format(id=chosen, big=10**30)

    def _changes(self) -> tuple[Callable[[Payload], None], ...]:
        pick = self._random.choice
        strange: tuple[Any, ...] = (*TEXTS, *NUMBERS, None, True, [], {}, [[]], {"id": None})
        parts = ("name", "id", "type", "options", "custom_id", "values")
        wholes = ("guild_id", "channel_id", "member", "channel", "data", "app_permissions", "locale")
        some_id = str(pick((0, 1, 10**17, 2**63, 10**25)))

        def set_key(data: Payload, key: str, value: Any) -> None:
            data[key] = value

        def set_type(data: Payload, kind: int) -> None:
            data["type"] = self._asked.kind = kind  # Discord knows what it has sent

        def spoil_option(data: Payload) -> None:
            option = pick(data["data"]["options"])
            option[pick(("value", "name", "type"))] = pick(strange)

        def send_directly(data: Payload) -> None:
            """Send it as from a direct message: with a user, and without member and server."""
            data["user"] = data.pop("member")["user"]
            for key in ("guild_id", "guild", "guild_locale", "app_permissions"):
                data.pop(key, None)
            data["channel"] = {"id": data["channel_id"], "type": 1, "recipients": []}
            data["context"] = pick((1, 2, 9))

        def spoil_source(data: Payload) -> None:
            """Remove the message of a button, give it another author, or replace it by something invalid."""
            spoiled = pick(("drop", "other", "strange"))
            if spoiled == "drop":
                del data["message"]
            elif spoiled == "other":
                data["message"] |= {"id": some_id, "author": {**data["message"]["author"], "id": some_id}}
            else:
                data["message"] = pick(strange)

        def nest(data: Payload) -> None:
            options: Any = data["data"]["options"]
            for _ in range(20):
                options = [{"type": 1, "name": pick(TEXTS)[:30], "options": options}]
            data["data"]["options"] = options

        return (
            lambda data: set_key(data["data"], pick(parts), pick(strange)),
            lambda data: data["data"].pop(pick(list(data["data"]))),
            lambda data: data.pop(pick(wholes)),
            lambda data: set_key(data, pick(("guild_id", "channel_id", "application_id")), some_id),
            lambda data: set_type(data, pick((0, 1, 2, 3, 4, 5, 6, 99))),
            lambda data: set_key(data["member"], "permissions", pick(PERMISSIONS)),
            lambda data: data["member"].pop(pick(("permissions", "user", "roles", "joined_at", "nick"))),
            lambda data: set_key(data, "app_permissions", pick(PERMISSIONS)),
            lambda data: set_key(data, pick(("locale", "guild_locale")), pick(LOCALES)),
            send_directly,
            spoil_source,
            lambda data: set_key(data, "token", pick(TEXTS)),
            lambda data: data["data"].pop("resolved"),
            lambda data: set_key(data["data"], "options", [dict(each) for each in data["data"]["options"]] * 50),
            spoil_option,
            nest,
        )


def list_replies(community: Community) -> Iterator[str]:
    """Yield everything that the bot has written, wherever: messages, answers for one alone, choices."""
    world = community.stage.discord.world
    yield from (message.text for message in list(world.messages.values()) if message.author.id == world.bot.id)
    for asked in list(world.interactions.values()):
        yield from (each.text for each in asked.replies)
        yield str(asked.choices)
