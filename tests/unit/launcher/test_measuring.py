"""What `check` says of settings with which watches cannot be measured as promised."""

import pytest

from config import Settings
from launcher.doctor.measuring import check_measuring


@pytest.mark.parametrize(
    ("poll_s", "slack_s", "codes"),
    [
        (10.0, 20.0, []),
        (1.0, 30.0, []),
        (15.0, 20.0, ["settings.skips_look_like_speed"]),
        (60.0, 20.0, ["settings.skips_look_like_speed"]),
        (90.0, 20.0, ["settings.polls_too_rare"]),
        (10.0, 5.0, ["settings.little_slack"]),
        (30.0, 0.0, ["settings.skips_look_like_speed", "settings.little_slack"]),
    ],
)
def test_rare_polls_and_little_slack_are_noted(poll_s: float, slack_s: float, codes: list[str]) -> None:
    """The defaults hold; rarer polls and less slack are named with what would be right."""
    findings = list(check_measuring(Settings(plex_poll_seconds=poll_s, position_slack_seconds=slack_s)))
    assert [finding.code for finding in findings] == codes
    assert {finding.severity for finding in findings} <= {"note"}
