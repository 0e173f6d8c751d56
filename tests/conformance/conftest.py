# SPDX-License-Identifier: Apache-2.0
"""One server for all cases: `/` says hello, `/big` says more than a window, `/unread` does
so without reading the body, `/body` and `/stream` tell what a backend got."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

from backend import Backend
from gateway import Server, free_port, http_server, mock, pipeline, proxy
from peer import Peer

BIG = 300_000


@pytest.fixture(scope="session")
def backend():
    instance = Backend()
    yield instance
    instance.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    instance = Server(tmp_path_factory.mktemp("conformance") / "home").start()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def port(gateway, backend) -> int:
    number = free_port()
    gateway.apply(
        pipeline("hello", mock("hello")),
        pipeline("big", mock("x" * BIG)),
        pipeline("echo", proxy(backend.url)),
        http_server(
            number,
            {"path": "/", "backend": "hello"},
            {"path": "/big", "backend": "big"},
            {"path": "/unread", "backend": "big", "clientMaxBodySize": -1},
            {"pathPrefix": "/stream", "backend": "echo", "clientMaxBodySize": -1},
            {"pathPrefix": "/", "backend": "echo"},
        ),
    )
    return number


@pytest.fixture(scope="session")
def hurried_port(gateway, port) -> int:
    """The same, with little patience."""
    number = free_port()
    patience = dict.fromkeys(("headTimeout", "bodyTimeout", "writeTimeout", "keepAliveTimeout"), "300ms")
    paths = ({"pathPrefix": "/big", "backend": "big"}, {"pathPrefix": "/", "backend": "hello"})
    gateway.apply(http_server(number, *paths, name="hurried", **patience))
    return number


@pytest.fixture
def connect(port):
    """connect(*settings): a new connection after both prefaces; connect(start=False): before."""
    peers = []

    def open_peer(*settings: tuple[int, int], start: bool = True, to: int = port) -> Peer:
        peers.append(Peer(to, start, *settings))
        return peers[-1]

    yield open_peer
    for peer in peers:
        peer.socket.close()


@pytest.fixture
def peer(connect) -> Peer:
    return connect()
