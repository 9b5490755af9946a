"""The page that explains who sees what."""

import msgspec

from actors.web.page import PageContent, PageRequest, page
from actors.web.readers import Access
from wording.privacy import PRIVACY_CHOICES, PRIVACY_NAMES
from wording.translation import N_, _

WHO_READS = {
    "local": N_("Anyone on the machine that Usher runs on can read this page, without signing in."),
    "members": N_(
        "Members of the Discord server can read this page after signing in. Those who leave the server lose access."
    ),
    "public": N_(
        "Everybody can read this page. Without signing in, you see numbers instead of names, except for "
        "people who chose to show theirs. Members who sign in see names."
    ),
}
"""Who can read the site, by WEB_ACCESS."""


class Paragraph(msgspec.Struct, frozen=True):
    """A heading and its text."""

    heading: str
    texts: tuple[str, ...]


@page("privacy", "/privacy", access=Access.EVERYBODY)
async def show_privacy(request: PageRequest) -> PageContent:
    """Explain who can read the site, what each privacy choice means, and what is stored."""
    choices = tuple((_(PRIVACY_NAMES[name]), _(text).replace("`", "")) for name, text in PRIVACY_CHOICES.items())
    return PageContent(
        _("Who sees what"),
        {
            "heading": _("Who sees what"),
            "paragraphs": (
                Paragraph(_("Who can read this page"), (_(WHO_READS[request.site_access]),)),
                Paragraph(_("What it shows"), _describe_content()),
            ),
            "choices_heading": _("What you can choose"),
            "choices": choices,
            "how": _("Choose on your own page here, or on Discord with {command}. It applies at once.").format(
                command="/privacy"
            ),
            "kept": Paragraph(_("What is stored"), _describe_kept(request)),
        },
    )


def _describe_content() -> tuple[str, ...]:
    return (
        _(
            "What members of the Discord server and accounts of the Plex server watched: films and episodes, when, and "
            "which minutes of them."
        ),
        _(
            "People who are private or not tracked are named nowhere. At a film night they are only "
            "counted: “and 2 hidden”. How often each minute of a film was seen counts visible viewers "
            "only."
        ),
        _("Addresses of viewers contain no Discord or Plex ids."),
    )


def _describe_kept(request: PageRequest) -> tuple[str, ...]:
    texts = [_("This page loads nothing from other servers, and counts no visits.")]
    if request.site_access != "local":
        texts.append(
            _("If you sign in, you get one cookie that keeps you signed in, for 30 days or until you sign out.")
        )
        texts.append(_("On your own page you can download everything stored about you."))
    texts.append(
        _("{command} on Discord deletes what is stored about you, and signs you out.").format(command="/forgetme")
    )
    return tuple(texts)
