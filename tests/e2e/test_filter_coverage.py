# SPDX-License-Identifier: Apache-2.0
"""Each result and each field of the filters below has a test that shows it, and each page an example that is one.

The server's metadata say which there are, so that a new field without a test fails here."""

import ast
import importlib
from pathlib import Path

import pytest

from covers import covers, leaves
from pages import example, page_of

KINDS = [
    "CORSAdaptor", "CertExtractor", "DataBuilder", "Fallback", "FileServer", "HeaderLookup", "HeaderToJSON",
    "ProxyWasm", "RateLimiter", "Redirector", "RedirectorV2", "RemoteFilter", "RequestAdaptor", "RequestBuilder",
    "ResponseAdaptor", "ResponseBuilder", "ResultBuilder", "SimpleHTTPProxy", "Validator", "WebSocketProxy",
]  # fmt: skip

# Every object has a name and a kind, and a version is free text.
COMMON = {"kind", "name", "version"}
# Pools are those of a Proxy, whose tests they have.
POOLS_OF = {"WebSocketProxy": "Proxy"}
# For signers: a verifier hashes the body itself.
NO_EFFECT = {"Validator": {"signature.literal.contentSha256"}}
FILES = sorted(Path(__file__).parent.glob("test_*.py"))


def marks() -> list:
    """Those of all tests that `make test` runs."""
    found = []
    for file in FILES:
        if "covers" not in file.read_text():
            continue
        module = importlib.import_module(file.stem)
        for name, test in vars(module).items():
            its = getattr(test, "pytestmark", []) if name.startswith("test_") else []
            if not any(mark.name in ("slow", "skip") for mark in its):
                found += [mark for mark in its if mark.name == "covers"]
    return found


def named(kind: str, what: str) -> set[str]:
    return set().union(*(mark.kwargs[what] for mark in marks() if mark.args[0] == kind))


def metadata(server, kind: str, what: str):
    return server.get_json(f"/apis/v2/metadata/objects/pipeline/filters/{kind}/{what}")


def fields_of(server, kind: str) -> set[str]:
    return set(leaves(metadata(server, kind, "schema"))) - COMMON


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_and_result_has_a_test(shared_server, kind):
    fields, results = fields_of(shared_server, kind), set(metadata(shared_server, kind, "results"))
    assert named(kind, "fields") <= fields and named(kind, "results") <= results, "no test names what is not there"
    if kind in POOLS_OF:
        fields -= fields_of(shared_server, POOLS_OF[kind])
    without = fields - named(kind, "fields") - NO_EFFECT.get(kind, set())
    assert not without, f"fields of {kind} without a test: {sorted(without)}"
    assert results == named(kind, "results"), f"results of {kind}"


def test_the_list_of_filters_is_whole(shared_server):
    """Those of before have their tests by other names."""
    known = set(shared_server.get_json("/apis/v2/metadata/objects/pipeline/filters"))
    assert known - set(KINDS) <= {"Mock", "Proxy", "WasmHost", "GRPCProxy"}
    assert {mark.args[0] for mark in marks()} <= known


def pages_applied() -> set[str]:
    """The pages whose example a test asks for."""
    calls = (node for file in FILES for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", "") == "example" and call.args and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_each_page_is_a_test(kind):
    page = page_of(kind)
    filters = [each["kind"] for document in example(page) for each in document.get("filters", [])]
    assert kind in filters
    assert page in pages_applied(), f"no test applies the example of docs/{page}.md"


def test_the_marks_are_read_as_written():
    mark = covers("X", "a.{b,c} d", results="r").mark
    assert mark.kwargs == {"fields": {"a.b", "a.c", "d"}, "results": {"r"}}
    schema = {"properties": {"a": {"items": {"properties": {"b": {}, "c": {"additionalProperties": {"type": "string"}}}}},
                             "m": {"additionalProperties": {"properties": {"x": {}}}}}}  # fmt: skip
    assert set(leaves(schema)) == {"a.b", "a.c", "m.*.x"}
