# SPDX-License-Identifier: Apache-2.0
"""Connections that become something else than HTTP: a client and a backend that leave the bytes to the test."""

import socket
import threading

from client import Connection, request
from gateway import DEADLINE, wait_until

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"
ASKS = {"Connection": "Upgrade", "Upgrade": "raw"}


class RawBackend:
    """Answers each request with `answer`, then leaves the connection to the test."""

    def __init__(self, answer: bytes):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self.heads: list[bytes] = []
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(DEADLINE)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            connection.sendall(self._answer)
            self.heads.append(head)
            self.connections.append(connection)

    def connection(self, number: int = 0) -> socket.socket:
        wait_until(lambda: len(self.connections) > number, "the backend has answered")
        return self.connections[number]

    def close(self) -> None:
        self._listener.close()
        for connection in self.connections:
            connection.close()


def upgraded(port: int, *, protocol: str = "raw") -> Connection:
    connection = Connection(port)
    connection.send(request("/", Connection="Upgrade", Upgrade=protocol))
    head = connection._until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"), head
    assert b"Connection: Upgrade" in head and f"Upgrade: {protocol}".encode() in head
    return connection
