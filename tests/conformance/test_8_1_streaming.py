# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 section 8.1 from end to end over HTTP/2: what a client sends, and how its stream ends, reaches a backend as
it was, and the answer comes while the request is still open (gRPC's calls are made of this)."""

import queue
import socket

import frames as f
import hpack
import pytest
from gateway import DEADLINE, free_port, http_server, pipeline, proxy
from origin import Origin, grpc_message
from peer import fields
from raw_backend import RawBackend

GRPC = [("content-type", "application/grpc"), ("te", "trailers")]


@pytest.fixture
def to(gateway):
    """to(url, streams): a port that leads there over HTTP/2."""
    made = []

    def start(url: str, streams: bool) -> int:
        port = free_port()
        gateway.apply(
            pipeline("calls", proxy(url, http2=True, **({"serverMaxBodySize": -1} if streams else {}))),
            http_server(port, {"backend": "calls"}, name="calls-server", clientMaxBodySize=-1 if streams else 0),
        )
        made.append(port)
        return port

    yield start
    if made:
        gateway.delete("calls-server", "calls")


@pytest.fixture
def origin():
    def answer(link, request):
        link.respond(request, *GRPC[:1], ("grpc-status", "0"))  # a head that ends the stream: "trailers only"

    with Origin(answer) as instance:
        yield instance


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("together", [True, False], ids=["at once", "later"])
def test_a_body_of_one_empty_frame(to, origin, connect, streams, together):
    """It is not a request without a body: what a client has left open, the backend gets open."""
    peer = connect(to=to(origin.url, streams))
    head = f.headers(1, fields(*GRPC, method="POST", path="/empty"), f.END_HEADERS)
    end = f.data(1, b"", f.END_STREAM)
    if together:
        peer.send(head, end)
    else:
        peer.send(head)
        peer.alive()
        peer.send(end)
    answer = peer.answer(1)
    assert answer.status == 200 and answer.body == b"" and answer.headers["grpc-status"] == "0"
    (request,) = origin.requests
    assert not request.head_ended and request.body == b""
    assert "content-length" not in dict(request.fields)


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
def test_no_body_stays_none(to, origin, connect, streams):
    peer = connect(to=to(origin.url, streams))
    assert peer.request(1, path="/none").answer(1).status == 200
    assert origin.requests[0].head_ended


class Conversation(RawBackend):
    """Tells of each frame as it comes; sends what it is given."""

    def __init__(self):
        self.frames: queue.Queue[f.Frame] = queue.Queue()
        self.connections: queue.Queue[socket.socket] = queue.Queue()
        super().__init__()

    def serve(self, connection):
        reader = connection.makefile("rb")
        assert reader.read(len(f.PREFACE)) == f.PREFACE
        connection.sendall(f.settings())
        self.connections.put(connection)
        while head := reader.read(f.HEAD_BYTES):
            length, kind, flags, stream = f.parse_head(head)
            frame = f.Frame(kind, flags, stream, reader.read(length))
            if kind == f.SETTINGS and not flags & f.ACK:
                connection.sendall(f.settings_ack())
            elif kind in (f.HEADERS, f.DATA):
                self.frames.put(frame)


def test_both_talk_while_both_are_open(to, connect):
    with Conversation() as backend:
        peer = connect(to=to(backend.url, True))
        peer.send(f.headers(1, fields(*GRPC, method="POST", path="/chat"), f.END_HEADERS))
        head = backend.frames.get(timeout=DEADLINE)
        assert head.type == f.HEADERS and not head.flags & f.END_STREAM, "before anything of the content"
        link = backend.connections.get(timeout=DEADLINE)
        link.sendall(f.headers(head.stream, hpack.block((":status", "200"), *GRPC[:1]), f.END_HEADERS))
        first = peer.until(lambda frame: frame.type == f.HEADERS)
        assert dict(first.fields)[":status"] == "200" and not first.flags & f.END_STREAM
        for word in (b"one", b"two"):
            peer.send(f.data(1, grpc_message(word)))
            heard = backend.frames.get(timeout=DEADLINE)
            assert heard.type == f.DATA and heard.payload == grpc_message(word)
            link.sendall(f.data(head.stream, grpc_message(word.upper())))
            answer = peer.until(lambda frame: frame.type == f.DATA)
            assert answer.payload == grpc_message(word.upper())
        peer.send(f.data(1, b"", f.END_STREAM))
        end = backend.frames.get(timeout=DEADLINE)
        assert end.type == f.DATA and end.flags & f.END_STREAM
        link.sendall(f.headers(head.stream, hpack.block(("grpc-status", "0"))))
        last = peer.until(lambda frame: frame.type == f.HEADERS)
        assert last.fields == [("grpc-status", "0")] and last.flags & f.END_STREAM
