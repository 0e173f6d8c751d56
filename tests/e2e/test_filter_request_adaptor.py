# SPDX-License-Identifier: Apache-2.0
"""RequestAdaptor: the request that a backend gets."""

import gzip

import pytest

from gateway import pipeline, proxy
from rewriting_kit import Route, example
from scripted import Answer, Scripted


@pytest.fixture
def backend():
    with Scripted(lambda call: Answer(body=call.body)) as instance:
        yield instance


@pytest.fixture
def adapt(server, port, backend):
    """Puts an adaptor in front of the backend; gives the route."""

    def put(server_fields: dict | None = None, **fields) -> Route:
        server.apply(pipeline("p", {"name": "a", "kind": "RequestAdaptor", **fields}, proxy(backend.url)))
        return Route(server, port, **(server_fields or {}))

    return put


def test_the_page(server, port, backend):
    server.apply(example("filter-request-adaptor", backend.url))
    route = Route(server, port, "ra")
    route.ask("/one/two?q", X_Internal="1", X_Seen="client", X_Api_Version="v1", Authorization="Basic YWRhOnB3")
    call = backend.calls[-1]
    assert (call.method, call.target, call.headers["host"]) == ("POST", "/two/one?q", "shop.example")
    assert "x-internal" not in call.headers
    assert (call.headers["x-api-version"], call.headers["x-seen"], call.headers["x-user"]) == ("v2", "gateway", "ada")


@pytest.mark.parametrize(
    "change, target, seen",
    [
        ({"replace": "/b c"}, "/a?q", "/b%20c?q"),
        ({"addPrefix": "/v3"}, "/a%2Fb", "/v3/a%2Fb"),
        ({"trimPrefix": "/apis/v2"}, "/apis/v2/a%2Fb?q", "/a%2Fb?q"),
        ({"trimPrefix": "/apis/v2"}, "/apis/v2", "/"),
        ({"regexpReplace": {"regexp": "^/([a-z]+)/", "replace": "/$1-"}}, "/x/y", "/x-y"),
    ],
)
def test_paths(adapt, backend, change, target, seen):
    adapt(path=change).ask(target)
    assert backend.calls[-1].target == seen


def test_bad_request(adapt, backend):
    route = adapt(path={"regexpReplace": {"regexp": "x", "replace": ".."}})
    assert route.ask("/a/x/secret").status == 400
    assert route.result("/dots/x/secret", "a") == "badRequest"
    assert backend.calls == []


def test_body_and_template(adapt, backend):
    route = adapt(body="static", template="{{if .req.Query.over}}body: '{{.req.Body}}'{{end}}", leftDelim="", rightDelim="")
    assert route.ask("/", "POST", "of the client").text == "static"
    assert route.ask("/?over", "POST", "of the client").text == "of the client"
    route = adapt(template="body: '{{x}} [[.req.RealIP]]'", leftDelim="[[", rightDelim="]]", method="POST")
    assert route.ask().text == "{{x}} 127.0.0.1"
    route = adapt(template="{{index .req.Header.X 0}}")
    assert route.result("/fails", "a") == "buildErr"


def test_compress_and_decompress(adapt, backend):
    text = b"text " * 10_000
    route = adapt(compress="gzip")
    route.ask("/", "POST", text)
    assert backend.calls[-1].headers["content-encoding"] == "gzip" and gzip.decompress(backend.calls[-1].body) == text
    route = adapt(decompress="gzip")
    route.ask("/", "POST", gzip.compress(text), Content_Encoding="gzip")
    assert "content-encoding" not in backend.calls[-1].headers and backend.calls[-1].body == text


def test_what_cannot_be_decompressed(adapt, backend):
    route = adapt(decompress="gzip")
    assert route.ask("/", "POST", b"garbage", Content_Encoding="gzip").status == 400
    assert route.result("/garbage", "a", "POST", b"garbage", Content_Encoding="gzip") == "decompressFailed"
    bomb = gzip.compress(b"\0" * (64 << 20))
    assert route.ask("/", "POST", bomb, Content_Encoding="gzip").status == 400
    assert backend.calls == []


def test_what_cannot_be_compressed(adapt, backend):
    route = adapt({"clientMaxBodySize": -1}, compress="gzip")
    assert route.result("/long", "a", "POST", b"x" * (5 << 20)) == "compressFailed"
    assert backend.calls == []


def test_signature(adapt, backend):
    sign = {"apiProvider": "aws4", "accessKeyId": "ID", "accessKeySecret": "secret", "scopes": ["eu", "shop"]}
    route = adapt(sign=sign)
    route.ask("/a?b=c", "POST", "text")
    value = backend.calls[-1].headers["authorization"]
    assert value.startswith("AWS4-HMAC-SHA256 Credential=ID/") and "/eu/shop/aws4_request" in value
    route = adapt({"clientMaxBodySize": -1}, sign=sign)
    assert route.result("/stream", "a", "POST", "text") == "signFailed"


def test_the_secret_is_not_shown(adapt, server):
    adapt(sign={"accessKeyId": "ID", "accessKeySecret": "very-secret", "scopes": []})
    assert "very-secret" not in server.egctl("get", "pipeline", "p", "-o", "yaml").stdout


def test_an_update_binds_the_next_request(adapt, backend):
    adapt(header={"set": {"X-A": "1"}}).ask()
    route = adapt(header={"set": {"X-A": "2"}})
    route.ask()
    assert [call.headers["x-a"] for call in backend.calls] == ["1", "2"]
