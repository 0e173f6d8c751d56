# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 as clients meet it: by ALPN and prior knowledge, with real clients, under load, to the end of a
connection. What the frames must look like is in tests/conformance."""

import collections
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from client import Connection, fetch
from gateway import DEADLINE, SANITIZED, free_port, http_server, mock, pipeline, proxy, put_sale, wait_until, wasm
from raw_backend import CalmHTTPServer
from test_tls import https, make_pair, shop  # noqa: F401  (fixtures)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import frames as f
from peer import Gone, Peer, fields

LOAD_DEADLINE = 10 * DEADLINE


def run(*command, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_DEADLINE, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def curl(*arguments) -> str:
    return run("curl", "-sS", "-k", "-m", "120", "-w", " %{http_version}", *arguments)


@pytest.fixture
def both(server, port, shop):  # noqa: F811
    """(clear port, TLS port) of a server that says hello."""
    secure = free_port()
    server.apply(
        pipeline("p", mock("hello")), http_server(port, {"backend": "p"}), {**https(secure, shop), "name": "secure"}
    )
    return port, secure


# --- who speaks what


def test_curl_chooses_http2(both):
    clear, secure = both
    assert curl("--http2-prior-knowledge", f"http://127.0.0.1:{clear}/") == "hello 2"
    assert curl(f"http://127.0.0.1:{clear}/") == "hello 1.1"
    assert curl("--http2", f"https://127.0.0.1:{secure}/") == "hello 2"
    assert curl("--http1.1", f"https://127.0.0.1:{secure}/") == "hello 1.1"


def test_nghttp(both):
    clear, secure = both
    for url in (f"http://127.0.0.1:{clear}/", f"https://127.0.0.1:{secure}/"):
        said = run("nghttp", "-v", url)
        assert "hello" in said and ":status: 200" in said and "GOAWAY" in said


def test_switched_off(server, both, shop):  # noqa: F811
    clear, secure = both
    server.apply(
        http_server(clear, {"backend": "p"}, http2=False), {**https(secure, shop), "name": "secure", "http2": False}
    )
    assert curl("--http2", f"https://127.0.0.1:{secure}/") == "hello 1.1"
    with Connection(clear) as connection:
        connection.send(f.PREFACE)
        assert connection.receive().status in (400, 505)


def test_bytes_that_only_look_like_the_preface(both):
    """An HTTP/1 request that begins with the same letters is one."""
    with Connection(both[0]) as connection:
        connection.send("P")
        connection.send("RI")
        connection.send("NT / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.receive().status == 200


def test_head_and_refusals_as_with_http1(server, port, backend):
    server.apply(
        pipeline("p", proxy(backend.url)),
        http_server(
            port,
            {"path": "/small", "backend": "p", "clientMaxBodySize": 3, "methods": ["POST"]},
            {"pathPrefix": "/status", "backend": "p"},
            {"path": "/nobody", "backend": "missing"},
        ),
    )
    cases = [
        ("-X", "POST", "-d", "1234", "/small"),
        ("-X", "POST", "-d", "123", "/small"),
        ("/small",),
        ("-I", "/status/200"),
        ("/status/204",),
        ("/status/304",),
        ("/status/599",),
        ("/nobody",),
        ("/unknown",),
        ("-X", "POST", "-H", "Expect: nothing", "-d", "1", "/status/200"),
        ("-H", "Transfer-Encoding: chunked", "-d", "12345", "/small"),
    ]
    for *options, path in cases:
        answers = {
            run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *version, *options, f"http://127.0.0.1:{port}{path}")
            for version in (["--http1.1"], ["--http2-prior-knowledge"])
        }
        assert len(answers) == 1, f"{options} {path}: {answers}"


def test_access_log_and_status_know_it(server, both):
    assert curl("--http2-prior-knowledge", "-d", "abc", f"http://127.0.0.1:{both[0]}/logged?x=1") == "hello 2"
    line = server.access_line("/logged?x=1")
    assert "POST /logged?x=1 HTTP/2.0 200]" in line and "[pipeline(p):" in line
    assert server.counted(1)["count"] == 1


# --- load


def h2load(url: str, *options: str) -> None:
    said = run("h2load", *options, url)
    match = re.search(r"requests: (\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", said)
    total, _, _, succeeded, failed, errored = map(int, match.groups())
    assert (succeeded, failed, errored) == (total, 0, 0), said
    assert f"status codes: {total} 2xx" in said


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
def test_100000_requests_on_100_streams(both, secure):
    url = f"https://127.0.0.1:{both[1]}/" if secure else f"http://127.0.0.1:{both[0]}/"
    h2load(url, "-n", "100000", "-c", "4", "-m", "100")


def test_load_through_a_backend(server, port, backend):
    server.apply(pipeline("p", proxy(backend.url)), http_server(port, {"backend": "p"}))
    h2load(f"http://127.0.0.1:{port}/", "-n", "1000", "-c", "2", "-m", "20")


@pytest.mark.parametrize("size", [1_000_000, 20_000_000])
def test_bodies_both_ways(server, port, tmp_path, size):
    """Streamed through Proxy up and down: what arrives is what was sent."""
    import http.server

    class Echo(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = bytearray()
            if self.headers.get("Transfer-Encoding"):
                while count := int(self.rfile.readline(), 16):
                    body += self.rfile.read(count)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    echo = CalmHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, args=(0.01,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{echo.server_address[1]}"
        server.apply(
            pipeline("p", {**proxy(url), "serverMaxBodySize": -1}), http_server(port, {"backend": "p"}, clientMaxBodySize=-1)
        )
        data = tmp_path / "data"
        data.write_bytes(os.urandom(size))
        back = tmp_path / "back"
        for version in ("--http2-prior-knowledge", "--http1.1"):
            run("curl", "-sS", "-m", "300", version, "-o", back, "--data-binary", f"@{data}", f"http://127.0.0.1:{port}/")
            assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(data.read_bytes()).digest()
    finally:
        echo.shutdown()
        echo.server_close()


def test_flash_sale_is_exact(server, port, guests):
    """1,200 users in 100 streams at a time of 4 connections; 300 may buy."""
    put_sale(server, port, guests, 300, concurrency=8)
    answers = collections.Counter()

    def crowd(first: int) -> None:
        with Peer(port) as peer:
            for i in range(300):
                peer.request(2 * i + 1, ("authorization", f"user{first + i}"))
                if i % 100 == 99:
                    for j in range(i - 99, i + 1):
                        answers[peer.answer(2 * j + 1).body] += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(crowd, range(0, 1200, 300)))
    assert answers == {b"buy\n": 300, b"sold out.\n": 900}


# --- clients that leave


def test_a_reset_frees_what_it_held(server, port, guests):
    """Guests in endless loops, all of them: reset, they make room at once."""
    server.apply(
        http_server(port, {"backend": "p"}),
        pipeline("p", wasm(guests / "probe.wasm", timeout="100s", concurrency=2), mock("ok")),
    )
    with Peer(port) as peer:
        for i in range(30):
            first = 8 * i + 1
            for stream in (first, first + 2, first + 4):
                peer.request(stream, ("x-mode", "loop"))
            peer.send(*(f.rst_stream(stream) for stream in (first, first + 2, first + 4)))
            peer.request(first + 6, ("x-mode", "ret0"))
            assert peer.answer(first + 6).body == b"ok"
    assert " 499]" in server.access_line("HTTP/2.0 499")


def test_a_connection_that_goes_frees_its_streams(server, port, backend):
    server.apply(pipeline("p", proxy(backend.url)), http_server(port, {"backend": "p"}))
    with Peer(port) as peer:
        for stream in range(1, 41, 2):
            peer.request(stream, path="/slow?gone")
        for _ in range(20):
            assert backend.held.acquire(timeout=DEADLINE)
    wait_until(lambda: sum("/slow?gone HTTP/2.0 499]" in line for line in server.access_log()) == 20, "20 times 499")
    backend.release()


@pytest.mark.skipif(
    SANITIZED, reason="a sanitizer's memory is not the server's"
)
def test_reset_uploads_leave_no_memory_behind(server, port):
    server.apply(pipeline("p", mock("ok")), http_server(port, {"backend": "p"}))

    def resident() -> int:
        status = Path(f"/proc/{server.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def abandoned(times: int) -> None:
        for _ in range(times):
            with Peer(port) as peer:
                for stream in range(1, 101, 2):
                    peer.request(stream, method="POST", end=False)
                    peer.send(f.data(stream, bytes(10000)))
                    peer.send(f.rst_stream(stream))
                peer.serves(101)

    abandoned(20)
    before = resident()
    abandoned(100)  # 50 MB
    assert resident() - before < 20_000, "KiB more than before"


# --- the end of a connection


def goaways(peer) -> list[tuple[int, int]]:
    """(last stream, code) of each, up to the end of the connection; other frames are kept."""
    found = []
    try:
        while True:
            frame = peer.read()
            if frame.type == f.PING and not frame.flags & f.ACK:
                peer.send(f.ping(frame.payload, f.ACK))
            elif frame.type == f.GOAWAY:
                found.append((int.from_bytes(frame.payload[:4], "big"), frame.error_code))
            else:
                peer.seen.append(frame)
    except Gone:
        return found


LAST_STREAM = 0x7FFFFFFF


@pytest.fixture
def held(server, port, backend):
    """A connection with stream 1 waiting for the backend."""
    server.apply(pipeline("p", proxy(backend.url)), http_server(port, {"backend": "p"}))
    with Peer(port) as peer:
        peer.request(path="/slow")
        assert backend.held.acquire(timeout=DEADLINE)
        yield peer


def ends_in_two_steps(peer, backend) -> None:
    first = peer.until(lambda frame: frame.type == f.GOAWAY)
    assert int.from_bytes(first.payload[:4], "big") == LAST_STREAM
    peer.request(3, path="/meanwhile")  # was on its way
    backend.release()
    assert goaways(peer) == [(3, f.NO_ERROR)]
    ended = {frame.stream for frame in peer.seen if frame.type == f.DATA and frame.flags & f.END_STREAM}
    assert ended == {1, 3}


def test_sigterm(server, held, backend):
    server.process.send_signal(signal.SIGTERM)
    ends_in_two_steps(held, backend)
    server.wait_end()


def test_deleted_server(server, held, backend):
    server.delete("http-server")
    ends_in_two_steps(held, backend)


def test_changed_port(server, held, backend):
    other = free_port()
    server.apply(http_server(other, {"backend": "p"}))
    ends_in_two_steps(held, backend)
    assert fetch(other).status == 200


def test_client_that_does_not_answer_the_ping(server, held, backend):
    """The second step comes all the same."""
    server.delete("http-server")
    held.until(lambda frame: frame.type == f.GOAWAY)
    second = held.until(lambda frame: frame.type == f.GOAWAY)
    assert int.from_bytes(second.payload[:4], "big") == 1
    backend.release()
    assert b"/slow" in held.answer(1).body
    held.closed()


def test_an_idle_connection_at_sigterm(server, both):
    with Peer(both[0]) as peer:
        server.process.send_signal(signal.SIGTERM)
        assert goaways(peer) == [(LAST_STREAM, f.NO_ERROR), (0, f.NO_ERROR)]
        server.wait_end()


def test_keep_alive_false(server, port):
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, keepAlive=False))
    with Peer(port) as peer:
        peer.request()
        assert goaways(peer) == [(1, f.NO_ERROR)]
        assert [frame.payload for frame in peer.seen if frame.type == f.DATA] == [b"hello"]


def test_max_connections(server, port):
    """One connection at a time: a second one waits, as with HTTP/1."""
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, maxConnections=1))
    with Peer(port) as first, Peer(port, start=False) as second:
        second.send(f.PREFACE, f.settings(), f.headers(1, fields()))
        first.serves(1)
        second.socket.settimeout(0.2)
        with pytest.raises(socket.timeout):
            second.read()
        second.socket.settimeout(DEADLINE)
        first.socket.close()
        assert second.answer(1).body == b"hello"


# --- a browser


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium: apt-get install chromium")
def test_chromium(server, port, shop, tmp_path):  # noqa: F811
    page = "<html><body><p id=a>before</p><script>fetch('/data').then(r => r.text()).then(t => a.textContent = t)</script>"
    server.apply(
        {"kind": "Pipeline", "name": "p", "filters": [{"name": "mock", "kind": "Mock", "rules": [
            {"match": {"path": "/data"}, "code": 200, "body": "told over HTTP/2"},
            {"code": 200, "headers": {"Content-Type": "text/html"}, "body": page},
        ]}]},
        https(port, shop),
    )  # fmt: skip
    dom = run(
        "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
        f"--user-data-dir={tmp_path}/profile", "--ignore-certificate-errors", "--virtual-time-budget=20000", "--dump-dom",
        f"https://127.0.0.1:{port}/",
    )  # fmt: skip
    assert "told over HTTP/2" in dom
    assert "GET /data HTTP/2.0 200]" in server.access_line("/data HTTP/")
