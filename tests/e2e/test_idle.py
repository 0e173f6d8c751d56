# SPDX-License-Identifier: Apache-2.0
"""Idle keep-alive connections hold next to nothing, whatever they have done before."""

import ssl

import pytest

from certificates import self_signed
from client import request
from gateway import SANITIZED, http_server, mock, pipeline, wait_until
from idle import IdleCrowd, resident_bytes

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the server's"),
]

COUNT = 3000


def secure_fields(folder) -> dict:
    pair = self_signed(folder, "DNS:localhost")
    return {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}


def tls_context(http2: bool) -> ssl.SSLContext:
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2" if http2 else "http/1.1"])
    return context


@pytest.mark.parametrize(
    ("tls", "http2", "bytes_each_max"),
    [(False, False, 5_000), (False, True, 10_240), (True, False, 20_480), (True, True, 26_624)],
    ids=["http1", "http2", "tls-http1", "tls-http2"],
)
def test_what_an_idle_connection_costs(server, port, tmp_path, tls, http2, bytes_each_max):
    """docs/limits.md has the figures; bench/idle.py measures them with 50,000 connections."""
    fields = secure_fields(tmp_path) if tls else {}
    server.apply(http_server(port, {"backend": "p"}, keepAliveTimeout="1h", **fields), pipeline("p", mock("ok")))
    context = tls_context(http2) if tls else None

    def is_small() -> bool:
        return (resident_bytes(server.pid) - before) / COUNT <= bytes_each_max

    with IdleCrowd(port, 200, context, http2) as crowd:
        crowd.ask_all()
    before = resident_bytes(server.pid)
    with IdleCrowd(port, COUNT, context, http2) as crowd:
        for _ in range(2):
            crowd.ask_all()
            wait_until(is_small, f"each holds at most {bytes_each_max} bytes")
        crowd.ask_all()
    wait_until(
        lambda: resident_bytes(server.pid) - before < COUNT * bytes_each_max / 2, "closing gives memory back"
    )


def test_large_requests_are_forgotten(server, port):
    """2 MiB of each of 200 connections would be 400 MB."""
    server.apply(http_server(port, {"backend": "p"}, keepAliveTimeout="1h"), pipeline("p", mock("ok")))
    large = request("/", "POST", b"x" * (2 << 20), X_Large="y" * 50_000)
    with IdleCrowd(port, 200) as crowd:
        before = resident_bytes(server.pid)
        crowd.ask_all(large)
        wait_until(lambda: resident_bytes(server.pid) - before < 100 << 20, "the memory is given back")
        crowd.ask_all()
