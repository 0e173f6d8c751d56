# SPDX-License-Identifier: Apache-2.0
"""Asks a server for a page again and again, on new connections and on one that is kept, until standard input ends.

    visitor.py PORT PATH        prints JSON: the number of answers, and the failures
"""

import http.client
import json
import select
import sys


class Visitor:
    def __init__(self, port: int, path: str):
        self.port, self.path = port, path
        self.kept = self.connect()
        self.answers, self.failures = 0, []

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", self.path)
        answer = connection.getresponse()
        body = answer.read()
        self.answers += 1
        if answer.status != 200:
            self.failures.append(f"{answer.status} {body[:200]!r}")

    def visit(self) -> None:
        for connection in (self.kept, self.connect()):
            try:
                self.ask(connection)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            if connection is not self.kept:
                connection.close()


def main() -> None:
    visitor = Visitor(int(sys.argv[1]), sys.argv[2])
    visitor.visit()
    print("first", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        visitor.visit()
    print(json.dumps({"answers": visitor.answers, "failures": visitor.failures}))


main()
