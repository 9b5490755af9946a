"""The audit of dependencies fails on a finding alone, and says when it could not look."""

from __future__ import annotations

import sys

import pytest

from tests import audit

KNOWN = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "private", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE = {"name": "rotten", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}


def test_a_finding_is_an_error_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    """Package, version, advisory and the version that is sound."""
    assert audit.report([KNOWN, UNKNOWN, VULNERABLE]) == 1
    assert capsys.readouterr().out == "rotten 1.0: PYSEC-1, fixed in 1.1\n"


def test_packages_that_were_not_audited_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One that the service does not know, and all of them."""
    assert audit.report([KNOWN, UNKNOWN]) == 0
    assert "No known vulnerability in 1 dependencies" in (out := capsys.readouterr().out) and "private" in out
    assert audit.report([UNKNOWN]) == 0
    assert "WERE NOT AUDITED" in capsys.readouterr().out
    assert audit.report([UNKNOWN], required=True) == 1


@pytest.mark.parametrize(
    "code", ["import time; time.sleep(60)", "import sys; sys.exit('ConnectionError: no route')", "print('{}')"]
)
def test_an_unreachable_audit_service_is_no_error(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It hangs, cannot be reached, or answers something else: that is printed; with `required` it is an error."""
    assert audit.main([sys.executable, "-c", code], within_s=2) == 0
    assert "WERE NOT AUDITED" in capsys.readouterr().out
    assert audit.main([sys.executable, "-c", code], within_s=2, required=True) == 1
