# SPDX-License-Identifier: Apache-2.0
"""A backend on a raw socket that counts what it takes for requests, and an nginx in front of it."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

from gateway import free_port, wait_until
from raw_backend import RawBackend


class CountingBackend(RawBackend):
    """Reads generously, so that what is smuggled is found: lines may end with LF, framing is guessed. What is no
    request at all is counted as GARBAGE. A request is counted once its body is complete."""

    def __init__(self):
        self.seen: list[tuple[str, str, bytes]] = []  # method, target, body
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        with connection.makefile("rb") as stream:
            while self._serve_one(connection, stream):
                pass

    def _serve_one(self, connection: socket.socket, stream) -> bool:
        line = stream.readline()
        while line in (b"\r\n", b"\n"):
            line = stream.readline()
        if not line.endswith(b"\n"):
            return False
        words = line.split()
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            self.seen.append(("GARBAGE", repr(line), b""))
            return False
        fields = {}
        while (field := stream.readline()).strip():
            name, _, value = field.partition(b":")
            fields.setdefault(name.strip().lower(), value.strip())
        body = self._body(stream, fields)
        method = words[0].decode()
        self.seen.append((method, words[1].decode("latin-1"), body))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + (b"" if method == "HEAD" else b"x"))
        return True

    @staticmethod
    def _body(stream, fields: dict[bytes, bytes]) -> bytes:
        if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
            body = b""
            while size := int(CountingBackend._line(stream).split(b";")[0], 16):
                body += CountingBackend._exactly(stream, size)
                CountingBackend._line(stream)
            while CountingBackend._line(stream).strip():
                pass
            return body
        return CountingBackend._exactly(stream, int(fields.get(b"content-length", b"0")))

    @staticmethod
    def _line(stream) -> bytes:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    @staticmethod
    def _exactly(stream, size: int) -> bytes:
        data = stream.read(size)
        if len(data) < size:
            raise EOFError
        return data


CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  log_format requests '"$request" $status';
  access_log {folder}/access.log requests;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_header_buffer_size 64k;
  large_client_header_buffers 8 128k;
  upstream counter {{ server {backend}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://counter;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


class Nginx:
    """Proxies to `backend` and writes down each request that it thinks it got."""

    def __init__(self, folder: Path, backend: CountingBackend):
        folder.mkdir()
        self.port, self._log = free_port(), folder / "access.log"
        configuration = folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, backend=backend.url[len("http://") :], port=self.port))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self._process = subprocess.Popen([program, "-p", folder, "-e", folder / "error.log", "-c", configuration])
        wait_until(self._listens, "nginx listens")

    def _listens(self) -> bool:
        assert self._process.poll() is None, "nginx has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[str]:
        """Connections without a request leave a line with nothing between the quotes."""
        return [text for text in re.findall(r'^"(.*)" \d+$', self._log.read_text(), re.M) if text]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
