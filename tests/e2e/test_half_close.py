# SPDX-License-Identifier: Apache-2.0
"""A client that ends its side after its request (`printf ... | nc`, shutdown(SHUT_WR), close_notify) gets the answer;
one that has closed for good is noticed, and its work ends."""

import os
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

import pytest

from certificates import self_signed
from client import Connection, request
from gateway import DEADLINE, free_port, http_server, mock, pipeline, proxy, put_sale, wait_until, wasm
from raw_backend import RawBackend, read_head

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import frames as f
from peer import Peer, fields


@pytest.fixture
def ports(server, backend, tmp_path) -> dict[str, int]:
    pair = self_signed(tmp_path, "DNS:shop.example")
    made = {"tcp": free_port(), "tls": free_port()}
    paths = (
        {"pathPrefix": "/slow-stream", "backend": "echo", "clientMaxBodySize": -1},
        {"path": "/mock", "backend": "mock"},
        {"path": "/wait", "backend": "wait"},
        {"pathPrefix": "/", "backend": "echo"},
    )
    server.apply(
        pipeline("echo", proxy(backend.url)),
        pipeline("mock", mock("mocked")),
        pipeline("wait", mock("waited", delay="300ms")),
        http_server(made["tcp"], *paths, name="tcp"),
        http_server(made["tls"], *paths, name="tls", https=True, certBase64=pair.cert64, keyBase64=pair.key64),
    )
    return made


class Secure:
    """TLS over a socket, with the two ends of a direction under control: Python's own SSLSocket ends both at once."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.tls = context.wrap_bio(self.input, self.output)
        self._move(self.tls.do_handshake)

    def _move(self, action):
        while True:
            try:
                result = action()
                self.socket.sendall(self.output.read())
                return result
            except ssl.SSLWantReadError:
                self.socket.sendall(self.output.read())
                data = self.socket.recv(65536)
                self.input.write(data) if data else self.input.write_eof()

    def send(self, data: bytes) -> None:
        self._move(lambda: self.tls.write(data))

    def end(self, *, fin: bool) -> None:
        """close_notify, with a FIN behind it or not."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.socket.sendall(self.output.read())
        if fin:
            self.socket.shutdown(socket.SHUT_WR)

    def rest(self) -> bytes:
        """What comes until the server's close_notify, or its FIN."""
        while data := self.socket.recv(65536):
            self.input.write(data)
        data = b""
        try:
            while more := self.tls.read(65536):
                data += more
        except ssl.SSLZeroReturnError:
            pass
        return data


def rest(connection: Connection) -> bytes:
    data = connection.buffer
    while more := connection.socket.recv(65536):
        data += more
    return data


def ended(port: int, *data: bytes) -> Connection:
    """After these bytes the client ends its side."""
    connection = Connection(port)
    connection.send(b"".join(data))
    connection.socket.shutdown(socket.SHUT_WR)
    return connection


CHUNKED = b"POST /slow-stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [request("/slow"), request("/slow", "POST", b"abc"), CHUNKED, request("/slow", Connection="close"),
     b"GET /slow HTTP/1.0\r\n\r\n"],
    ids=["GET", "POST", "streamed", "close", "HTTP/1.0"],
)  # fmt: skip
def test_the_answer_comes(ports, backend, data):
    with ended(ports["tcp"], data) as connection:
        assert backend.held.acquire(timeout=DEADLINE)
        backend.release()
        answer = rest(connection)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.count(b"HTTP/1.1 ") == 1
        assert answer.endswith(b"}"), "whole"


@pytest.mark.parametrize("path", ["/mock", "/wait"])
def test_twenty_times_each(ports, path):
    for _ in range(20 if path == "/mock" else 3):
        with ended(ports["tcp"], request(path)) as connection:
            assert connection.receive().status == 200


def test_two_requests_at_once(ports):
    with ended(ports["tcp"], request("/wait"), request("/wait")) as connection:
        assert [connection.receive().text for _ in range(2)] == ["waited", "waited"]
        assert connection.is_closed()


def test_a_response_in_chunks_while_it_is_made(server, ports, port):
    """What asks the client whether it is there is part of the chunk that follows."""

    def serve(link: socket.socket) -> None:
        read_head(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            link.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            go_on.acquire(timeout=DEADLINE)
        link.sendall(b"0\r\n\r\n")

    go_on = threading.Semaphore(0)
    with RawBackend(serve) as chunks:
        server.apply(
            pipeline("chunks", proxy(chunks.url, serverMaxBodySize=-1)), http_server(port, {"backend": "chunks"}, name="chunks-server")
        )
        with Connection(port) as connection:
            connection.send(request())
            head = connection._until(b"\r\n\r\n")
            assert b"chunked" in head
            connection.socket.shutdown(socket.SHUT_WR)
            for _ in range(3):
                go_on.release()
            assert connection._chunks() == (b"onetwothree", [])


@pytest.mark.parametrize("fin", [False, True], ids=["close_notify", "FIN behind it"])
def test_over_tls(ports, backend, fin):
    client = Secure(ports["tls"])
    client.send(request("/slow"))
    client.end(fin=fin)
    assert backend.held.acquire(timeout=DEADLINE)
    backend.release()
    answer = client.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"}")
    client.socket.close()


def test_over_http2(ports, backend):
    """The streams that are complete are answered, the others end."""
    with Peer(ports["tcp"]) as peer:
        peer.request(1, path="/slow").request(3, method="POST", path="/slow-stream", end=False)
        assert backend.held.acquire(timeout=DEADLINE)
        peer.socket.shutdown(socket.SHUT_WR)
        reset = peer.until(lambda frame: frame.type == f.RST_STREAM)
        assert reset.stream == 3
        backend.release()
        assert peer.answer(1).status == 200
        peer.closed()


def test_permits_are_not_lost(server, port, guests):
    put_sale(server, port, guests, limit=1000, concurrency=2)
    for i in range(50):
        with ended(port, request(Authorization=f"half{i}", Connection="close")) as connection:
            assert connection.receive().status == 200
    assert server.get_json("/apis/v2/wasm/data/p/wasm/count")["count"] == 50


# --- Who is not there any more


def gone(connection: Connection, how: str) -> None:
    if how == "reset":
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_work_for_nobody_ends(server, port, guests, how):
    """Guests in endless loops: each that ends makes room."""
    server.apply(
        http_server(port, {"backend": "p"}),
        pipeline("p", wasm(guests / "probe.wasm", timeout="1h", concurrency=2), mock("ok")),
    )
    for _ in range(10):
        connection = Connection(port)
        connection.send(request(X_Mode="loop"))
        gone(connection, how)
    for _ in range(8):
        with Connection(port) as connection:
            assert connection.request(X_Mode="ret0").text == "ok"
    wait_until(lambda: sum(" 499]" in line for line in server.access_log()) == 10, "10 times 499")


@pytest.mark.parametrize("http2", [False, True])
def test_a_backend_does_not_work_for_nobody(server, ports, backend, http2):
    if http2:
        with Peer(ports["tcp"]) as peer:
            peer.request(1, path="/slow?gone")
            assert backend.held.acquire(timeout=DEADLINE)
    else:
        with Connection(ports["tcp"]) as connection:
            connection.send(request("/slow?gone"))
            assert backend.held.acquire(timeout=DEADLINE)
    assert " 499]" in server.access_line("/slow?gone")
    backend.release()


def test_an_idle_connection_ends_at_once(ports):
    with Connection(ports["tcp"]) as connection:
        assert connection.request("/mock").text == "mocked"
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.is_closed()


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHo", b"POST /mock HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"], ids=["head", "body"]
)
def test_what_is_not_complete_ends_at_once(ports, data):
    with ended(ports["tcp"], data) as connection:
        assert connection.receive().status == 400
        assert connection.is_closed()


# --- Waiting costs nothing


def cpu_seconds(server) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# What a client of HTTP/2 has sent before it ends its side.
STATES = {
    "nothing": lambda peer: None,
    "idle": lambda peer: peer.serves(1),
    "a stream that waits": lambda peer: peer.request(1, path="/slow"),
    "half a head": lambda peer: peer.send(f.headers(1, fields()[:9], f.END_STREAM)),
    "half a body": lambda peer: peer.request(1, method="POST", path="/slow-stream", end=False).send(f.data(1, b"x")),
    "a body that nobody reads": lambda peer: peer.request(1, method="POST", path="/mock-stream", end=False).answer(1),
    "GOAWAY": lambda peer: peer.request(1, path="/slow").send(f.goaway()),
    "a reset": lambda peer: peer.request(1, method="POST", path="/slow-stream", end=False).send(f.rst_stream(1)),
}


@pytest.mark.parametrize("ends", [True, False], ids=["half-closed", "open"])
def test_http2_connections_that_wait_take_no_time(server, ports, port, backend, ends):
    """Past all the times that a client has: nothing is looked at again and again."""
    paths = (
        {"path": "/mock-stream", "backend": "mock", "clientMaxBodySize": -1},
        {"pathPrefix": "/slow-stream", "backend": "echo", "clientMaxBodySize": -1},
        {"path": "/slow", "backend": "echo"},
        {"pathPrefix": "/", "backend": "mock"},
    )
    patience = dict.fromkeys(("headTimeout", "bodyTimeout", "writeTimeout", "keepAliveTimeout"), "100ms")
    server.apply(http_server(port, *paths, name="hurried", **patience))
    peers = []
    for state in STATES.values():
        peers.append(Peer(port))
        state(peers[-1])
        if ends:
            peers[-1].socket.shutdown(socket.SHUT_WR)
    raw = socket.create_connection(("127.0.0.1", port), DEADLINE)
    raw.sendall(f.PREFACE[:10])
    if ends:
        raw.shutdown(socket.SHUT_WR)
    for _ in range(2):  # around each of the times, and after all of them
        before = cpu_seconds(server)
        time.sleep(1.5)
        assert cpu_seconds(server) - before < 0.75, "half of a core, for nothing"
    backend.release()
    for each in [raw, *(peer.socket for peer in peers)]:
        each.close()
