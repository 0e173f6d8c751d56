#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes CHANGELOG.md as debian/changelog.

    tools/debian_changelog.py VERSION MAINTAINER SECONDS    VERSION: of the section that is not released

SECONDS is the time of that section. The others have the date in their heading.
"""

import re
import sys
import textwrap
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
SECTION = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?\n", re.MULTILINE)


def items(text: str) -> list[str]:
    """The points of a section, without marks and line breaks."""
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "")
    return [" ".join(part.split()) for part in re.split(r"^- ", text, flags=re.MULTILINE)[1:]]


def entry(version: str, when: datetime, points: list[str], maintainer: str) -> str:
    wrapped = [textwrap.wrap(point, 76, break_on_hyphens=False) for point in points or ["No change for users."]]
    body = "\n".join("  * " + "\n    ".join(lines) for lines in wrapped)
    return f"sluice-gateway ({version}) stable; urgency=medium\n\n{body}\n\n -- {maintainer}  {format_datetime(when)}\n"


def debian(text: str, version: str, maintainer: str, seconds: int) -> str:
    entries = []
    heads = list(SECTION.finditer(text))
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        points = items(text[head.end() : after.start() if after else len(text)])
        if head["date"]:
            day = datetime.fromisoformat(head["date"]).replace(tzinfo=timezone.utc)
            entries.append(entry(head["version"], day, points, maintainer))
        elif not entries and (points or len(heads) == 1):
            entries.append(entry(version, datetime.fromtimestamp(seconds, timezone.utc), points, maintainer))
    # A package of a released state, built again under another version.
    if not entries[0].startswith(f"sluice-gateway ({version})"):
        entries.insert(0, entry(version, datetime.fromtimestamp(seconds, timezone.utc), [], maintainer))
    return "\n".join(entries)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(debian(CHANGELOG.read_text(), sys.argv[1], sys.argv[2], int(sys.argv[3])), end="")
