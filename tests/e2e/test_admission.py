# SPDX-License-Identifier: Apache-2.0
"""What a server asks of its clients' connections binds with the update that asks it: nothing of an earlier handshake
is good for more than it has shown, be it a ticket, a kept connection, a stream or a tunnel."""

import socket
import ssl
import sys
from pathlib import Path

import pytest

from certificates import Authority, Pair
from client import Connection, request
from gateway import DEADLINE, Orphan, http_server, mock, pipeline, proxy, wait_until
from tunnels import SWITCHED, TunnelBackend, upgraded

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import frames as f
from peer import Peer

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory) -> list[Authority]:
    folder = tmp_path_factory.mktemp("authorities")
    return [Authority(folder / name, name) for name in ("first", "second")]


@pytest.fixture(scope="module")
def shop(authorities) -> Pair:
    return authorities[0].issue("shop.example")


@pytest.fixture(scope="module", autouse=True)
def orphans():
    Orphan.expect_some()


def asks(port: int, shop: Pair, *demanded: Authority, **fields) -> dict:
    """HTTPS; `demanded`: a client certificate of one of these."""
    bundle = "".join(each.certificate.read_text() for each in demanded)
    more = {"caCertBase64": bundle} if demanded else {}
    return http_server(
        port, {"backend": "p"}, https=True, certBase64=shop.cert64, keyBase64=shop.key64, **more, **fields
    )


def client_context(authority: Authority, own: Pair | None = None, version=None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


def resume(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession, bool]:
    """One request; the ticket that came with it, and whether `session` was taken up."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as plain:
        with context.wrap_socket(plain, server_hostname="shop.example", session=session) as secure:
            secure.sendall(request(Connection="close"))
            data = b""
            while more := secure.recv(65536):
                data += more
            assert data.startswith(b"HTTP/1.1 200 "), data
            return secure.session, secure.session_reused


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("restart", [False, True], ids=["update", "hot restart"])
@pytest.mark.parametrize("before", ["nothing", "another authority"])
def test_tickets(server, port, shop, authorities, version, restart, before):
    first, second = authorities
    earlier = [] if before == "nothing" else [first]
    context = client_context(first, first.issue("friend") if earlier else None, version)
    server.apply(pipeline("p", mock("hello")), asks(port, shop, *earlier))
    session, _ = resume(port, context, None)
    session, reused = resume(port, context, session)
    assert reused
    server.apply(asks(port, shop, *earlier, keepAliveTimeout="50s"))
    if restart:
        server.hot_restart()
    session, reused = resume(port, context, session)
    assert reused, "as much is asked for as before"
    server.apply(asks(port, shop, second))
    if restart:
        server.hot_restart()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        resume(port, context, session)
    own = second.issue("friend")
    context.load_cert_chain(own.certificate, own.key)
    _, reused = resume(port, context, session)
    assert not reused, "a full handshake"


def test_the_same_authorities_written_differently(server, port, shop, authorities):
    first, second = authorities
    context = client_context(first, second.issue("friend"))
    server.apply(pipeline("p", mock("hello")), asks(port, shop, first, second))
    session, _ = resume(port, context, None)
    server.apply(asks(port, shop, second, first, second))
    assert resume(port, context, session)[1]


# --- Connections

# what was asked for before, what is asked for now: of (https, authority, proxyProtocol, trustedProxies)
STRICTER = {
    "TLS": ({}, {"https": True}),
    "a certificate": ({"https": True}, {"https": True, "authority": 0}),
    "another authority": ({"https": True, "authority": 0}, {"https": True, "authority": 1}),
    "a PROXY header": ({}, {"proxyProtocol": True}),
    "a PROXY header of somebody else": (
        {"proxyProtocol": True, "trustedProxies": ["127.0.0.0/8"]},
        {"proxyProtocol": True, "trustedProxies": ["10.0.0.0/8"]},
    ),
}
LAXER = {name: (now, before) for name, (before, now) in STRICTER.items() if name in ("TLS", "a certificate", "a PROXY header")}
SAME = {"the same": ({"https": True, "authority": 0}, {"https": True, "authority": 0, "keepAliveTimeout": "50s"})}


class Site:
    def __init__(self, server, port, shop, authorities):
        self.server, self.port, self.shop, self.authorities = server, port, shop, authorities

    def put(self, asked: dict) -> None:
        fields = dict(asked)
        authority = fields.pop("authority", None)
        if fields.pop("https", False):
            demanded = [] if authority is None else [self.authorities[authority]]
            self.server.apply(asks(self.port, self.shop, *demanded, **fields))
        else:
            self.server.apply(http_server(self.port, {"backend": "p"}, **fields))

    def connect(self, asked: dict, protocol: str | None = None) -> socket.socket:
        """A connection that shows what is asked for."""
        connection = socket.create_connection(("127.0.0.1", self.port), DEADLINE)
        if asked.get("proxyProtocol"):
            connection.sendall(b"PROXY TCP4 10.1.1.1 10.1.1.2 1000 80\r\n")
        if asked.get("https"):
            authority = asked.get("authority")
            own = None if authority is None else self.authorities[authority].issue("friend")
            context = client_context(self.authorities[0], own)
            if protocol:
                context.set_alpn_protocols([protocol])
            connection = context.wrap_socket(connection, server_hostname="shop.example")
        return connection

    def h1(self, asked: dict) -> Connection:
        return Connection(self.port, over=self.connect(asked))

    def h2(self, asked: dict) -> Peer:
        return Peer(self.port, over=self.connect(asked, "h2"))


@pytest.fixture
def site(server, port, shop, authorities, backend) -> Site:
    server.apply(pipeline("p", proxy(backend.url)))
    return Site(server, port, shop, authorities)


@pytest.mark.parametrize("case", STRICTER)
def test_more_is_asked_for(site, backend, case):
    before, now = STRICTER[case]
    site.put(before)
    with site.h1(before) as idle, site.h1(before) as busy, site.h1(before) as begun:
        assert idle.request().status == 200
        begun.send(request() + b"GET /begun HTTP/1.1\r\n")
        assert begun.receive().status == 200, "and the beginning of the next head is there"
        busy.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        site.put(now)
        assert idle.is_closed()
        begun.send("Host: a\r\n\r\n")
        refused = begun.receive()
        assert refused.status == 421 and refused.headers["connection"] == "close"
        backend.release()
        answer = busy.receive()
        assert answer.status == 200 and answer.headers["connection"] == "close"
        assert busy.is_closed()
    assert "GET /begun" not in backend.requests


@pytest.mark.parametrize("case", STRICTER)
def test_more_is_asked_for_over_http2(site, backend, case):
    before, now = STRICTER[case]
    site.put(before)
    with site.h2(before) as peer:
        peer.request(1, path="/slow")
        assert backend.held.acquire(timeout=DEADLINE)
        site.put(now)
        peer.request(3, path="/late")
        last = None  # the stream that is served last, once the server has said so
        while last != 1:  # else the stream has come before that, and is refused by itself
            frame = peer.read()
            if frame.type == f.GOAWAY:
                last = int.from_bytes(frame.payload[:4], "big")
            elif frame.type == f.PING:
                peer.send(f.ping(frame.payload, f.ACK))
            elif frame.type == f.HEADERS:
                assert frame.stream == 3 and dict(frame.fields)[":status"] == "421"
                last = 1
        backend.release()
        assert peer.answer(1).status == 200
        peer.closed()
    assert "GET /late" not in backend.requests


@pytest.mark.parametrize("case", LAXER | SAME)
def test_as_much_or_less_is_asked_for(site, case):
    before, now = (LAXER | SAME)[case]
    site.put(before)
    with site.h1(before) as connection, site.h2(before) as peer:
        assert connection.request().status == 200
        peer.serves(1)
        site.put(now)
        assert connection.request().status == 200
        peer.serves(3)


def test_a_connection_of_the_process_before(server, port, shop, authorities):
    """The new process asks for more: what the old one hands on of its connections is not enough."""
    context = client_context(authorities[0])
    server.apply(pipeline("p", mock("hello")), asks(port, shop))
    with Connection(port, tls=context) as first, Connection(port, tls=context) as second:
        assert first.request().text == second.request().text == "hello"
        process = server.hand_over()
        assert first.request().text == "hello"
        server.apply(asks(port, shop, authorities[1]))
        assert second.request().status == 421
        assert process.wait(DEADLINE) == 0


# --- Tunnels


@pytest.fixture
def tunnel(server, port):
    with TunnelBackend(SWITCHED) as backend:
        server.apply(pipeline("p", proxy(backend.url)), http_server(port, {"backend": "p"}))
        connection = upgraded(port)
        yield connection, backend.connection()
        connection.close()


@pytest.mark.parametrize(
    "refusal",
    [
        {"ipFilter": {"blockIPs": ["127.0.0.1"]}},
        {"paths": {"ipFilter": {"blockIPs": ["127.0.0.0/8"]}}},
        {"proxyProtocol": True},
        {"paths": {"headers": [{"key": "X-Key", "values": ["secret"]}]}},
        {"paths": {"methods": ["POST"]}},
        {"paths": {"path": "/elsewhere"}},
    ],
    ids=["address", "address for the path", "PROXY header", "a field", "a method", "a path"],
)
def test_a_tunnel_ends(server, port, tunnel, refusal):
    client, backend_side = tunnel
    paths = {"backend": "p", **refusal.pop("paths", {})} if "paths" in refusal else {"backend": "p"}
    server.apply(http_server(port, paths, **{k: v for k, v in refusal.items() if k != "paths"}))
    assert client.is_closed()
    backend_side.settimeout(DEADLINE)
    assert backend_side.recv(100) == b""


def test_a_tunnel_stays(server, port, tunnel):
    client, backend_side = tunnel
    server.apply(http_server(port, {"backend": "p"}, ipFilter={"blockIPs": ["10.0.0.0/8"]}, keepAliveTimeout="50s"))
    client.send(b"still here")
    backend_side.settimeout(DEADLINE)
    assert backend_side.recv(100) == b"still here"
