# SPDX-License-Identifier: Apache-2.0
"""Reads the tables of the reference in docs/, and makes modules of WebAssembly that import what they say."""

import re
from collections.abc import Iterator
from pathlib import Path

from gateway import ROOT

DOCS = ROOT / "docs"
BLOCK = re.compile(r"<!-- fields (\S+)((?: \S+)*) -->\n(.*?)<!-- end of fields -->", re.DOTALL)
TYPES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C}


def text_of(page: str) -> str:
    return (DOCS / page).read_text()


def rows(text: str) -> list[list[str]]:
    """The cells of all rows of tables, without the heads."""
    found, before = [], ""
    for line in [*text.splitlines(), ""]:
        is_head = re.fullmatch(r"\|(?:-+\|)+", line) is not None
        if before.startswith("|") and not is_head and not re.fullmatch(r"\|(?:-+\|)+", before):
            found.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", before)[1:-1]])
        before = "" if is_head else line
    return found


def prose(page: str) -> str:
    """Without blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def section(text: str, heading: str) -> str:
    """From a heading to the next of the same level."""
    level = heading.split(" ")[0]
    return text.partition(f"\n{heading}\n")[2].partition(f"\n{level} ")[0]


def without_marks(path: str) -> str:
    """rules[].hosts[].value -> rules.hosts.value, headers.NAME.regexp -> headers.*.regexp"""
    return re.sub(r"(?<=\.)NAME(?=\.|$)", "*", path.replace("[]", ""))


def documented_fields() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Kind -> the fields that its blocks have, and those that another block tells: a mark `path=KIND.path` says that
    the fields below the first path, as far as there are any, are those below the second one."""
    own: dict[str, set[str]] = {}
    alike: list[tuple[str, str, str]] = []
    for page in sorted(DOCS.glob("*.md")):
        for place, more, table in BLOCK.findall(page.read_text()):
            kind, _, path = place.partition(".")
            front = f"{path}." if path else ""
            own.setdefault(kind, set()).update(without_marks(front + names(row[0])[0]) for row in rows(table))
            alike += [(kind, *word.split("=")) for word in more.split() if "=" in word]
    told: dict[str, set[str]] = {kind: set() for kind in own}
    for kind, path, place in alike:
        other, _, front = place.partition(".")
        below = {field.removeprefix(f"{front}.") for field in own[other] if not front or field.startswith(f"{front}.")}
        told[kind] |= {f"{path}.{field}" for field in below}
    return own, told


def _merged(whole: dict, schema: dict) -> dict:
    if "anyOf" in schema:  # the other choice is an empty field
        schema = {**schema["anyOf"][0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    if "$ref" in schema:
        target = whole
        for word in schema["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        schema = _merged(whole, {**target, **{key: value for key, value in schema.items() if key != "$ref"}})
    return schema


def schema_fields(whole: dict, schema: dict | None = None, path: str = "") -> Iterator[str]:
    """Every path of a JSON schema but those below a list of filters or policies, which have kinds."""
    schema = _merged(whole, whole if schema is None else schema)
    if "allOf" in schema:
        return
    if "items" in schema:
        yield from schema_fields(whole, schema["items"], path)
    members = schema.get("additionalProperties")
    if isinstance(members, dict) and "properties" not in schema:
        yield from schema_fields(whole, members, f"{path}.*")
    for name, field in schema.get("properties", {}).items():
        inner = f"{path}.{name}".removeprefix(".")
        yield inner
        yield from schema_fields(whole, field, inner)


def signature(text: str) -> tuple[list[str], list[str]]:
    """(i32, i64) -> i32"""
    parameters, _, result = text.partition("->")
    return re.findall(r"\w+", parameters), re.findall(r"\w+", result)


def _number(value: int) -> bytes:
    out = b""
    while True:
        byte, value = value & 0x7F, value >> 7
        out += bytes([byte | (0x80 if value else 0)])
        if not value:
            return out


def _text(text: str) -> bytes:
    return _number(len(text.encode())) + text.encode()


def _list(items: list[bytes]) -> bytes:
    return _number(len(items)) + b"".join(items)


def _section(number: int, items: list[bytes]) -> bytes:
    body = _list(items)
    return bytes([number]) + _number(len(body)) + body


def _type(parameters: list[str], results: list[str]) -> bytes:
    return b"\x60" + _list([bytes([TYPES[name]]) for name in parameters]) + _list([bytes([TYPES[name]]) for name in results])


def module(path: Path, imports: list[tuple[str, str, str]], exports: list[tuple[str, str]]) -> Path:
    """Writes a module with these imports (module, name, signature). Each export (name, signature) answers 1,024."""
    all_types = [signature(one) for *_, one in imports] + [signature(one) for _, one in exports]
    first = len(imports)
    answer = {"i32": b"\x41\x80\x08", "i64": b"\x42\x80\x08"}
    named = [_text(name) + b"\x00" + _number(first + i) for i, (name, _) in enumerate(exports)]
    bodies = [b"\x00" + b"".join(answer[name] for name in signature(one)[1]) + b"\x0b" for _, one in exports]
    path.write_bytes(
        b"\0asm\x01\0\0\0"
        + _section(1, [_type(*one) for one in all_types])
        + _section(2, [_text(where) + _text(name) + b"\x00" + _number(i) for i, (where, name, _) in enumerate(imports)])
        + _section(3, [_number(first + i) for i in range(len(exports))])
        + _section(5, [b"\x00\x01"])
        + _section(7, [_text("memory") + b"\x02\x00", *named])
        + _section(10, [_number(len(body)) + body for body in bodies])
    )
    return path
