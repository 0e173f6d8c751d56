# SPDX-License-Identifier: Apache-2.0
"""What becomes of a backend's response on its way: how long it is, whether it is whole, which fields it has."""

import os
import socket
import ssl
import threading

import pytest

from certificates import self_signed, server_context
from client import Connection, fetch, request
from gateway import DEADLINE, http_server, mock, pipeline, proxy, wait_until
from raw_backend import RawBackend, read_head

LARGE = os.urandom(64) * 100_000  # 6.4 MB
CACHE = {"expiration": "10m", "maxEntryBytes": 200_000, "codes": [200], "methods": ["GET"]}


@pytest.fixture
def raw():
    """raw(serve): a backend; `serve(connection, head)` answers each request of a connection, until it returns True."""
    made = []

    def make(answer) -> RawBackend:
        def serve(connection: socket.socket) -> None:
            while not answer(connection, read_head(connection)):
                pass

        made.append(RawBackend(serve))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def site(server, port):
    server.apply(http_server(port, {"backend": "p"}))

    def put(url: str, *before: dict, flow=None, **pool) -> int:
        server.apply(pipeline("p", *before, proxy(url, **pool), flow=flow))
        return port

    return put


def says(response: bytes):
    return lambda connection, head: connection.sendall(response)


# --- Large ones, and those without an end


@pytest.fixture
def large(raw):
    """By the path: /length, /chunks, /close, /short, /cut (in the middle)."""

    def answer(connection: socket.socket, head: bytes) -> bool:
        if b" /short " in head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort")
        elif b" /chunks " in head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(LARGE), 100_000):
                piece = LARGE[at : at + 100_000]
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\n\r\n")
        elif b" /close " in head:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + LARGE)
            return True
        else:
            body = LARGE[: len(LARGE) // 2] if b" /cut " in head else LARGE
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + body)
            return b" /cut " in head
        return False

    return raw(answer)


@pytest.mark.parametrize("path", ["/length", "/chunks", "/close"])
def test_a_large_download_streams(site, large, path):
    port = site(large.url)
    with Connection(port) as connection:
        for _ in range(2):
            answer = connection.request(path)
            assert (answer.status, answer.body == LARGE) == (200, True)
        assert connection.request("/short").text == "short"


def test_a_large_download_that_breaks_off_is_seen_and_counts(server, site, large):
    port = site(large.url, outlierDetection={"consecutiveFailures": 0})
    with Connection(port) as connection, pytest.raises(ConnectionError):
        connection.request("/cut")
    facts = lambda: server.status("p")["filters"]["proxy"]["mainPool"]["servers"][0]  # noqa: E731
    wait_until(lambda: facts()["failures"] == 1, "the server is to blame for it")


def test_a_limit_that_is_asked_for_holds(site, large):
    port = site(large.url, serverMaxBodySize=4 << 20)
    assert fetch(port, "/length").status == 500
    assert fetch(port, "/chunks").status == 500
    assert fetch(port, "/short").text == "short"


def test_large_ones_through_compression_and_cache(site, large):
    port = site(large.url, memoryCache=CACHE)
    for _ in range(2):
        assert fetch(port, "/chunks").body == LARGE, "longer than an entry may be"
    assert "age" not in fetch(port, "/length").headers
    fetch(port, "/short")
    wait_until(lambda: "age" in fetch(port, "/short").headers, "what is short is kept")


@pytest.mark.parametrize("pool", [{}, {"memoryCache": CACHE}])
def test_events_flow_as_they_come(raw, site, pool):
    told = threading.Event()

    def answer(connection: socket.socket, head: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"2\r\nhi\r\n")
        assert told.wait(DEADLINE)
        connection.sendall(b"2\r\nyo\r\n0\r\n\r\n")
        return True

    port = site(raw(answer).url, **pool)
    with Connection(port) as client:
        client.send(request("/"))
        assert client._until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert client._exactly(7) == b"2\r\nhi\r\n", "before there is more"
        told.set()
        assert client._exactly(12) == b"2\r\nyo\r\n0\r\n\r\n"


def test_a_whole_page_in_chunks_is_kept(raw, site):
    """Slow chunks of what may be kept are waited for."""

    def answer(connection: socket.socket, head: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        threading.Event().wait(0.05)
        connection.sendall(b"2\r\ncd\r\n0\r\n\r\n")
        return False

    port = site(raw(answer).url, memoryCache=CACHE)
    assert fetch(port, "/").body == b"abcd"
    wait_until(lambda: "age" in fetch(port, "/").headers, "it is kept")


def test_failures_of_large_responses_are_tried_again_by_their_head(server, port, raw):
    answers = iter([503, 200])

    def answer(connection: socket.socket, head: bytes) -> bool:
        status = next(answers)
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(LARGE)))
        connection.sendall(LARGE)
        return status == 503

    retry = {"name": "again", "kind": "Retry", "waitDuration": "1ms"}
    spec = pipeline("p", proxy(raw(answer).url, retryPolicy="again"))
    server.apply(http_server(port, {"backend": "p"}), {**spec, "resilience": [retry]})
    response = fetch(port)
    assert (response.status, response.body == LARGE) == (200, True)


# --- Whole, or cut short


@pytest.fixture
def cut(tmp_path):
    """A TLS backend whose body ends with the connection: /clean with a close_notify, else with a FIN alone."""
    pair = self_signed(tmp_path, "IP:127.0.0.1")
    context = server_context(pair)
    context.set_alpn_protocols(["http/1.1"])
    count = []

    def serve(connection: socket.socket) -> None:
        secure = context.wrap_socket(connection, server_side=True)
        head = read_head(secure)
        count.append(head)
        secure.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\n\r\nthe first half")
        if b"/clean" in head:
            secure.unwrap()
        else:
            plain = socket.socket(fileno=os.dup(secure.fileno()))
            plain.shutdown(socket.SHUT_WR)
            plain.recv(1)
            plain.close()

    with RawBackend(serve) as backend:
        backend.count, backend.pair = count, pair
        yield backend


@pytest.mark.parametrize("pool", [{}, {"serverMaxBodySize": -1}, {"serverMaxBodySize": 1000}, {"memoryCache": CACHE}])
def test_an_end_that_nobody_has_signed_is_no_end(site, cut, pool):
    """RFC 9112 section 9.8: without a close_notify anybody in between may have cut it."""
    tls = {"rootCertBase64": cut.pair.cert64}
    port = site(cut.url.replace("http:", "https:"), tls=tls, http2=False,
                outlierDetection={"consecutiveFailures": 0}, **pool)  # fmt: skip
    assert fetch(port, "/clean").body == b"the first half"
    for _ in range(2):
        try:
            assert fetch(port, "/cut").status == 502
        except ConnectionError:
            pass  # its head had gone out
    assert len([head for head in cut.count if b"/cut" in head]) >= 2, "it is not kept"


# --- Fields


def test_white_space_before_a_colon_is_dropped(raw, site):
    """RFC 9112 section 5.1; not before those that say how long the message is."""
    answers = iter([b"X-A : 1\r\nContent-Length: 2\r\n\r\nok", b"Content-Length : 2\r\n\r\nok"])
    backend = raw(lambda connection, head: connection.sendall(b"HTTP/1.1 200 OK\r\n" + next(answers)))
    port = site(backend.url)
    good = fetch(port)
    assert (good.status, good.headers["x-a"], good.body) == (200, "1", b"ok")
    assert fetch(port).status == 502


def test_fields_of_earlier_filters_and_of_the_backend(raw, site):
    fields = (
        b'Content-Type: application/json\r\nETag: "b"\r\nCache-Control: no-store\r\nServer: b\r\nX-B: b\r\nVary: B\r\n'
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}"
    )
    earlier = mock("page", headers={
        "Content-Type": "text/html", "ETag": '"m"', "Cache-Control": "public", "X-A": "mock", "Location": "/m",
        "Server": "m", "Vary": "A", "Content-Encoding": "gzip", "Date": "Fri, 02 Jan 1970 00:00:00 GMT",
    })  # fmt: skip
    port = site(raw(says(b"HTTP/1.1 200 OK\r\n" + fields)).url, earlier,
                flow=[{"filter": "mock", "jumpIf": {"mocked": "proxy"}}, {"filter": "proxy"}])  # fmt: skip
    answer = fetch(port)
    told: dict[str, list[str]] = {}
    for name, value in answer.header_list:
        told.setdefault(name, []).append(value)
    assert answer.body == b"{}"
    assert told["content-type"] == ["application/json"]
    assert told["etag"] == ['"b"']
    assert told["cache-control"] == ["no-store"]
    assert told["server"] == ["b"]
    assert told["date"] == ["Thu, 01 Jan 1970 00:00:00 GMT"]
    assert told["content-length"] == ["2"]
    assert told["location"] == ["/m"], "what only the earlier filter has set"
    assert told["x-a"] == ["mock"] and told["x-b"] == ["b"]
    assert told["vary"] == ["A", "B"], "lists add up"
    assert "content-encoding" not in told, "that was about another body"


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
def test_max_forwards(raw, site, method):
    """RFC 9110 section 7.6.2."""
    heads = []

    def answer(connection: socket.socket, head: bytes) -> None:
        heads.append(head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    port = site(raw(answer).url)
    assert fetch(port, "/", method, Max_Forwards="2").status == 200
    assert b"Max-Forwards: 1\r\n" in heads[0]
    last = fetch(port, "/", method, Max_Forwards="0", Cookie="secret")
    assert last.status == 200 and len(heads) == 1, "it goes no further"
    assert b"secret" not in last.body
    assert fetch(port, "/", "GET", Max_Forwards="0").status == 200 and len(heads) == 2, "other methods do"


def test_how_long_a_backend_keeps_a_connection(raw, site):
    """Keep-Alive: timeout=0, and max=0: not used again, though it stays open."""
    for parameter in (b"timeout=0", b"max=0"):
        connections = set()

        def answer(connection: socket.socket, head: bytes, parameter=parameter, connections=connections) -> None:
            connections.add(connection.fileno())
            connection.sendall(b"HTTP/1.1 200 OK\r\nKeep-Alive: %b\r\nContent-Length: 0\r\n\r\n" % parameter)

        seen = []
        backend = raw(lambda connection, head, answer=answer, seen=seen: seen.append(head) or answer(connection, head))
        port = site(backend.url)
        with Connection(port) as client:
            for _ in range(3):
                response = client.request("/", "POST", b"x")
                assert response.status == 200 and "keep-alive" not in response.headers
        assert len(seen) == 3
