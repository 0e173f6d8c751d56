# SPDX-License-Identifier: Apache-2.0
"""memoryCache of a Proxy pool, with real backends (RFC 9111)."""

import json
import os
import threading

import pytest

from client import Connection, fetch, request
from gateway import http_server, pipeline, proxy, wait_until
from scripted import Answer, Scripted

CACHE = {"expiration": "10m", "maxEntryBytes": 10_000, "codes": [200, 404], "methods": ["GET", "HEAD"]}


@pytest.fixture
def backend():
    """Answers with the number of the call."""
    with Scripted() as instance:
        instance.answer = lambda call: Answer(body=str(len(instance.calls)).encode())
        yield instance


@pytest.fixture
def site(server, port, backend):
    """put(**cache fields): a caching pool behind `port`."""
    server.apply(http_server(port, {"backend": "p"}))

    def put(pool: dict | None = None, **fields) -> int:
        server.apply(pipeline("p", proxy(backend.url, memoryCache={**CACHE, **fields}, **(pool or {}))))
        return port

    return put


def says(backend, **headers):
    """The backend adds these headers to its answers."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    backend.answer = lambda call: Answer(headers=fields, body=str(len(backend.calls)).encode())


def cache_status(server) -> dict:
    return server.status("p")["filters"]["proxy"]["mainPool"]["memoryCache"]


def test_second_request_is_answered_from_the_cache_on_every_core(site, server, backend):
    says(backend, X_Own="1", ETag='"a"')
    port = site()
    first = fetch(port, "/a?x=1")
    wait_until(lambda: cache_status(server)["entries"] == 1, "it is stored")
    for _ in range(20):  # each on a connection, and core, of its own
        again = fetch(port, "/a?x=1")
        assert (again.status, again.body, again.headers["x-own"]) == (200, first.body, "1")
        assert int(again.headers["age"]) >= 0
    assert "age" not in first.headers
    assert backend.targets.count("/a?x=1") <= 2, "a core may ask while the other's answer is on its way"
    assert server.access_line("proxy#proxy#main: cached")


def test_what_makes_requests_different(site, backend):
    port = site()
    with Connection(port) as connection:
        answers = [
            connection.request("/a").body,
            connection.request("/a?x").body,
            connection.request("/a?y").body,
            connection.request("/A").body,
            connection.request("/a", Host="other").body,
        ]
        assert answers == [b"1", b"2", b"3", b"4", b"5"]
        assert connection.request("/a?y").body == b"3"
        assert connection.request("/a", Host="OTHER").body == b"5", "names of hosts have no case"


def test_vary(site, backend):
    says(backend, Vary="Accept-Language")
    port = site()
    with Connection(port) as connection:
        assert connection.request("/", Accept_Language="de").body == b"1"
        assert connection.request("/", Accept_Language="en").body == b"2"
        assert connection.request("/", Accept_Language="de").body == b"1"
        assert connection.request("/").body == b"3"
        assert connection.request("/", Accept_Language="en").body == b"2"


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private, max-age=100"},
        {"Cache-Control": "no-cache"},
        {"Cache-Control": "max-age=0"},
        {"Cache-Control": "max-age=100, s-maxage=0"},
        {"Cache-Control": "max-age=100", "Age": "100"},
        {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Set-Cookie": "session=1"},
        {"Vary": "*"},
        {"Access-Control-Allow-Origin": "https://shop.example"},
    ],
    ids=lambda headers: "; ".join(f"{n}: {v}" for n, v in headers.items()),
)
def test_responses_that_are_not_kept(site, backend, headers):
    says(backend, **headers)
    port = site()
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(3)] == [b"1", b"2", b"3"]


def test_set_cookie_if_allowed(site, backend):
    says(backend, Set_Cookie="theme=dark")
    port = site(allowSetCookie=True)
    with Connection(port) as connection:
        answers = [connection.request() for _ in range(3)]
    assert [(answer.body, answer.headers["set-cookie"]) for answer in answers] == [(b"1", "theme=dark")] * 3


def test_sticky_cookies_are_not_kept(site, backend):
    sticky = {"loadBalance": {"policy": "roundRobin", "stickySession": {"mode": "DurationBased"}}}
    port = site(sticky)
    with Connection(port) as connection:
        first = connection.request()
        again = connection.request()
    assert (first.body, again.body) == (b"1", b"1")
    assert "set-cookie" in first.headers
    assert "set-cookie" not in again.headers, "it would make another client the first one's twin"


def test_authorization(site, backend):
    port = site()
    with Connection(port) as connection:
        assert [connection.request(Authorization=f"Basic {n}").body for n in range(2)] == [b"1", b"2"]
        assert connection.request().body == b"3"
        assert connection.request(Authorization="Basic 1").body == b"4"
        says(backend, Cache_Control="public")
        assert connection.request("/open", Authorization="Basic 1").body == b"5"
        assert connection.request("/open").body == b"5"


def test_pages_of_one_user_are_not_kept(site, backend):
    port = site()
    with Connection(port) as connection:
        assert [connection.request("/cart", Cookie=f"session={n}").body for n in range(2)] == [b"1", b"2"]
        says(backend, Cache_Control="max-age=60")
        assert [connection.request("/logo", Cookie=f"session={n}").body for n in range(2)] == [b"3", b"3"]
    site(ignoreCookies=True)
    backend.answer = lambda call: Answer(body=str(len(backend.calls)).encode())
    with Connection(port) as connection:
        assert [connection.request("/list", Cookie=f"session={n}").body for n in range(2)] == [b"4", b"4"]


def test_what_the_client_asks(site, backend):
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        assert connection.request(Cache_Control="no-cache").body == b"2"
        assert connection.request().body == b"2", "the fresh answer took the place of the old one"
        assert connection.request(Cache_Control="no-store").body == b"3"
        assert connection.request().body == b"2"
        assert connection.request(Cache_Control="only-if-cached").body == b"2"
        assert connection.request("/other", Cache_Control="only-if-cached").status == 504
        assert connection.request(Range="bytes=0-0").body == b"4"
        assert len(backend.calls) == 4


def test_conditions(site, backend):
    says(backend, ETag='"a"', Last_Modified="Sun, 06 Nov 1994 08:49:37 GMT", X_Own="1")
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        answer = connection.request(If_None_Match='"b", W/"a"')
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", '"a"')
        assert "x-own" not in answer.headers
        assert connection.request(If_None_Match='"b"').status == 200
        assert connection.request(If_Modified_Since="Sun, 06 Nov 1994 08:49:37 GMT").status == 304
        assert connection.request(If_Modified_Since="Sun, 06 Nov 1994 08:49:36 GMT").status == 200
        assert len(backend.calls) == 1


def test_head_is_answered_by_what_get_has_stored(site, backend):
    port = site()
    with Connection(port) as connection:
        assert connection.request("/", "HEAD").status == 200
        assert connection.request().body == b"2", "HEAD left nothing to answer GET with"
        answer = connection.request("/", "HEAD")
        assert (answer.status, answer.headers["content-length"], answer.body) == (200, "1", b"")
        assert len(backend.calls) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_unsafe_methods_invalidate(site, backend, method):
    port = site()
    with Connection(port) as connection:
        assert connection.request("/a").body == b"1"
        assert connection.request("/a", method, b"x").body == b"2"
        assert connection.request("/a").body == b"3"
        backend.answer = lambda call: Answer(409)
        assert connection.request("/a", method, b"x").status == 409
        assert connection.request("/a").body == b"3", "what failed has changed nothing"


def test_an_answer_overtaken_by_a_change_is_not_kept(site, backend):
    may_answer = threading.Event()
    slow = Answer(body=b"old", after=may_answer)
    backend.answer = lambda call: slow if call.method == "GET" else Answer(204)
    port = site()
    with Connection(port) as reader:
        reader.send(request("/a"))
        wait_until(lambda: backend.calls, "the backend has the request")
        assert fetch(port, "/a", "PUT", b"new").status == 204
        may_answer.set()
        assert reader.receive().body == b"old"
        backend.answer = lambda call: Answer(body=b"new")
        assert reader.request("/a").body == b"new"


def test_codes_methods_and_sizes(site, backend):
    port = site(methods=["GET"], codes=[200], maxEntryBytes=10)
    with Connection(port) as connection:
        backend.answer = lambda call: Answer(404, body=str(len(backend.calls)).encode())
        assert [connection.request("/a").body for _ in range(2)] == [b"1", b"2"]
        backend.answer = lambda call: Answer(body=b"x" * 11)
        assert [len(connection.request("/b").body) for _ in range(2)] == [11, 11]
        backend.answer = lambda call: Answer(body=b"x" * 10)
        assert [len(connection.request("/c").body) for _ in range(2)] == [10, 10]
        assert len(backend.calls) == 5


def test_memory_is_bounded(site, server, backend):
    backend.answer = lambda call: Answer(body=b"x" * 5000)
    port = site(maxBytes=100_000)
    with Connection(port) as connection:
        for number in range(300):
            assert connection.request(f"/{number}").status == 200
    status = cache_status(server)
    assert 0 < status["bytes"] <= 100_000
    assert status["entries"] < 20


def test_expiration_is_the_upper_bound(site, backend):
    says(backend, Cache_Control="max-age=10000")
    port = site(expiration="50ms")
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        wait_until(lambda: connection.request().body != b"1", "it is fetched anew")


def test_one_fetch_for_all_who_ask_at_once(site, server, backend):
    may_answer = threading.Event()
    backend.answer = lambda call: Answer(body=b"hello", after=may_answer)
    port = site()
    connections = [Connection(port) for _ in range(30)]
    try:
        for connection in connections:
            connection.send(request("/a"))
        wait_until(lambda: cache_status(server)["misses"] == 30, "all are waiting")
        may_answer.set()
        assert [connection.receive().body for connection in connections] == [b"hello"] * 30
        assert len(backend.calls) <= (os.cpu_count() or 1), "each core asks once"
    finally:
        for connection in connections:
            connection.close()


def test_who_waits_goes_on_when_the_first_leaves(site, server, backend):
    never = threading.Event()
    answers = [Answer(after=never)]
    backend.answer = lambda call: answers.pop() if answers else Answer(body=b"hello")
    port = site()
    with Connection(port) as first:
        first.send(request("/a"))
        wait_until(lambda: backend.calls, "the backend has the request")
        others = [Connection(port) for _ in range(8)]
        for other in others:
            other.send(request("/a"))
        wait_until(lambda: sum(cache_status(server)[name] for name in ("hits", "misses")) == 9, "they ask")
    assert [other.receive().body for other in others] == [b"hello"] * 8
    for other in others:
        other.close()
    never.set()


def test_cache_outlives_changes_that_leave_it(site, backend):
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        site({"timeout": "7s"})
        assert connection.request().body == b"1"
        site({"timeout": "7s"}, expiration="9m")
        assert connection.request().body == b"2"


def test_cached_answers_need_no_backend(site, server, port, backend):
    spec = pipeline("p", proxy(backend.url, memoryCache=CACHE, circuitBreakerPolicy="fuse"))
    spec["resilience"] = [{"name": "fuse", "kind": "CircuitBreaker", "minimumNumberOfCalls": 2}]
    server.apply(spec)
    with Connection(port) as connection:
        assert connection.request("/a").body == b"1"
        backend.answer = lambda call: Answer(500)
        assert [connection.request(f"/{n}").status for n in range(3)] == [500, 503, 503]
        assert connection.request("/a").body == b"1"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"methods": ["POST"]}, 'memoryCache.methods[0]: "POST" is not one of GET, HEAD'),
        ({"codes": [206]}, "memoryCache.codes: 206 is not a whole response and cannot be kept"),
        ({"expiration": None}, "memoryCache.expiration: is required"),
        ({"maxEntryBytes": 0}, "memoryCache.maxEntryBytes: 0 is under 1"),
    ],
)
def test_faults(server, backend, fields, fault):
    spec = pipeline("p", proxy(backend.url, memoryCache={**CACHE, **fields}))
    done = server.egctl("object", "create", "-f", "-", input=json.dumps(spec), check=False)
    assert done.returncode == 1
    assert fault in done.stderr
