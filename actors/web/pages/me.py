"""The member's own page: their record (shown to them whatever their privacy), their choices and sessions."""

from typing import Any

import msgspec

from actors.web.page import PageContent, PageRequest, page
from actors.web.pages.clock import format_iso_day
from actors.web.pages.viewer import build_profile
from actors.web.readers import Access
from messages import GetPublicName, GetViewerAccount, GetViewerStats, ListShares, Share, ViewerAccount
from wording.lanes import make_face
from wording.privacy import PRIVACY_CHOICES, PRIVACY_NAMES
from wording.text import clean_line
from wording.translation import N_, _, gettext_badge

DONE = {
    "privacy": N_("Your choice applies from now on."),
    "name": N_("Your choice applies from now on."),
    "share": N_("Nobody can open that page any more."),
}
"""The note to be shown after a change, by the name of the change."""


class PrivacyOption(msgspec.Struct, frozen=True):
    """A choice of privacy."""

    value: str
    name: str
    meaning: str
    is_chosen: bool


class ShareRow(msgspec.Struct, frozen=True):
    """A page that the member shares."""

    token: str
    path: str
    name: str
    day: str


@page("me", "/me", access=Access.SIGNED_IN, is_kept=False)
async def show_me(request: PageRequest) -> PageContent:
    """Show a member their own page, which nobody else may see."""
    account = await request.ask(GetViewerAccount(request.asker))
    is_named = False
    if request.site_access == "public":
        is_named = (await request.ask(GetPublicName(request.asker))).is_named
    shares = (await request.ask(ListShares(request.asker))).shares
    profile = await build_profile(request.asker, request)
    values = dict(profile.values) if profile is not None else build_empty_profile()
    values["face_of"] = make_face(request.asker, request.reader.name)
    values |= {
        "heading": clean_line(request.reader.name, 60),
        "done": _(DONE[request.query["done"]]) if request.query.get("done") in DONE else "",
        "options": list_options(account),
        "accounts": tuple(clean_line(link.plex_name, 60) for link in account.links),
        "shows_public_name": request.site_access == "public",
        "is_named": is_named,
        "own": _describe(),
        "shares": tuple(_build_share(share, request) for share in shares),
        "badge_choices": await _list_badges(request),
    }
    return PageContent(_("My page"), values)


def _build_share(share: Share, request: PageRequest) -> ShareRow:
    kind = {"year": _("Year"), "night": _("Night"), "badge": _("Badge")}[share.kind]
    day = format_iso_day(share.created_at_s, request.zone)
    subject = share.subject if share.kind == "year" else ""
    return ShareRow(share.token, f"/s/{share.token}", " ".join(filter(None, (kind, subject))), day)


async def _list_badges(request: PageRequest) -> tuple[tuple[str, str], ...]:
    """Return id and name of each badge that the member has."""
    badges = (await request.ask(GetViewerStats(request.asker, request.asker))).badges
    return tuple((badge.badge_id, f"{clean_line(badge.emoji, 20)} {gettext_badge(badge.name)}") for badge in badges)


def list_options(account: ViewerAccount) -> tuple[PrivacyOption, ...]:
    """Return every choice of privacy, with the current one marked."""
    return tuple(
        PrivacyOption(choice, _(PRIVACY_NAMES[choice]), _(meaning).replace("`", ""), choice == account.privacy)
        for choice, meaning in PRIVACY_CHOICES.items()
    )


def build_empty_profile() -> dict[str, Any]:
    """Return what the page shows for a member without a record."""
    nothing = ("tiles", "badges", "genres", "directors", "decades", "companions", "rows")
    headed = ("calendar", "badges", "genres", "directors", "decades", "companions", "history")
    return dict.fromkeys(nothing, ()) | {
        "now": "", "figures_hidden": "", "calendar": None, "year_path": "", "year_label": "", "table": {},
        "companions_note": "",
        "headings": dict.fromkeys(headed, ""),
    }  # fmt: skip


def _describe() -> dict[str, str]:
    return {
        "only_you": _("Only you see this page."),
        "privacy": _("Who sees you"),
        "save": _("Save"),
        "accounts": _("This also applies to your Plex accounts"),
        "public_name": _("Your name"),
        "named": _("Show my name to everyone who opens this page, members or not"),
        "numbered": _("Otherwise, people who aren't signed in see you as a number."),
        "data": _("Your data"),
        "data_more": _("Everything stored about you, as a file."),
        "download": _("Download"),
        "shares": _("What you share"),
        "shares_more": _(
            "Whoever has the link sees it, until you end it, turn private or leave the Discord server. Share a year "
            "or a night on its page."
        ),
        "badge": _("Badge"),
        "share": _("Share"),
        "end": _("End"),
        "sessions": _("Where you are signed in"),
        "sign_out": _("Sign out"),
        "everywhere": _("Sign out everywhere"),
        "sessions_more": _("Everywhere means on every device; unused sign-in links stop working, too."),
        "nothing": _("Nothing watched yet."),
    }
