# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 clients: one connection under full control, and a load of many."""

import asyncio
import collections
import itertools
import socket
import ssl
import threading
from dataclasses import dataclass, field

from gateway import DEADLINE, wait_until


@dataclass
class Response:
    status: int
    headers: dict[str, str]  # names in lower case; of a repeated one the last
    body: bytes = b""
    header_list: list[tuple[str, str]] = field(default_factory=list)
    trailers: list[tuple[str, str]] = field(default_factory=list)  # names in lower case

    @property
    def text(self) -> str:
        return self.body.decode()


class Connection:
    """One TCP connection, with TLS or without; sends exactly the bytes it is given."""

    def __init__(
        self,
        port: int,
        host: str = "127.0.0.1",
        timeout: float = DEADLINE,
        tls: ssl.SSLContext | None = None,
        server_name: str = "shop.example",
        over: socket.socket | None = None,
    ):
        """`over`: a connection that is there already."""
        self.socket = over or socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=server_name)
        self.buffer = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes | str) -> "Connection":
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def _fill(self) -> bool:
        more = self.socket.recv(65536)
        self.buffer += more
        return bool(more)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self._fill():
                raise ConnectionError(f"closed after {self.buffer!r}")
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self._fill():
                raise ConnectionError(f"closed after {len(self.buffer)} of {size} bytes of the body")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def receive(self, method: str = "GET") -> Response:
        """The next response. Interim ones (1xx) are passed over."""
        while True:
            lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            pairs = []
            for line in lines[1:]:
                name, _, value = line.partition(":")
                pairs.append((name.lower(), value.strip()))
            if status >= 200:
                break
        headers = dict(pairs)
        body = b""
        trailers = []
        if method != "HEAD" and status not in (204, 304):
            if headers.get("transfer-encoding", "").lower() == "chunked":
                body, trailers = self._chunks()
            elif "content-length" in headers:
                body = self._exactly(int(headers["content-length"]))
            else:
                while self._fill():
                    pass
                body, self.buffer = self.buffer, b""
        return Response(status, headers, body, pairs, trailers)

    def _chunks(self) -> tuple[bytes, list[tuple[str, str]]]:
        body, trailers = b"", []
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while line := self._until(b"\r\n").decode("latin-1"):
                    name, _, value = line.partition(":")
                    trailers.append((name.lower(), value.strip()))
                return body, trailers
            body += self._exactly(size)
            assert self._exactly(2) == b"\r\n"

    def request(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Response:
        return self.send(request(path, method, body, **headers)).receive(method)

    def is_closed(self, timeout: float = DEADLINE) -> bool:
        """Waits for the end of the stream; False if bytes come instead, or nothing in time."""
        self.socket.settimeout(timeout)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def is_closed_after_the_rest(self, timeout: float = DEADLINE) -> bool:
        """Reads what still comes to the end of the stream; False if there is no end in time."""
        self.socket.settimeout(timeout)
        try:
            while self._fill():
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def request(path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    """Header names are written with _ for -, so X_Mode="loop". `Host` is there unless given."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    fields.setdefault("Host", "127.0.0.1")
    if body and "Transfer-Encoding" not in fields:
        fields.setdefault("Content-Length", str(len(body)))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items() if v is not None)
    return head.encode("latin-1") + b"\r\n" + body


def fetch(port: int, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Response:
    """One request on a connection of its own."""
    with Connection(port) as connection:
        return connection.request(path, method, body, **headers)


class Load:
    """Many keep-alive connections sending one request after the other, on a thread of its own.

    `make(n)` gives the bytes of the n-th request. A connection that the server has announced to
    close is opened again; one that fails is an error, and is not. Every response is counted by (status, body)."""

    def __init__(self, port: int, make, connections: int = 64, limit: int | None = None, tls=None, host="127.0.0.1"):
        self.answers: collections.Counter[tuple[int, bytes]] = collections.Counter()
        self.errors: list[str] = []
        self.seconds: list[float] = []
        self._port, self._make, self._connections = port, make, connections
        self._numbers = itertools.count() if limit is None else iter(range(limit))
        self._stopping = False
        self._tls = tls  # an SSLContext
        self._host = host
        self.reopened = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> "Load":
        self._stopping = True
        return self.join()

    def join(self) -> "Load":
        """Waits until the limit is reached or every connection has failed."""
        self._thread.join(DEADLINE * 5)
        assert not self._thread.is_alive(), "the load does not end: an answer is missing"
        return self

    @property
    def count(self) -> int:
        return sum(self.answers.values())

    def statuses(self) -> dict[int, int]:
        counts: collections.Counter[int] = collections.Counter()
        for (status, _), number in self.answers.items():
            counts[status] += number
        return dict(counts)

    def wait_more(self, count: int = 200) -> None:
        """Waits until so many more answers have come."""
        goal = self.count + count
        wait_until(lambda: self.count >= goal or not self._thread.is_alive(), f"{count} more answers came")

    async def _run(self) -> None:
        await asyncio.gather(*(self._connection() for _ in range(self._connections)))

    async def _connection(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
            while not self._stopping and (number := next(self._numbers, None)) is not None:
                begin = loop.time()
                writer.write(self._make(number))
                async with asyncio.timeout(DEADLINE):
                    answer, closes = await self._answer(reader)
                self.answers[answer] += 1
                self.seconds.append(loop.time() - begin)
                if closes:
                    writer.close()
                    self.reopened += 1
                    reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
            writer.close()
        except (OSError, EOFError, TimeoutError, ValueError) as fault:
            self.errors.append(repr(fault))

    @staticmethod
    async def _answer(reader: asyncio.StreamReader) -> tuple[tuple[int, bytes], bool]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        for line in head.split("\r\n"):
            if line.startswith("content-length:"):
                body = await reader.readexactly(int(line[15:]))
                return (status, body), "\r\nconnection: close" in head
        raise ValueError(f"no Content-Length: {head!r}")
