# SPDX-License-Identifier: Apache-2.0
"""ResponseAdaptor: the response that a client gets."""

import gzip
import json
import threading

import pytest

from client import Connection, request
from covers import covers
from gateway import mock, pipeline, proxy
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Scripted


@pytest.fixture
def backend():
    with Scripted(lambda _: Answer(201, {"Server": "old", "ETag": '"a"', "X-Powered-By": "x"}, b"text")) as instance:
        yield instance


@pytest.fixture
def adapt(server, port, backend):
    """Puts an adaptor behind the backend, or in front of it; gives the route."""

    def put(first: bool = False, pool: dict | None = None, **fields) -> Route:
        filters = [proxy(backend.url, **(pool or {})), {"name": "a", "kind": "ResponseAdaptor", **fields}]
        server.apply(pipeline("p", *(reversed(filters) if first else filters)))
        return Route(server, port)

    return put


@covers("ResponseAdaptor", "header.{del,set,add} template")
def test_the_page(server, port, backend):
    server.apply(*example("filter-response-adaptor", {BACKEND: backend.url}))
    response = Route(server, port, "marked").ask()
    assert (response.status, response.text) == (201, "text")
    assert "x-powered-by" not in response.headers
    assert response.headers["server"] == "gateway" and response.headers["x-seen"] == "gateway"
    assert response.headers["x-status"] == "201" and response.headers["etag"] == '"a"'


@pytest.mark.parametrize("first", [False, True])
@covers("ResponseAdaptor", "body")
def test_body(adapt, first):
    response = adapt(first, body="fixed").ask()
    assert (response.status, response.text) == (201, "fixed")
    assert "etag" not in response.headers and response.headers["content-length"] == "5"


def test_a_field_that_cannot_be_set_is_a_warning(server):
    """An object that ran before goes on."""
    for kind, field in (("ResponseAdaptor", "content-length"), ("ResponseAdaptor", "Host"), ("RequestAdaptor", "Content-Length")):
        change = {"name": "it", "kind": kind, "header": {"set": {field: "3"}, "add": {"X-A": "b"}}}
        done = server.egctl("apply", "-f", "-", input=json.dumps(pipeline("p", change, mock("text"))))
        assert f"filters[0].header.set.{field}: has no effect" in done.stderr, done.stderr


@pytest.mark.parametrize("first", [False, True])
@covers("ResponseAdaptor", "compress")
def test_compress(adapt, first):
    response = adapt(first, compress="gzip").ask()
    assert gzip.decompress(response.body) == b"text" and response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("first", [False, True])
@covers("ResponseAdaptor", "decompress")
def test_decompress(adapt, backend, first):
    backend.answer = lambda _: Answer(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"text"))
    response = adapt(first, decompress="gzip").ask()
    assert response.text == "text" and "content-encoding" not in response.headers
    assert adapt(first, decompress="gzip").ask("/", "HEAD").status == 200


@covers("ResponseAdaptor", "leftDelim rightDelim", results="buildErr")
def test_template(adapt):
    route = adapt(template="body: '{{x}} [[.resp.Body]]'", leftDelim="[[", rightDelim="]]")
    assert route.ask().text == "{{x}} text"
    route = adapt(template="body: {{index .resp.Header.X 0}}")
    assert route.result("/fails", "a") == "buildErr"
    assert route.ask().status == 503


@covers("ResponseAdaptor", results="decompressFailed compressFailed")
def test_what_cannot_be_recoded(adapt, backend):
    backend.answer = lambda _: Answer(headers={"Content-Encoding": "gzip"}, body=b"garbage")
    route = adapt(decompress="gzip")
    assert route.result("/garbage", "a") == "decompressFailed"
    assert route.ask().status == 503
    assert adapt(True, decompress="gzip").ask().status == 503
    backend.answer = lambda _: Answer(body=b"x" * (5 << 20))
    route = adapt(compress="gzip", pool={"serverMaxBodySize": -1})
    assert route.result("/long", "a") == "compressFailed"
    assert route.ask().status == 503


@covers("ResponseAdaptor", results="responseNotFound")
def test_without_a_response(server, port):
    server.apply(pipeline("p", {"name": "a", "kind": "ResponseAdaptor", "body": "x"}))
    route = Route(server, port)
    assert route.ask().status == 503
    assert route.result("/none", "a") == "responseNotFound"


@pytest.mark.parametrize("first", [False, True])
def test_a_stream_stays_one(adapt, backend, port, first):
    goes_on = threading.Event()

    def pieces():
        yield b"first"
        assert goes_on.wait(60)
        yield b"last"

    backend.answer = lambda _: Answer(chunks=pieces())
    adapt(first, header={"add": {"X-Added": "1"}})
    with Connection(port) as connection:
        connection.send(request("/"))
        assert b"x-added: 1" in connection._until(b"first").lower()
        goes_on.set()
        assert b"last" in connection._until(b"0\r\n\r\n")
