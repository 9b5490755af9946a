"""The limit on open files."""

import subprocess
import sys

import pytest

PROBE = """
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
from actors.runtime.boot.open_files import allow_open_files
allow_open_files()
allow_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    """As an actor's process does at its start."""
    soft, hard = subprocess.check_output([sys.executable, "-c", PROBE], text=True).split()
    assert soft == hard
