#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of fields in docs/ from the field lists of the source, which `egctl schema` prints.

    <!-- fields RateLimiter -->        every field of the kind, those of its maps and lists below it
    <!-- fields Validator.jwt flat --> the fields of one member, without those below
    <!-- fields GRPCProxy pools=Proxy.pools -->  below `pools` only what a pool of Proxy has not, or has otherwise
    <!-- end of fields -->

A filter's name, kind and version are not in its tables. Rows stay in the order in which they are. A new field comes
before those below it, or after the one before it in the alphabet.

    tools/field_tables.py              writes the pages that differ
    tools/field_tables.py --check      names them, and fails if there are any
"""

import json
import re
import sys

from reference_page import main, pages_with_blocks, run

SOURCE = "the field lists"
OF_EVERY_KIND = {"name", "kind", "version"}
PLACE = "#/$defs/"
BOUNDS = [
    ("minimum", "maximum", ""),
    ("x-minimum", "x-maximum", ""),
    ("minLength", "maxLength", " bytes"),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " members"),
]
# The bounds of the types, which say nothing of the field.
WORTHLESS = {"at least 0", "at least 0s", "at least 1 bytes", "at least 1 items", "0 to 65535", "at least 1ns"}


class Schemas:
    def __init__(self):
        self.known: dict[str, dict] = {}

    def of(self, kind: str) -> dict:
        if kind not in self.known:
            self.known[kind] = json.loads(run("egctl", "schema", kind))
        return self.known[kind]

    def resolve(self, whole: dict, schema: dict) -> dict:
        if "anyOf" in schema:  # the other choice: an empty field, which counts as left out
            schema = {**schema["anyOf"][0], **{key: value for key, value in schema.items() if key != "anyOf"}}
        while "$ref" in schema:
            target = whole["$defs"]
            for word in schema["$ref"].removeprefix(PLACE).split("/"):
                target = target[word]
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return schema


def grouped(number) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)


def bounds(schema: dict) -> str:
    if "enum" in schema:
        known = {word.lower(): f"`{word}`" for word in reversed(schema["enum"]) if word}
        words = list(reversed(known.values()))
        return ", ".join(words[:-1]) + (" or " if len(words) > 1 else "") + words[-1]
    for low, high, unit in BOUNDS:
        if low in schema and high in schema:
            return f"{grouped(schema[low])} to {grouped(schema[high])}{unit}"
        if low in schema:
            return f"at least {grouped(schema[low])}{unit}"
        if high in schema:
            return f"at most {grouped(schema[high])}{unit}"
    return bounds(schema["items"]) if "items" in schema and "properties" not in schema["items"] else ""


def default(schema: dict, required: bool) -> str:
    if required:
        return "required"
    value = schema.get("default", "")
    if value in ("", [], {}):
        return ""
    return f"`{value}`" if isinstance(value, str) else json.dumps(value)


def meaning(schema: dict) -> str:
    text = schema.get("description", "accepted, and ignored")
    limits = bounds(schema)
    named = all(word in text for word in re.findall(r"`[^`]+`", limits)) if "`" in limits else limits in text
    if limits and limits not in WORTHLESS and not named:
        text += ("; " if text else "") + limits
    return text.replace("|", "\\|")


def inner(schemas: Schemas, whole: dict, schema: dict) -> tuple[dict, str]:
    """What lies below a field, and how a path goes there."""
    schema = schemas.resolve(whole, schema)
    if "items" in schema:
        below, way = inner(schemas, whole, schema["items"])
        return below, "[]" + way
    members = schema.get("additionalProperties")
    if "properties" not in schema and isinstance(members, dict):
        below, way = inner(schemas, whole, members)
        return below, ".NAME" + way if below.get("properties") else ""
    return schema, ""


def rows(schemas: Schemas, whole: dict, schema: dict, path: str, flat: bool, skip: set[str]):
    for name, field in schema.get("properties", {}).items():
        if name in skip:
            continue
        field = schemas.resolve(whole, field)
        required = name in schema.get("required", [])
        line = f"| `{path}{name}` | {default(field, required)} | {meaning(field)} |"
        yield path + name, line.replace("|  |", "| |")
        below, way = inner(schemas, whole, field)
        if not flat and "allOf" not in below and "$ref" not in below:
            yield from rows(schemas, whole, below, f"{path}{name}{way}.", flat, set())


def in_order(found: list[tuple[str, str]], before: str) -> list[str]:
    """The lines of `found`, in the order of the table `before`."""
    places = {}
    for line in before.splitlines():
        for name in re.findall(r"`([^`]+)`", line.split("|")[1] if line.startswith("|") else ""):
            places.setdefault(name, len(places))
    ordered = sorted((row for row in found if row[0] in places), key=lambda row: places[row[0]])
    for index, row in enumerate(found):
        if row[0] in places:
            continue
        below = [place for place, other in enumerate(ordered) if re.match(re.escape(row[0]) + r"[.\[]", other[0])]
        previous = ordered.index(found[index - 1]) + 1 if index else 0
        ordered.insert(below[0] if below else previous, row)
    return [line for _, line in ordered]


def place_of(schemas: Schemas, place: str) -> tuple[dict, dict]:
    """The whole schema and the part at `place`, which is KIND.FIELD.FIELD."""
    kind, *way = place.split(".")
    whole = schemas.of(kind)
    at = whole
    for word in way:
        at, _ = inner(schemas, whole, at)
        at = at["properties"][word]
    return whole, inner(schemas, whole, at)[0]


def fields(schemas: Schemas, place: str, flat: bool = False) -> list[tuple[str, str]]:
    whole, at = place_of(schemas, place)
    return list(rows(schemas, whole, at, "", flat, set() if "." in place else OF_EVERY_KIND))


def plain(path: str) -> str:
    return path.replace("[]", "")


def without(schemas: Schemas, found: list[tuple[str, str]], alike: str) -> list[tuple[str, str]]:
    """`alike`: a path, and after = the place whose fields are not told again below the path."""
    path, place = alike.split("=")
    told = {(plain(name), line.split("|", 2)[2]) for name, line in fields(schemas, place)}

    def again(row: tuple[str, str]) -> bool:
        name, line = row
        return (plain(name).removeprefix(path + "."), line.split("|", 2)[2]) in told and plain(name).startswith(path + ".")

    return [row for row in found if not again(row)]


def table(schemas: Schemas, words: list[str], before: str) -> str:
    place, *more = words
    found = fields(schemas, place, "flat" in more)
    for alike in more:
        if "=" in alike:
            found = without(schemas, found, alike)
    return "\n".join(["| field | default | meaning |", "|---|---|---|"] + in_order(found, before)) + "\n"


def pages():
    schemas = Schemas()
    return pages_with_blocks("fields", lambda words, before: table(schemas, words, before))


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
