#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference-sdk.md from the sources of the SDK for AssemblyScript.

    tools/sdk_reference.py            writes the page if it differs
    tools/sdk_reference.py --check    says so, and fails
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from reference_page import DOCS, ROOT, cell, main, table

SOURCE = "the sources of the SDK"
SOURCES = ROOT / "sdk" / "assemblyscript" / "easegress"
PAGE = DOCS / "reference-sdk.md"
HEAD = """# Functions of the AssemblyScript SDK

`tools/sdk_reference.py` writes this page from the sources in
[sdk/assemblyscript/easegress](../sdk/assemblyscript/README.md), which has the steps to a first program. All SDKs
have the same nouns ([guests.md](guests.md)), and [reference-abi.md](reference-abi.md) has the functions of the
gateway below them.

Everything on this page is exported by `easegress`. `request.getPath()` is the function `getPath` of `request`.
The entry file of a program also needs `export * from '{SDK}/easegress/proxy'`. A call that the gateway refuses,
such as a method with a blank, ends the run with `wasmError`.
"""
# A module, and its heading.
MODULES = [
    ("index", "Programs, log and time"),
    ("request", "request: the request"),
    ("response", "response: the response"),
    ("cluster", "cluster: the shared data"),
    ("cookie", "cookie: cookies"),
    ("date", "Dates"),
]
FUNCTION = re.compile(r"export function (\w+\(.*\): [^{]+?) \{")
TYPE = re.compile(r"export (class|enum) (\w+) \{")
METHOD = re.compile(r"\t((?:static )?(?!private|if|for|while|return)\w+\(.*\)(?:: [^{]+?)?) \{")
MEMBER = re.compile(r"\t(\w+): (\w+) = (.+)")
CHOICE = re.compile(r"\t(\w+)(?: = (\d+))?,")


@dataclass
class Entry:
    signature: str
    meaning: str


@dataclass
class Type:
    kind: str
    name: str
    meaning: str
    entries: list[Entry] = field(default_factory=list)


def comment(lines: list[str]) -> str:
    """The doc comment that ends in the last of these lines."""
    if not lines or not lines[-1].strip().endswith("*/"):
        return ""
    start = next(i for i in range(len(lines) - 1, -1, -1) if "/**" in lines[i])
    words = [line.strip().removeprefix("/**").removesuffix("*/").strip().removeprefix("*").strip() for line in lines[start:]]
    return " ".join(word for word in words if word)


def of_type(kind: str, line: str) -> str:
    if kind == "enum" and (choice := CHOICE.fullmatch(line)):
        return choice[1] + (f" = {choice[2]}" if choice[2] else "")
    if kind == "class" and (found := METHOD.match(line)):
        return found[1]
    if kind == "class" and (found := MEMBER.fullmatch(line)):
        return f"{found[1]}: {found[2]} = {found[3]}"
    return ""


def exported(text: str) -> Iterator[Entry | Type]:
    lines = text.splitlines()
    inside: Type | None = None
    for i, line in enumerate(lines):
        if inside is not None and line == "}":
            yield inside
            inside = None
        elif inside is not None:
            if signature := of_type(inside.kind, line):
                inside.entries.append(Entry(signature, comment(lines[:i])))
        elif found := FUNCTION.match(line):
            yield Entry(found[1], comment(lines[:i]))
        elif found := TYPE.match(line):
            inside = Type(found[1], found[2], comment(lines[:i]))


def rows(entries: list[Entry]) -> str:
    if not any(entry.meaning for entry in entries):
        return table(["value"], ([cell(f"`{entry.signature}`")] for entry in entries))
    return table(["signature", "meaning"], ([cell(f"`{entry.signature}`"), cell(entry.meaning)] for entry in entries))


def section(title: str, found: list[Entry | Type]) -> str:
    functions = [one for one in found if isinstance(one, Entry)]
    text = f"\n## {title}\n"
    for one in found:
        if isinstance(one, Type):
            about = f"{one.meaning}\n\n" if one.meaning else ""
            text += f"\n### {one.kind} {one.name}\n\n{about}{rows(one.entries)}"
    if functions and len(functions) < len(found):
        text += "\n### Functions\n"
    return text + (f"\n{rows(functions)}" if functions else "")


def pages():
    text = HEAD
    for file, title in MODULES:
        text += section(title, list(exported((SOURCES / f"{file}.ts").read_text())))
    yield PAGE, text


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
