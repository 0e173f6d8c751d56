# SPDX-License-Identifier: Apache-2.0
"""Who the client is: the peer, unless a proxy that is trusted says otherwise."""

import itertools
import json
import socket
import struct

import pytest

from client import Connection, fetch, request
from gateway import http_server, pipeline, proxy

NUMBERS = itertools.count()
FORWARDING = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded")


@pytest.fixture
def site(shared_server, port, backend):
    server = shared_server
    server.apply(pipeline("p", proxy(backend.url)))

    class Site:
        def __init__(self):
            self.port = port

        def put(self, **fields) -> None:
            server.apply(http_server(port, {"backend": "p"}, **fields))

        def fetch(self, **headers: str):
            return fetch(port, new_path(), **headers)

        def client_of(self, response) -> str:
            """The address that the access log takes for the client's. Of a response to new_path()."""
            path = json.loads(response.body)["target"]
            line = server.access_line(f" {path} ")
            return line.split("] [")[1].split(" ")[1]

    return Site()


def new_path() -> str:
    return f"/{next(NUMBERS)}"


def forwarding_fields(response) -> dict:
    return {name: value for name, value in json.loads(response.body)["headers"] if name in FORWARDING}


LIES = {
    "X_Forwarded_For": "8.8.8.8",
    "X_Real_Ip": "8.8.8.8",
    "X_Forwarded_Proto": "https",
    "X_Forwarded_Host": "admin",
    "X_Forwarded_Port": "443",
    "Forwarded": "for=8.8.8.8;proto=https",
}


def test_nobody_is_believed_by_default(site):
    site.put(xForwardedFor=True)
    response = site.fetch(**LIES)
    assert forwarding_fields(response) == {"x-forwarded-for": "127.0.0.1"}
    assert site.client_of(response) == "127.0.0.1"


def test_all_that_frameworks_believe_goes(site):
    site.put()
    lies = {"X_Forwarded_Prefix": "/admin", "X_Forwarded_Client_Cert": "Hash=0", "X_Forwarded_Ssl": "on", "X_Shop": "1"}
    sent = dict(json.loads(fetch(site.port, "/", **lies).body)["headers"])
    assert [name for name in sent if name.startswith("x-")] == ["x-shop"]
    site.put(trustedProxies=["127.0.0.0/8"])
    sent = dict(json.loads(fetch(site.port, "/", **lies).body)["headers"])
    assert sent["x-forwarded-prefix"] == "/admin"


def test_without_x_forwarded_for_nothing_is_added(site):
    site.put()
    assert forwarding_fields(fetch(site.port, "/", **LIES)) == {}


def test_a_stranger_gets_past_no_block_list(site):
    site.put(ipFilter={"blockIPs": ["127.0.0.1"]}, trustedProxies=["10.0.0.0/8"])
    assert fetch(site.port, "/", X_Forwarded_For="8.8.8.8").status == 403


def test_a_trusted_proxy_is_believed(site):
    site.put(trustedProxies=["127.0.0.0/8"], ipFilter={"blockIPs": ["8.8.8.8"]})
    assert fetch(site.port, "/", X_Forwarded_For="8.8.8.8").status == 403
    response = site.fetch(X_Forwarded_For="8.8.8.8, 9.9.9.9, 127.0.0.7")
    assert response.status == 200 and site.client_of(response) == "9.9.9.9"
    assert forwarding_fields(response) == {"x-forwarded-for": "8.8.8.8, 9.9.9.9, 127.0.0.7"}
    assert site.client_of(site.fetch(X_Real_Ip="7.7.7.7")) == "7.7.7.7"


def test_x_real_ip_alone_counts_unless_it_is_switched_off(site):
    trusted = {"trustedProxies": ["127.0.0.0/8"], "ipFilter": {"blockByDefault": True, "allowIPs": ["7.7.7.7"]}}
    site.put(**trusted)
    assert fetch(site.port, "/", X_Real_Ip="7.7.7.7").status == 200
    site.put(**trusted, xRealIP=False)
    assert fetch(site.port, "/", X_Real_Ip="7.7.7.7").status == 403
    assert fetch(site.port, "/", X_Real_Ip="6.6.6.6", X_Forwarded_For="7.7.7.7").status == 200


# --- PROXY protocol ---------------------------------------------------------------------------

V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 80\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
EXTENSIONS = b"\x04\x00\x05noise" + b"\x05\x00\x02id"
V2 = (
    SIGNATURE
    + b"\x21\x11"
    + struct.pack("!H", 12 + len(EXTENSIONS))
    + socket.inet_aton("192.0.2.1")
    + socket.inet_aton("192.0.2.2")
    + struct.pack("!HH", 56324, 80)
    + EXTENSIONS
)
V2_IPV6 = (
    SIGNATURE
    + b"\x21\x21\x00\x24"
    + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::2")
    + struct.pack("!HH", 56324, 80)
)
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"


@pytest.mark.parametrize("split", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("header", "client"),
    [(V1, "192.0.2.1"), (V2, "192.0.2.1"), (V2_IPV6, "2001:db8::1"), (LOCAL, "127.0.0.1"), (b"PROXY UNKNOWN\r\n", "127.0.0.1")],
    ids=["v1", "v2", "v2 IPv6", "v2 LOCAL", "v1 UNKNOWN"],
)
def test_proxy_header_names_the_client(site, header, client, split):
    site.put(proxyProtocol=True, xForwardedFor=True)
    with Connection(site.port) as connection:
        data = header + request(new_path())
        for part in [data[at : at + 1] for at in range(len(data))] if split else [data]:
            connection.send(part)
        for response in (connection.receive(), connection.request(new_path())):
            assert forwarding_fields(response) == {"x-forwarded-for": client}
            assert site.client_of(response) == client


@pytest.mark.parametrize(
    "header",
    [b"", b"PROXY TCP4 192.0.2.1\r\n", SIGNATURE + b"\x31\x11\x00\x00", b"PROXY UNKNOWN " + b"x" * 200, SIGNATURE + b"\x21\x11\xff\xff"],
    ids=["none", "cut short", "version 3", "too long", "over the limit"],
)
def test_what_begins_otherwise_is_closed(site, backend, header):
    site.put(proxyProtocol=True)
    with Connection(site.port) as connection:
        connection.send(header + request("/"))
        assert connection.is_closed()
    assert backend.requests == []


def test_only_trusted_proxies_may_name_the_client(site, backend):
    site.put(proxyProtocol=True, trustedProxies=["10.0.0.0/8"])
    with Connection(site.port) as connection:
        connection.send(V1 + request("/"))
        assert connection.is_closed()
    assert backend.requests == []
    site.put(proxyProtocol=True, trustedProxies=["127.0.0.1"])
    with Connection(site.port) as connection:
        connection.send(V1 + request(new_path()))
        assert site.client_of(connection.receive()) == "192.0.2.1"
