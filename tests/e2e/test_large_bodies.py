# SPDX-License-Identifier: Apache-2.0
"""Bodies larger than memory should ever be, up and down through Proxy. SLUICE_LARGE_BYTES=1073741824 makes them a
gigabyte."""

import os
import socket
import subprocess
import threading

import pytest

from client import Connection
from gateway import SANITIZED, http_server, pipeline
from idle import peak_bytes
from raw_backend import RawBackend

SIZE = int(os.environ.get("SLUICE_LARGE_BYTES", 64 << 20))
PEAK_MAX = 100 << 20
BLOCK = bytes(1 << 20)

pytestmark = pytest.mark.skipif(
    SANITIZED, reason="a sanitizer's memory is not the server's"
)


def send_body(connection: socket.socket, chunked: bool) -> None:
    for _ in range(SIZE // len(BLOCK)):
        if chunked:
            connection.sendall(b"%x\r\n" % len(BLOCK))
        connection.sendall(BLOCK)
        if chunked:
            connection.sendall(b"\r\n")
    if chunked:
        connection.sendall(b"0\r\n\r\n")


def framing(chunked: bool) -> bytes:
    return b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: %d\r\n" % SIZE


class Reader:
    """Reads one message at a time and forgets its body."""

    def __init__(self, connection: socket.socket):
        self._stream = connection.makefile("rb", 1 << 20)

    def head(self) -> tuple[bytes, bool]:
        """First line, and whether the body comes in chunks."""
        first, chunked = self._stream.readline(), False
        while line := self._stream.readline().strip().lower():
            chunked = chunked or line == b"transfer-encoding: chunked"
        return first, chunked

    def skip(self, chunked: bool) -> int:
        if not chunked:
            return self._take(SIZE)
        total = 0
        while size := int(self._stream.readline(), 16):
            total += self._take(size)
            self._stream.readline()
        self._stream.readline()
        return total

    def _take(self, size: int) -> int:
        left = size
        while left > 0:
            part = self._stream.read(min(left, len(BLOCK)))
            if not part:
                raise EOFError(f"{left} of {size} bytes are missing")
            left -= len(part)
        return size


class LargeBackend(RawBackend):
    """GET: a large body, in chunks if the path says so. POST: takes one and forgets it."""

    def __init__(self):
        self.taken = 0
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        reader = Reader(connection)
        first, chunked = reader.head()
        method, path, _ = first.split()
        if method == b"POST":
            self.taken = reader.skip(chunked)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + framing(path == b"/chunked") + b"\r\n")
        send_body(connection, path == b"/chunked")


@pytest.fixture
def large():
    backend = LargeBackend()
    yield backend
    backend.close()


@pytest.fixture
def site(server, port, large):
    filter_spec = {
        "name": "proxy",
        "kind": "Proxy",
        "serverMaxBodySize": -1,
        "pools": [{"servers": [{"url": large.url}]}],
    }
    server.apply(http_server(port, {"backend": "p"}, clientMaxBodySize=-1), pipeline("p", filter_spec))
    yield port
    assert peak_bytes(server.pid) < PEAK_MAX


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_up(site, large, chunked):
    with Connection(site) as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + framing(chunked) + b"\r\n")
        send_body(connection.socket, chunked)
        assert connection.receive().status == 200
    assert large.taken == SIZE


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_down(site, chunked):
    with Connection(site) as connection:
        connection.send(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"chunked" if chunked else b"length"))
        reader = Reader(connection.socket)
        first, comes_in_chunks = reader.head()
        assert b" 200 " in first and comes_in_chunks == chunked
        assert reader.skip(chunked) == SIZE


def test_up_over_http2(site, large):
    command = f"head -c {SIZE} /dev/zero | curl -sS -m 600 --http2-prior-knowledge -X POST -T - -w '%{{http_code}}'"
    done = subprocess.run(
        f"{command} http://127.0.0.1:{site}/", shell=True, capture_output=True, text=True, timeout=660
    )
    assert (done.stdout, done.stderr) == ("200", "")
    assert large.taken == SIZE


def test_down_over_http2(site):
    done = subprocess.run(
        ["curl", "-sS", "-m", "600", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
        + [f"http://127.0.0.1:{site}/length"],
        capture_output=True,
        text=True,
        timeout=660,
    )
    assert (done.stdout, done.stderr) == (f"200 {SIZE}", "")


def test_several_at_once(site):
    def get() -> None:
        with Connection(site) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            reader = Reader(connection.socket)
            reader.head()
            sizes.append(reader.skip(False))

    sizes: list[int] = []
    threads = [threading.Thread(target=get) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [SIZE] * 4
