# SPDX-License-Identifier: Apache-2.0
"""The stream of the live picture, and a server that asks who one is."""

import base64
import contextlib
import http.client
import json
import socket
import ssl
import time
from pathlib import Path

import yaml
from certificates import Authority
from gateway import DEADLINE, Server, wait_until

SUMS = "sluice_live_requests_seconds"
CREDENTIALS = {"basic-auth": {"ann": "apple", "bob": "banana"}, "api-readers": ["bob"]}


def state(server) -> dict:
    return json.loads(server.request("GET", "/apis/v2/live?once")[2])


def figures(state: dict, family: str) -> dict[tuple, list]:
    return {tuple(labels): values for labels, *values in state["figures"].get(family, [])}


class Follower:
    """A client of GET /live, or of another stream, that reads events when asked to."""

    def __init__(self, server, buffer: int | None = None, address: str = "127.0.0.1", target: str = "/apis/v2/live"):
        self.socket = socket.socket()
        self.socket.bind((address, 0))
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", server.api_port))
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.text = b""

    @classmethod
    def secure(cls, server, user: str):
        """Of a server with TLS and credentials."""
        follower = cls.__new__(cls)
        plain = socket.create_connection(("127.0.0.1", server.api_port), timeout=DEADLINE)
        follower.socket = _unchecked().wrap_socket(plain)
        head = f"GET /apis/v2/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: {_basic(user)}\r\n\r\n"
        follower.socket.sendall(head.encode())
        follower.text = b""
        return follower

    def ends(self) -> bool:
        """Reads to the end of the stream; False if it goes on."""
        end = time.monotonic() + DEADLINE
        while self.socket.recv(65536):
            if time.monotonic() > end:
                return False
        return True

    def read_while(self, missing) -> bytes:
        """An event comes every second, so no read takes long: the whole has a deadline."""
        end = time.monotonic() + DEADLINE
        while missing():
            assert time.monotonic() < end, self.text[-2000:]
            piece = self.socket.recv(65536)
            assert piece, "the stream has ended"
            self.text += piece
        return self.text

    def until(self, wanted: bytes) -> bytes:
        return self.read_while(lambda: wanted not in self.text)

    def to_next_event(self) -> bytes:
        """Until all that has begun is whole."""
        begun = self.text.count(b"event: ")
        return self.read_while(lambda: self.text.count(b"event: ") == begun)

    def is_cut(self) -> bool:
        """Whether the server has closed its side. The client cannot know: it has not read what came before."""
        mine, its = (f":{port:04X}" for port in (self.socket.getsockname()[1], self.socket.getpeername()[1]))
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        return not any(line[1].endswith(its) and line[2].endswith(mine) and line[3] == "01" for line in lines)

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def guarded_server(tmp_path):
    """A server with TLS and credentials: bob may only read."""
    own = Authority(tmp_path / "ca").issue("localhost", "DNS:localhost,IP:127.0.0.1")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(CREDENTIALS))
    options = ("--config-file", str(config), "--tls", "--cert-file", str(own.certificate), "--key-file", str(own.key))
    server = Server(tmp_path / "home", *options).start(wait=False)
    wait_until(lambda: _answers(server), "the admin API answers")
    yield server
    server.stop()


def _answers(server) -> bool:
    try:
        return secure(server, "/healthz")[0] == 200
    except OSError:
        return False


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{CREDENTIALS['basic-auth'][user]}".encode()).decode()


def secure(server, path: str, user: str | None = None, method: str = "GET", body: str | None = None, **headers: str):
    connection = http.client.HTTPSConnection("127.0.0.1", server.api_port, timeout=DEADLINE, context=_unchecked())
    if user is not None:
        headers["Authorization"] = _basic(user)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = "" if "event-stream" in response.headers.get("Content-Type", "") else response.read().decode()
    connection.close()
    return response.status, response.headers, text
