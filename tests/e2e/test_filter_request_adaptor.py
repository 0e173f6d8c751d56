# SPDX-License-Identifier: Apache-2.0
"""RequestAdaptor: the request that a backend gets."""

import base64
import gzip
import hashlib
import re

import pytest
import yaml

from client import Connection
from covers import covers
from gateway import pipeline, proxy
from identity_kit import Signing
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Call, Scripted


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


NAMES = ["root #2", "'root'", '"root"', "!!str root", "&x root", "*x", "~", "null", "[a,b]", "{a, b}", "0x1F4", "|", "- a"]


@pytest.mark.parametrize("place", ["{{ username .req }}", "'{{ username .req }}'", "{{if .req.Body}}x{{else}}{{ username .req }}{{end}}"])
def test_a_name_that_looks_like_yaml_stays_the_name(adapt, backend, place):
    """The name is what the check in front of it has let in; whatever the backend reads must be that name."""
    route = adapt(template=f"header:\n  set:\n    X-User: {place}\n")
    for name in NAMES:
        credentials = base64.b64encode(f"{name}:pw".encode()).decode()
        assert route.ask(Authorization=f"Basic {credentials}", X_User="forged").status == 200
        assert backend.calls[-1].headers["x-user"] == name


@covers("RequestAdaptor", "host method header.{del,set,add} template")
def test_the_page(server, port, backend):
    server.apply(*example("filter-request-adaptor", {BACKEND: backend.url}))
    route = Route(server, port, "adapted")
    route.ask("/one/two?q", X_Internal="1", X_Seen="client", X_Api_Version="v1", Authorization="Basic YWRhOnB3")
    call = backend.calls[-1]
    assert (call.method, call.target, call.headers["host"]) == ("POST", "/two/one?q", "shop.example")
    assert "x-internal" not in call.headers
    assert (call.headers["x-api-version"], call.headers["x-seen"], call.headers["x-user"]) == ("v2", "gateway", "ada")


def test_names_that_a_backend_reads_alike_go_together(adapt, server, port, backend):
    adapt(header={"del": ["X-Internal"], "set": {"X-User": "ada"}})
    names = ["X_Internal", "X.Internal", "X_User", "X_Other"]
    with Connection(port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n" + "".join(f"{name}: client\r\n" for name in names) + "\r\n")
        assert client.receive().status == 200
    plain = {name.lower().replace("_", "-").replace(".", "-") for name in names}
    seen = {name: value for name, value in backend.calls[-1].headers.items() if re.sub("[_.]", "-", name) in plain}
    assert seen == {"x-user": "ada", "x_other": "client"}


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
@covers("RequestAdaptor", "path.{replace,addPrefix,trimPrefix} path.regexpReplace.{regexp,replace}")
def test_paths(adapt, backend, change, target, seen):
    adapt(path=change).ask(target)
    assert backend.calls[-1].target == seen


@covers("RequestAdaptor", results="badRequest")
def test_bad_request(adapt, backend):
    route = adapt(path={"regexpReplace": {"regexp": "x", "replace": ".."}})
    assert route.ask("/a/x/secret").status == 400
    assert route.result("/dots/x/secret", "a") == "badRequest"
    assert backend.calls == []


@covers("RequestAdaptor", "body leftDelim rightDelim", results="buildErr")
def test_body_and_template(adapt, backend):
    route = adapt(body="static", template="{{if .req.Query.over}}body: '{{.req.Body}}'{{end}}", leftDelim="", rightDelim="")
    assert route.ask("/", "POST", "of the client").text == "static"
    assert route.ask("/?over", "POST", "of the client").text == "of the client"
    route = adapt(template="body: '{{x}} [[.req.RealIP]]'", leftDelim="[[", rightDelim="]]", method="POST")
    assert route.ask().text == "{{x}} 127.0.0.1"
    route = adapt(template="{{index .req.Header.X 0}}")
    assert route.result("/fails", "a") == "buildErr"


@covers("RequestAdaptor", "compress decompress")
def test_compress_and_decompress(adapt, backend):
    text = b"text " * 10_000
    route = adapt(compress="gzip")
    route.ask("/", "POST", text)
    assert backend.calls[-1].headers["content-encoding"] == "gzip" and gzip.decompress(backend.calls[-1].body) == text
    route = adapt(decompress="gzip")
    route.ask("/", "POST", gzip.compress(text), Content_Encoding="gzip")
    assert "content-encoding" not in backend.calls[-1].headers and backend.calls[-1].body == text


@covers("RequestAdaptor", results="decompressFailed")
def test_what_cannot_be_decompressed(adapt, backend):
    route = adapt(decompress="gzip")
    assert route.ask("/", "POST", b"garbage", Content_Encoding="gzip").status == 400
    assert route.result("/garbage", "a", "POST", b"garbage", Content_Encoding="gzip") == "decompressFailed"
    bomb = gzip.compress(b"\0" * (64 << 20))
    assert route.ask("/", "POST", bomb, Content_Encoding="gzip").status == 400
    assert backend.calls == []


@covers("RequestAdaptor", results="compressFailed")
def test_what_cannot_be_compressed(adapt, backend):
    route = adapt({"clientMaxBodySize": -1}, compress="gzip")
    assert route.result("/long", "a", "POST", b"x" * (5 << 20)) == "compressFailed"
    assert backend.calls == []


@covers("RequestAdaptor", results="signFailed")
def test_signature(adapt, backend):
    sign = {"apiProvider": "aws4", "accessKeyId": "ID", "accessKeySecret": "secret", "scopes": ["eu", "shop"]}
    route = adapt(sign=sign)
    route.ask("/a?b=c", "POST", "text")
    value = backend.calls[-1].headers["authorization"]
    assert value.startswith("AWS4-HMAC-SHA256 Credential=ID/") and "/eu/shop/aws4_request" in value
    route = adapt({"clientMaxBodySize": -1}, sign=sign)
    assert route.result("/stream", "a", "POST", "text") == "signFailed"


AMAZON = {
    "scopeSuffix": "aws4_request",
    "algorithmName": "X-Amz-Algorithm",
    "algorithmValue": "AWS4-HMAC-SHA256",
    "signedHeaders": "X-Amz-SignedHeaders",
    "signature": "X-Amz-Signature",
    "date": "X-Amz-Date",
    "expires": "X-Amz-Expires",
    "credential": "X-Amz-Credential",
    "contentSha256": "X-Amz-Content-Sha256",
    "signingKeyPrefix": "AWS4",
}
SIGN = {"apiProvider": "aws4", "accessKeyId": "ID", "accessKeySecret": "secret", "scopes": ["eu", "shop"]}


def proof_of(call: Call, body_hash: str = "", **literal: str) -> str:
    """The Authorization that the request must have, made by other hands."""
    names = re.search("SignedHeaders=([^,]*)", call.headers["authorization"])[1].split(";")
    covered = {name: call.headers[name] for name in names if name != "host"}
    literal = AMAZON | literal
    signing = Signing("ID", "secret", when=call.headers.get(literal["date"].lower(), "none"), **literal)
    path, _, query = call.target.partition("?")
    said = signing.headers(call.method, call.headers["host"], path, call.body, query, body_hash, **covered)
    return said["Authorization"]


@covers("RequestAdaptor", "sign.{accessKeyId,accessKeySecret,apiProvider,scopes,literal.{%s}}" % ",".join(AMAZON))
def test_texts_of_the_signature(adapt, backend):
    target = "/a?b=c&" + "&".join(f"{name}=1" for name in [*AMAZON.values(), "X-Mine"])
    hashes = {"X_Amz_Content_Sha256": "old", "X_Mine": "old"}
    adapt(sign=SIGN).ask(target, "POST", "text", **hashes)
    usual = backend.calls[-1]
    assert usual.headers["authorization"] == proof_of(usual)
    for name in AMAZON:
        adapt(sign={**SIGN, "literal": {name: "X-Mine"}}).ask(target, "POST", "text", **hashes)
        call = backend.calls[-1]
        assert call.headers["authorization"] == proof_of(call, **{name: "X-Mine"}), name
        if name == "contentSha256":
            assert call.headers["x-mine"] == hashlib.sha256(b"text").hexdigest() == usual.headers["x-amz-content-sha256"]
            assert call.headers["x-amz-content-sha256"] == "old"
        else:
            assert call.headers["authorization"] != proof_of(call), name


@covers("RequestAdaptor", "sign.{excludeBody,ignoredHeaders}")
def test_what_the_signature_covers(adapt, backend):
    adapt(sign={**SIGN, "excludeBody": True}).ask("/", "POST", "text", X_Trace="1")
    call = backend.calls[-1]
    assert call.headers["authorization"] == proof_of(call, "UNSIGNED-PAYLOAD")
    assert call.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD" and "x-trace" in call.headers["authorization"]
    adapt(sign={**SIGN, "ignoredHeaders": ["X-Trace"]}).ask("/", "POST", "text", X_Trace="1", X_Other="2")
    call = backend.calls[-1]
    assert call.headers["authorization"] == proof_of(call)
    assert "x-trace" not in call.headers["authorization"] and "x-other" in call.headers["authorization"]


def test_fields_of_verifiers_are_warned_of(server):
    sign = {**SIGN, "accessKeys": {"a": "hidden"}, "ttl": "1m", "headerHoisting": {"disallowed": ["X-B"]}}
    spec = pipeline("warned", {"name": "a", "kind": "RequestAdaptor", "sign": sign})
    errors = server.egctl("apply", "-f", "-", input=yaml.safe_dump(spec)).stderr
    assert all(f"sign.{name}" in errors for name in ("accessKeys", "ttl", "headerHoisting"))
    assert "hidden" not in errors + server.egctl("get", "pipeline", "warned", "-o", "yaml").stdout


def test_the_secret_is_not_shown(adapt, server):
    adapt(sign={"accessKeyId": "ID", "accessKeySecret": "very-secret", "scopes": []})
    assert "very-secret" not in server.egctl("get", "pipeline", "p", "-o", "yaml").stdout


def test_an_update_binds_the_next_request(adapt, backend):
    adapt(header={"set": {"X-A": "1"}}).ask()
    route = adapt(header={"set": {"X-A": "2"}})
    route.ask()
    assert [call.headers["x-a"] for call in backend.calls] == ["1", "2"]
