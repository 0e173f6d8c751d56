# SPDX-License-Identifier: Apache-2.0
"""Idle keep-alive connections hold next to nothing, whatever they have done before."""

import pytest

from client import request
from gateway import SANITIZED, http_server, mock, pipeline, wait_until
from idle import IdleCrowd, resident_bytes

BYTES_EACH_MAX = 10 * 1024
COUNT = 3000


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the server's")
def test_what_an_idle_connection_costs(server, port):
    """bench/idle.py does it with as many as the system allows."""
    server.apply(http_server(port, {"backend": "p"}, keepAliveTimeout="1h"), pipeline("p", mock("ok")))
    with IdleCrowd(port, 200) as crowd:
        crowd.ask_all()
    before = resident_bytes(server.pid)
    with IdleCrowd(port, COUNT) as crowd:
        crowd.ask_all()
        assert (resident_bytes(server.pid) - before) / COUNT <= BYTES_EACH_MAX
        crowd.ask_all()


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the server's")
def test_large_requests_are_forgotten(server, port):
    """2 MiB of each of 200 connections would be 400 MB."""
    server.apply(http_server(port, {"backend": "p"}, keepAliveTimeout="1h"), pipeline("p", mock("ok")))
    large = request("/", "POST", b"x" * (2 << 20), X_Large="y" * 50_000)
    with IdleCrowd(port, 200) as crowd:
        before = resident_bytes(server.pid)
        crowd.ask_all(large)
        wait_until(lambda: resident_bytes(server.pid) - before < 100 << 20, "the memory is given back")
        crowd.ask_all()
