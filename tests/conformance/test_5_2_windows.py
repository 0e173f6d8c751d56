# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 sections 5.1, 5.2 and 6.9: however a stream ends before its content has been read, the connection's
window is whole afterwards. Each way is gone many times over one connection."""

import socket

import frames as f
import hpack
import pytest
from gateway import free_port, http_server, mock, pipeline, proxy, wait_until
from origin import Origin
from peer import Peer, fields
from raw_backend import RawBackend, read_head

FRAME = 16384
ROUNDS = 80  # a frame lost in each is more than the window


class Uploader(Peer):
    """Keeps the account of the connection's window, as a client does."""

    def __init__(self, port: int):
        self.window = 65535  # of the connection
        self.windows: dict[int, int] = {}  # of the streams
        self.statuses: dict[int, int] = {}
        self.resets: set[int] = set()
        self.next_stream = -1
        super().__init__(port)
        self.whole = self.window
        self.sync()

    def read(self) -> f.Frame:
        frame = super().read()
        assert frame.type != f.GOAWAY, f"GOAWAY with {frame.error_code}"
        if frame.type == f.HEADERS:
            self.statuses[frame.stream] = int(dict(frame.fields)[":status"])
        if frame.type == f.RST_STREAM:
            self.resets.add(frame.stream)
        if frame.type == f.WINDOW_UPDATE:
            more = int.from_bytes(frame.payload, "big")
            if frame.stream == 0:
                self.window += more
            elif frame.stream in self.windows:
                self.windows[frame.stream] += more
        return frame

    def sync(self) -> None:
        """Everything that the server has to say is read."""
        self.alive()
        self.seen.clear()
        self.whole = max(self.whole, self.window)

    def open(self, *more: tuple[str, str], path: str, method: str = "POST") -> int:
        self.next_stream += 2
        self.windows[self.next_stream] = self.server_settings[f.INITIAL_WINDOW_SIZE]
        self.request(self.next_stream, *more, method=method, path=path, end=False)
        return self.next_stream

    def upload(self, stream: int, frames: int, padding: int = 0) -> None:
        for _ in range(frames):
            if padding:
                content = f.padded(bytes(FRAME - 1 - padding), padding)
                frame = f.data(stream, content, f.PADDED)
            else:
                frame = f.data(stream, bytes(FRAME))
            self.window -= FRAME
            self.windows[stream] -= FRAME
            assert self.window >= 0, "the connection's window is used up"
            self.send(frame)

    def status(self, stream: int) -> int:
        """Waits for the answer."""
        while stream not in self.statuses:
            self.read()
        return self.statuses[stream]

    def ended(self, stream: int) -> int:
        """Waits until the server has reset the stream: the status, or 0 if there was no answer."""
        while stream not in self.resets:
            self.read()
        return self.statuses.get(stream, 0)

    def is_whole(self) -> None:
        """The server speaks up once half of the window is to be given back: less may be outstanding, but no more.
        The bytes of a stream that has just ended may be given back after the next PING is answered."""
        wait_until(lambda: self.sync() or self.window > self.whole // 2, "the window is given back")
        stream = self.open(path="/stream")
        for _ in range(0, 2 * self.whole, FRAME):
            while min(self.window, self.windows[stream]) < FRAME:
                self.read()
            self.upload(stream, 1)
        assert self.send(f.data(stream, b"", f.END_STREAM)).status(stream) == 200


@pytest.fixture(scope="module")
def refusing():
    """Answers 403 at the head of a request and reads nothing of its content."""

    class Refusing(RawBackend):
        def serve(self, connection):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):  # to close now could reset the connection, and lose the answer
                pass

    backend = Refusing()
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def sink():
    """Reads all there is in chunks, and says so."""

    class Sink(RawBackend):
        def serve(self, connection):
            data = read_head(connection)
            while not data.endswith(b"\r\n0\r\n\r\n"):
                more = connection.recv(1 << 20)
                if not more:
                    return
                data = data[-7:] + more
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    backend = Sink()
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def uploads(gateway, sink, refusing) -> int:
    number = free_port()
    gateway.apply(
        pipeline("up-sink", proxy(sink.url)),
        pipeline("up-refusing", proxy(refusing.url, outlierDetection={"consecutiveFailures": 0})),
        pipeline("up-mock", mock("early")),
        http_server(
            number,
            {"path": "/small", "backend": "up-mock", "clientMaxBodySize": 1000},
            {"path": "/get", "backend": "up-mock", "methods": ["GET"]},
            {"path": "/nowhere", "backend": "no-such-pipeline"},
            {"path": "/closed", "backend": "up-mock", "ipFilter": {"blockByDefault": True}},
            {"path": "/early", "backend": "up-mock", "clientMaxBodySize": -1},
            {"path": "/refusing", "backend": "up-refusing", "clientMaxBodySize": -1},
            {"path": "/stream", "backend": "up-sink", "clientMaxBodySize": -1},
            {"path": "/whole", "backend": "up-sink", "clientMaxBodySize": 1 << 30},
            name="uploads",
            bodyTimeout="200ms",
        ),
    )
    return number


@pytest.fixture
def uploader(uploads):
    with Uploader(uploads) as peer:
        yield peer


# path, fields, status
ANSWERED_EARLY = {
    "413 by Content-Length": ("/small", [("content-length", "10000000")], 413),
    "413 by what comes": ("/small", [], 413),
    "404": ("/unknown", [], 404),
    "405": ("/get", [], 405),
    "403 by address": ("/closed", [], 403),
    "503": ("/nowhere", [], 503),
    "417": ("/stream", [("expect", "something")], 417),
    "a filter answers": ("/early", [], 200),
    "a backend answers": ("/refusing", [], 403),
}


@pytest.mark.parametrize("frames", [4, 15], ids=["some", "much"])
@pytest.mark.parametrize("case", ANSWERED_EARLY)
def test_5_2_answered_before_the_content_is_read(uploader, case, frames):
    path, more, status = ANSWERED_EARLY[case]
    for _ in range(ROUNDS if frames == 4 else 30):
        stream = uploader.open(*more, path=path)
        uploader.upload(stream, frames)
        if frames == 4:
            uploader.send(f.rst_stream(stream)).sync()
        else:
            uploader.send(f.data(stream, b"", f.END_STREAM))
            assert uploader.status(stream) == status
    stream = uploader.open(*more, path=path)
    uploader.upload(stream, 1)
    assert uploader.ended(stream) == status
    uploader.is_whole()


def test_5_1_more_after_the_answer_than_is_read(uploader):
    """The server resets the stream with NO_ERROR at last: what was on its way then counts as well."""
    for _ in range(ROUNDS):
        stream = uploader.open(("content-length", "10000000"), path="/small")
        sent = 0
        while sent < 20:  # more than the stream's window; the server gives back what it throws away
            if sent == 12:
                assert uploader.status(stream) == 413
            uploader.upload(stream, 1)
            sent += 1
        assert uploader.ended(stream) == 413
    uploader.is_whole()


def test_5_1_data_after_a_reset(uploader):
    """A malformed request is reset; what the client sent before it knew is thrown away."""
    for _ in range(ROUNDS):
        stream = uploader.open(("content-length", str(FRAME)), path="/stream")
        uploader.upload(stream, 4)
        uploader.ended(stream)
        uploader.upload(stream, 1)
    uploader.is_whole()


@pytest.mark.parametrize("path", ["/stream", "/whole", "/early"])
def test_5_1_the_client_resets_it(uploader, path):
    for _ in range(ROUNDS):
        stream = uploader.open(path=path)
        uploader.upload(stream, 4)
        uploader.send(f.rst_stream(stream))
        uploader.sync()
    uploader.is_whole()


def test_5_2_bodies_that_come_too_slowly(uploader):
    streams = []
    for _ in range(10):
        streams += [uploader.open(path="/whole") for _ in range(8)]
        for stream in streams[-8:]:
            uploader.upload(stream, 4)
        for stream in streams[-8:]:
            assert uploader.ended(stream) == 408
    uploader.is_whole()


@pytest.mark.parametrize("path", ["/small", "/stream", "/early"])
def test_6_1_padding(uploader, path):
    for _ in range(ROUNDS):
        stream = uploader.open(path=path)
        uploader.upload(stream, 4, padding=255)
        uploader.send(f.rst_stream(stream))
        uploader.sync()
    uploader.is_whole()


@pytest.mark.parametrize("path", ["/small", "/whole"])
def test_8_1_trailers(uploader, path):
    for _ in range(ROUNDS):
        stream = uploader.open(path=path)
        uploader.upload(stream, 4)
        uploader.send(f.headers(stream, hpack.block(("x-sum", "1"))))
        uploader.sync()
    uploader.is_whole()


# --- Towards backends


@pytest.fixture
def answering(gateway):
    """A backend with responses of which somebody reads only the beginning."""

    def answer(link, request):
        if request.path == "/ping":
            return link.respond(request, body=b"pong")
        parts = [f.headers(request.stream, hpack.block((":status", "200")), f.END_HEADERS)]
        parts += [f.data(request.stream, bytes(FRAME)) for _ in range(3)]
        link.send(*parts)
        return None

    origin = Origin(answer)
    number = free_port()
    gateway.apply(
        pipeline("down", proxy(origin.url, http2=True, serverMaxBodySize=-1)),
        http_server(number, {"backend": "down"}, name="down-server"),
    )
    yield number, origin
    gateway.delete("down-server", "down")
    origin.__exit__()


def test_5_2_responses_whose_clients_leave(answering, gateway):
    """Far more than the connection's window, of which each client reads the beginning."""
    port, origin = answering
    with Peer(port) as peer:
        peer.send(f.window_update(0, 1 << 30))  # the client's own is no matter here
        for i in range(ROUNDS):
            stream = 2 * i + 1
            peer.request(stream, path="/big")
            peer.until(lambda frame: frame.type == f.DATA and frame.stream == stream)
            peer.send(f.rst_stream(stream))
        last = 2 * ROUNDS + 1
        assert peer.request(last, path="/ping").answer(last).body == b"pong"
    wait_until(lambda: len(origin.requests) == ROUNDS + 1, "all have arrived")
    assert origin.links <= 1 + ROUNDS // 64, "a connection is left only while it has 64 cancelled streams"
