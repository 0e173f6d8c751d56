# SPDX-License-Identifier: Apache-2.0
"""The links of the Markdown pages in the tree: which there are, and which lead nowhere."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*\s*?$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"(?P<text>!?\[(?:[^\[\]]|\[[^\[\]]*\])*\])\((?P<target>[^()\s]+(?:\([^()\s]*\)[^()\s]*)?)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    target: str  # as written
    line: int

    @property
    def path(self) -> str:
        return self.target.partition("#")[0]

    @property
    def anchor(self) -> str:
        return self.target.partition("#")[2]


def pages() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = (ROOT / name for name in done.stdout.splitlines())
    return sorted(page for page in found if page.is_file())


def without_code(text: str) -> str:
    """Blocks and spans of code as spaces; lines stay."""

    def blank(found: re.Match) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    return CODE.sub(blank, FENCE.sub(blank, text))


def links(text: str) -> Iterator[Link]:
    """Those inside of the tree."""
    clean = without_code(text)
    for found in LINK.finditer(text):
        # The text of a link may be code; its target is not.
        if clean[found.start("target")] == " " or ELSEWHERE.match(found["target"]):
            continue
        yield Link(found["target"], text.count("\n", 0, found.start()) + 1)


def slug(heading: str) -> str:
    """The anchor that a forge gives a heading."""
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    plain = re.sub(r"[*`]", "", plain).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(text: str) -> set[str]:
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        name, number = slug(heading), 0
        while (f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(f"{name}-{number}" if number else name)
    return found


def fault(page: Path, link: Link) -> str:
    """"": it leads somewhere."""
    target = (page.parent / link.path).resolve() if link.path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return f"there is no {link.path}"
    if link.anchor and target.suffix == ".md" and link.anchor not in anchors(target.read_text()):
        return f"{target.relative_to(ROOT)} has no #{link.anchor}"
    return ""


def dead(page: Path) -> list[str]:
    text = page.read_text()
    found = ((link, fault(page, link)) for link in links(text))
    return [f"{page.relative_to(ROOT)}:{link.line}: {what}" for link, what in found if what]
