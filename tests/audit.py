"""Asks the advisory service of PyPI whether a pinned dependency has a known vulnerability: `make audit`.

A finding is an error. That the service cannot be asked is an error with `--required` alone (`make audit
AUDIT=--required`): a build elsewhere must not depend on the network.
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


def main(command: Sequence[str] = COMMAND, within_s: float = WITHIN_S, *, required: bool = False) -> int:
    """Return 1 where a vulnerability is known, or where nothing could be audited and it is `required`; else 0."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)
        dependencies = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _report_unaudited(f"no answer within {within_s:g} s", required)
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines()
        return _report_unaudited(lines[-1] if lines else f"pip-audit ended with {done.returncode}", required)
    return report(dependencies, required=required)


def report(dependencies: Sequence[Mapping[str, Any]], *, required: bool = False) -> int:
    """Print what is known of each dependency; return the exit status as `main` does."""
    vulnerable = [dependency for dependency in dependencies if dependency.get("vulns")]
    unknown = [dependency["name"] for dependency in dependencies if "skip_reason" in dependency]
    for dependency in vulnerable:
        for advisory in dependency["vulns"]:
            fixed = ", ".join(advisory.get("fix_versions", [])) or "no version yet"
            print(f"{dependency['name']} {dependency['version']}: {advisory['id']}, fixed in {fixed}")
    if vulnerable:
        return 1
    if len(unknown) == len(dependencies):
        return _report_unaudited("the package index of this machine has no advisories", required)
    print(f"No known vulnerability in {len(dependencies) - len(unknown)} dependencies.")
    if unknown:
        print(f"Not audited, for the advisory service does not know them: {', '.join(unknown)}.")
    return 0


def _report_unaudited(why: str, required: bool) -> int:
    print(f"DEPENDENCIES WERE NOT AUDITED: {why}. Run 'make audit' where pypi.org can be reached.")
    return int(required)


if __name__ == "__main__":
    sys.exit(main(required="--required" in sys.argv[1:]))
