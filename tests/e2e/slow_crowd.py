# SPDX-License-Identifier: Apache-2.0
"""Clients that hold connections and do next to nothing with them."""

import socket
import struct
import threading

from client import request
from idle import PER_ADDRESS, raise_file_limit


class SlowCrowd:
    """`writers` send a head that never ends, a byte a second each; `readers` ask for `path`, which should be
    large, and take a few bytes of it a second. Who is thrown out comes again."""

    def __init__(self, port: int, writers: int, readers: int, path: str = "/"):
        raise_file_limit()
        self.port, self._path = port, path
        self._stopping = threading.Event()
        self.rounds = 0
        self._writers = [self._writer(number) for number in range(writers)]
        self._readers = [self._reader(writers + number) for number in range(readers)]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SlowCrowd":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        self._thread.join()
        for connection in (*self._writers, *self._readers):
            connection.close()

    def _connect(self, number: int) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((f"127.0.{1 + number // PER_ADDRESS}.1", 0))
        connection.connect(("127.0.0.1", self.port))
        return connection

    def _writer(self, number: int) -> socket.socket:
        connection = self._connect(number)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        connection.setblocking(False)
        return connection

    def _reader(self, number: int) -> socket.socket:
        connection = self._connect(number)
        connection.sendall(request(self._path))
        connection.setblocking(False)
        return connection

    def _run(self) -> None:
        while not self._stopping.wait(1):
            for number, connection in enumerate(self._writers):
                try:
                    connection.send(b"a")
                except OSError:
                    connection.close()
                    self._writers[number] = self._writer(number)
            for number, connection in enumerate(self._readers):
                try:
                    if connection.recv(64) == b"":
                        raise ConnectionError
                except BlockingIOError:
                    pass
                except OSError:
                    connection.close()
                    self._readers[number] = self._reader(len(self._writers) + number)
            self.rounds += 1
