"""REST: answers to interactions, and the webhook for further answers."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from simulator.discord.model.guild import Payload
from simulator.discord.model.messages import (
    AUTOCOMPLETE,
    COMPONENT,
    EPHEMERAL,
    LOADING,
    MODAL,
    Attachment,
    ChannelMessage,
    Interaction,
)
from simulator.discord.model.world import DiscordWorld
from simulator.discord.rest.errors import ApiError, invalid_form, unknown_error
from simulator.discord.rest.messages import apply_edit, new_message
from simulator.discord.rest.request_body import FILES, body_of
from simulator.discord.rest.request_gate import json_response, no_content
from simulator.discord.rest.validation import check_choices, check_message, check_modal
from simulator.machine_stalls import StallWatch

REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
"""Types of a callback."""
TOKEN_LIVES_S = 900.0

Answerer = Callable[[Interaction, Payload, dict[int, Attachment]], None]


class InteractionRoutes:
    """The routes by which a bot answers.

    `deadline_s`: seconds within which it must acknowledge, without stalls of the machine.
    """

    def __init__(self, world: DiscordWorld, stalls: StallWatch, deadline_s: float = 3.0) -> None:
        self.world = world
        self.deadline_s = deadline_s
        self._stalls = stalls
        self._answerers: dict[int, Answerer] = {
            REPLY: self._reply, DEFER: self._defer, DEFER_UPDATE: self._defer_update, UPDATE: self._update,
            CHOICES: self._choices, FORM: self._form,
        }  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /api/v10."""
        one = "/webhooks/{app}/{token}/messages/{message}"
        return [
            web.post("/interactions/{interaction}/{token}/callback", self.callback),
            web.post("/webhooks/{app}/{token}", self.follow_up),
            web.get(one, self.get),
            web.patch(one, self.edit),
            web.delete(one, self.delete),
        ]

    async def callback(self, request: web.Request) -> web.Response:
        """Accept the first answer, if it comes in time and only once."""
        interaction = self.world.interactions.get(request.match_info["token"])
        now_s = time.monotonic()
        if interaction is None or str(interaction.id) != request.match_info["interaction"]:
            raise unknown_error("interaction")
        if interaction.acked_s is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        self._stalls.look(now_s, time.process_time())
        interaction.stalled_s = self._stalls.sum_stalls(interaction.asked_s, now_s)
        if now_s - interaction.asked_s - interaction.stalled_s > self.deadline_s:
            raise unknown_error("interaction")
        body = body_of(request)
        kind = int(body.get("type", 0))
        if kind not in self._allowed_kinds(interaction):
            raise invalid_form([("type", "BASE_TYPE_CHOICES", "Value is not one of what this interaction takes.")])
        with self.world.changed:
            self._answerers[kind](interaction, body.get("data") or {}, request[FILES])
            interaction.acked_s, interaction.ack_type = now_s, kind
            self.world.changed.notify_all()
        if request.query.get("with_response", "").lower() in ("1", "true"):
            return json_response(self._build_callback_answer(interaction, kind))
        return no_content()

    @staticmethod
    def _allowed_kinds(interaction: Interaction) -> tuple[int, ...]:
        if interaction.kind == AUTOCOMPLETE:
            return (CHOICES,)
        if interaction.kind == COMPONENT:
            return REPLY, DEFER, DEFER_UPDATE, UPDATE, FORM
        if interaction.kind == MODAL:
            return (REPLY, DEFER, DEFER_UPDATE, UPDATE) if interaction.source else (REPLY, DEFER)
        return REPLY, DEFER, FORM

    def _reply(self, interaction: Interaction, data: Payload, files: dict[int, Attachment]) -> None:
        check_message(data, files=len(files))
        interaction.message = self._post(interaction, data, files, int(data.get("flags") or 0))

    def _defer(self, interaction: Interaction, data: Payload, _: dict[int, Attachment]) -> None:
        flags = int(data.get("flags") or 0)
        interaction.hidden = bool(flags & EPHEMERAL)
        interaction.message = self._post(interaction, {}, {}, flags | LOADING)

    def _defer_update(self, interaction: Interaction, _: Payload, __: dict[int, Attachment]) -> None:
        interaction.message = None

    def _update(self, interaction: Interaction, data: Payload, files: dict[int, Attachment]) -> None:
        source = self._require_source(interaction)
        apply_edit(source, data, files)
        interaction.message = self.world.publish_edit(source, time.monotonic())

    def _choices(self, interaction: Interaction, data: Payload, _: dict[int, Attachment]) -> None:
        choices = data.get("choices") or []
        check_choices(choices)
        interaction.choices = choices

    def _form(self, interaction: Interaction, data: Payload, _: dict[int, Attachment]) -> None:
        check_modal(data)
        interaction.modal = data

    def _require_source(self, interaction: Interaction) -> ChannelMessage:
        if interaction.source is None or interaction.source.deleted:
            raise unknown_error("Message")
        return interaction.source

    def _post(self, asked: Interaction, body: Payload, files: dict[int, Attachment], flags: int) -> ChannelMessage:
        message = new_message(body, files, self.world.bot, asked.channel_id)
        message.flags = flags
        message.asked_by, message.asked_with = asked.member.user, asked.name
        return self.world.post(message)

    def _build_callback_answer(self, interaction: Interaction, kind: int) -> Payload:
        message = interaction.message
        about: Payload = {"id": str(interaction.id), "type": interaction.kind}
        if message is None:
            return {"interaction": about, "resource": {"type": kind}}
        about |= {
            "response_message_id": str(message.id), "response_message_loading": message.is_loading,
            "response_message_ephemeral": message.is_ephemeral,
        }  # fmt: skip
        return {"interaction": about, "resource": {"type": kind, "message": self.world.message_payload(message)}}

    def _find_by_token(self, request: web.Request) -> Interaction:
        found = self.world.interactions.get(request.match_info["token"])
        if found is None or found.acked_s is None:
            raise unknown_error("Webhook")
        if time.monotonic() - found.asked_s > TOKEN_LIVES_S:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return found

    def _find_message(self, interaction: Interaction, name: str) -> ChannelMessage:
        if name == "@original":
            found = interaction.message or (interaction.source if interaction.kind in (COMPONENT, MODAL) else None)
        else:
            mine = [interaction.message, interaction.source, *interaction.followups]
            found = next((m for m in mine if m is not None and str(m.id) == name), None)
        if found is None or found.deleted:
            raise unknown_error("Message")
        return found

    async def follow_up(self, request: web.Request) -> web.Response:
        """Accept a further answer; the first after a deferral replaces "thinking ..."."""
        interaction, body, files = self._find_by_token(request), body_of(request), request[FILES]
        check_message(body, files=len(files))
        waiting = interaction.message
        if waiting is not None and waiting.is_loading and not waiting.deleted:
            return json_response(self.world.message_payload(self._fill(waiting, body, files)))
        with self.world.changed:
            message = self._post(interaction, body, files, int(body.get("flags") or 0))
            interaction.followups.append(message)
            self.world.changed.notify_all()
        return json_response(self.world.message_payload(message))

    def _fill(self, message: ChannelMessage, body: Payload, files: dict[int, Attachment]) -> ChannelMessage:
        """Replace "thinking ..." by the answer; whether it is ephemeral was decided by the deferral."""
        with self.world.changed:
            hidden = message.flags & EPHEMERAL
            apply_edit(message, body, files)
            message.flags = message.flags & ~(EPHEMERAL | LOADING) | hidden
            return self.world.publish_edit(message, time.monotonic())

    async def get(self, request: web.Request) -> web.Response:
        """Answer with one of the answers."""
        return json_response(
            self.world.message_payload(self._find_message(self._find_by_token(request), request.match_info["message"]))
        )

    async def edit(self, request: web.Request) -> web.Response:
        """Change one of the answers."""
        interaction = self._find_by_token(request)
        message = self._find_message(interaction, request.match_info["message"])
        self._fill(message, body_of(request), request[FILES])
        if interaction.message is None and message is interaction.source:
            interaction.message = message
        return json_response(self.world.message_payload(message))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete one of the answers."""
        self.world.delete(self._find_message(self._find_by_token(request), request.match_info["message"]))
        return no_content()
