# SPDX-License-Identifier: Apache-2.0
"""`--log-format json`: a line is JSON, whatever a client sends."""

import json

from client import Connection, fetch
from gateway import Server, free_port, http_server, mock, pipeline, wait_until


def test_the_access_log_is_json(tmp_path, port):
    server = Server(tmp_path / "home", "--log-format", "json").start()
    own = free_port()
    server.apply(
        http_server(port, {"pathPrefix": "/", "backend": "p"}),
        http_server(own, {"pathPrefix": "/", "backend": "p"}, name="own", accessLogFormat="own {{URI}}"),
        pipeline("p", mock("x")),
    )
    with Connection(port) as connection:
        connection.send(b'GET /a"b%0a?c=\\"\xff\xc3 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: "\xfe\\\r\n\r\n')
        status = connection.receive().status
    fetch(port, "/plain")
    fetch(own, "/mine")
    wait_until(lambda: len(server.access_log()) == 3, "three lines are written")
    lines = server.access_log()
    assert "own /mine" in lines
    parsed = [json.loads(line) for line in lines if line != "own /mine"]
    plain = next(line for line in parsed if line["target"] == "/plain")
    assert plain["method"] == "GET" and plain["protocol"] == "HTTP/1.1" and plain["status"] == 200
    assert plain["pipeline"] == "p" and plain["filters"][0]["name"] == "mock"
    assert plain["filters"][0]["result"] == "mocked" and plain["durationUs"] >= plain["filters"][0]["durationUs"] >= 0
    assert plain["responseBytes"] > 0 and plain["tags"] == [] and plain["client"] == "127.0.0.1"
    assert "traceId" not in plain
    hostile = next(line for line in parsed if line is not plain)
    assert hostile["status"] == status and all(line.isascii() for line in lines)
    server.stop()
