# SPDX-License-Identifier: Apache-2.0
"""WebSocket, and whatever else a connection is upgraded to, through Proxy."""

import asyncio
import json
import socket
import threading

import pytest
import websockets

from client import Connection, fetch, request
from gateway import DEADLINE, documents, http_server, mock, pipeline, proxy
from idle import resident_bytes
from tunnels import ASKS, SWITCHED, TunnelBackend, upgraded


class EchoServer:
    """A WebSocket server that says each message again; it knows the subprotocol `shop`."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.paths: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(DEADLINE)

    def _run(self) -> None:
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()

    async def _start(self) -> None:
        self._server = await websockets.serve(self._echo, "127.0.0.1", 0, subprotocols=["shop"], max_size=None)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()

    async def _echo(self, connection, path: str) -> None:
        self.paths.append(path)
        async for message in connection:
            await connection.send(message)

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(DEADLINE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)


@pytest.fixture
def echo():
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture
def raw():
    made = []

    def make(answer: bytes) -> TunnelBackend:
        made.append(TunnelBackend(answer))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def site(shared_server, port):
    def put(url: str, **fields) -> int:
        shared_server.apply(http_server(port, {"backend": "p"}, **fields), pipeline("p", proxy(url)))
        return port

    return put


# --- WebSocket --------------------------------------------------------------------------------


def test_messages_of_all_sizes(site, echo):
    port = site(f"http://127.0.0.1:{echo.port}")

    async def talk() -> str:
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/chat?x=1", subprotocols=["shop"], max_size=None
        ) as connection:
            for message in ("", "hello", "ä" * 1000, b"\x00\xff", b"x" * 70_000, b"y" * 3_000_000):
                await connection.send(message)
                assert await connection.recv() == message
            return connection.subprotocol

    assert asyncio.run(asyncio.wait_for(talk(), DEADLINE)) == "shop"
    assert echo.paths == ["/chat?x=1"]


def test_many_at_once(site, echo):
    port = site(f"http://127.0.0.1:{echo.port}")

    async def talk(number: int) -> None:
        async with websockets.connect(f"ws://127.0.0.1:{port}/{number}") as connection:
            for step in range(20):
                await connection.send(f"{number}.{step}")
                assert await connection.recv() == f"{number}.{step}"

    async def all_of_them() -> None:
        await asyncio.gather(*(talk(number) for number in range(50)))

    asyncio.run(asyncio.wait_for(all_of_them(), DEADLINE))
    assert len(echo.paths) == 50


def test_what_is_no_websocket_goes_on_as_ever(site, echo):
    """The server there refuses, and the connection is good for more."""
    port = site(f"http://127.0.0.1:{echo.port}")
    with Connection(port) as connection:
        for _ in range(2):
            answer = connection.request("/", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="7")
            assert answer.status in (400, 426)


# --- any protocol -----------------------------------------------------------------------------


def test_bytes_both_ways_and_the_end(site, raw):
    backend = raw(SWITCHED + b"first")
    with upgraded(site(backend.url)) as client:
        other = backend.connection()
        assert client._exactly(5) == b"first", "what came together with the head"
        client.send(b"\x00 to the backend")
        assert other.recv(100) == b"\x00 to the backend"
        other.sendall(b"and back")
        assert client._exactly(8) == b"and back"
        client.socket.shutdown(socket.SHUT_WR)
        assert other.recv(100) == b"", "the end of one way"
        other.sendall(b"last")
        assert client._exactly(4) == b"last", "is not the end of the other"
        other.close()
        assert client.is_closed()
    head = backend.heads[0].lower()
    assert b"connection: upgrade\r\n" in head and b"upgrade: raw\r\n" in head


def test_a_client_that_leaves(site, raw):
    backend = raw(SWITCHED)
    client = upgraded(site(backend.url))
    other = backend.connection()
    client.close()
    assert other.recv(1) == b""


def test_bytes_that_come_before_the_answer(site, raw):
    backend = raw(SWITCHED)
    with Connection(site(backend.url)) as client:
        client.send(request("/", Connection="Upgrade", Upgrade="raw") + b"early")
        assert backend.connection().recv(5, socket.MSG_WAITALL) == b"early"
        assert b"early" not in backend.heads[0]


@pytest.mark.parametrize("way", ["up", "down"])
def test_who_does_not_read_holds_up_the_other(site, raw, shared_server, way):
    """A hundred megabytes are sent, and nobody holds them."""
    backend = raw(SWITCHED)
    with upgraded(site(backend.url)) as client:
        other = backend.connection()
        sender, reader = (client.socket, other) if way == "up" else (other, client.socket)
        before = resident_bytes(shared_server.pid)
        total = 100 << 20
        sending = threading.Thread(target=sender.sendall, args=(bytes(total),), daemon=True)
        sending.start()
        sending.join(1)
        assert sending.is_alive(), "it has to wait"
        assert resident_bytes(shared_server.pid) - before < 20 << 20
        received = 0
        while received < total:
            received += len(reader.recv(1 << 20))
        sending.join(DEADLINE)
        assert not sending.is_alive()


def test_silence_ends_it(site, raw):
    backend = raw(SWITCHED)
    with upgraded(site(backend.url, tunnelTimeout="300ms")) as client:
        other = backend.connection()
        for _ in range(6):
            threading.Event().wait(0.1)
            other.sendall(b"x")
            assert client._exactly(1) == b"x", "who speaks is not silent"
        assert client.is_closed()
        assert other.recv(1) == b""


def test_stop_ends_it(server, port, raw):
    backend = raw(SWITCHED)
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", proxy(backend.url)))
    with upgraded(port) as client:
        server.stop()
        assert client.is_closed()


@pytest.mark.parametrize("protocol", ["h2c", "HTTP/2.0", "TLS/1.2", "raw, h2c", "a b"])
def test_protocols_that_would_carry_requests_past_us(site, backend, protocol):
    port = site(backend.url)
    answer = fetch(port, "/", Connection="Upgrade, HTTP2-Settings", Upgrade=protocol, HTTP2_Settings="AAMAAABk")
    assert answer.status == 200
    names = {name for name, _ in json.loads(answer.body)["headers"]}
    assert not names & {"upgrade", "connection", "http2-settings"}


def test_a_switch_that_nobody_asked_for(site, raw):
    port = site(raw(SWITCHED).url)
    assert fetch(port, "/").status == 502
    answer = fetch(port, "/", Connection="Upgrade", Upgrade="websocket")
    assert answer.status == 502, "to another protocol than the one asked for"


def test_a_filter_cannot_switch(shared_server):
    refused = shared_server.egctl("apply", "-f", "-", input=documents(pipeline("p", mock("x", code=101))), check=False)
    assert refused.returncode == 1 and "code: " in refused.stderr and "200" in refused.stderr, refused.stderr
