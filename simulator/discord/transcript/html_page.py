"""Messages as an HTML page that looks like Discord, dark or light, for pictures of them."""

from __future__ import annotations

import base64
import datetime
import html
import re
from collections.abc import Iterable

from simulator.discord.model.guild import Payload
from simulator.discord.model.messages import Attachment, ChannelMessage
from simulator.discord.model.world import DiscordWorld

DARK = {"page": "#313338", "text": "#dbdee1", "strong": "#f2f3f5", "quiet": "#949ba4", "embed": "#2b2d31",
        "code": "#1e1f22", "button": "#4e5058", "label": "#ffffff", "link": "#00a8fc"}  # fmt: skip
LIGHT = {"page": "#ffffff", "text": "#313338", "strong": "#060607", "quiet": "#5c5e66", "embed": "#f2f3f5",
         "code": "#e3e5e8", "button": "#e3e5e8", "label": "#313338", "link": "#006ce7"}  # fmt: skip
_STYLE = """
body {{ margin: 0; padding: 18px 16px 20px; width: 588px; background: {page}; color: {text};
  font: 15px/1.4 'gg sans', 'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK JP', 'Noto Color Emoji', sans-serif; }}
.message {{ display: flex; gap: 14px; margin-bottom: 18px; }}
.face {{ flex: none; width: 40px; height: 40px; border-radius: 50%; background: #e5a00d; color: #22252b;
  font: bold 21px/40px 'DejaVu Sans'; text-align: center; }}
.who {{ color: {strong}; font-weight: 600; }}
.app {{ background: #5865f2; color: #fff; font-size: 10.5px; font-weight: 600; border-radius: 4px; padding: 1px 5px;
  margin: 0 4px; vertical-align: 1px; }}
.at {{ color: {quiet}; font-size: 12px; }}
.small {{ color: {quiet}; font-size: 12px; }}
a {{ color: {link}; }}
.embed {{ width: 470px; margin-top: 5px; background: {embed}; border-left: 4px solid; border-radius: 4px;
  padding: 10px 14px 14px 12px; font-size: 14px; overflow: hidden; }}
.embed h4 {{ margin: 2px 0 6px; color: {strong}; font-size: 16px; }}
.embed b {{ color: {strong}; }}
.thumb {{ float: right; width: 80px; margin: 4px 0 8px 12px; border-radius: 4px; }}
.fields {{ display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 8px; margin-top: 9px; }}
.field {{ overflow-wrap: anywhere; }}
.name {{ color: {strong}; font-weight: 600; }}
.image {{ width: 100%; margin-top: 14px; border-radius: 4px; display: block; }}
.foot {{ color: {quiet}; font-size: 12px; margin-top: 8px; }}
time {{ background: {code}; border-radius: 3px; padding: 0 2px; }}
pre {{ background: {code}; border-radius: 4px; padding: 7px; margin: 4px 0; font: 12.5px/1.3 'DejaVu Sans Mono'; }}
.button {{ display: inline-block; background: {button}; color: {label}; border-radius: 6px; padding: 5px 14px;
  margin: 7px 7px 0 0; font-size: 14px; font-weight: 500; }}
"""
_COLUMNS, _MOST_IN_ROW = 12, 3
_TOKENS = re.compile(
    r"```\n?(?P<block>.*?)```|\\(?P<escaped>.)|\*\*(?P<bold>(?:\\.|[^\\])+?)\*\*|`(?P<code>[^`]+)`|<t:(?P<time>\d+)(?::(?P<as>\w))?>"
    r"|\[(?P<link>(?:\\.|[^\]\\])+)\]\(https?://[^)\s]+\)|__(?P<under>(?:\\.|[^\\])+?)__|^-# (?P<small>[^\n]+)",
    re.DOTALL | re.MULTILINE,
)


def render_page(messages: Iterable[ChannelMessage], world: DiscordWorld, colours: dict[str, str]) -> str:
    """Return a complete HTML document that needs no other file."""
    shown = "".join(_render_message(message, world) for message in messages)
    style = _STYLE.format(**colours)
    return f"<!doctype html><meta charset='utf-8'><style>{style}</style><body>{shown}</body>"


def _render_message(message: ChannelMessage, world: DiscordWorld) -> str:
    at = datetime.datetime.fromisoformat(message.at).astimezone(datetime.UTC)
    edited = " <span class='at'>(edited)</span>" if message.edited_s else ""
    embeds = "".join(_render_embed(embed, message, world) for embed in message.embeds if not message.is_poll_result)
    poll = "<br>".join(map(html.escape, message.poll.lines())) if message.poll is not None else ""
    buttons = "".join(_render_buttons(row) for row in message.components)
    name = html.escape(message.author.display_name)
    return (
        f"<div class='message'><div class='face'>{name[:1]}</div><div><span class='who'>{name}</span>"
        f"<span class='app'>APP</span><span class='at'>{at:%H:%M}</span>{edited}"
        f"<div>{_render_markdown(message.content, world)}{poll}</div>{embeds}<div>{buttons}</div></div></div>"
    )


def _render_embed(embed: Payload, message: ChannelMessage, world: DiscordWorld) -> str:
    colour = f"#{embed.get('color') or 0x4E5058:06x}"
    parts = [f"<div class='embed' style='border-color: {colour}'>"]
    parts.append(_render_picture("thumb", (embed.get("thumbnail") or {}).get("url"), message))
    parts.append(f"<h4>{_render_markdown(embed.get('title') or '', world)}</h4>")
    parts.append(f"<div>{_render_markdown(embed.get('description') or '', world)}</div><div class='fields'>")
    for row in _group_rows(embed.get("fields") or []):
        wide = _COLUMNS // len(row)
        for place, field in enumerate(row):
            name, value = _render_markdown(field["name"], world), _render_markdown(field["value"], world)
            at = f"grid-column: {place * wide + 1} / span {wide}"
            parts.append(f"<div class='field' style='{at}'><div class='name'>{name}</div>{value}</div>")
    parts.append("</div>")
    parts.append(_render_picture("image", (embed.get("image") or {}).get("url"), message))
    footer = (embed.get("footer") or {}).get("text")
    parts.append(f"<div class='foot'>{html.escape(footer)}</div>" if footer else "")
    return "".join(parts) + "</div>"


def _group_rows(fields: Iterable[Payload]) -> list[list[Payload]]:
    """Return the fields in rows, as Discord arranges them: up to three inline ones share one; another has its own."""
    rows: list[list[Payload]] = []
    for field in fields:
        if rows and field.get("inline") and rows[-1][0].get("inline") and len(rows[-1]) < _MOST_IN_ROW:
            rows[-1].append(field)
        else:
            rows.append([field])
    return rows


def _render_picture(kind: str, url: str | None, message: ChannelMessage) -> str:
    name = (url or "").removeprefix("attachment://").rsplit("/", 1)[-1]
    found: Attachment | None = next((each for each in message.attachments if each.filename == name), None)
    if found is None:
        return ""
    return f"<img class='{kind}' src='data:image/png;base64,{base64.b64encode(found.content).decode()}'>"


def _render_markdown(source: str, world: DiscordWorld) -> str:
    """Return the markdown that Usher writes, as HTML."""
    parts, rest = [], 0
    for hit in _TOKENS.finditer(source):
        parts.append(_render_lines(source[rest : hit.start()]))
        rest = hit.end()
        if hit["block"] is not None:
            parts.append(f"<pre>{html.escape(hit['block'].rstrip())}</pre>")
        elif hit["escaped"] is not None:
            parts.append(html.escape(hit["escaped"]))
        elif hit["bold"] is not None:
            parts.append(f"<b>{_render_markdown(hit['bold'], world)}</b>")
        elif hit["link"] is not None:
            parts.append(f"<a>{_render_markdown(hit['link'], world)}</a>")
        elif hit["under"] is not None:
            parts.append(f"<u>{_render_markdown(hit['under'], world)}</u>")
        elif hit["small"] is not None:
            parts.append(f"<span class='small'>{_render_markdown(hit['small'], world)}</span>")
        elif hit["code"] is not None:
            parts.append(f"<code>{html.escape(hit['code'])}</code>")
        else:
            parts.append(f"<time>{_render_time(int(hit['time']), hit['as'] or 'f', world.now())}</time>")
    return "".join([*parts, _render_lines(source[rest:])])


def _render_lines(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _render_time(at_s: int, shape: str, now_s: float) -> str:
    at = datetime.datetime.fromtimestamp(at_s, datetime.UTC)
    if shape != "R":
        return f"{at:%H:%M}" if shape == "t" else f"{at.day} {at:%B %Y}" + ("" if shape in "dD" else f" {at:%H:%M}")
    away = at_s - now_s
    said = _format_span(abs(away))
    return f"in {said}" if away > 0 else f"{said} ago"


def _format_span(seconds: float) -> str:
    """Return a time span rounded as Discord does: an hour from 45 minutes on, a day from 22 hours on."""
    if seconds < 45:
        return "a few seconds"
    for unit, length, upto in (("a minute", 60, 45 * 60), ("an hour", 3600, 22 * 3600), ("a day", 86_400, 1e12)):
        if seconds < upto:
            count = round(seconds / length)
            return unit if count < 2 else f"{count} {unit.split()[1]}s"
    return "a long time"


def _render_buttons(row: Payload) -> str:
    shown = []
    for control in row.get("components") or []:
        name = control.get("label") or _find_menu_label(control)
        label = " ".join(each for each in ((control.get("emoji") or {}).get("name"), name) if each)
        shown.append(f"<span class='button'>{html.escape(label)}</span>")
    return "".join(shown)


def _find_menu_label(control: Payload) -> str:
    """Return the text of a closed menu: the choice, or the placeholder; empty for a button."""
    if not control.get("placeholder"):
        return ""
    chosen = [option["label"] for option in control.get("options") or () if option.get("default")]
    count = len(control.get("default_values") or ())
    return f"{', '.join(chosen) or control['placeholder']}{f' ({count})' if count else ''} ▾"
