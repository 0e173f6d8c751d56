# SPDX-License-Identifier: Apache-2.0
"""A backend whose answers a function of the test decides."""

import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from raw_backend import CalmHTTPServer


@dataclass
class Call:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case; of a repeated one the last
    body: bytes
    trailers: dict[str, str] = field(default_factory=dict)  # likewise


@dataclass
class Answer:
    """What to answer; None in its place closes the connection. With `chunks` the body is chunked, and has trailers."""

    status: int = 200
    headers: dict[str, str | list[str]] = field(default_factory=dict)  # a list: a field for each
    body: bytes = b""
    chunks: Iterable[bytes] | None = None
    trailers: dict[str, str] = field(default_factory=dict)
    after: threading.Event | None = None  # waits for it before it answers


class Scripted:
    """`answer(call)` gives an Answer or None; the calls are kept."""

    def __init__(self, answer=lambda call: Answer(body=b"ok"), tls: ssl.SSLContext | None = None):
        self.calls: list[Call] = []
        self._scheme = "https" if tls else "http"
        self.answer = answer
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle_any(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                if self.request_version == "HTTP/1.1" and not headers.get("host"):  # as nginx, RFC 9110 section 7.2
                    return self.send_error(400)
                if headers.get("transfer-encoding") == "chunked":
                    body, trailers = self.read_chunks()
                else:
                    body, trailers = self.rfile.read(int(headers.get("content-length") or 0)), {}
                call = Call(self.command, self.path, headers, body, trailers)
                backend.calls.append(call)
                answer = backend.answer(call)
                if answer is None:
                    self.close_connection = True
                    return
                if answer.after is not None:
                    answer.after.wait(120)
                self.send_response(answer.status)
                for name, values in answer.headers.items():
                    for value in values if isinstance(values, list) else [values]:
                        self.send_header(name, value)
                if answer.chunks is not None:
                    self.send_header("Transfer-Encoding", "chunked")
                elif answer.status not in (204, 304):
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command == "HEAD":
                    return
                if answer.chunks is None:
                    self.wfile.write(answer.body)
                    return
                for chunk in answer.chunks:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                trailers = "".join(f"{name}: {value}\r\n" for name, value in answer.trailers.items())
                self.wfile.write(b"0\r\n" + trailers.encode() + b"\r\n")

            def read_chunks(self) -> tuple[bytes, dict[str, str]]:
                body, trailers = b"", {}
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while line := self.rfile.readline().strip():
                    name, _, value = line.decode().partition(":")
                    trailers[name.lower()] = value.strip()
                return body, trailers

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

        self._server = CalmHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def targets(self) -> list[str]:
        return [call.target for call in self.calls]
