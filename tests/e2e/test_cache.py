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
        assert len(backend.calls) == 3


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


# Stale when they arrive: no test waits for a time to pass.
STALE = {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"a"', "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}


def validates(backend, not_modified: dict, fields: dict = STALE):
    """The backend answers with the number of the call, and 304 to those who hold the tag "a"."""

    def answer(call):
        if call.headers.get("if-none-match") == '"a"':
            return Answer(304, not_modified)
        return Answer(headers=fields, body=str(len(backend.calls)).encode())

    backend.answer = answer


def test_stale_responses_are_validated_and_freshened(site, server, backend):
    validates(backend, {"ETag": '"a"', "Cache-Control": "max-age=600", "X-Own": "2"}, {**STALE, "X-Own": "1", "X-Old": "1"})
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        again = connection.request(If_None_Match='"b"', Range="bytes=0-0", If_Range='"b"')
        assert (again.status, again.body) == (200, b"1")
        assert backend.calls[1].headers["if-none-match"] == '"a"', "the cache's condition, not the client's"
        assert backend.calls[1].headers["if-modified-since"] == STALE["Last-Modified"]
        assert "range" not in backend.calls[1].headers
        kept = connection.request()
        for answer in (again, kept):
            assert (answer.headers["x-own"], answer.headers["x-old"]) == ("2", "1")
            assert answer.headers["cache-control"] == "max-age=600"
        assert len(backend.calls) == 2
    assert server.access_line("proxy#proxy#main: revalidated")


def test_clients_own_condition_is_judged_after_the_validation(site, backend):
    validates(backend, {"Cache-Control": "max-age=600"})
    port = site()
    with Connection(port) as connection:
        connection.request()
        answer = connection.request(If_None_Match='"x", "a"')
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", '"a"')
        backend.answer = lambda call: Answer(headers={**STALE, "ETag": '"new"'}, body=b"0123456789")
        connection.request("/b")
        answer = connection.request("/b", If_None_Match='"new"')
        assert answer.status == 304, "the new response has the tag that the client holds"
        answer = connection.request("/b", Range="bytes=2-4")
        assert (answer.status, answer.body) == (206, b"234")


def test_a_new_response_takes_the_place_of_the_stale_one(site, backend):
    backend.answer = lambda call: Answer(headers={**STALE, "ETag": f'"{len(backend.calls)}"'}, body=b"x")
    port = site()
    with Connection(port) as connection:
        for _ in range(3):
            connection.request()
        assert [call.headers.get("if-none-match") for call in backend.calls] == [None, '"1"', '"2"']


def test_not_modified_of_something_else_is_no_answer(site, backend):
    """RFC 9111 section 4.3.4."""
    validates(backend, {"ETag": '"other"'})
    port = site()
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(2)] == [b"1", b"3"]
        assert "if-none-match" not in backend.calls[2].headers


@pytest.mark.parametrize("control", ["no-store", "private"])
def test_a_validation_may_forbid_to_keep_it(site, backend, control):
    validates(backend, {"Cache-Control": control})
    port = site()
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(3)] == [b"1", b"1", b"3"]


@pytest.mark.parametrize("control", ["no-cache", 'no-cache="X-Own", max-age=600'])
def test_no_cache_is_validated_every_time(site, backend, control):
    validates(backend, {}, {"Cache-Control": control, "ETag": '"a"'})
    port = site()
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(3)] == [b"1"] * 3
        assert len(backend.calls) == 3


def test_a_client_that_wants_no_cache_gets_it_validated(site, backend):
    validates(backend, {}, {"Cache-Control": "max-age=600", "ETag": '"a"'})
    port = site()
    with Connection(port) as connection:
        assert [connection.request(Cache_Control="no-cache").body for _ in range(2)] == [b"1", b"1"]
        assert backend.calls[1].headers["if-none-match"] == '"a"'


def test_stale_while_revalidate(site, backend):
    may_answer = threading.Event()
    stale = {"Cache-Control": "max-age=60, stale-while-revalidate=600", "Age": "100"}
    answers = [Answer(headers=stale, body=b"old"), Answer(body=b"new", after=may_answer)]
    backend.answer = lambda call: answers[len(backend.calls) - 1]
    port = site()
    with Connection(port) as connection:
        connection.request(Cookie="a=b", Cache_Control="x")
        for _ in range(3):
            assert connection.request(Range="bytes=0-1").body == b"ol", "nobody waits"
        wait_until(lambda: len(backend.calls) == 2, "it is fetched anew")
        assert "range" not in backend.calls[1].headers
        may_answer.set()
        wait_until(lambda: connection.request().body == b"new", "it has taken the place")
        assert len(backend.calls) <= 1 + (os.cpu_count() or 1), "each core fetches it once"


def test_stale_while_revalidate_is_not_for_ever(site, backend):
    says(backend, Cache_Control="max-age=60, stale-while-revalidate=10", Age="100")
    port = site()
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("error", [Answer(503), Answer(500), None], ids=["503", "500", "closed"])
def test_stale_if_error(site, server, backend, error):
    says(backend, Cache_Control="max-age=60, stale-if-error=600", Age="100")
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        backend.answer = lambda call: error
        for _ in range(2):
            answer = connection.request()
            assert (answer.status, answer.body) == (200, b"1")
            assert int(answer.headers["age"]) >= 100
        assert connection.request(Cache_Control="no-cache").status >= 500, "the client wants none"
    assert server.access_line("proxy#proxy#main: stale")


@pytest.mark.parametrize(
    "control", ["must-revalidate, max-age=60", "proxy-revalidate, max-age=60", "s-maxage=60", "no-cache, max-age=600"]
)
def test_what_must_not_be_used_stale(site, backend, control):
    says(backend, Cache_Control=control + ", stale-if-error=600", Age="100", ETag='"a"')
    port = site(staleIfError="1h", staleWhileRevalidate="1h")
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        backend.answer = lambda call: Answer(503)
        assert connection.request().status == 503
        assert connection.request(Cache_Control="max-stale").status == 503


def test_stale_as_the_configuration_says(site, backend):
    says(backend, Cache_Control="max-age=60", Age="100")
    port = site(staleIfError="1h")
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        backend.answer = lambda call: None
        assert connection.request().body == b"1"


def test_only_what_the_backend_says(site, backend):
    port = site(defaultExpiration="0s")
    with Connection(port) as connection:
        assert [connection.request("/a").body for _ in range(2)] == [b"1", b"2"]
        says(backend, Cache_Control="max-age=600")
        assert [connection.request("/b").body for _ in range(2)] == [b"3", b"3"]


@pytest.mark.parametrize("status", [500, 503])
def test_codes_of_failures_are_kept_and_are_failures_again(server, port, backend, status):
    backend.answer = lambda call: Answer(status, body=str(len(backend.calls)).encode())
    server.apply(http_server(port, {"backend": "p"}))
    cache = {**CACHE, "codes": [200, status]}
    fallback = {"name": "fallback", "kind": "Mock", "rules": [{"code": 299, "body": "sorry"}]}
    flow = [{"filter": "proxy", "jumpIf": {"failureCode": "fallback"}}, {"filter": "END"}, {"filter": "fallback"}]
    server.apply(pipeline("p", proxy(backend.url, memoryCache=cache)))
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(3)] == [b"1"] * 3
        server.apply(pipeline("p", proxy(backend.url, memoryCache=cache), fallback, flow=flow))
        assert [connection.request().status for _ in range(2)] == [299, 299]
        assert len(backend.calls) == 1


@pytest.mark.parametrize(
    ("asked", "status", "body", "part"),
    [
        ("bytes=0-1", 206, b"01", "bytes 0-1/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
        ("bytes=4-3", 200, b"0123456789", None),
    ],
)
def test_ranges(site, backend, asked, status, body, part):
    backend.answer = lambda call: Answer(headers={"ETag": '"a"'}, body=b"0123456789")
    port = site()
    with Connection(port) as connection:
        connection.request()
        answer = connection.request(Range=asked)
        assert (answer.status, answer.body, answer.headers.get("content-range")) == (status, body, part)
        same = connection.request(Range=asked, If_Range='"a"')
        assert (same.status, same.body) == (status, body)
        other = connection.request(Range=asked, If_Range='"b"')
        assert (other.status, other.body) == (200, b"0123456789"), "it has changed: the whole"
        assert connection.request(Range=asked, If_None_Match='"a"').status == 304, "conditions come first"
        assert connection.request("/", "HEAD", Range=asked).headers["content-length"] == "10"
        assert len(backend.calls) == 1


def test_parts_are_not_kept(site, backend):
    backend.answer = lambda call: Answer(206, {"Content-Range": "bytes 0-1/10", "Cache-Control": "max-age=60"}, b"01")
    port = site()
    with Connection(port) as connection:
        assert [connection.request(Range="bytes=0-1").status for _ in range(2)] == [206, 206]
        assert len(backend.calls) == 2
        assert backend.calls[0].headers["range"] == "bytes=0-1"


def test_head_updates_what_get_has_left(site, backend):
    """RFC 9111 section 4.3.5."""
    fields = {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"a"', "X-Own": "1"}
    backend.answer = lambda call: Answer(headers=fields, body=b"hello")
    port = site()
    with Connection(port) as connection:
        connection.request()
        fields = {"Cache-Control": "max-age=600", "ETag": '"a"', "X-Own": "2"}
        assert connection.request("/", "HEAD").headers["x-own"] == "2"
        answer = connection.request()
        assert (answer.body, answer.headers["x-own"], len(backend.calls)) == (b"hello", "2", 2)
        fields = {"Cache-Control": "max-age=600", "ETag": '"b"'}
        connection.request("/", "HEAD", Cache_Control="no-cache")
        assert connection.request().headers["etag"] == '"b"', "the old one is of no use any more"
        assert len(backend.calls) == 4


@pytest.mark.parametrize("field", ["Location", "Content-Location"])
def test_unsafe_methods_invalidate_what_they_name(site, backend, field):
    port = site()
    with Connection(port) as connection:
        assert [connection.request(f"/list/{n}").body for n in range(3)] == [b"1", b"2", b"3"]
        for where in ("0", "/list/1", "http://127.0.0.1/list/2", "http://elsewhere/list/3"):
            backend.answer = lambda call, where=where: Answer(201, {field: where})
            assert connection.request("/list/new", "POST", b"x").status == 201
        backend.answer = lambda call: Answer(body=b"new")
        assert [connection.request(f"/list/{n}").body for n in range(3)] == [b"new"] * 3


def test_unsafe_methods_invalidate_through_another_pool(server, port, backend):
    spec = proxy(backend.url, memoryCache=CACHE)
    writes = {"urls": [{"methods": ["PUT"], "url": {"prefix": "/"}}], "headers": {"X-Any": {"empty": True}}}
    spec["pools"].append({"servers": [{"url": backend.url}], "filter": writes})
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", spec))
    with Connection(port) as connection:
        assert connection.request("/a").body == b"1"
        assert connection.request("/a", "PUT", b"x").body == b"2"
        assert connection.request("/a").body == b"3"


def test_targeted_fields(site, backend):
    """RFC 9213."""
    says(backend, Cache_Control="no-store", CDN_Cache_Control="max-age=60")
    port = site()
    with Connection(port) as connection:
        assert [connection.request().body for _ in range(2)] == [b"1", b"2"]
        site(targetedFields=["CDN-Cache-Control"])
        assert [connection.request().body for _ in range(2)] == [b"3", b"3"]
        says(backend, Cache_Control="no-store", CDN_Cache_Control="max-age=60, &&")
        assert [connection.request("/b").body for _ in range(2)] == [b"4", b"5"], "no valid field"


def test_responses_that_break_off_are_not_kept(site, backend):
    """Neither by length nor by chunks, nor in place of what was kept."""

    class Broken(list):
        def __iter__(self):
            yield b"half"
            raise ConnectionResetError

    says(backend, Cache_Control="max-age=60, stale-if-error=600", Age="100", ETag='"a"')
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        backend.answer = lambda call: Answer(chunks=Broken())
        assert connection.request().body == b"1"
        assert connection.request("/other").status >= 500
        backend.answer = lambda call: Answer(body=b"whole")
        assert connection.request("/other").body == b"whole"


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


def test_one_validation_for_all_who_ask_at_once(site, server, backend):
    may_answer = threading.Event()
    port = site()
    backend.answer = lambda call: Answer(headers=STALE, body=b"hello")
    assert fetch(port, "/a").body == b"hello"
    wait_until(lambda: cache_status(server)["entries"] == 1, "it is stored")
    backend.answer = lambda call: Answer(304, {"Cache-Control": "max-age=600"}, after=may_answer)
    connections = [Connection(port) for _ in range(30)]
    try:
        for connection in connections:
            connection.send(request("/a"))
        wait_until(lambda: cache_status(server)["misses"] == 31, "all are waiting")
        may_answer.set()
        assert [connection.receive().body for connection in connections] == [b"hello"] * 30
        validations = [call for call in backend.calls if "if-none-match" in call.headers]
        assert 1 <= len(validations) <= (os.cpu_count() or 1), "each core asks once"
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


@pytest.mark.parametrize("change", [{"codes": [200]}, {"methods": ["GET"]}, {"allowSetCookie": True}, {"ignoreCookies": True}])
def test_what_was_kept_under_another_policy_is_not_used(site, backend, change):
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        site(**change)
        assert connection.request().body == b"2"


def test_an_answer_of_another_policy_that_was_under_way_is_not_used(site, backend):
    may_answer = threading.Event()
    slow = Answer(body=b"old", after=may_answer)
    backend.answer = lambda call: slow
    port = site()
    with Connection(port) as before, Connection(port) as after:
        before.send(request("/a"))
        wait_until(lambda: backend.calls, "the backend has the request")
        site(codes=[200])
        may_answer.set()
        assert before.receive().body == b"old"
        backend.answer = lambda call: Answer(body=b"new")
        assert after.request("/a").body == b"new"


@pytest.mark.parametrize("change", [{"setUpstreamHost": True}, {"tls": {"insecureSkipVerify": True}}, {"serverMaxBodySize": 1000}])
def test_what_was_kept_of_other_servers_is_not_used(site, backend, change):
    port = site()
    with Connection(port) as connection:
        assert connection.request().body == b"1"
        site(change)
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
        ({"defaultExpiration": "-1s"}, "memoryCache.defaultExpiration: -1s is under 0s"),
        ({"targetedFields": ["a b"]}, 'memoryCache.targetedFields: "a b" is no name of a field'),
        ({"maxEntryBytes": 0}, "memoryCache.maxEntryBytes: 0 is under 1"),
    ],
)
def test_faults(server, backend, fields, fault):
    spec = pipeline("p", proxy(backend.url, memoryCache={**CACHE, **fields}))
    done = server.egctl("object", "create", "-f", "-", input=json.dumps(spec), check=False)
    assert done.returncode == 1
    assert fault in done.stderr
