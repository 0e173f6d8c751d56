#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference-bounds.md: every constant of src/ whose name ends with Max or Min.

    tools/bounds_reference.py            writes the page if it differs
    tools/bounds_reference.py --check    says so, and fails
"""

import ast
import operator
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from reference_page import DOCS, ROOT, cell, code, main, table

SOURCE = "the constants of the source"
PAGE = DOCS / "reference-bounds.md"
HEAD = """# Bounds by name

`tools/bounds_reference.py` writes this page from the source: every constant whose name ends with `Max` or
`Min`, by folder. [limits.md](limits.md) explains those that you notice, with what happens beyond them, and
names the fields and options that change one. The constants of this page are fixed. A bound whose meaning is
empty is explained by its file and its name.

"""
DEFINITION = re.compile(
    r"^[ ]*(?:inline |static )*constexpr (?P<type>[\w:<> ]+?) (?P<name>k[A-Z]\w*(?:Max|Min))\s*"
    r"(?:=\s*(?P<value>[^;]+)|\{(?P<braced>[^;]*)\});(?:[ ]*// (?P<behind>.*))?$",
    re.MULTILINE,
)
UNITS = {"nanoseconds": "ns", "microseconds": "µs", "milliseconds": "ms", "seconds": "s", "minutes": "min", "hours": "h"}
STEPS = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
OPERATORS = {ast.LShift: operator.lshift, ast.Mult: operator.mul, ast.Sub: operator.sub, ast.Add: operator.add}
TESTS = re.compile(r"_(test|fuzz|bench|bench_null)\.cc$|/testing/")


@dataclass(frozen=True)
class Bound:
    folder: str
    file: str
    name: str
    value: str
    meaning: str


def computed(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](computed(node.left), computed(node.right))
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    raise ValueError


def number(text: str) -> int | None:
    """The value of a sum or a product of digits; None: of anything else."""
    plain = re.sub(r"std::\w+\{([^}]*)\}", r"\1", text)
    plain = re.sub(r"(?<=\d)'(?=\d)|(?<=[0-9a-fA-F])[uU]?[lL]{0,2}\b", "", plain)
    try:
        return computed(ast.parse(plain.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        return None


def of_bytes(count: int) -> str:
    for step, unit in STEPS:
        if count >= step and count % step == 0:
            return f"{count // step:,} {unit}"
    return f"{count:,} bytes"


def told(name: str, kind: str, value: str) -> str:
    value = " ".join(value.split())
    if duration := re.fullmatch(r"(?:std::chrono::(\w+))?[({]?(\d+)(ms|s|us|min|h)?[)}]?", value):
        unit = duration[1] or re.sub(r"std::chrono::", "", kind)
        if unit in UNITS or duration[3]:
            return f"{int(duration[2]):,} {UNITS.get(unit, duration[3])}"
    count = number(value)
    if count is None:
        return code(value)
    return of_bytes(count) if "Bytes" in name and count > 0 else f"{count:,}"


def above(text: str, start: int) -> str:
    """The comment that stands over a definition."""
    lines: list[str] = []
    for line in reversed(text[:start].splitlines()):
        if not line.strip().startswith("// "):
            break
        lines.insert(0, line.strip().removeprefix("// "))
    return " ".join(lines) if lines and "SPDX" not in lines[0] else ""


def bounds(path: Path) -> list[Bound]:
    text, place = path.read_text(), path.relative_to(ROOT / "src")
    found = []
    for one in DEFINITION.finditer(text):
        value = told(one["name"], one["type"], one["value"] or one["braced"])
        meaning = one["behind"] or above(text, one.start())
        found.append(Bound(place.parent.as_posix(), place.name, one["name"], value, meaning))
    return found


def sources() -> list[Path]:
    files = (path for path in sorted((ROOT / "src").rglob("*")) if path.suffix in (".h", ".cc"))
    return [path for path in files if not TESTS.search(path.as_posix())]


def pages():
    folders: dict[str, list[Bound]] = {}
    for path in sources():
        for bound in bounds(path):
            folders.setdefault(bound.folder, []).append(bound)
    text = HEAD
    for folder, found in sorted(folders.items()):
        found.sort(key=lambda one: (one.name, one.file))
        rows = ([code(one.name), cell(one.value), code(one.file), cell(one.meaning)] for one in found)
        text += f"## {folder}\n\n" + table(["bound", "value", "file", "meaning"], rows) + "\n"
    yield PAGE, text.rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
