# SPDX-License-Identifier: Apache-2.0
"""Clients that take their time: each of the four timeouts, and that one byte now and then does not
hold a connection for ever."""

import socket
import threading

import pytest

from client import Connection, fetch, request
from gateway import DEADLINE, SANITIZED, http_server, mock, pipeline, proxy
from idle import resident_bytes
from slow_crowd import SlowCrowd

LONG = "1h"
SHORT = "300ms"


@pytest.fixture
def site(shared_server, port, backend):
    server = shared_server
    server.apply(pipeline("p", proxy(backend.url)), pipeline("big", mock("x" * 8_000_000)))

    def put(**fields) -> int:
        timeouts = {"keepAliveTimeout": LONG, "headTimeout": LONG, "bodyTimeout": LONG, "writeTimeout": LONG}
        server.apply(http_server(port, {"path": "/big", "backend": "big"}, {"backend": "p"}, **{**timeouts, **fields}))
        return port

    return put


class Dripping:
    """Sends `byte` again and again, a tenth of a second apart, until the connection ends."""

    def __init__(self, connection: Connection, byte: bytes):
        self._socket, self._byte, self._ended = connection.socket, byte, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Dripping":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join(DEADLINE)

    def _run(self) -> None:
        try:
            while not self._ended.wait(0.1):
                self._socket.sendall(self._byte)
        except OSError:
            pass


def test_a_head_that_drips(site):
    port = site(headTimeout=SHORT)
    with Connection(port) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        with Dripping(connection, b"a"):
            assert connection.receive().status == 408
            assert connection.is_closed()
    assert fetch(port).status == 200


def test_a_body_that_drips(site, backend):
    """Bytes come all the time, and yet too few."""
    port = site(bodyTimeout=SHORT)
    with Connection(port) as connection:
        connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        with Dripping(connection, b"a"):
            assert connection.receive().status == 408
            assert connection.is_closed()
    assert backend.requests == []


def test_a_streamed_body_that_drips(site):
    port = site(bodyTimeout=SHORT, clientMaxBodySize=-1)
    with Connection(port) as connection:
        connection.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with Dripping(connection, b"1\r\na\r\n"):
            assert connection.receive().status == 408
            assert connection.is_closed()


def test_a_body_without_haste_is_taken_as_long_as_enough_of_it_comes(site, backend):
    """Longer than bodyTimeout in all, but 64 KiB of it never take that long."""
    port = site(bodyTimeout="3s", clientMaxBodySize=-1)
    part = b"x" * 65536
    with Connection(port) as connection:
        connection.send(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {8 * len(part)}\r\n\r\n")
        for _ in range(8):
            threading.Event().wait(0.5)
            connection.send(part)
        assert connection.receive().status == 200


def test_an_idle_connection(site):
    with Connection(site(keepAliveTimeout=SHORT)) as connection:
        assert connection.request().status == 200
        assert connection.is_closed()


def test_a_reader_that_does_not_read(site, shared_server):
    """It has asked for more than the kernel holds for it; after writeTimeout it is gone."""
    port = site(writeTimeout=SHORT)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(request("/big?unread"))
        assert " 200] " in shared_server.access_line(" /big?unread "), "nobody waits any more"
    assert fetch(port).status == 200


def test_a_reader_without_haste_gets_all(site):
    """Less than writeTimeout for every 64 KiB, more than that in all."""
    port = site(writeTimeout="3s")
    with socket.socket() as client:
        client.settimeout(DEADLINE)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.connect(("127.0.0.1", port))
        client.sendall(request("/big", Connection="close"))
        received = 0
        pauses = 16
        while more := client.recv(1 << 20):
            received += len(more)
            if pauses > 0:
                threading.Event().wait(0.25)
                pauses -= 1
    assert received > 8_000_000


@pytest.mark.alone
def test_a_crowd_of_slow_ones_does_not_hold_up_others(site, shared_server):
    """bench/slow_clients.py does it with 5,000 and 1,000, and measures."""
    port = site()
    before = resident_bytes(shared_server.pid)
    with SlowCrowd(port, writers=500, readers=100, path="/big") as crowd, Connection(port) as normal:
        while crowd.rounds < 3:
            assert normal.request().status == 200
        # Eight megabytes that each reader waits for are not copied for him.
        if not SANITIZED:
            assert resident_bytes(shared_server.pid) - before < 100 << 20
        crowd_sees = shared_server.status("http-server")["openConnections"]
        assert crowd_sees >= 600, "nobody was thrown out meanwhile"
