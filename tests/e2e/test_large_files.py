# SPDX-License-Identifier: Apache-2.0
"""Large files of a FileServer: the same bytes on every way out, and clients that are slow, leave, or see the
file change."""

import hashlib
import os
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import Connection, fetch, request
from gateway import DEADLINE, SANITIZED, free_port, http_server, pipeline, wait_until
from idle import resident_bytes
from test_tls import https, make_pair, shop, trusting  # noqa: F401  (fixtures)

SIZE = 3_000_001
LARGE = os.urandom(SIZE)
HUGE = 1 << 30  # without a byte on the disk


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "small").write_bytes(b"small")
    (folder / "large").write_bytes(LARGE)
    (folder / "huge").touch()
    os.truncate(folder / "huge", HUGE)
    return folder


@pytest.fixture
def site(server, port, root):
    def put(**fields) -> int:
        files = pipeline("p", {"name": "f", "kind": "FileServer", "root": str(root)})
        server.apply(files, http_server(port, {"backend": "p"}, **fields))
        return port

    return put


def slow_reader(port: int, path: str, **headers: str) -> socket.socket:
    """A client that takes as little as the kernel lets it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.settimeout(DEADLINE)
    client.connect(("127.0.0.1", port))
    client.sendall(request(path, **headers))
    return client


def test_parts_that_begin_and_end_anywhere(site):
    with Connection(site()) as connection:
        for first, last in ((0, 65536), (1, SIZE - 1), (4095, 262144), (65535, 1_000_000), (262143, 524289)):
            response = connection.request("/large", Range=f"bytes={first}-{last}")
            assert (response.status, response.body) == (206, LARGE[first : last + 1]), (first, last)
            assert response.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
        assert connection.request("/large", "HEAD").headers["content-length"] == str(SIZE)
        assert connection.request("/large").body == LARGE


def test_requests_that_follow_in_one_write(site):
    with Connection(site()) as connection:
        connection.send(request("/large") + request("/small") + request("/large") + request("/none"))
        answers = [connection.receive() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 404]
    assert [answer.body for answer in answers] == [LARGE, b"small", LARGE, b""]


def test_the_same_bytes_by_tls_http2_and_http10(server, site, shop):  # noqa: F811
    port, secure = site(), free_port()
    server.apply({**https(secure, shop), "name": "secure"})
    with Connection(secure, tls=trusting(shop)) as connection:
        assert connection.request("/large").body == LARGE
    for version, url in (("--http2-prior-knowledge", f"http://127.0.0.1:{port}"), ("--http1.0", f"http://127.0.0.1:{port}"),
                         ("--http2", f"https://127.0.0.1:{secure}")):  # fmt: skip
        done = subprocess.run(["curl", "-sSk", "-m", "60", version, f"{url}/large"], capture_output=True, check=True)
        assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(LARGE).digest(), version


def test_the_log_counts_the_bytes(server, site):
    assert fetch(site(), "/large?counted").body == LARGE
    sent = int(re.search(r" tx:(\d+)B", server.access_line("?counted"))[1])
    assert SIZE < sent < SIZE + 1000


def test_many_at_once(site):
    port = site()
    with ThreadPoolExecutor(16) as pool:
        for response in pool.map(lambda _: fetch(port, "/large"), range(48)):
            assert response.body == LARGE


def test_a_slow_reader_gets_all(site):
    port = site()
    with slow_reader(port, "/large", Connection="close") as client:
        received, pauses = b"", 10
        while more := client.recv(1 << 17):
            received += more
            if pauses:
                pauses -= 1
                fetch(port, "/small")
    assert received.endswith(LARGE) and len(received) - SIZE < 1000


def test_a_reader_that_does_not_read(server, site):
    port = site(writeTimeout="300ms")
    with slow_reader(port, "/huge?unread"):
        assert " 200] " in server.access_line("?unread "), "nobody waits any more"
    assert fetch(port, "/small").body == b"small"


def test_a_client_that_leaves_in_the_middle(server, site):
    port = site()
    with slow_reader(port, "/huge?left") as client:
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert server.access_line("?left ")
    wait_until(lambda: server.status("http-server")["openConnections"] == 0, "the connection ends")
    assert fetch(port, "/large").body == LARGE


def test_a_file_that_becomes_shorter_breaks_off(server, site, root):
    with slow_reader(site(), "/huge?cut") as client:
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        os.truncate(root / "huge", 1 << 20)
        received = 0
        while more := client.recv(1 << 20):
            received += len(more)
        assert received < HUGE
    assert "a file has become shorter while it was sent" in server.access_line("?cut ")


def test_a_file_that_is_replaced_goes_on_as_it_was(site, root):
    with slow_reader(site(), "/large", Connection="close") as client:
        received = client.recv(1000)
        (root / "new").write_bytes(b"new")
        (root / "new").rename(root / "large")
        while more := client.recv(1 << 20):
            received += more
    assert received.endswith(LARGE)
    assert fetch(site(), "/large").body == b"new"


@pytest.mark.alone
def test_slow_readers_of_a_gigabyte_need_no_memory(server, site):
    port = site(overload={"target": "1h"})  # nobody of the crowd is shed
    fetch(port, "/large")
    before = resident_bytes(server.pid)
    readers = [slow_reader(port, f"/huge?{number}") for number in range(200)]
    for reader in readers:
        assert reader.recv(1000).startswith(b"HTTP/1.1 200 ")
    grown = resident_bytes(server.pid) - before
    for reader in readers:
        reader.close()
    if not SANITIZED:
        assert grown < 200 * 32 << 10, "a buffer for each reader"
