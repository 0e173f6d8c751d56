# SPDX-License-Identifier: Apache-2.0
"""Backends and clients of both versions of HTTP, for tests of trailers."""

import pytest

import frames as f
import hpack

from client import Connection
from origin import Link, Origin, Request
from peer import Peer
from scripted import Answer, Scripted

SUM = ("x-sum", "900150983cd24fb0")
# Section 6.5.1: what nobody may hide at the end of a message.
FORBIDDEN = {
    "Content-Length": "9", "Transfer-Encoding": "chunked", "Host": "elsewhere", "Authorization": "Basic eDp5",
    "Content-Type": "text/html", "Set-Cookie": "a=b", "Cookie": "a=b", "Cache-Control": "public",
    "X-Forwarded-For": "192.0.2.1", "Trailer": "x", "TE": "gzip", "X-Hop": "1",
}  # fmt: skip


HTTP1_ONLY = {"Transfer-Encoding", "TE", "Content-Length", "X-Hop"}  # malformed in HTTP/2, or nothing special


class Http1:
    """A backend of HTTP/1.1."""

    def __init__(self):
        self.peer = Scripted(lambda call: Answer(chunks=[b"ab", b"c"], headers=self.headers, trailers=self.trailers))
        self.url, self.pool = self.peer.url, {}
        self.trailers = {"X-Sum": SUM[1], **FORBIDDEN}
        self.headers = {"Connection": "X-Hop", "Trailer": "X-Sum"}

    def got(self) -> tuple[bytes, dict[str, str], str | None]:
        """Body, trailers and TE of the last request."""
        call = self.peer.calls[-1]
        return call.body, call.trailers, call.headers.get("te")


class Http2:
    """A backend of HTTP/2."""

    def __init__(self):
        self.peer = Origin(self.answer)
        self.url, self.pool = self.peer.url, {"http2": True}
        self.headers = {}
        self.trailers = {SUM[0]: SUM[1], **{n.lower(): v for n, v in FORBIDDEN.items() if n not in HTTP1_ONLY}}

    def answer(self, link: Link, request: Request) -> None:
        link.respond(request, *self.headers.items(), body=b"abc", trailers=list(self.trailers.items()))

    def got(self) -> tuple[bytes, dict[str, str], str | None]:
        request = self.peer.requests[-1]
        return request.body, dict(request.trailers), dict(request.fields).get("te")


def by_h1(port: int, *fields: str, body: bytes | None = None, trailers: str = "", method: str = "GET"):
    head = "".join(f"{line}\r\n" for line in ("Host: a", *fields))
    with Connection(port) as connection:
        if body is None:
            connection.send(f"{method} / HTTP/1.1\r\n{head}\r\n")
        else:
            chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
            connection.send(f"POST / HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n")
            connection.send(chunk + b"0\r\n" + trailers.encode() + b"\r\n")
        response = connection.receive(method)
        # The connection goes on where the message ended.
        connection.send(f"GET /next HTTP/1.1\r\n{head}\r\n")
        assert connection.receive().status == 200
        return response


def by_h2(port: int, *fields, body: bytes | None = None, trailers=()):
    with Peer(port) as peer:
        if body is None:
            peer.request(1, *fields)
        else:
            peer.request(1, *fields, method="POST", end=False)
            peer.send(f.data(1, body) if body else b"", f.headers(1, hpack.block(*trailers)))
        answer = peer.answer()
        peer.alive()
        return answer


@pytest.fixture(params=[Http1, Http2], ids=["to-h1", "to-h2"])
def origin(request):
    instance = request.param()
    with instance.peer:
        yield instance


@pytest.fixture(params=[4 << 20, -1], ids=["whole", "streamed"])
def limit(request):
    """clientMaxBodySize and serverMaxBodySize."""
    return request.param
