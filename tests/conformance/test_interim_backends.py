# SPDX-License-Identifier: Apache-2.0
"""Interim responses of backends (RFC 9110 section 15.2): a proxy passes them on, from either version to either."""

import contextlib

import frames as f
import hpack
import pytest

from client import Connection, request
from gateway import free_port, http_server, pipeline, proxy
from origin import Origin
from peer import Peer
from raw_backend import RawBackend, read_head

HINTS = 3


class H1Backend(RawBackend):
    def __init__(self, count: int = HINTS):
        self.count = count
        super().__init__()

    def serve(self, connection) -> None:
        while True:
            read_head(connection)
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            for number in range(self.count):
                connection.sendall(
                    b"HTTP/1.1 103 Early Hints\r\nLink: </%d.css>\r\nX-Hop: 1\r\nConnection: X-Hop\r\n\r\n" % number
                )
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")


def h2_answer(link, asked, count: int = HINTS) -> None:
    for number in range(count):
        block = hpack.block((":status", "103"), ("link", f"</{number}.css>"))
        link.send(f.headers(asked.stream, block, f.END_HEADERS))
    link.respond(asked, body=b"page")


@pytest.fixture
def site(gateway):
    port = free_port()

    def start(backend) -> int:
        gateway.apply(pipeline("hints", proxy(backend.url, http2=isinstance(backend, Origin))))
        gateway.apply(http_server(port, {"backend": "hints"}, name="hints-server"))
        return port

    yield start
    gateway.delete("hints-server", "hints")


@pytest.fixture(params=["h1", "h2"])
def backend(request):
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(H1Backend() if request.param == "h1" else Origin(h2_answer))


def heads_of(connection: Connection) -> list[bytes]:
    """Of the interim responses and the final one."""
    heads = []
    while not heads or not heads[-1].startswith(b"HTTP/1.1 2"):
        heads.append(connection._until(b"\r\n\r\n"))
    return heads


def test_to_http1_clients(site, backend):
    with Connection(site(backend)) as connection:
        for _ in range(2):
            heads = heads_of(connection.send(request("/")))
            assert [head.split(b" ")[1] for head in heads] == [b"103"] * HINTS + [b"200"]
            for number, head in enumerate(heads[:-1]):
                assert b"Link: </%d.css>" % number in head or b"link: </%d.css>" % number in head
                assert b"X-Hop" not in head, "what Connection names ends here"
            assert b"ink:" not in heads[-1]
            assert connection._exactly(4) == b"page"


def test_to_http2_clients(site, backend):
    with Peer(site(backend)) as peer:
        for stream in (1, 3):
            answer = peer.request(stream).answer(stream)
            assert answer.interim == [103] * HINTS
            assert (answer.status, answer.body) == (200, b"page")
            assert "link" not in answer.headers


def test_to_http10_clients_they_are_not_sent(site, backend):
    with Connection(site(backend)) as connection:
        connection.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        assert connection._until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("make", [lambda: H1Backend(5000), lambda: Origin(lambda link, asked: h2_answer(link, asked, 5000))])
def test_there_is_an_end_to_them(site, make):
    """A head and the interim responses before it have 64 KiB together."""
    with make() as backend, Connection(site(backend)) as connection:
        heads = []
        connection.send(request("/"))
        while not heads or heads[-1].startswith(b"HTTP/1.1 103"):
            heads.append(connection._until(b"\r\n\r\n"))
        assert heads[-1].startswith(b"HTTP/1.1 502")
        assert len(heads) < 3000
