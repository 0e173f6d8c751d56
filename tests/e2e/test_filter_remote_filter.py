# SPDX-License-Identifier: Apache-2.0
"""The filter RemoteFilter: a service of the user changes requests, or answers them."""

import base64
import json
import threading

import pytest

from answers_kit import Site
from certificates import self_signed, server_context
from client import fetch
from covers import covers
from gateway import mock, pipeline, proxy
from pages import example
from scripted import Answer, Scripted


@pytest.fixture
def service():
    with Scripted() as scripted:
        yield scripted


def replies(status: int = 200, **reply):
    return lambda call: Answer(status, body=json.dumps(reply).encode())


def put(server, service, *behind: dict, **fields) -> None:
    remote = {"name": "r", "kind": "RemoteFilter", "url": f"{service.url}/verify", **fields}
    server.apply(pipeline("p", remote, *(behind or [mock("page\n")])))


@covers("RemoteFilter", "url")
def test_the_page(server, port, service):
    server.apply(*example("filter-remote-filter", {"http://127.0.0.1:9096": service.url}))
    site = Site(server, port, "verified")
    service.answer = replies(request={"header": {"X-User": ["ann"]}})
    assert site.ask("/a%20b?c=1", X_Token="1").text == "Hello Ann\n"
    call = service.calls[-1]
    assert (call.method, call.target, call.headers["content-type"]) == ("POST", "/verify", "application/json")
    request = json.loads(call.body)["request"]
    assert (request["path"], request["query"], request["method"]) == ("/a b", "c=1", "GET")
    assert (request["header"]["X-Token"], request["realIP"]) == (["1"], "127.0.0.1")
    service.answer = replies()
    assert site.ask().status == 403
    assert site.result("verify") == ("", 403)


def test_it_changes_what_a_backend_gets(server, port, service):
    with Scripted() as backend:
        put(server, service, proxy(backend.url))
        Site(server, port)
        body = base64.b64encode(b"new body").decode()
        service.answer = replies(
            request={"method": "PUT", "path": "/é", "query": "x=1", "header": {"X-A": ["1"]}, "body": body}
        )
        fetch(port, "/old", "POST", b"old body", X_Old="1")
        assert base64.b64decode(json.loads(service.calls[-1].body)["request"]["body"]) == b"old body"
        call = backend.calls[-1]
        assert (call.method, call.target, call.body) == ("PUT", "/%C3%A9?x=1", b"new body")
        assert call.headers["x-a"] == "1" and "x-old" not in call.headers


@covers("RemoteFilter", results="responseAlready")
def test_it_answers(server, port, service):
    put(server, service)
    site = Site(server, port)
    body = base64.b64encode(b"go away").decode()
    service.answer = replies(205, response={"statusCode": 401, "header": {"X-A": ["1"]}, "body": body})
    response = site.ask()
    assert (response.status, response.body, response.headers["x-a"]) == (401, b"go away", "1")
    assert site.result("r") == ("responseAlready", 401)


@covers("RemoteFilter", "timeout", results="failed")
def test_failures(server, port, service):
    put(server, service, timeout="300ms")
    site = Site(server, port)
    wrong = {"header": {"X-A": ["a\r\nX-B: 1"]}}
    for answer in (
        replies(500), replies(302), lambda call: Answer(body=b"text"), lambda call: Answer(body=b" " * 200_000),
        replies(205, response=wrong), replies(request=wrong), replies(request={"path": "/../a"}), lambda call: None,
    ):  # fmt: skip
        service.answer = answer
        assert site.result("r") == ("failed", 503)
    go_on = threading.Event()
    service.answer = lambda call: Answer(after=go_on)
    assert site.result("r") == ("failed", 503)
    go_on.set()
    service.answer = replies()
    assert fetch(port, "/", "POST", b"x" * 65_536).status == 200
    asked = len(service.calls)
    assert fetch(port, "/", "POST", b"x" * 65_537).status == 503 and len(service.calls) == asked


def test_a_service_that_is_not_there(server, port):
    server.apply(pipeline("p", {"name": "r", "kind": "RemoteFilter", "url": "http://127.0.0.1:1/"}, mock("page\n")))
    assert Site(server, port).result("r") == ("failed", 503)


@covers("RemoteFilter", "tls.{rootCertBase64,insecureSkipVerify,certBase64,keyBase64}")
def test_a_service_behind_tls(server, port, tmp_path):
    own, client = self_signed(tmp_path, "IP:127.0.0.1"), self_signed(tmp_path, "DNS:gateway.example")
    site = Site(server, port)
    with Scripted(replies(), tls=server_context(own)) as service:
        put(server, service)
        assert site.result("r") == ("failed", 503)
        put(server, service, tls={"rootCertBase64": client.cert64})
        assert site.result("r") == ("failed", 503)
        put(server, service, tls={"rootCertBase64": own.cert64})
        assert site.result("r") == ("", 200)
        put(server, service, tls={"insecureSkipVerify": True})
        assert site.result("r") == ("", 200)
    with Scripted(replies(), tls=server_context(own, client)) as service:
        put(server, service, tls={"rootCertBase64": own.cert64})
        assert site.result("r") == ("failed", 503)
        put(server, service, tls={"rootCertBase64": own.cert64, "certBase64": client.cert64, "keyBase64": client.key64})
        assert site.result("r") == ("", 200)
