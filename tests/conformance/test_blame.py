# SPDX-License-Identifier: Apache-2.0
"""Whose fault it is: what clients do or provoke never counts against a backend, and what a backend does is never
told as the client's mistake. With HTTP/1.1 and HTTP/2 on either side."""

import contextlib
import threading
import time

import frames as f
import pytest

from client import Connection, fetch, request
from gateway import free_port, http_server, pipeline, proxy, wait_until
from origin import Closed, Origin
from peer import Peer
from raw_backend import RawBackend, read_head

SLOW = 12  # uploads: more than it takes to open the breaker, and to have a server left out
BREAKER = {
    "name": "fuse", "kind": "CircuitBreaker", "slidingWindowSize": 10, "minimumNumberOfCalls": 5,
    "slowCallDurationThreshold": "1800ms", "slowCallRateThreshold": 50, "waitDurationInOpenState": "1m",
}  # fmt: skip
TIMEOUT = "2s"  # long for one answer even on a busy machine


class H1Backend(RawBackend):
    """Answers each request with the size of its body. `closes_after`: seconds of silence within a body."""

    def __init__(self, closes_after: float | None = None):
        self.closes_after = closes_after
        super().__init__()

    def serve(self, connection) -> None:
        while True:
            head, _, body = read_head(connection).partition(b"\r\n\r\n")
            if b"/stall" in head:
                while connection.recv(65536):  # until the gateway gives up
                    pass
                return
            if self.closes_after is not None and b"POST" in head:
                connection.settimeout(self.closes_after)
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0)
            while len(body) < length:
                more = connection.recv(65536)
                if not more:
                    return
                body += more
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" % (len(str(length)), length))


def h2_answer(link, asked) -> None:
    if asked.path != "/stall":
        link.respond(asked, body=b"%d" % len(asked.body))


@pytest.fixture(params=["h1", "h2"])
def backend(request):
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(H1Backend() if request.param == "h1" else Origin(h2_answer))


@pytest.fixture
def site(gateway):
    """site(backend): a port whose uploads are streams to that backend, behind a circuit breaker."""

    def start(backend, timeout: str = TIMEOUT, **server) -> int:
        port = free_port()
        pool = {"http2": isinstance(backend, Origin), "timeout": timeout, "circuitBreakerPolicy": "fuse"}
        spec = pipeline("blame", proxy(backend.url, **pool))
        gateway.apply({**spec, "resilience": [BREAKER]})
        gateway.apply(http_server(port, {"pathPrefix": "/", "backend": "blame", "clientMaxBodySize": -1},
                                  name="blame-server", **server))  # fmt: skip
        return port

    yield start
    gateway.delete("blame-server", "blame")


def pool_of(gateway) -> dict:
    return gateway.status("blame")["filters"]["proxy"]["mainPool"]


def account(gateway) -> dict:
    """What is held against the backend."""
    pool = pool_of(gateway)
    breaker, server = pool["circuitBreaker"], pool["servers"][0]
    return {
        "state": breaker["state"], "failed": breaker["failed"], "slow": breaker["slow"],
        "failures": server["failures"], "ejected": server["ejected"],
    }  # fmt: skip


CLEAN = {"state": "CLOSED", "failed": 0, "slow": 0, "failures": 0, "ejected": False}


class H1Upload:
    """A POST of 10 bytes, of which 5 are sent."""

    def __init__(self, port: int):
        self.connection = Connection(port).send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")

    def finish(self) -> tuple[int, bytes]:
        answer = self.connection.send(b"67890").receive()
        return answer.status, answer.body

    def leave(self) -> None:
        self.connection.close()

    def status(self) -> int:
        return self.connection.receive().status


class H2Upload:
    def __init__(self, port: int):
        self.peer = Peer(port)
        self.peer.request(1, ("content-length", "10"), method="POST", path="/up", end=False)
        self.peer.send(f.data(1, b"12345"))

    def finish(self) -> tuple[int, bytes]:
        answer = self.peer.send(f.data(1, b"67890", f.END_STREAM)).answer()
        return answer.status, answer.body

    def leave(self) -> None:
        self.peer.send(f.rst_stream(1, f.CANCEL))

    def status(self) -> int:
        return self.peer.answer().status


UPLOADS = pytest.mark.parametrize("upload", [H1Upload, H2Upload])


@UPLOADS
def test_slow_uploads_take_nothing_from_others(gateway, site, backend, upload):
    """Each takes longer than `timeout`, and than a slow call. Everybody is served, they too."""
    port = site(backend)
    uploads = [upload(port) for _ in range(SLOW)]
    began = time.monotonic()
    while time.monotonic() < began + 4.0:  # twice the timeout
        assert fetch(port, "/").status == 200
    assert [each.finish() for each in uploads] == [(200, b"10")] * SLOW
    assert fetch(port, "/").status == 200
    assert account(gateway) == CLEAN


@UPLOADS
def test_uploads_that_stop_are_408(gateway, site, backend, upload):
    """The client's own time, `bodyTimeout`, is what ends them."""
    port = site(backend, bodyTimeout="2500ms")
    uploads = [upload(port) for _ in range(SLOW)]
    assert [each.status() for each in uploads] == [408] * SLOW
    assert fetch(port, "/").status == 200
    assert account(gateway) == CLEAN


@UPLOADS
def test_clients_that_leave_in_the_middle(gateway, site, backend, upload):
    port = site(backend)
    uploads = [upload(port) for _ in range(SLOW)]
    wait_until(lambda: pool_of(gateway)["servers"][0]["inFlight"] == SLOW, "the uploads are on their way")
    for each in uploads:
        each.leave()
    wait_until(lambda: pool_of(gateway)["servers"][0]["inFlight"] == 0, "they are given up")
    assert fetch(port, "/").status == 200
    assert account(gateway) == CLEAN


def test_broken_chunks(gateway, site, backend):
    port = site(backend)
    for _ in range(SLOW):
        with Connection(port) as connection:
            connection.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nno size\r\n")
            assert connection.receive().status == 400
    assert fetch(port, "/").status == 200
    assert account(gateway) == CLEAN


def test_a_backend_that_closes_on_slow_clients(gateway, site):
    """Nobody can tell whose fault that is: the client gets a 5xx, and the backend keeps its good name."""
    with H1Backend(closes_after=0.2) as backend:
        port = site(backend)
        uploads = [H1Upload(port) for _ in range(SLOW)]
        assert [each.status() for each in uploads] == [502] * SLOW
        assert fetch(port, "/").status == 200
        assert account(gateway) == CLEAN


@UPLOADS
def test_the_backends_time_begins_with_the_last_byte(gateway, site, backend, upload):
    """A slow client does not make a backend that never answers a good one."""
    port = site(backend)

    if upload is H1Upload:
        connection = Connection(port).send("POST /stall HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        time.sleep(2.5)
        began = time.monotonic()
        status = connection.send(b"67890").receive().status
    else:
        peer = Peer(port)
        peer.request(1, ("content-length", "10"), method="POST", path="/stall", end=False)
        peer.send(f.data(1, b"12345"))
        time.sleep(2.5)
        began = time.monotonic()
        status = peer.send(f.data(1, b"67890", f.END_STREAM)).answer().status
    assert status == 504
    assert time.monotonic() - began > 1.5, "the time that the client took was not its"
    assert account(gateway)["failures"] == 1


def test_backends_that_stall_do_count(gateway, site, backend):
    """The other way round: no client's mistake is made of it, and the breaker opens."""
    port = site(backend)
    threads, statuses = [], []
    for _ in range(5):
        threads.append(threading.Thread(target=lambda: statuses.append(fetch(port, "/stall").status)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert statuses == [504] * 5
    assert account(gateway)["state"] == "OPEN"
    assert fetch(port, "/").status == 503


def test_requests_a_backend_rightly_refuses(gateway, site):
    """400, 413, 417, 431: an answer is an answer."""
    statuses = iter([400, 413, 417, 431] * 3)
    with Origin(lambda link, asked: link.respond(asked, status=next(statuses))) as backend:
        port = site(backend)
        with Connection(port) as connection:
            for expected in [400, 413, 417, 431] * 3:
                assert connection.send(request("/", "POST", b"no good")).receive().status == expected
        assert account(gateway) == CLEAN


@pytest.mark.parametrize("status", [501, 505])
def test_methods_that_a_backend_does_not_have(gateway, site, status):
    """A stranger can ask for any."""
    with Origin(lambda link, asked: link.respond(asked, status=status)) as backend:
        port = site(backend)
        assert [fetch(port, "/", "BREW").status for _ in range(SLOW)] == [status] * SLOW
        assert account(gateway) == CLEAN


def test_heads_as_large_as_a_client_may_send(gateway, site, backend):
    """To a backend of HTTP/2 as well. Ours takes its time to decode them."""
    port = site(backend, timeout="1m")
    fields = {f"X_{n}": "x" * 600 for n in range(100)}
    assert [fetch(port, "/", **fields).status for _ in range(3)] == [200] * 3
    assert account(gateway)["failures"] == 0


@pytest.mark.parametrize("code", [f.PROTOCOL_ERROR, f.ENHANCE_YOUR_CALM], ids=["PROTOCOL_ERROR", "ENHANCE_YOUR_CALM"])
@pytest.mark.parametrize("what", ["stream", "connection"])
def test_requests_that_a_backend_calls_wrong(gateway, site, code, what):
    """Node.js does so with more than 128 fields, which any client can send."""

    def answer(link, asked):
        if len(asked.fields) <= 100:
            link.respond(asked)
        elif what == "stream":
            link.send(f.rst_stream(asked.stream, code))
        else:
            link.send(f.goaway(asked.stream, code))
            raise Closed

    with Origin(answer) as backend:
        port = site(backend)
        fields = {f"X_{n}": "x" for n in range(110)}
        assert [fetch(port, "/", **fields).status for _ in range(SLOW)] == [502] * SLOW
        assert fetch(port, "/").status == 200
        assert account(gateway) == CLEAN


def test_streams_that_a_backend_gives_up_do_count(gateway, site):
    with Origin(lambda link, asked: link.send(f.rst_stream(asked.stream, f.INTERNAL_ERROR))) as backend:
        port = site(backend)
        assert [fetch(port, "/").status for _ in range(5)] == [502] * 5
        assert account(gateway)["state"] == "OPEN"


def test_a_backend_that_closes_on_large_uploads(gateway, site):
    """Whose fault it is nobody can tell: many refuse a body so."""
    size = 8 << 20  # more than all buffers on the way hold

    class Impatient(H1Backend):
        def serve(self, connection):
            if b"POST" in read_head(connection):
                return  # with unread bytes: a reset
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with Impatient() as backend:
        port = site(backend)
        for _ in range(SLOW):
            with Connection(port) as connection:
                connection.send(f"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")
                with contextlib.suppress(OSError):
                    connection.send(bytes(size))
                assert connection.receive().status == 502
        assert fetch(port, "/").status == 200
        assert account(gateway) == CLEAN


def test_who_cancels_ends_nobody_elses_connection(gateway, site):
    """Servers end a connection on which too many requests are given up ("rapid reset"), with all that goes on there."""
    waiting = []

    def answer(link, asked):
        if asked.path == "/wait":
            waiting.append((link, asked))
        elif asked.path == "/":
            link.respond(asked)

    with Origin(answer, resets_max=100) as backend:
        port = site(backend, timeout="1m")
        with Peer(port) as user, Peer(port) as stranger:
            user.request(1, path="/wait")
            wait_until(lambda: waiting, "a request is under way")
            for begin in range(0, 200, 20):
                streams = range(2 * begin + 1, 2 * begin + 41, 2)
                for stream in streams:
                    stranger.request(stream, path="/cancelled")
                wait_until(lambda n=begin + 20: cancelled(backend) == n, "the backend has them")
                stranger.send(*(f.rst_stream(stream, f.CANCEL) for stream in streams))
            assert fetch(port, "/").status == 200
            link, asked = waiting[0]
            link.respond(asked, body=b"at last")
            assert user.answer().body == b"at last"
        assert account(gateway) == CLEAN


def cancelled(backend: Origin) -> int:
    return sum(asked.path == "/cancelled" for asked in backend.requests)
