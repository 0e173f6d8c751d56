# SPDX-License-Identifier: Apache-2.0
"""A backend that speaks HTTP/2 with prior knowledge, frame by frame, and does what a function of the test says."""

import socket
import struct
import threading
from dataclasses import dataclass, field

import frames as f
import hpack
from raw_backend import RawBackend


@dataclass
class Request:
    stream: int
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    head_ended: bool = False  # nothing followed the head, not even an empty DATA frame

    @property
    def path(self) -> str:
        return dict(self.fields)[":path"]


class Closed(EOFError):
    """For the function: the connection is to be closed now."""


class Link:
    """A connection of a client. `number`: how many came before it. More than `resets_max` streams that the client
    gives up end it, with ENHANCE_YOUR_CALM."""

    def __init__(self, connection: socket.socket, number: int, resets_max: int | None = None):
        self.socket, self.number = connection, number
        self.resets, self.resets_max = 0, resets_max
        self.decoder = hpack.Decoder()
        self.open: dict[int, Request] = {}

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def respond(self, request: Request, *fields: tuple[str, str], body: bytes = b"", trailers=(), status: int = 200):
        """Without a body and trailers the head ends the stream; trailers follow the body, or the head at once."""
        block = hpack.block((":status", str(status)), *fields)
        parts = [f.headers(request.stream, block, f.END_HEADERS | (0 if body or trailers else f.END_STREAM))]
        if body:
            parts.append(f.data(request.stream, body, 0 if trailers else f.END_STREAM))
        if trailers:
            parts.append(f.headers(request.stream, hpack.block(*trailers)))
        self.send(*parts)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise Closed
            data += more
        return data

    def requests(self):
        """Every request once it is complete."""
        assert self._read(len(f.PREFACE)) == f.PREFACE
        self.send(f.settings())
        while True:
            length, kind, flags, stream = f.parse_head(self._read(f.HEAD_BYTES))
            payload = self._read(length)
            if kind == f.SETTINGS and not flags & f.ACK:
                self.send(f.settings_ack())
            elif kind == f.PING and not flags & f.ACK:
                self.send(f.ping(payload, f.ACK))
            elif kind == f.RST_STREAM:
                self.open.pop(stream, None)
                self.resets += 1
                if self.resets_max is not None and self.resets > self.resets_max:
                    self.send(f.goaway(stream, f.ENHANCE_YOUR_CALM))
                    raise Closed
            elif kind == f.HEADERS:
                assert not flags & (f.PADDED | f.PRIORITY_FLAG)
                while not flags & f.END_HEADERS:
                    length, kind, more, of = f.parse_head(self._read(f.HEAD_BYTES))
                    assert (kind, of) == (f.CONTINUATION, stream), "nothing comes in between (section 6.2)"
                    payload += self._read(length)
                    flags |= more & f.END_HEADERS
                kind = f.HEADERS
                fields = self.decoder.decode(payload)
                if stream in self.open:
                    self.open[stream].trailers = fields
                else:
                    self.open[stream] = Request(stream, fields, head_ended=bool(flags & f.END_STREAM))
            elif kind == f.DATA and stream in self.open:
                self.open[stream].body += payload
                if payload:
                    self.send(*(f.window_update(each, length) for each in (0, stream)))
            if kind in (f.HEADERS, f.DATA) and flags & f.END_STREAM and stream in self.open:
                yield self.open.pop(stream)


class Origin(RawBackend):
    """`answer(link, request)` answers it, or raises Closed. What came is kept."""

    def __init__(self, answer, resets_max: int | None = None):
        self.answer, self.resets_max = answer, resets_max
        self.requests: list[Request] = []
        self.links = 0
        self._links_lock = threading.Lock()
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        with self._links_lock:
            link = Link(connection, self.links, self.resets_max)
            self.links += 1
        for request in link.requests():
            self.requests.append(request)
            self.answer(link, request)


def grpc_message(payload: bytes) -> bytes:
    """With its prefix: not compressed, and the length."""
    return struct.pack(">BI", 0, len(payload)) + payload
