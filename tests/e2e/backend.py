# SPDX-License-Identifier: Apache-2.0
"""A backend that tells what it got and does what the path says."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler

from raw_backend import CalmHTTPServer


class Backend:
    """`/slow` waits until release() before it answers, `/status/<n>` answers with that status, `/drop` closes
    the connection without an answer; all else answers JSON: what arrived, and this backend's name."""

    def __init__(
        self, name: str = "backend", tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ):
        self.name = name
        self.connections = 0
        self.most_at_once = 0  # of requests
        self._under_way = 0
        self._lock = threading.Lock()
        self.resumed = 0  # connections that took up an earlier TLS session
        self.requests: list[str] = []
        self.held = threading.Semaphore(0)  # one permit per /slow request that has arrived
        self._released = threading.Event()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go out in two writes

            def setup(self):
                backend.connections += 1
                if backend.secure:
                    self.request.do_handshake()
                    backend.resumed += self.request.session_reused
                super().setup()

            def log_message(self, *_):
                pass

            def answer(self):
                with backend._lock:
                    backend._under_way += 1
                    backend.most_at_once = max(backend.most_at_once, backend._under_way)
                length = self.headers.get("Content-Length")
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    body = self.read_chunks()
                else:
                    body = self.rfile.read(int(length or 0))
                backend.requests.append(f"{self.command} {self.path}")
                status = 200
                if self.path.startswith("/slow"):
                    backend.held.release()
                    backend._released.wait(120)
                elif self.path.startswith("/drop"):
                    self.close_connection = True
                    with backend._lock:
                        backend._under_way -= 1
                    return
                elif self.path.startswith("/status/"):
                    status = int(self.path.split("/")[2])
                with backend._lock:
                    backend._under_way -= 1
                text = json.dumps(
                    {
                        "backend": backend.name,
                        "method": self.command,
                        "target": self.path,
                        "headers": [[n.lower(), v] for n, v in self.headers.items()],
                        "body": body.decode("latin-1"),
                    }
                ).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Backend", backend.name)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            def read_chunks(self) -> bytes:
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return body

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        self._server = CalmHTTPServer((address, port), Handler)
        self.secure = tls is not None
        if tls is not None:
            # The handshake is the business of the connection's own thread.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    def release(self) -> None:
        self._released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
