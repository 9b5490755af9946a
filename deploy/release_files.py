"""Writes compose.yaml and the Unraid template of a release into build/: `python deploy/release_files.py OWNER/usher`.

In the sources both name an image that was built on the spot; in a release they name the one that was pushed.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from version import VERSION  # noqa: E402

BUILT_HERE = "    build: .\n    image: usher\n"


def name_image(repository: str) -> str:
    """Return the address of the image that a release of this GitHub repository pushes."""
    return f"ghcr.io/{repository.lower()}:{VERSION}"


def make_compose(repository: str) -> str:
    """Return compose.yaml with the pushed image. Raises ValueError where it does not build one."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    if text.count(BUILT_HERE) != 1:
        raise ValueError(f"compose.yaml lacks the lines {BUILT_HERE!r}")
    return text.replace(BUILT_HERE, f"    image: {name_image(repository)}\n")


def make_template(repository: str) -> bytes:
    """Return the Unraid template with the pushed image, its icon and its links."""
    template = ET.parse(ROOT / "deploy" / "unraid" / "usher.xml")  # noqa: S314 - our own file
    home, raw = f"https://github.com/{repository}", f"https://raw.githubusercontent.com/{repository}/v{VERSION}"
    values = {
        "Repository": name_image(repository),
        "Registry": f"{home}/pkgs/container/{repository.partition('/')[2].lower()}",
        "Support": f"{home}/issues",
        "Project": home,
        "ReadMe": f"{home}/blob/v{VERSION}/docs/install.md",
        "Icon": f"{raw}/deploy/unraid/icon.png",
    }
    for name, value in values.items():
        entry = template.find(name)
        if entry is None:
            raise ValueError(f"the template lacks {name}")
        entry.text = value
    made: bytes = ET.tostring(template.getroot(), encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def main(arguments: list[str]) -> int:
    """Write both files; returns the exit status."""
    if len(arguments) != 1 or arguments[0].count("/") != 1:
        sys.stderr.write("Name the GitHub repository: python deploy/release_files.py OWNER/usher\n")
        return 2
    target = ROOT / "build"
    target.mkdir(exist_ok=True)
    (target / "compose.yaml").write_text(make_compose(arguments[0]), encoding="utf-8")
    (target / "usher.xml").write_bytes(make_template(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
