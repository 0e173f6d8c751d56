# SPDX-License-Identifier: Apache-2.0
"""Interim responses of a backend reach the client before the response (RFC 9110 section 15.2, RFC 8297)."""

import socket
import sys
import threading
from pathlib import Path

import pytest

from client import Connection, request
from gateway import DEADLINE, free_port, http_server, pipeline, proxy
from raw_backend import RawBackend, read_head

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import frames as f
from peer import Peer

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"


class Hinting(RawBackend):
    """Says `interim`, waits for leave, and says the rest."""

    def __init__(self):
        self.interim = HINT
        self.leave = threading.Semaphore(0)
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        while read_head(connection):
            connection.sendall(self.interim)
            self.leave.acquire(timeout=DEADLINE)
            connection.sendall(FINAL)


@pytest.fixture
def hinting():
    with Hinting() as backend:
        yield backend


@pytest.fixture
def site(shared_server, hinting):
    port = free_port()
    shared_server.apply(pipeline("hints", proxy(hinting.url)), http_server(port, {"backend": "hints"}, name="hints-server"))
    yield port
    shared_server.delete("hints-server", "hints")


def head(connection: Connection) -> list[str]:
    return connection._until(b"\r\n\r\n").decode().split("\r\n")


def test_at_once_over_http1(site, hinting):
    with Connection(site) as connection:
        for _ in range(2):
            connection.send(request())
            first = head(connection)  # while the backend holds back the rest
            assert first == ["HTTP/1.1 103 Early Hints", "Link: </style.css>; rel=preload"]
            hinting.leave.release()
            final = connection.receive()
            assert (final.status, final.text) == (200, "page") and "link" not in final.headers


def test_at_once_over_http2(site, hinting):
    with Peer(site) as peer:
        peer.request(1)
        first = peer.until(lambda frame: frame.type == f.HEADERS)
        assert first.fields == [(":status", "103"), ("link", "</style.css>; rel=preload")]
        assert not first.flags & f.END_STREAM
        hinting.leave.release()
        final = peer.answer(1)
        assert (final.status, final.body, final.interim) == (200, b"page", [])


def test_who_knows_none_gets_none(site, hinting):
    hinting.leave.release()
    with Connection(site) as connection:
        connection.send("GET / HTTP/1.0\r\n\r\n")
        assert head(connection)[0] == "HTTP/1.1 200 OK"


def test_100_is_for_the_hop(site, hinting):
    """The client that asked for it has it from the gateway."""
    hinting.interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    hinting.leave.release()
    with Connection(site) as connection:
        connection.send(request("/", "POST", Content_Length="1", Expect="100-continue"))
        assert head(connection) == ["HTTP/1.1 100 Continue"]
        connection.send("x")
        assert head(connection)[0] == "HTTP/1.1 200 OK"


def test_several(site, hinting):
    hinting.interim = b"HTTP/1.1 102 Processing\r\n\r\n" + HINT
    hinting.leave.release()
    with Connection(site) as connection:
        connection.send(request())
        assert [head(connection)[0] for _ in range(3)] == [
            "HTTP/1.1 102 Processing",
            "HTTP/1.1 103 Early Hints",
            "HTTP/1.1 200 OK",
        ]


@pytest.mark.parametrize("ends", [False, True], ids=["open", "half-closed"])
def test_a_client_that_has_ended_its_side(site, hinting, ends):
    with Connection(site) as connection:
        connection.send(request())
        if ends:
            connection.socket.shutdown(socket.SHUT_WR)
        assert head(connection)[0] == "HTTP/1.1 103 Early Hints"
        hinting.leave.release()
        assert connection.receive().text == "page"
