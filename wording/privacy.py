"""The choices of privacy, described for people."""

from messages import Privacy
from wording.translation import N_

PRIVACY_CHOICES: dict[Privacy, str] = {
    "open": N_("Everybody sees what you watch."),
    "anonymous": N_("Rankings call you Somebody, and only you see your stats. The rest stays as it is."),
    "private": N_("Nobody else sees you: no name, no figures, no badges. Totals still count you."),
    "untracked": N_("Nothing is recorded from now on. What was recorded is private; `!forgetme` removes it."),
}
"""The choices in the order in which they are offered, each with its meaning."""
PRIVACY_NAMES: dict[Privacy, str] = {
    "open": N_("Open"),
    "anonymous": N_("Anonymous"),
    "private": N_("Private"),
    "untracked": N_("Not tracked"),
}
"""Their names outside of commands."""
