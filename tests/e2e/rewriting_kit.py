# SPDX-License-Identifier: Apache-2.0
"""What the tests of builders and adaptors share: a route to a pipeline."""

import re

from client import Response, fetch
from gateway import http_server

class Route:
    """Requests to a server whose only path leads to one pipeline."""

    def __init__(self, server, port: int, name: str = "p", **fields):
        self.server, self.port = server, port
        server.apply(http_server(port, {"backend": name}, **fields))

    def ask(self, path: str = "/", method: str = "GET", body: bytes | str = b"", **headers: str) -> Response:
        data = body.encode() if isinstance(body, str) else body
        return fetch(self.port, path, method, data, **{n.replace("_", "-"): v for n, v in headers.items()})

    def result(self, path: str, name: str, *arguments, **headers) -> str:
        """The result of that filter for a request, as the access log has it; the path is of this request alone."""
        self.ask(path, *arguments, **headers)
        line = self.server.access_line(path)
        found = re.search(rf"\b{re.escape(name)}\(([^,)]*),", line)
        assert found, f"{name} has not run: {line}"
        return "" if re.fullmatch(r"[0-9.]+(ns|us|ms|s)", found[1]) else found[1]
