"""Asks the advisory service of PyPI whether a pinned dependency has a known vulnerability: `make audit`.

A finding is an error. That the service cannot be asked is said, and is none: a build must not hang on the network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WITHIN_S = 60
COMMAND = (
    sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "requirements.txt"), "--no-deps", "--disable-pip",
    "--format", "json", "--progress-spinner", "off", "--timeout", "10",
)  # fmt: skip


def main(command: Sequence[str] = COMMAND, within_s: float = WITHIN_S) -> int:
    """Exit status 1 where a vulnerability is known."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)
        found = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _not_audited(f"no answer within {within_s:g} s")
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines()
        return _not_audited(lines[-1] if lines else f"pip-audit ended with {done.returncode}")
    return report(found)


def report(dependencies: Sequence[Mapping[str, Any]]) -> int:
    """Say what is known of each; 1 where that is a vulnerability."""
    vulnerable = [one for one in dependencies if one.get("vulns")]
    unknown = [one["name"] for one in dependencies if "skip_reason" in one]
    for one in vulnerable:
        for vuln in one["vulns"]:
            fixed = ", ".join(vuln.get("fix_versions", [])) or "no version yet"
            print(f"{one['name']} {one['version']}: {vuln['id']}, fixed in {fixed}")
    if vulnerable:
        return 1
    if len(unknown) == len(dependencies):
        return _not_audited("the package index of this machine has no advisories")
    print(f"No known vulnerability in {len(dependencies) - len(unknown)} dependencies.")
    if unknown:
        print(f"Not audited, for the advisory service does not know them: {', '.join(unknown)}.")
    return 0


def _not_audited(why: str) -> int:
    print(f"DEPENDENCIES WERE NOT AUDITED: {why}. Run 'make audit' where pypi.org can be reached.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
