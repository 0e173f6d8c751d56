# SPDX-License-Identifier: Apache-2.0
"""HeaderToJSON: headers become members of the body."""

import json

import pytest

from covers import covers
from gateway import pipeline, proxy
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Scripted


@pytest.fixture
def backend():
    with Scripted(lambda call: Answer(body=call.body)) as instance:
        yield instance


def test_the_page(server, port, backend):
    server.apply(*example("filter-header-to-json", {BACKEND: backend.url}))
    route = Route(server, port, "with-user")
    assert json.loads(route.ask("/", "POST", '{"a": 1, "user": "old"}', X_User="Ada").text) == {"a": 1, "user": "Ada"}
    assert json.loads(route.ask("/", "POST", '[{"a": 1}, {}]', X_User="A").text) == [{"a": 1, "user": "A"}, {"user": "A"}]
    assert json.loads(route.ask("/", "POST", X_User="Ada").text) == {"user": "Ada"}
    assert backend.calls[-1].headers["content-type"] == "application/json"
    assert route.ask("/", "POST", "as it is").text == "as it is"


@covers("HeaderToJSON", results="jsonEncodeDecodeErr bodyReadErr")
def test_results(server, port, backend):
    server.apply(*example("filter-header-to-json", {BACKEND: backend.url}))
    route = Route(server, port, "with-user")
    assert route.result("/broken", "headers", "POST", "[1", X_User="x") == "jsonEncodeDecodeErr"
    assert route.ask("/", "POST", "[1", X_User="x").status == 400
    Route(server, port, "with-user", clientMaxBodySize=-1)
    assert route.result("/stream", "headers", "POST", "{}", X_User="x") == "bodyReadErr"


@covers("HeaderToJSON", "headerMap.{header,json}")
def test_two_headers(server, port, backend):
    spec = {
        "name": "h",
        "kind": "HeaderToJSON",
        "headerMap": [{"header": "X-A", "json": "a"}, {"header": "X-B", "json": "b"}],
    }
    server.apply(pipeline("p", spec, proxy(backend.url)))
    assert json.loads(Route(server, port).ask("/", "POST", X_A="1", X_B="2").text) == {"a": "1", "b": "2"}
