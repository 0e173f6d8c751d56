# SPDX-License-Identifier: Apache-2.0
"""The filter WebSocketProxy: WebSockets over the pools of Proxy."""

import asyncio

import pytest
import websockets

from answers_kit import Site
from covers import covers
from gateway import DEADLINE, documents, pipeline, wait_until
from identity_kit import basic
from pages import example
from scripted import Answer, Scripted
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


@covers("WebSocketProxy", "pools.{clientMaxMsgSize,originPatterns}", results="clientError")
def test_the_page(server, port, echo):
    server.apply(*example("filter-web-socket-proxy", {":9095": f":{echo.port}"}))
    site = Site(server, port, "chat")
    assert talk(port, "hello", b"\x00" * 30_000) == ["hello", b"\x00" * 30_000]
    with pytest.raises(websockets.ConnectionClosed):
        talk(port, "x" * 32_770)
    assert "larger than clientMaxMsgSize" in server.access_line("larger than")
    assert site.result("chat") == ("clientError", 426)
    plain = site.ask()
    assert (plain.headers["upgrade"], plain.headers["connection"]) == ("websocket", "Upgrade")
    assert site.result("chat", **ASKS, Origin="https://evil.example") == ("clientError", 403)
    assert talk(port, "hi", origin="https://www.shop.example") == ["hi"]


@covers("WebSocketProxy", "pools.serverMaxMsgSize")
def test_a_message_of_the_server(server, port, echo):
    put(server, f"ws://127.0.0.1:{echo.port}", serverMaxMsgSize=10)
    Site(server, port)
    assert talk(port, "0123456789") == ["0123456789"]
    with pytest.raises(websockets.ConnectionClosed):
        talk(port, "0123456789a")
    assert "larger than serverMaxMsgSize" in server.access_line("larger than")


@covers("WebSocketProxy", "pools.insecureSkipVerify")
def test_origins(server, port, echo):
    put(server, f"ws://127.0.0.1:{echo.port}")
    site = Site(server, port)
    assert talk(port, "a", origin=f"http://127.0.0.1:{port}") == ["a"]
    assert site.ask(**ASKS, Origin="https://evil.example").status == 403
    put(server, f"ws://127.0.0.1:{echo.port}", insecureSkipVerify=True)
    assert talk(port, "a", origin="https://evil.example") == ["a"]


@covers("WebSocketProxy", results="internalError")
def test_no_server_answers(server, port):
    put(server, "ws://127.0.0.1:1")
    assert Site(server, port).result("w", **ASKS) == ("internalError", 503)


def health(server) -> list[bool]:
    pool = server.status("p")["filters"]["w"]["mainPool"]
    return [each["healthy"] for each in pool["servers"]]


@covers("WebSocketProxy", "pools.healthCheck.{ws,http}.uri")
def test_health_checks(server, port, echo, backend):
    """A server of HTTP only is none of WebSocket."""
    web = f"http://127.0.0.1:{backend.port}"
    check = {"interval": "100ms", "timeout": "1s", "ws": {"uri": "/health"}}
    put(server, f"ws://127.0.0.1:{echo.port}", web, healthCheck=check)
    wait_until(lambda: "/health" in echo.paths, "the echo server is asked")
    wait_until(lambda: health(server) == [True, False], "the check has told them apart")
    put(server, web, healthCheck={"interval": "100ms", "http": {"uri": "/"}})
    wait_until(lambda: health(server) == [True], "an ordinary check is enough")


@covers("WebSocketProxy", "pools.healthCheck.http.{port,uri,method,headers,body,username,password}")
def test_what_a_check_by_http_asks(server):
    with Scripted() as checked:
        ask = {"port": int(checked.url.rsplit(":", 1)[1]), "uri": "/health?a", "method": "POST", "body": "well?",
               "headers": {"X-Check": "1"}, "username": "ann", "password": "sesame"}  # fmt: skip
        put(server, "ws://127.0.0.1:1", healthCheck={"interval": "100ms", "http": ask})
        call = wait_until(lambda: checked.calls, "a check has come")[0]
    assert (call.method, call.target, call.body) == ("POST", "/health?a", b"well?")
    assert (call.headers["x-check"], call.headers["authorization"]) == ("1", basic("ann", "sesame"))


@covers("WebSocketProxy", "pools.healthCheck.ws.{port,uri,headers}")
def test_what_a_check_by_web_socket_asks(server):
    with Scripted() as checked:
        ask = {"port": int(checked.url.rsplit(":", 1)[1]), "uri": "/health?a", "headers": {"X-Check": "1"}}
        put(server, "ws://127.0.0.1:1", healthCheck={"interval": "100ms", "ws": ask})
        call = wait_until(lambda: checked.calls, "a check has come")[0]
    assert (call.method, call.target, call.headers["x-check"]) == ("GET", "/health?a", "1")
    assert (call.headers["upgrade"], call.headers["sec-websocket-version"]) == ("websocket", "13")


MATCHES = [
    # probe, what a healthy server answers, is this one healthy
    ("http", {"statusCodes": [[404, 404]]}, False),
    ("http", {"statusCodes": [[200, 200]]}, True),
    ("http", {"headers": [{"name": "X-State", "value": "we"}]}, False),
    ("http", {"headers": [{"name": "X-State", "value": "we", "type": "regexp"}]}, True),
    ("http", {"body": {"value": "f.ne"}}, False),
    ("http", {"body": {"value": "f.ne", "type": "regexp"}}, True),
    ("ws", {}, False),
    ("ws", {"statusCodes": [[200, 200]]}, True),
    ("ws", {"statusCodes": [[200, 200]], "headers": [{"name": "X-State", "value": "we"}]}, False),
    ("ws", {"statusCodes": [[200, 200]], "headers": [{"name": "X-State", "value": "we", "type": "regexp"}]}, True),
]


@covers("WebSocketProxy", "pools.healthCheck.http.match.{statusCodes,headers.{name,value,type},body.{value,type}}")
@covers("WebSocketProxy", "pools.healthCheck.ws.match.{statusCodes,headers.{name,value,type}}")
def test_what_a_healthy_server_answers(server):
    with Scripted(lambda call: Answer(headers={"X-State": "well"}, body=b"I am fine")) as checked:
        for probe, match, healthy in MATCHES:
            before = len(checked.calls)
            put(server, checked.url, healthCheck={"interval": "100ms", probe: {"match": match} if match else {}})
            wait_until(lambda: health(server) == [healthy] and len(checked.calls) > before + 1, f"{probe} {match}: {healthy}")


@covers("WebSocketProxy", "pools.healthCheck.ws.match.body.{type,value}")
def test_a_tunnel_has_no_body_to_match(server):
    check = {"ws": {"match": {"body": {"value": "x", "type": "regexp"}}}}
    spec = {"name": "w", "kind": "WebSocketProxy", "pools": [{"servers": [{"url": "ws://127.0.0.1:1"}], "healthCheck": check}]}
    refused = server.egctl("apply", "-f", "-", input=documents(pipeline("p", spec)), check=False)
    assert refused.returncode != 0 and "a tunnel has no body" in refused.stderr


def test_a_field_without_effect_is_warned_of(server):
    spec = "{kind: Pipeline, name: p, filters: [{name: w, kind: WebSocketProxy, defaultOrigin: 'http://a', " + (
        "pools: [{servers: [{url: 'ws://127.0.0.1:1'}]}]}]}"
    )
    assert "defaultOrigin" in server.egctl("apply", "-f", "-", input=spec).stderr
