# SPDX-License-Identifier: Apache-2.0
"""What strangers make the gateway hold has a bound with a name, which is seen in the status, and is given back."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from certificates import self_signed
from client import Connection, fetch, request
from gateway import BIN, DEADLINE, SANITIZED, Server, free_port, http_server, mock, pipeline, proxy, wait_until
from idle import resident_bytes
from raw_backend import CalmHTTPServer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import frames as f
import hpack
from peer import Peer, fields

MIB = 1 << 20


def refusals(server, limit: str, name: str = "http-server") -> int:
    return server.status(name)["refusals"][limit]


def held(server, name: str = "http-server") -> dict[str, int]:
    return server.status(name)["memory"]["held"]


def descriptors(server) -> int:
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def cpu_seconds(server) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def nothing_held(server) -> bool:
    """Of requests and responses; an open connection counts by itself."""
    now = held(server)
    return now["heads"] == now["requestBodies"] == now["responses"] == 0


@pytest.fixture
def site(server, port):
    def put(**more) -> int:
        server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, **more))
        return port

    return put


@pytest.fixture
def large():
    """The URL of a backend whose answer to `/<n>` has n bytes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # noqa: N802
            size = int(self.path[1:])
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            try:
                self.wfile.write(b"x" * size)
            except OSError:
                self.close_connection = True

        def log_message(self, *_):
            pass

    backend = CalmHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{backend.server_address[1]}"
    backend.shutdown()
    backend.server_close()


@pytest.fixture
def small_server(tmp_path):
    """With the least memory budget that there is."""
    instance = Server(tmp_path / "small", "--memory-budget", "16MiB", "--workers", "1").start()
    yield instance
    instance.stop()


# --- waiting for a place


def test_who_waits_for_a_place_costs_nothing(server, site):
    port = site(maxConnections=1)
    with Connection(port) as first:
        assert first.request().text == "hello"
        before = descriptors(server)
        waiting = [socket.create_connection(("127.0.0.1", port), DEADLINE) for _ in range(500)]
        for client in waiting:
            client.sendall(request())
        spent = cpu_seconds(server)
        assert first.request().text == "hello"
        wait_until(lambda: descriptors(server) - before <= os.cpu_count() + 4, "those who wait have no descriptor here")
        assert cpu_seconds(server) - spent < 0.5
        for client in waiting:
            client.close()
    with Connection(port) as late:
        assert late.request().text == "hello", "those who have left are not in the way"
    wait_until(lambda: server.status("http-server")["openConnections"] == 0, "all places are given back")


def test_who_leaves_while_waiting_frees_the_place_for_the_next(site):
    port = site(maxConnections=1)
    with Connection(port) as first:
        assert first.request().text == "hello"
        leavers = [Connection(port) for _ in range(50)]
        stayer = Connection(port)
        stayer.send(request())
        for leaver in leavers:
            leaver.close()
        first.close()
        assert stayer.receive().text == "hello"
        stayer.close()


def test_places_are_given_on_over_all_cores(tmp_path):
    """The place comes free on one core, and who waits has come to another."""
    server = Server(tmp_path / "many", "--workers", "4").start()
    port = free_port()
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, maxConnections=2, keepAlive=False))
    try:
        with ThreadPoolExecutor(32) as pool:
            assert list(pool.map(lambda _: fetch(port).text, range(400))) == ["hello"] * 400
        wait_until(lambda: server.status("http-server")["openConnections"] == 0, "all places are given back")
    finally:
        server.stop()


def test_a_waiting_client_does_not_hold_up_the_end(server, site):
    port = site(maxConnections=1)
    with Connection(port) as first, Connection(port) as second:
        assert first.request().text == "hello"
        second.send(request())
        server.stop()


# --- memory of one connection


class Uploads:
    """Bodies on one connection, as fast as its windows allow; each lacks its last byte."""

    def __init__(self, peer: Peer):
        self.peer = peer
        self.connection_window = 65535
        self.windows: dict[int, int] = {}
        self.answers: dict[int, dict[str, str]] = {}

    def _take(self, frame: f.Frame) -> None:
        if frame.type == f.WINDOW_UPDATE and frame.stream == 0:
            self.connection_window += int.from_bytes(frame.payload, "big")
        elif frame.type == f.WINDOW_UPDATE:
            self.windows[frame.stream] += int.from_bytes(frame.payload, "big")
        elif frame.type == f.HEADERS:
            self.answers[frame.stream] = dict(frame.fields)
        elif frame.type == f.RST_STREAM:
            self.answers.setdefault(frame.stream, {":status": "reset"})

    def send(self, stream: int, size: int) -> None:
        head = fields(("content-length", str(size)), method="POST")
        self.windows[stream] = self.peer.server_settings.get(f.INITIAL_WINDOW_SIZE, 65535)
        self.peer.send(f.headers(stream, head, f.END_HEADERS))
        left = size - 1
        while left > 0 and stream not in self.answers:
            for frame in self.peer.seen:
                self._take(frame)
            self.peer.seen.clear()
            room = min(left, 16000, self.windows[stream], self.connection_window)
            if room <= 0:
                self._take(self.peer.read())
                continue
            self.peer.send(f.data(stream, b"x" * room))
            left -= room
            self.windows[stream] -= room
            self.connection_window -= room


def take_whole(peer: Peer, streams: int) -> None:
    """Opens the window of the first streams and reads a response of 1 MiB on each."""
    taken = dict.fromkeys((2 * n + 1 for n in range(streams)), 0)
    for stream in taken:
        peer.send(f.window_update(stream, MIB))
    while any(size < MIB for size in taken.values()):
        frame = peer.until(lambda frame: frame.type == f.DATA)
        taken[frame.stream] += len(frame.payload)
        if frame.payload:
            peer.send(f.window_update(0, len(frame.payload)))


def test_many_uploads_on_one_connection(server, port):
    """What the connection may not hold is answered 503, and the bodies that were let in go on."""
    limits = {"connectionMemory": 4 * MIB, "clientMaxBodySize": 2 * MIB}
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, **limits))
    with Peer(port) as peer:
        before = resident_bytes(server.pid)
        uploads = Uploads(peer)
        for n in range(60):
            uploads.send(2 * n + 1, MIB)
        refused = [head for head in uploads.answers.values() if head[":status"] == "503"]
        assert len(refused) >= 50 and all("retry-after" in head for head in refused)
        # Its window of 1 MiB, of which each body may take 256 KiB for a moment, comes on top.
        assert held(server)["requestBodies"] <= 5 * MIB + 256 * 1024
        assert refusals(server, "connectionMemory") >= len(refused)
        assert SANITIZED or resident_bytes(server.pid) - before < 40 * MIB
        assert fetch(port).text == "hello", "others are served"
        peer.send(f.data(1, b"x", f.END_STREAM))
        assert peer.answer(1).body == b"hello", "one that was let in"
    assert "refused: connectionMemory" in server.access_line("connectionMemory")
    wait_until(lambda: nothing_held(server), "what the connection held is given back")


def test_header_references(server, site):
    """A byte on the wire is 4 KB here: heads of open streams are bounded as what they are."""
    port = site()
    before = resident_bytes(server.pid)
    value = "v" * 3900
    peers = []
    for _ in range(10):
        peer = Peer(port)
        peers.append(peer)
        peer.send(f.headers(1, fields(method="POST") + hpack.literal("x-large", value, first=0x40, bits=6), f.END_HEADERS))
        block = fields(method="POST") + hpack.indexed(62) * 15
        for n in range(1, 100):
            peer.send(f.headers(2 * n + 1, block, f.END_HEADERS))
        refused = peer.until(lambda frame: frame.type == f.RST_STREAM)
        assert refused.error_code == f.REFUSED_STREAM
    wait_until(lambda: refusals(server, "connectionHeads") >= 10 * 55, "streams are refused")
    assert held(server)["heads"] <= 10 * 2.3 * MIB
    assert SANITIZED or resident_bytes(server.pid) - before < 80 * MIB
    assert fetch(port).text == "hello"
    for peer in peers:
        peer.socket.close()
    wait_until(lambda: nothing_held(server), "what they held is given back")


def test_a_single_large_head_is_served(site):
    with Peer(site()) as peer:
        peer.send(f.headers(1, fields() + b"".join(hpack.literal(f"x-{n}", "v" * 3900) for n in range(4))))
        assert peer.answer(1).status == 200


@pytest.mark.parametrize(("pool", "least"), [({}, 0), ({"serverMaxBodySize": 2 * MIB}, 2 * MIB)], ids=["streamed", "whole"])
def test_answers_that_nobody_takes(server, port, large, pool, least):
    """Window 0: what the connection may hold of large answers waits here, the others wait at the backend."""
    limits = {"connectionMemory": 4 * MIB}
    server.apply(pipeline("p", proxy(large, **pool)), http_server(port, {"backend": "p"}, **limits))
    assert fetch(port, f"/{MIB}").status == 200
    before = resident_bytes(server.pid)
    with Peer(port, True, (f.INITIAL_WINDOW_SIZE, 0)) as peer:
        for n in range(60):
            peer.request(2 * n + 1, path=f"/{MIB}")
        for _ in range(60):
            frame = peer.until(lambda frame: frame.type == f.HEADERS)
            assert dict(frame.fields)[":status"] == "200"
        assert least <= held(server)["responses"] <= 5 * MIB
        assert SANITIZED or resident_bytes(server.pid) - before < 30 * MIB
        take_whole(peer, 60)
    wait_until(lambda: nothing_held(server), "what waited is given back")


def test_streamed_answers_of_an_http2_backend(server, port, tmp_path):
    """It sends without being asked until the window of a stream is full. That is held for the client, and so counted."""
    limits = {"connectionMemory": 4 * MIB}
    behind = Server(tmp_path / "behind").start()
    inner = free_port()
    behind.apply(pipeline("p", mock("x" * MIB)), http_server(inner, {"backend": "p"}))
    to_inner = proxy(f"http://127.0.0.1:{inner}", http2=True)
    server.apply(pipeline("p", to_inner), http_server(port, {"backend": "p"}, **limits))
    try:
        assert len(fetch(port).body) == MIB
        before = resident_bytes(server.pid)
        with Peer(port, True, (f.INITIAL_WINDOW_SIZE, 0)) as peer:
            for n in range(60):
                peer.request(2 * n + 1)
            for _ in range(60):
                peer.until(lambda frame: frame.type == f.HEADERS)
            wait_until(lambda: held(server)["responses"] >= 60 * (48 << 10), "it is counted")
            assert held(server)["responses"] <= 60 * (80 << 10) + 2 * MIB
            assert SANITIZED or resident_bytes(server.pid) - before < 20 * MIB
            take_whole(peer, 60)
        wait_until(lambda: nothing_held(server), "what waited is given back")
    finally:
        behind.stop()


def test_compressed_streams_are_counted(server, port, large):
    """What zlib needs for each of them, as long as it flows."""
    server.apply(pipeline("p", {**proxy(large), "compression": {"minLength": 1}}), http_server(port, {"backend": "p"}))
    with Peer(port, True, (f.INITIAL_WINDOW_SIZE, 0)) as peer:
        for n in range(10):
            peer.request(2 * n + 1, ("accept-encoding", "gzip"), path=f"/{8 * MIB}")
        for _ in range(10):
            head = dict(peer.until(lambda frame: frame.type == f.HEADERS).fields)
            assert head["content-encoding"] == "gzip"
        assert held(server)["responses"] >= 10 * (256 << 10)
    wait_until(lambda: nothing_held(server), "it is given back")


# --- memory of the process


def unfinished_upload(port: int, size: int) -> Connection:
    """A body that lacks its last byte."""
    connection = Connection(port)
    connection.send(request("/", "POST", **{"Content-Length": str(size)}))
    try:
        connection.send(b"x" * (size - 1))
    except OSError:
        pass  # it was refused, and says why
    return connection


def post(port: int, body: bytes = b"x"):
    with Connection(port) as connection:
        return connection.request("/", "POST", body)


def test_the_budget_sheds_in_order_and_recovers(small_server, port):
    server = small_server
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, clientMaxBodySize=4 * MIB))
    idle = Connection(port)
    assert idle.request().text == "hello"
    uploads = []
    while refusals(server, "memoryBudget.bodies") == 0 and len(uploads) < 50:
        before = held(server)["requestBodies"]
        uploads.append(unfinished_upload(port, 2 * MIB))
        wait_until(
            lambda: held(server)["requestBodies"] >= before + MIB or refusals(server, "memoryBudget.bodies") > 0,
            "it is held or refused",
        )
    assert len(uploads) <= 9, "16 MiB do not hold more"
    refused = post(port)
    assert refused.status == 503 and int(refused.headers["retry-after"]) >= 1
    assert fetch(port).text == "hello", "a request without a body goes on"
    assert "refused: memoryBudget.bodies" in server.access_line("memoryBudget.bodies")
    with Peer(port) as peer:
        peer.request(1)
        frame = peer.until(lambda frame: frame.type == f.RST_STREAM)
        assert frame.error_code == f.REFUSED_STREAM, "new streams are the first to be shed"
    assert refusals(server, "memoryBudget.streams") == 1
    for connection in uploads:
        connection.close()
    wait_until(lambda: nothing_held(server), "the bodies are given back")
    assert post(port).text == "hello"
    with Peer(port) as peer:
        peer.serves(1)
    idle.close()


def test_idle_connections_make_room(small_server, port, large):
    """Answers that clients do not take fill the budget: then idle connections go."""
    server = small_server
    server.apply(pipeline("p", mock("hello")), pipeline("q", proxy(large, serverMaxBodySize=4 * MIB)),
                 http_server(port, {"path": "/", "backend": "p"}, {"backend": "q"}))  # fmt: skip
    idle = Connection(port)
    assert idle.request().text == "hello"
    holders = []
    for _ in range(7):
        connection = Connection(port)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(request(f"/{5 * MIB // 2}"))
        holders.append(connection)
        wait_until(lambda: held(server)["responses"] >= min(len(holders), 5) * 2 * MIB, "the answer waits")
    assert idle.is_closed()
    assert refusals(server, "memoryBudget.idleConnections") >= 1
    for connection in holders:
        connection.close()
    wait_until(lambda: nothing_held(server), "the answers are given back")
    assert fetch(port).text == "hello"


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the server's")
def test_memory_goes_back_to_the_system(server, port):
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}))
    fetch(port)
    before = resident_bytes(server.pid)
    uploads = [unfinished_upload(port, 4 * MIB) for _ in range(15)]
    wait_until(lambda: resident_bytes(server.pid) > before + 50 * MIB, "the bodies are held")
    for connection in uploads:
        connection.close()
    wait_until(lambda: resident_bytes(server.pid) < before + 25 * MIB, "it has gone back")


def test_every_way_out_gives_back(server, port, backend, large):
    """However a connection ends, nothing of it is still counted."""
    server.apply(
        pipeline("p", proxy(backend.url)),
        pipeline("m", proxy(large)),
        http_server(
            port, {"path": f"/{MIB}", "backend": "m"}, {"backend": "p"}, bodyTimeout="500ms", writeTimeout="500ms"
        ),
    )
    for _ in range(5):
        unfinished_upload(port, 300_000).close()  # the client leaves within the body
        timed_out = unfinished_upload(port, 300_000)
        assert timed_out.receive().status == 408
        timed_out.close()
        with Connection(port) as too_large:
            too_large.send(request("/", "POST", **{"Content-Length": str(5 * MIB)}))
            assert too_large.receive().status == 413
        with Connection(port) as rude:  # the client leaves within the answer
            rude.send(request(f"/{MIB}"))
        with Connection(port) as lazy:  # takes nothing until it is cut off
            lazy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.send(request(f"/{MIB}"))
        with Connection(port) as broken:
            broken.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            assert broken.receive().status == 400
        with Peer(port) as peer:
            peer.request(1, method="POST", end=False).send(f.data(1, b"x" * 10000))
            peer.request(3, method="POST", end=False).send(f.data(3, b"x" * 10000), f.rst_stream(3))
            peer.request(5, path=f"/{MIB}")
            peer.until(lambda frame: frame.type == f.HEADERS and frame.stream == 5)
            peer.send(f.rst_stream(5))
    wait_until(lambda: nothing_held(server), "nothing is held")
    wait_until(lambda: held(server)["connections"] == 0, "no connection is")
    assert server.status("http-server")["openConnections"] == 0


# --- limits of a client address


def connect_from(source: str, port: int) -> Connection:
    connection = Connection.__new__(Connection)
    connection.socket = socket.create_connection(("127.0.0.1", port), DEADLINE, (source, 0))
    connection.buffer = b""
    return connection


def test_connections_of_an_address(server, site):
    port = site(clientLimits={"connections": 3})
    inside = [connect_from("127.0.0.2", port) for _ in range(3)]
    for connection in inside:
        assert connection.request().text == "hello"
    with connect_from("127.0.0.2", port) as fourth:
        assert fourth.is_closed()
    assert refusals(server, "clientLimits.connections") == 1
    with connect_from("127.0.0.3", port) as other:
        assert other.request().text == "hello"
    inside.pop().close()
    wait_until(lambda: server.status("http-server")["openConnections"] == 2, "one has left")
    with connect_from("127.0.0.2", port) as again:
        assert again.request().text == "hello"
    for connection in inside:
        connection.close()


def test_a_limit_that_comes_later_counts_who_is_there(server, site):
    """Also if one address may have had all places."""
    port = site(maxConnections=100)
    inside = [connect_from("127.0.0.2", port) for _ in range(3)]
    for connection in inside:
        assert connection.request().text == "hello"
    site(maxConnections=100, clientLimits={"connections": 3})
    with connect_from("127.0.0.2", port) as fourth:
        assert fourth.is_closed()
    assert refusals(server, "clientLimits.connections") == 1
    for connection in inside:
        connection.close()


def test_one_address_does_not_get_the_last_places(server, site):
    port = site(maxConnections=200)
    crowd = [connect_from("127.0.0.2", port) for _ in range(200)]
    wait_until(lambda: refusals(server, "clientLimits.connections") == 64, "the last 64 places are for others")
    with connect_from("127.0.0.3", port) as other:
        assert other.request().text == "hello"
    for connection in crowd:
        connection.close()


def test_requests_of_an_address(server, site):
    port = site(clientLimits={"requestsPerSecond": 5})
    with Connection(port) as connection:
        answers = [connection.request() for _ in range(20)]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) >= 10 and all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert [answer.status for answer in answers[:5]] == [200] * 5
    assert refusals(server, "clientLimits.requestsPerSecond") == len(refused)
    assert "refused: clientLimits.requestsPerSecond" in server.access_line("requestsPerSecond")
    with connect_from("127.0.0.3", port) as other:
        assert other.request().status == 200


def test_requests_are_counted_by_who_sent_them_behind_a_trusted_proxy(site):
    port = site(clientLimits={"requestsPerSecond": 2, "connections": 1}, trustedProxies=["127.0.0.1"])
    with Connection(port) as one, Connection(port) as other:
        for user in range(10):
            for connection in (one, other):
                assert connection.request(X_Forwarded_For=f"10.0.0.{user}").status == 200
        statuses = [one.request(X_Forwarded_For="10.1.0.1").status for _ in range(5)]
        assert statuses[:2] == [200, 200] and 429 in statuses
        statuses = [one.request(X_Forwarded_For=f"2001:db8::{n + 1:x}").status for n in range(5)]
        assert 429 in statuses, "a /64 is one client"


def test_a_stranger_is_counted_by_the_peer_whatever_he_claims(site):
    port = site(clientLimits={"requestsPerSecond": 2})
    with Connection(port) as connection:
        assert 429 in [connection.request(X_Forwarded_For=f"10.0.0.{n}").status for n in range(10)]


def test_streams_of_an_address(server, port, backend):
    server.apply(
        pipeline("p", proxy(backend.url)), http_server(port, {"backend": "p"}, clientLimits={"streams": 4})
    )
    with Peer(port) as first, Peer(port) as second:
        for n in range(4):
            first.request(2 * n + 1, method="POST", end=False)
        wait_until(lambda: held(server)["heads"] > 0, "they are open")
        first.send(f.ping())
        first.until(lambda frame: frame.type == f.PING)
        second.request(1)
        assert second.answer(1).status == 429
        assert refusals(server, "clientLimits.streams") == 1
        first.socket.close()
        wait_until(lambda: server.status("http-server")["openConnections"] == 1, "the first has gone")
        second.request(3)
        assert second.answer(3).status == 200


def test_handshakes_of_an_address(server, port, tmp_path):
    pair = self_signed(tmp_path, "DNS:shop.example")
    server.apply(
        pipeline("p", mock("hello")),
        http_server(port, {"backend": "p"}, https=True, certBase64=pair.cert64, keyBase64=pair.key64,
                    clientLimits={"handshakesPerSecond": 3}),
    )  # fmt: skip
    context = ssl._create_unverified_context()
    done = 0
    for _ in range(12):
        try:
            with Connection(port, tls=context) as connection:
                done += connection.request().text == "hello"
        except OSError:
            pass
    assert 3 <= done < 12
    assert refusals(server, "clientLimits.handshakesPerSecond") == 12 - done


def test_behind_proxy_protocol_the_header_names_the_client(server, site):
    port = site(proxyProtocol=True, clientLimits={"connections": 1})

    def connect(address: str) -> Connection:
        return Connection(port).send(f"PROXY TCP4 {address} 10.9.9.9 1000 80\r\n")

    with connect("10.0.0.1") as first, connect("10.0.0.2") as second:
        assert first.request().text == second.request().text == "hello"
        with connect("10.0.0.1") as third:  # after the answer: two cores may take them in any order
            assert third.is_closed()
    assert refusals(server, "clientLimits.connections") == 1


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("connectionMemory", 1000, "connectionMemory"),
        ("clientLimits", {"requestsPerSecond": -1}, "clientLimits.requestsPerSecond"),
        ("clientLimits", {"conections": 1}, "clientLimits.conections"),
    ],
)
def test_wrong_limits_name_their_field(server, port, field, value, fault):
    document = yaml.safe_dump(http_server(port, {"backend": "p"}, **{field: value}))
    refused = server.egctl("apply", input=document, check=False)
    assert refused.returncode != 0 and fault in refused.stderr


def test_a_wrong_budget_is_refused(tmp_path):
    for text in ("lots", "1MiB"):
        command = [BIN / "sluice-server", "--home-dir", tmp_path, "--memory-budget", text]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 1 and "memory-budget" in done.stderr
