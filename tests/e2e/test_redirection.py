# SPDX-License-Identifier: Apache-2.0
"""`maxRedirection` of the Proxy filter: redirects that stay within the pool."""

import pytest

from client import Connection, fetch
from gateway import http_server, pipeline, proxy
from scripted import Answer, Scripted


def countdown(call):
    """/3 leads to /2 and so on; /0 answers."""
    number = int(call.target.split("?")[0].rsplit("/", 1)[1])
    if number == 0:
        return Answer(body=call.target.encode())
    return Answer(302, {"Location": f"/{number - 1}?from={number}", "Set-Cookie": "hop=1"}, b"moved")


@pytest.fixture
def backend():
    with Scripted(countdown) as instance:
        yield instance


@pytest.fixture
def site(server, port, backend):
    server.apply(http_server(port, {"backend": "p"}))

    def put(redirects: int, **pool) -> int:
        server.apply(pipeline("p", {**proxy(backend.url, **pool), "maxRedirection": redirects}))
        return port

    return put


def test_followed_up_to_the_limit(site, backend):
    port = site(2)
    response = fetch(port, "/2")
    assert (response.status, response.body) == (200, b"/0?from=1")
    assert "set-cookie" not in response.headers
    response = fetch(port, "/3")
    assert (response.status, response.headers["location"]) == (302, "/0?from=1"), "the third is the client's"
    assert backend.targets == ["/2", "/1?from=2", "/0?from=1", "/3", "/2?from=3", "/1?from=2"]


def test_passed_through_by_default(site, backend):
    response = fetch(site(0), "/1")
    assert (response.status, response.headers["location"], response.body) == (302, "/0?from=1", b"moved")
    assert backend.targets == ["/1"]


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/x", "//elsewhere.example/x", "ftp://shop/x"])
def test_other_places_are_the_clients_to_follow(site, backend, location):
    backend.answer = lambda call: Answer(307, {"Location": location})
    response = fetch(site(5), "/")
    assert (response.status, response.headers["location"]) == (307, location)
    assert len(backend.calls) == 1


def test_loops_end(site, backend):
    backend.answer = lambda call: Answer(301, {"Location": "/"})
    assert fetch(site(10), "/").status == 301
    assert len(backend.calls) == 11


def test_methods_that_change_something_are_not_followed(site, backend):
    backend.answer = lambda call: Answer(303, {"Location": "/0"})
    assert fetch(site(5), "/", "POST", b"x").status == 303
    assert len(backend.calls) == 1


def test_the_host_that_the_client_used(site, backend):
    backend.answer = lambda call: (
        Answer(301, {"Location": "http://shop.example/b"}) if call.target == "/a" else Answer(body=b"here")
    )
    assert fetch(site(1), "/a", Host="shop.example").body == b"here"
    assert [call.headers["host"] for call in backend.calls] == ["shop.example"] * 2


def test_streamed_responses(site, backend):
    port = site(3, serverMaxBodySize=-1)
    with Connection(port) as connection:
        for _ in range(3):
            assert connection.request("/2").body == b"/0?from=1"


def test_what_comes_at_the_end_is_kept_for_the_first(site, backend):
    cache = {"expiration": "10m", "maxEntryBytes": 1000, "codes": [200], "methods": ["GET"]}
    port = site(3, memoryCache=cache)
    with Connection(port) as connection:
        assert [connection.request("/2").body for _ in range(2)] == [b"/0?from=1"] * 2
    assert len(backend.calls) == 3
