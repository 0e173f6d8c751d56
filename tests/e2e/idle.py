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


class IdleCrowd:
    """`count` open connections."""

    def __init__(self, port: int, count: int, tls: ssl.SSLContext | None = None):
        raise_file_limit()
        self._sockets: list[socket.socket] = []
        for number in range(count):
            source = f"127.0.{1 + number // PER_ADDRESS}.1"
            connection = socket.create_connection(("127.0.0.1", port), DEADLINE, (source, 0))
            # Closed by a reset: thousands of ports in TIME_WAIT would be in the way of the next test's.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if tls is not None:
                connection = tls.wrap_socket(connection)
            self._sockets.append(connection)

    def __enter__(self) -> "IdleCrowd":
        return self

    def __exit__(self, *_) -> None:
        for connection in self._sockets:
            connection.close()

    def ask_all(self, asked: bytes = request("/")) -> None:
        """One request on each, one after the other; all must be served."""
        for connection in self._sockets:
            connection.sendall(asked)
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
