"""Builds Usher as one file that runs with nothing but Python: `make single-file`.

pex packs the locked packages and the program; at its first start the file unpacks itself into the user's cache. Some of
the packages are compiled, so a file is for one system, one kind of processor and one version of Python: those of who
builds it. Its name says which, and with another Python it says what it needs.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from version import VERSION  # noqa: E402

FOLDERS = (
    "actors", "awards", "charts", "diagnosis", "languages", "launcher", "messages", "persistence", "simulator",
    "tracking", "viewers", "wording",
)  # fmt: skip
FILES = ("atomic_file.py", "config.py", "foreign_input.py", "run.py", "setting_checks.py", "version.py")


def name_file() -> str:
    """Return what the file is called: usher-1.1.0-linux-x86_64-py311."""
    return f"usher-{VERSION}-{sys.platform}-{platform.machine().lower()}-py{sys.version_info[0]}{sys.version_info[1]}"


def copy_program(target: Path) -> None:
    """Copy what runs, and nothing of tests and documents."""
    ignored = shutil.ignore_patterns("__pycache__", "*.po", "*.pot")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    for file in FILES:
        shutil.copy2(ROOT / file, target / file)


def build(file: Path) -> None:
    """Write the file. Raises CalledProcessError where pex fails, which says why."""
    file.parent.mkdir(parents=True, exist_ok=True)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with tempfile.TemporaryDirectory(prefix="usher-single-file-") as folder:
        copy_program(Path(folder))
        subprocess.run(  # noqa: S603  # our own interpreter and packages
            [
                sys.executable, "-m", "pex",
                "--requirement", str(ROOT / "requirements.txt"),
                "--sources-directory", folder,
                "--entry-point", "run:start",
                "--venv", "prepend",
                "--python", sys.executable,
                "--interpreter-constraint", f"CPython=={version}.*",
                "--python-shebang", f"/usr/bin/env python{version}",
                "--output-file", str(file),
            ],
            check=True,
        )  # fmt: skip


if __name__ == "__main__":
    made = ROOT / "build" / name_file()
    build(made)
    sys.stdout.write(f"{made}: {made.stat().st_size / 1e6:.0f} MB\n")
