# SPDX-License-Identifier: Apache-2.0
"""What the tests of filters that answer by themselves share."""

import itertools
import re

from client import Response, fetch
from gateway import http_server, mock, pipeline

_marks = itertools.count()


class Site:
    """A port whose requests go to one pipeline."""

    def __init__(self, server, port: int, backend: str = "p", **rule):
        self.server, self.port = server, port
        server.apply(http_server(port, {**rule, "backend": backend}))

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Response:
        return fetch(self.port, path, method, **headers)

    def result(self, node: str, path: str = "/", method: str = "GET", **headers: str) -> tuple[str, int]:
        """(result of the node, status) of a request, by the access log."""
        mark = f"mark-{next(_marks)}"
        response = self.ask(f"{path}{'&' if '?' in path else '?'}{mark}", method, **headers)
        line = self.server.access_line(mark)
        found = re.search(rf"\b{re.escape(node)}\(([^,)]*)", line)
        assert found, f"{node} has not run: {line}"
        return "" if re.fullmatch(r"[0-9.]+(ns|us|µs|ms|s)", found[1]) else found[1], response.status

    def location(self, path: str, **headers: str) -> tuple[int, str | None]:
        """(status, where the client is sent)"""
        response = self.ask(path, **headers)
        return response.status, response.headers.get("location")


EACH_REDIRECT = (301, 302, 303, 307, 308)


def put_redirector(server, kind: str, **fields) -> None:
    """Of the pipeline p, with a page behind it for what is not sent elsewhere."""
    server.apply(pipeline("p", {"name": "r", "kind": kind, **fields}, mock("page\n")))
