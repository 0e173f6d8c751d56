# SPDX-License-Identifier: Apache-2.0
"""A client of one HTTP/2 connection, which sends what it is told to and says what comes back."""

import socket
import struct
from dataclasses import dataclass, field

import frames as f
import hpack
from gateway import DEADLINE

GET = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "shop.example")]
POST = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "shop.example")]


def fields(*more: tuple[str, str], method: str = "GET", path: str = "/") -> bytes:
    """The head of a request, every field a literal."""
    pseudo = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "shop.example")]
    return hpack.block(*pseudo, *more)


@dataclass
class Answer:
    headers: dict[str, str] = field(default_factory=dict)
    interim: list[int] = field(default_factory=list)  # 1xx that came first
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False

    @property
    def status(self) -> int:
        return int(self.headers[":status"])


class Gone(Exception):
    """The server has closed the connection."""


class Peer:
    def __init__(self, port: int, start: bool = True, *settings: tuple[int, int], over: socket.socket | None = None):
        """`over`: a connection that is there already."""
        self.socket = over or socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.seen: list[f.Frame] = []  # what a wait for something else has passed
        self.decoder = hpack.Decoder()
        self.server_settings: dict[int, int] = {}
        if start:
            self.start(*settings)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    # --- out ----------------------------------------------------------------------------------

    def send(self, *data: bytes) -> "Peer":
        try:
            self.socket.sendall(b"".join(data))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has had enough; what it said is still to be read
        return self

    def start(self, *settings: tuple[int, int]) -> None:
        """Both prefaces, both acknowledged (section 3.4)."""
        self.send(f.PREFACE, f.settings(*settings))
        first = self.read()
        assert first.type == f.SETTINGS and not first.flags & f.ACK, "the server's preface is a SETTINGS frame"
        for at in range(0, len(first.payload), 6):
            key, value = struct.unpack_from(">HI", first.payload, at)
            self.server_settings[key] = value
        self.send(f.settings_ack())
        self.until(lambda frame: frame.type == f.SETTINGS and frame.flags & f.ACK)

    def request(self, stream: int = 1, *more: tuple[str, str], method: str = "GET", path: str = "/", end: bool = True):
        flags = f.END_HEADERS | (f.END_STREAM if end else 0)
        return self.send(f.headers(stream, fields(*more, method=method, path=path), flags))

    # --- in -----------------------------------------------------------------------------------

    def _receive(self, size: int) -> bytes:
        while len(self.buffer) < size:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone
            self.buffer += more
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def read(self) -> f.Frame:
        """The next frame. Blocks of headers are decoded at once, for the tables to stay the same."""
        length, kind, flags, stream = f.parse_head(self._receive(f.HEAD_BYTES))
        assert length <= 16384, "larger than our SETTINGS_MAX_FRAME_SIZE"
        frame = f.Frame(kind, flags, stream, self._receive(length))
        if kind == f.HEADERS:
            assert flags & f.END_HEADERS and not flags & (f.PADDED | f.PRIORITY_FLAG)
            frame.fields = self.decoder.decode(frame.payload)
        return frame

    def until(self, wanted) -> f.Frame:
        """The next frame that is wanted; the others are kept in `seen`."""
        while True:
            frame = self.read()
            if wanted(frame):
                return frame
            self.seen.append(frame)

    def answer(self, stream: int = 1) -> Answer:
        """The whole response on that stream."""
        answer = Answer()
        pending, self.seen = self.seen, []
        while not answer.ended:
            frame = pending.pop(0) if pending else self.read()
            if frame.stream != stream:
                self.seen.append(frame)
                continue
            assert frame.type != f.RST_STREAM, f"stream {stream} was reset with {frame.error_code}"
            if frame.type == f.HEADERS and answer.headers:
                assert frame.flags & f.END_STREAM, "trailers end the stream (section 8.1)"
                answer.trailers = frame.fields
            elif frame.type == f.HEADERS:
                headers = dict(frame.fields)
                if int(headers[":status"]) < 200:
                    answer.interim.append(int(headers[":status"]))
                    continue
                answer.headers = headers
            elif frame.type == f.DATA:
                answer.body += frame.payload
            answer.ended = bool(frame.flags & f.END_STREAM) and frame.type in (f.HEADERS, f.DATA)
        self.seen = pending + self.seen
        return answer

    # --- what is expected ---------------------------------------------------------------------

    def alive(self) -> None:
        """The connection is: a PING is answered."""
        mark = struct.pack(">Q", id(self) & 0xFFFFFFFF)
        self.send(f.ping(mark))
        self.until(lambda frame: frame.type == f.PING and frame.flags & f.ACK and frame.payload == mark)
        for frame in self.seen:
            assert frame.type != f.GOAWAY, f"GOAWAY with {frame.error_code}"

    def serves(self, stream: int = 1, status: int = 200) -> Answer:
        """A GET on that stream is answered."""
        answer = self.request(stream).answer(stream)
        assert answer.status == status
        return answer

    def connection_error(self, *codes: int) -> f.Frame:
        """GOAWAY with one of the codes, then the end of the connection (section 5.4.1)."""
        goaway = next((frame for frame in self.seen if frame.type == f.GOAWAY), None)
        goaway = goaway or self.until(lambda frame: frame.type == f.GOAWAY)
        assert goaway.error_code in codes, f"GOAWAY with {goaway.error_code}, not {codes}"
        self.closed()
        return goaway

    def stream_error(self, stream: int, *codes: int, last: bool = True) -> None:
        """RST_STREAM with one of the codes (section 5.4.2), and the connection goes on."""
        frame = self.until(lambda frame: frame.type in (f.RST_STREAM, f.GOAWAY))
        assert frame.type == f.RST_STREAM and frame.stream == stream, frame
        assert frame.error_code in codes, f"RST_STREAM with {frame.error_code}, not {codes}"
        if last:
            self.alive()

    def closed(self) -> None:
        try:
            while True:
                self.read()
        except Gone:
            pass
