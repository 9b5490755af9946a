"""Texts of the sign-in pages."""

from wording.translation import _


def describe_sign_in() -> dict[str, str]:
    """Return the texts, in the current language."""
    return {
        "sign_in": _("Sign in"),
        "members_only": _("This page is for members of the Discord server."),
        "for_all": _("Everybody can read this page. Members who sign in see names, and a page of their own."),
        "by_command": _("On Discord, write {command}. Usher answers you alone, with a link that signs you in."),
        "by_discord": _("Sign in with Discord"),
        "only_identity": _("Discord tells Usher who you are, and nothing else."),
        "continue_as": _("Continue as {name}"),
        "good_once": _("The link works once. You stay signed in on this browser for 30 days, or until you sign out."),
        "not_you": _("Not you? Then close this page, and don't use the link."),
        "continue": _("Continue"),
        "discord_sent_you": _("Discord has sent you back. One step is left."),
        "over": _("Signing in didn't work"),
        "over_link": _("This link was used already, or is older than five minutes."),
        "over_member": _("Only members of the Discord server can read this page."),
        "over_often": _("Too many sign-in attempts from here. Wait a minute, then try again."),
        "over_discord": _("Discord did not confirm who you are, or it took too long."),
        "again": _("Back to the sign-in"),
    }
