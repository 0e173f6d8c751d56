# SPDX-License-Identifier: Apache-2.0
"""Connections that become something else than HTTP: a client and a backend that leave the bytes to the test."""

import socket
import threading

from client import Connection, request
from gateway import wait_until
from raw_backend import RawBackend, read_head

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"
ASKS = {"Connection": "Upgrade", "Upgrade": "raw"}


class TunnelBackend(RawBackend):
    """Answers each request with `answer`, then leaves the connection to the test until close()."""

    def __init__(self, answer: bytes):
        self._answer = answer
        self._over = threading.Event()
        self.heads: list[bytes] = []
        self.connections: list[socket.socket] = []
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        head = read_head(connection)
        connection.sendall(self._answer)
        self.heads.append(head)
        self.connections.append(connection)
        self._over.wait()

    def connection(self, number: int = 0) -> socket.socket:
        wait_until(lambda: len(self.connections) > number, "the backend has answered")
        return self.connections[number]

    def close(self) -> None:
        super().close()
        self._over.set()
        for connection in self.connections:
            connection.close()


def upgraded(port: int, *, protocol: str = "raw") -> Connection:
    connection = Connection(port)
    connection.send(request("/", Connection="Upgrade", Upgrade=protocol))
    head = connection._until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"), head
    assert b"Connection: Upgrade" in head and f"Upgrade: {protocol}".encode() in head
    return connection
