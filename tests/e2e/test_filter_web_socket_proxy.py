# SPDX-License-Identifier: Apache-2.0
"""The filter WebSocketProxy: WebSockets over the pools of Proxy."""

import asyncio

import pytest
import websockets

from answers_kit import Site, example
from gateway import DEADLINE, pipeline, wait_until
from test_websocket import EchoServer

ASKS = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip


@pytest.fixture
def echo():
    server = EchoServer()
    yield server
    server.close()


def put(server, *urls: str, **pool) -> None:
    servers = [{"url": url} for url in urls]
    server.apply(pipeline("p", {"name": "w", "kind": "WebSocketProxy", "pools": [{"servers": servers, **pool}]}))


def talk(port: int, *messages, **more) -> list:
    """Without compression, so that a message has its size on the line."""

    async def run() -> list:
        uri = f"ws://127.0.0.1:{port}/chat"
        async with websockets.connect(uri, max_size=None, compression=None, **more) as connection:
            answers = []
            for message in messages:
                await connection.send(message)
                answers.append(await connection.recv())
            return answers

    return asyncio.run(asyncio.wait_for(run(), DEADLINE))


def test_the_page(server, port, echo):
    server.egctl("apply", "-f", "-", input=example("filter-web-socket-proxy", **{":9095": f":{echo.port}"}))
    site = Site(server, port, "chat")
    assert talk(port, "hello", b"\x00" * 30_000) == ["hello", b"\x00" * 30_000]
    with pytest.raises(websockets.ConnectionClosed):
        talk(port, "x" * 32_770)
    assert "larger than clientMaxMsgSize" in server.access_line("larger than")
    assert site.result("chat") == ("clientError", 426)
    assert site.result("chat", **ASKS, Origin="https://evil.example") == ("clientError", 403)
    assert talk(port, "hi", origin="https://www.shop.example") == ["hi"]


def test_a_message_of_the_server(server, port, echo):
    put(server, f"ws://127.0.0.1:{echo.port}", serverMaxMsgSize=10)
    Site(server, port)
    assert talk(port, "0123456789") == ["0123456789"]
    with pytest.raises(websockets.ConnectionClosed):
        talk(port, "0123456789a")
    assert "larger than serverMaxMsgSize" in server.access_line("larger than")


def test_origins(server, port, echo):
    put(server, f"ws://127.0.0.1:{echo.port}")
    site = Site(server, port)
    assert talk(port, "a", origin=f"http://127.0.0.1:{port}") == ["a"]
    assert site.ask(**ASKS, Origin="https://evil.example").status == 403
    put(server, f"ws://127.0.0.1:{echo.port}", insecureSkipVerify=True)
    assert talk(port, "a", origin="https://evil.example") == ["a"]


def test_no_server_answers(server, port):
    put(server, "ws://127.0.0.1:1")
    assert Site(server, port).result("w", **ASKS) == ("internalError", 503)


def health(server) -> list[bool]:
    pool = server.status("p")["filters"]["w"]["mainPool"]
    return [each["healthy"] for each in pool["servers"]]


def test_health_checks(server, port, echo, backend):
    """A server of HTTP only is none of WebSocket."""
    web = f"http://127.0.0.1:{backend.port}"
    check = {"interval": "100ms", "timeout": "1s", "ws": {"uri": "/health"}}
    put(server, f"ws://127.0.0.1:{echo.port}", web, healthCheck=check)
    wait_until(lambda: "/health" in echo.paths, "the echo server is asked")
    wait_until(lambda: health(server) == [True, False], "the check has told them apart")
    put(server, web, healthCheck={"interval": "100ms", "http": {"uri": "/"}})
    wait_until(lambda: health(server) == [True], "an ordinary check is enough")


def test_a_field_without_effect_is_warned_of(server):
    spec = "{kind: Pipeline, name: p, filters: [{name: w, kind: WebSocketProxy, defaultOrigin: 'http://a', " + (
        "pools: [{servers: [{url: 'ws://127.0.0.1:1'}]}]}]}"
    )
    assert "defaultOrigin" in server.egctl("apply", "-f", "-", input=spec).stderr
