# SPDX-License-Identifier: Apache-2.0
"""HEAD tells what GET would, and nothing that GET would not (RFC 9110 sections 8.6 and 9.3.2)."""

import socket
import sys
from pathlib import Path

import pytest

from client import Connection, request
from gateway import free_port, http_server, mock, pipeline, proxy
from raw_backend import RawBackend, read_head

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

from peer import Peer

# What a backend says to HEAD, by path, and the Content-Length that reaches the client.
ANSWERS = {
    "/length": (b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", "1234"),
    "/zero": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"),
    "/chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None),
    "/unknown": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", None),
    "/204": (b"HTTP/1.1 204 No Content\r\n\r\n", None),
    "/304": (b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", None),
}


def answer(link: socket.socket) -> None:
    while head := read_head(link):
        link.sendall(ANSWERS[head.split(b" ")[1].decode()][0])


@pytest.fixture(scope="module")
def site(shared_server) -> int:
    with RawBackend(answer) as backend:
        port = free_port()
        shared_server.apply(
            pipeline("head", proxy(backend.url)),
            pipeline("head-streamed", proxy(backend.url, serverMaxBodySize=-1)),
            pipeline("head-mock", mock("hello")),
            pipeline("head-asked", {"name": "ask", "kind": "RequestAdaptor", "method": "HEAD"}, proxy(backend.url)),
            http_server(
                port,
                {"path": "/mock", "backend": "head-mock"},
                {"pathPrefix": "/", "headers": [{"key": "X-Asked", "regexp": "."}], "backend": "head-asked"},
                {"pathPrefix": "/", "headers": [{"key": "X-Streamed", "regexp": "."}], "backend": "head-streamed"},
                {"pathPrefix": "/", "backend": "head"},
                name="head-server",
            ),
        )
        yield port


@pytest.mark.parametrize("path", ANSWERS)
def test_a_filter_asks_with_head_for_a_client_that_waits_for_a_body(site, path):
    """The length of a body that never comes would be that of the next response."""
    with Connection(site) as connection:
        for _ in range(2):
            connection.send(request(path, X_Asked="yes"))
            response = connection.receive()
            assert response.body == b"" and response.status in (200, 204, 304)
        connection.send(request("/mock"))
        assert connection.receive().text == "hello"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("path", ANSWERS)
def test_length(site, path, streamed):
    expected = ANSWERS[path][1]
    with Connection(site) as connection:
        more = {"X_Streamed": "yes"} if streamed else {}
        connection.send(request(path, "HEAD", **more))
        response = connection.receive("HEAD")
        assert response.headers.get("content-length") == expected
        assert connection.request("/mock", "HEAD").headers["content-length"] == "5", "the connection goes on"


@pytest.mark.parametrize("path", ANSWERS)
def test_length_over_http2(site, path):
    with Peer(site) as peer:
        headers = peer.request(1, method="HEAD", path=path).answer(1).headers
        assert headers.get("content-length") == ANSWERS[path][1]
