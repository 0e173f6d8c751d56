#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference-rest.md from the OpenAPI document, for which it starts a server.

    tools/rest_reference.py              writes the page if it differs
    tools/rest_reference.py --check      says so, and fails
"""

import json
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from reference_page import BIN, DOCS, main

SOURCE = "the OpenAPI document"
PAGE = DOCS / "reference-rest.md"
DEADLINE = 60.0
TYPES = {"string": "text", "boolean": "true or false"}
EVERY_CALL = ("400", "401", "403", "429", "500", "503")
HEAD = """# Reference of the REST API

`tools/rest_reference.py` writes this page from the OpenAPI 3.1 document, which a running server serves:
`curl localhost:2381/apis/v2/openapi`, as YAML with `-H 'Accept: text/x-yaml'`. A reader may get it
([admin-access.md](admin-access.md)). The document has the whole schemas of objects, filters and policies,
which stand below by their names.

{about}

The forms of bodies are written as `{{name, other?: integer, list: [text]}}`: `?` marks a member that may be
absent, a member without a type is a text, and `{{*: X}}` is a map with any names.

Every call may get one of these errors, `{{code: integer, message, errors?: [text]}}` in JSON:

{errors}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server():
    """The address of a server in a folder of its own."""
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as home:
        command = [BIN / "sluice-server", "--home-dir", home, "--log-dir", "log", "--api-addr", address]
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        process = subprocess.Popen(command, cwd=home, **quiet)
        try:
            yield address
        finally:
            process.terminate()
            process.wait(DEADLINE)


def fetch(address: str, path: str):
    end = time.monotonic() + DEADLINE
    while True:
        try:
            request = urllib.request.Request(f"http://{address}{path}", headers={"Accept": "application/json"})
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())
        except urllib.error.URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def fetch_document() -> dict:
    with server() as address:
        return fetch(address, "/apis/v2/openapi")


def shape(schema: dict) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " or ".join(map(shape, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"'{word}'" for word in schema["enum"])
    if schema.get("type") == "array":
        return f"[{shape(schema['items'])}]"
    if "additionalProperties" in schema:
        return "{*: " + shape(schema["additionalProperties"]) + "}"
    if "properties" in schema:
        return "{" + ", ".join(member(schema, name) for name in schema["properties"]) + "}"
    return TYPES.get(schema.get("type"), schema.get("type", "any")).replace("true or false", "boolean")


def member(schema: dict, name: str) -> str:
    mark = "" if name in schema.get("required", []) else "?"
    its = shape(schema["properties"][name])
    return name + mark + ("" if its == "text" else f": {its}")


def type_of(parameter: dict) -> str:
    schema = parameter["schema"]
    if "const" in schema:
        return "`true`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "integer":
        top = "" if schema["maximum"] >= 2**62 else f" to {schema['maximum']:,}"
        return f"integer, {schema['minimum']:,}{top or ' or more'}"
    return TYPES[schema["type"]]


def parameters(operation: dict) -> list[str]:
    rows = []
    for one in operation.get("parameters", []):
        place = one["in"] + ("" if one["in"] == "path" or not one["required"] else ", required")
        rows.append(f"| `{one['name']}` | {place} | {type_of(one)} | {one['description']} |")
    return ["| parameter | in | type | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def content(contents: dict) -> str:
    shapes = {shape(one["schema"]) for one in contents.values() if "schema" in one}
    types = " or ".join(f"`{name}`" for name in contents)
    return types + "".join(f": `{its}`" for its in sorted(shapes))


def answers(operation: dict) -> list[str]:
    lines = []
    if "requestBody" in operation:
        body = operation["requestBody"]
        bound = f". {body['description']}" if "description" in body else ""
        lines.append(f"- Body: {content(body['content'])}{bound}.")
    for status, answer in sorted(operation["responses"].items()):
        if "$ref" not in answer:
            its = content(answer["content"]) if "content" in answer else "no body"
            lines.append(f"- {status}: {answer['description']}. {its[0].upper() + its[1:]}.")
    errors = [status for status in sorted(operation["responses"]) if is_own_error(operation, status)]
    return [*lines, *([f"- Further errors: {', '.join(errors)}."] if errors else [])]


def is_own_error(operation: dict, status: str) -> bool:
    return "$ref" in operation["responses"][status] and status not in EVERY_CALL


def section(path: str, method: str, operation: dict) -> list[str]:
    place = "/apis/v2" + ("" if path == "/" else path)
    title = [f"### {method.upper()} {place}", "", operation["summary"] + ".", ""]
    return [*title, *parameters(operation), *answers(operation), ""]


def page(document: dict) -> str:
    responses = document["components"]["responses"]
    errors = [f"- {status}: {responses[status]['description']}." for status in sorted(responses)]
    text = HEAD.format(about=textwrap.fill(document["info"]["description"], 104), errors="\n".join(errors))
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).extend(section(path, method, operation))
    for group, lines in sorted(groups.items()):
        text += f"\n## {group}\n\n" + "\n".join(lines)
    return text.rstrip() + "\n"


def pages():
    yield PAGE, page(fetch_document())


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
