"""`audit`: what administrators did."""

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, command
from actors.chat.discord.framework.pages import read_slice
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import AuditEntry, AuditPage, AuditSubject, GetAuditLog
from wording.text import join_names
from wording.translation import N_, _

ROWS = 10


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of the audit log, the newest first."""

    async def read(offset: int) -> AuditPage:
        return await actors.ask(GetAuditLog(ROWS, offset))

    found, page, pages = await read_slice(read, lambda part: part.total, page, ROWS)
    lines = [_format_entry(entry) for entry in found.entries]
    text = embeds.join_lines_within(lines, embeds.DESCRIPTION) if lines else _("Nothing yet.")
    return Reply(embeds.build_embed(_("📜 Audit log"), text, colour=embeds.PURPLE), page, pages)


def _format_entry(entry: AuditEntry) -> str:
    facts = [
        formatting.date_and_time(entry.at_s),
        f"**{_format_subject(entry.who)}**",
        f"`{formatting.escape_code(entry.act, 30)}`",
        join_names([_format_subject(target) for target in entry.targets], 4),
    ]
    if entry.outcome != "done":
        facts.append(formatting.escape(entry.outcome, 120))
    if entry.source != "Discord":
        facts.append(formatting.escape(entry.source, 30))
    return " · ".join(fact for fact in facts if fact)


def _format_subject(subject: AuditSubject) -> str:
    return formatting.escape(subject.name or subject.id, 60)


@command(
    "audit",
    N_("What administrators did (admins)"),
    group=CommandGroup.ADMINS,
    permission=ADMINISTRATOR,
    page=build_page,
)
async def audit(ctx: CommandContext) -> None:
    """Answer privately; a direct message has only the newest page, for buttons there cannot check permissions."""
    await defer_privately(ctx)
    reply, view = await acknowledge_then(ctx, ctx.pages.build("audit", asker=ctx.asker))
    if ctx.interaction is None and reply.pages > 1:
        reply.embed.set_footer(text=_("Use /audit for older entries."))
        view = None
    await reply_privately(ctx, reply.embed, view=view)
