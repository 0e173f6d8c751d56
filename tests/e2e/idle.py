# SPDX-License-Identifier: Apache-2.0
"""Many connections from one process, more than one address has ports for."""

import resource
import socket
import ssl
import struct
from pathlib import Path

from client import request
from gateway import DEADLINE

PER_ADDRESS = 20_000


def raise_file_limit() -> int:
    """To what the system allows; the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no VmRSS")


def peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no VmHWM")


class Http1:
    """Requests on one connection, one after the other."""

    def __init__(self, connection: socket.socket):
        self.connection = connection

    def ask(self, asked: bytes = request("/")) -> None:
        self.connection.sendall(asked)
        answer = self.connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 "), answer


class Http2(Http1):
    """The same by HTTP/2: GET / with what browsers send, most of it for the dynamic table (RFC 7541)."""

    HEADERS, SETTINGS, GOAWAY = 1, 4, 7
    END_STREAM, END_HEADERS, ACK = 1, 4, 1
    FIELDS = {
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "accept-language": "en-US,en;q=0.5",
        "cookie": "session=0123456789abcdef0123456789abcdef",
    }

    def __init__(self, connection: socket.socket):
        super().__init__(connection)
        self.stream = 1
        self.buffer = b""
        head = self.frame(self.SETTINGS, 0, 0) + self.frame(self.SETTINGS, self.ACK, 0)
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + head)

    @staticmethod
    def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
        return struct.pack("!IBBI", len(payload), kind, flags, stream)[1:] + payload

    @classmethod
    def head(cls) -> bytes:
        """:method GET, :scheme http, :path /, :authority; the others as literals with indexing."""
        block = b"\x82\x86\x84\x41\x09localhost"
        for name, value in cls.FIELDS.items():
            block += b"\x40" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        return block

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            more = self.connection.recv(65536)
            assert more, "the server has closed"
            self.buffer += more
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def ask(self, _: bytes = b"") -> None:
        self.connection.sendall(
            self.frame(self.HEADERS, self.END_STREAM | self.END_HEADERS, self.stream, self.head())
        )
        ended = False
        while not ended:
            high, low, kind, flags, stream = struct.unpack("!BHBBI", self._take(9))
            payload = self._take(high << 16 | low)
            assert kind != self.GOAWAY, payload
            ended = stream == self.stream and flags & self.END_STREAM != 0
        self.stream += 2


class IdleCrowd:
    """`count` open connections, from addresses of their own for each `crowd`."""

    def __init__(
        self, port: int, count: int, tls: ssl.SSLContext | None = None, http2: bool = False, crowd: int = 0
    ):
        raise_file_limit()
        self._peers: list[Http1] = []
        for number in range(count):
            source = f"127.{crowd}.{1 + number // PER_ADDRESS}.1"
            connection = socket.create_connection(("127.0.0.1", port), DEADLINE, (source, 0))
            # Closed by a reset: thousands of ports in TIME_WAIT would be in the way of the next test's.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if tls is not None:
                connection = tls.wrap_socket(connection)
            self._peers.append(Http2(connection) if http2 else Http1(connection))

    def __enter__(self) -> "IdleCrowd":
        return self

    def __exit__(self, *_) -> None:
        for peer in self._peers:
            peer.connection.close()

    def ask_all(self, asked: bytes = request("/")) -> None:
        """One request on each, one after the other; all must be served."""
        for peer in self._peers:
            peer.ask(asked)
