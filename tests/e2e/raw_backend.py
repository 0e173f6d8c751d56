# SPDX-License-Identifier: Apache-2.0
"""What the backends of tests have in common: a socket that hands its connections out, and calm when who asked leaves."""

import socket
import sys
import threading
from http.server import ThreadingHTTPServer

from gateway import DEADLINE


class RawBackend:
    """Gives each connection to `serve`, on a thread of its own, and closes it afterwards. That the other side leaves,
    or closes in the middle, is no fault."""

    def __init__(self, serve=None):
        self._serve = serve or self.serve
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "RawBackend":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # else accept() would go on until the next connection
        except OSError:
            pass
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_calmly, args=(connection,), daemon=True).start()

    def _serve_calmly(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(DEADLINE)
        with connection:
            try:
                self._serve(connection)
            except (OSError, EOFError):
                pass


def read_head(connection: socket.socket) -> bytes:
    """To the end of the head, and what has come with it."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        head += more
    return head


class CalmHTTPServer(ThreadingHTTPServer):
    """Says nothing of clients that leave; all else is told as ever."""

    daemon_threads = True
    request_queue_size = 128  # else clients that come at once wait for their second SYN

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
