"""The page that says in words who sees what."""

from dataclasses import dataclass

from actors.web.page import PageContent, PageRequest, page
from actors.web.readers import Access
from wording.privacy import PRIVACY_CHOICES, PRIVACY_NAMES
from wording.translation import N_, _

WHO_READS = {
    "local": N_("Whoever is at the machine that Usher runs on can read this page. Nobody signs in."),
    "members": N_(
        "Members of the Discord server can read this page once they have signed in. Who leaves the server can read it "
        "no longer."
    ),
    "public": N_(
        "Everybody can read this page. Who is not signed in sees numbers in the place of names, but of those who chose "
        "to be named. Members who have signed in see names."
    ),
}
"""By WEB_ACCESS."""


@dataclass(frozen=True)
class Paragraph:
    """A heading and what it is about."""

    heading: str
    texts: tuple[str, ...]


@page("privacy", "/privacy", access=Access.EVERYBODY)
async def show_privacy(request: PageRequest) -> PageContent:
    """Say who reads the page, what each choice means, and what is kept."""
    choices = tuple((_(PRIVACY_NAMES[name]), _(text).replace("`", "")) for name, text in PRIVACY_CHOICES.items())
    return PageContent(
        _("Who sees what"),
        {
            "heading": _("Who sees what"),
            "paragraphs": (
                Paragraph(_("Who reads this page"), (_(WHO_READS[request.site_access]),)),
                Paragraph(_("What it shows"), _describe_content()),
            ),
            "choices_heading": _("What you can choose"),
            "choices": choices,
            "how": _("Choose on your own page here, or on Discord with {command}. It holds at once.").format(
                command="/privacy"
            ),
            "kept": Paragraph(_("What is kept"), _describe_kept(request)),
        },
    )


def _describe_content() -> tuple[str, ...]:
    return (
        _(
            "What members of the Discord server and accounts of the Plex server watched: films and episodes, when, and "
            "which minutes of them."
        ),
        _(
            "Who is private or not tracked is named nowhere. At a film night they are counted: “and 2 hidden”. "
            "How often each minute of a film was seen counts only who may be seen."
        ),
        _("Addresses of viewers are made with a secret key: nobody learns an id on Discord or Plex from them."),
    )


def _describe_kept(request: PageRequest) -> tuple[str, ...]:
    texts = [_("This page asks no other server for anything, and counts no visits.")]
    if request.site_access != "local":
        texts.append(
            _(
                "Who signs in gets one cookie, which says nothing but who is signed in. It ends after 30 days, or when "
                "you sign out."
            )
        )
        texts.append(_("All that is stored about you is a file on your own page."))
    texts.append(
        _("{command} on Discord removes what is stored about you, and signs you out.").format(command="/forgetme")
    )
    return tuple(texts)
