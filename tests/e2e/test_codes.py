# SPDX-License-Identifier: Apache-2.0
"""The code of a response that the gateway makes itself: in the access log, in the figures and on docs/codes.md. Each
code of the table in src/http/cause.cc has a row here that provokes it, or a reason why none can."""

import contextlib
import json
import re
import shutil
import socket
import ssl
import struct
import sys

import pytest

from certificates import Authority, self_signed
from client import Connection, fetch, request
from gateway import ROOT, Server, free_port, http_server, mock, pipeline, proxy, wait_until, wasm
from raw_backend import RawBackend, read_head
from scripted import Answer, Scripted

sys.path.insert(0, str(ROOT / "tests" / "conformance"))
import frames as f  # noqa: E402
from peer import Peer, fields  # noqa: E402

CAUSES = re.search(r"kCodes\{(.*?)\};", (ROOT / "src/http/cause.cc").read_text(), re.S)[1]
CODES = [code for code in re.findall(r'"(\w*)"', CAUSES) if code]
OF_CONNECTIONS = CODES[CODES.index("tls_failed") :]
PAGE = (ROOT / "docs" / "codes.md").read_text()
REJECTED = "it takes a backend that resets the stream with such an error: src/backend/h2_client_test.cc, "
UNPROVOKED = {
    "memory_budget": "tests/e2e/test_budgets.py provokes it, on a server with a small budget",
    "connection_memory": "one request alone is always let in: tests/e2e/test_budgets.py holds several",
    "connection_heads": "tests/e2e/test_budgets.py provokes it with thousands of heads",
    "memory_connections": "tests/e2e/test_budgets.py provokes it, on a server with a small budget",
    "memory_idle": "tests/e2e/test_budgets.py provokes it, on a server with a small budget",
    "overload_late": "it needs a core that is late: tests/e2e/test_overload.py",
    "superseded": "it needs an update between two requests: tests/e2e/test_admission.py",
    "pipeline_building": "an object is building for a moment only: src/server/served_exchange_test.cc",
    "not_final": "no filter can set such a status: src/server/served_exchange_test.cc makes one that does",
    "no_resources": "it needs a machine without descriptors: src/filters/proxy/verdict_test.cc",
    "server_busy": REJECTED + "src/filters/proxy/verdict_test.cc",
    "request_rejected": REJECTED + "src/filters/proxy/verdict_test.cc",
    "no_request": "src/filters/proxy/proxy_test.cc",
    "wasm_store": "it needs a disk that fails: tests/e2e/test_store_faults.py",
    "wasm_owner": "it needs a cluster whose owner is away: tests/e2e/test_cluster_faults.py",
    "wasm_data_too_large": "src/filters/wasm_host/filter_limit_test.cc",
    "plugin_failed": "it needs the Rust SDK: tests/e2e/test_filter_proxy_wasm.py",
    "plugin_closed": "it needs the Rust SDK: tests/e2e/test_filter_proxy_wasm.py",
    "validator_busy": "it needs more checks of passwords at once than fit: tests/e2e/test_filter_validator.py",
    "file_unavailable": "it needs a disk that fails: src/filters/file_server",
    "handover_failed": "it needs a new process that dies within a hot restart: tests/e2e/test_hot_restart.py",
    "tls_timeout": "the handshake has 10 s: the time would be all that this test measures",
    "upgrade_unasked": "the client of the backend refuses such an answer before: src/server/h1_connection_test.cc",
}
PROVOKERS: dict[str, tuple] = {}


def provokes(code: str, status: int | None = None):
    """Marks a function of a World that provokes the code. None: a connection without a request."""

    def note(function):
        assert code not in PROVOKERS
        PROVOKERS[code] = (status, function)
        return function

    return note


class World:
    """One gateway for all rows. Each row has a server of its own."""

    def __init__(self, home, guests, folder):
        self.gateway = Server(home, "--log-format", "json").start()
        self.guests = guests
        self.folder = folder
        self.number = 0

    def put(self, *filters: dict, flow=None, path: dict | None = None, others: tuple = (), **spec) -> int:
        """The port of a server of its own, whose only path leads to these filters."""
        self.number += 1
        port = spec.pop("port", None) or free_port()
        self.name, pipe = f"s{self.number}", f"p{self.number}"
        made = {"pathPrefix": "/", "backend": pipe, **(path or {})}
        body = pipeline(pipe, *(filters or [mock("ok")]), flow=flow)
        resilience = spec.pop("resilience", None)
        if resilience:
            body["resilience"] = resilience
        spec = {"overload": {"target": "1h"}, **spec}
        self.gateway.apply(body, *others, http_server(port, made, name=self.name, **spec))
        return port

    def lines(self) -> list[dict]:
        found = [json.loads(line) for line in self.gateway.access_log()]
        return [line for line in found if line["server"] == self.name]

    def count(self, code: str) -> int:
        closed = code in OF_CONNECTIONS
        figure = "sluice_server_closed_connections_total" if closed else "sluice_gateway_responses_total"
        for line in self.gateway.request("GET", "/metrics")[2].splitlines():
            if line.startswith(f'{figure}{{server="{self.name}",code="{code}"}}'):
                return int(float(line.rsplit(" ", 1)[1]))
        return 0


@pytest.fixture(scope="module")
def world(tmp_path_factory, guests):
    folder = tmp_path_factory.mktemp("codes")
    made = World(folder / "home", guests, folder)
    yield made
    made.gateway.stop()


def raw(port: int, data: bytes) -> Connection:
    return Connection(port).send(data)


def closing(world: World, port: int, data: bytes) -> None:
    """Sends it, ends this side, and waits for the end of the other."""
    with raw(port, data) as connection:
        connection.socket.shutdown(socket.SHUT_WR)
        connection.is_closed_after_the_rest()


def answering(data: bytes):
    """A backend that answers a head with these bytes, and closes."""

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(data)

    return RawBackend(serve)


def silent_backend() -> RawBackend:
    return RawBackend(lambda connection: connection.recv(1 << 20) and connection.recv(1))


def refused_url() -> str:
    return f"http://127.0.0.1:{free_port()}"


# --- The head


@provokes("head_malformed", 400)
def head_malformed(world):
    closing(world, world.put(), b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")


@provokes("head_too_large", 431)
def head_too_large(world):
    fetch(world.put(), X_Large="x" * 70_000)


@provokes("target_too_long", 414)
def target_too_long(world):
    fetch(world.put(), "/" + "x" * 20_000)


@provokes("head_timeout", 408)
def head_timeout(world):
    with raw(world.put(headTimeout="50ms"), b"GET / HTTP/1.1\r\n") as connection:
        assert connection.receive().status == 408


@provokes("head_cut_off", 400)
def head_cut_off(world):
    closing(world, world.put(), b"GET / HTTP/1.1\r\nHost: a\r\n")


@provokes("not_implemented", 501)
def not_implemented(world):
    closing(world, world.put(), b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")


@provokes("version_unsupported", 505)
def version_unsupported(world):
    closing(world, world.put(), b"GET / HTTP/3.7\r\nHost: a\r\n\r\n")


@provokes("expectation_unknown", 417)
def expectation_unknown(world):
    fetch(world.put(), Expect="nothing")


@provokes("stream_error", 400)
def stream_error(world):
    with Peer(world.put()) as peer:
        peer.send(f.headers(1, fields(("Upper", "case"))))
        wait_until(world.lines, "the stream is logged")


# --- The rules


@provokes("ip_refused", 403)
def ip_refused(world):
    fetch(world.put(ipFilter={"blockByDefault": True, "allowIPs": ["192.0.2.1"]}))


@provokes("path_ambiguous", 400)
def path_ambiguous(world):
    fetch(world.put(pathNormalization="strict"), "/a%2fb")


@provokes("path_refused", 400)
def path_refused(world):
    files = {"name": "files", "kind": "FileServer", "root": str(world.folder)}
    fetch(world.put(files), "/" + "a/" * 3_000)


@provokes("header_mismatch", 400)
def header_mismatch(world):
    fetch(world.put(path={"headers": [{"key": "X-Kind", "values": ["a"]}]}))


@provokes("no_route", 404)
def no_route(world):
    fetch(world.put(path={"pathPrefix": "/there"}), "/elsewhere")


@provokes("method_not_allowed", 405)
def method_not_allowed(world):
    fetch(world.put(path={"methods": ["GET"]}), method="PUT")


@provokes("options", 200)
def options(world):
    fetch(world.put(), "*", method="OPTIONS")


@provokes("health", 200)
def health(world):
    fetch(world.put(healthPath="/ready"), "/ready")


@provokes("pipeline_not_found", 503)
def pipeline_not_found(world):
    fetch(world.put(path={"backend": "nowhere"}))


@provokes("pipeline_failed", 503)
def pipeline_failed(world):
    """Its code is gone when the process starts again."""
    other = World(world.folder / "failed", world.guests, world.folder)
    code = world.folder / "gone.wasm"
    shutil.copy(world.guests / "minimal.wasm", code)
    port = other.put(wasm(code))
    other.gateway.stop()
    code.unlink()
    shutil.rmtree(other.gateway.home / "data" / "code")
    other.gateway.start()
    assert fetch(port).status == 503
    return other


# --- Limits


@provokes("client_rate", 429)
def client_rate(world):
    port = world.put(clientLimits={"requestsPerSecond": 1})
    wait_until(lambda: fetch(port).status == 429, "the address is over its limit")


@provokes("client_streams", 429)
def client_streams(world):
    with silent_backend() as backend:
        port = world.put(proxy(backend.url), clientLimits={"streams": 1})
        with Peer(port) as peer:
            peer.send(f.headers(1, fields()), f.headers(3, fields()))
            wait_until(world.lines, "the second stream is logged")


@provokes("overload", 503)
def overload(world):
    port = world.put(overload={"target": "1ns"})
    wait_until(lambda: fetch(port).status == 503, "a request is shed")


# --- The body


@provokes("body_too_large", 413)
def body_too_large(world):
    fetch(world.put(clientMaxBodySize=3), method="POST", body=b"four")


@provokes("body_malformed", 400)
def body_malformed(world):
    closing(world, world.put(), b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


@provokes("body_timeout", 408)
def body_timeout(world):
    with raw(world.put(bodyTimeout="50ms"), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n") as connection:
        assert connection.receive().status == 408


@provokes("body_cut_off", 400)
def body_cut_off(world):
    closing(world, world.put(), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")


@provokes("body_not_json", 400)
def body_not_json(world):
    filter = {"name": "h", "kind": "HeaderToJSON", "headerMap": [{"header": "X-User", "json": "user"}]}
    fetch(world.put(filter), method="POST", body=b"{", X_User="ann")


@provokes("body_undecodable", 400)
def body_undecodable(world):
    filter = {"name": "a", "kind": "RequestAdaptor", "decompress": "gzip"}
    fetch(world.put(filter, mock("ok")), method="POST", body=b"no gzip", Content_Encoding="gzip")


# --- The end


@provokes("no_response", 503)
def no_response(world):
    fetch(world.put(mock("ok", match={"path": "/there"})), "/elsewhere")


@provokes("client_left", 499)
def client_left(world):
    with silent_backend() as backend:
        port = world.put(proxy(backend.url))
        with raw(port, request()):
            wait_until(lambda: in_flight(world), "the backend has the request")
        wait_until(world.lines, "it is logged")


@provokes("response_unread", 200)
def response_unread(world):
    with Scripted(lambda call: Answer(chunks=(b"x" * 65_536 for _ in range(2_000)))) as backend:
        port = world.put(proxy(backend.url, serverMaxBodySize=-1), writeTimeout="100ms")
        with raw(port, request()):
            wait_until(world.lines, "the gateway has given up")


@provokes("response_broken_off", 200)
def response_broken_off(world):
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc") as backend:
        port = world.put(proxy(backend.url, serverMaxBodySize=-1))
        closing(world, port, request())


@provokes("shutdown", 499)
def shutdown(world):
    other = World(world.folder / "ending", world.guests, world.folder)
    other.gateway.stop()
    other.gateway = Server(world.folder / "ending", "--log-format", "json", "--drain-timeout", "100ms").start()
    with silent_backend() as backend:
        port = other.put(proxy(backend.url))
        with raw(port, request()) as connection:
            wait_until(lambda: in_flight(other), "the backend has the request")
            other.gateway.stop()
            assert connection.is_closed_after_the_rest()
    return other


def in_flight(world: World) -> bool:
    figure = f'sluice_backend_requests_in_flight{{pipeline="p{world.number}"'
    lines = world.gateway.request("GET", "/metrics")[2].splitlines()
    return any(line.startswith(figure) and line.endswith(" 1") for line in lines)


# --- Backends


@provokes("breaker_open", 503)
def breaker_open(world):
    fuse = {"name": "fuse", "kind": "CircuitBreaker", "slidingWindowSize": 2, "minimumNumberOfCalls": 2}
    port = world.put(proxy(refused_url(), circuitBreakerPolicy="fuse"), resilience=[fuse])
    wait_until(lambda: fetch(port) and world.count("breaker_open"), "the breaker is open")
    opened = f"p{world.number}/proxy#proxy#main: the circuit breaker has opened: of the last 2 calls, 2 failed"
    wait_until(lambda: opened in world.gateway.log(), "the log tells of it")


@provokes("no_healthy_server", 503)
def no_healthy_server(world):
    port = world.put(proxy(refused_url(), healthCheck={"interval": "100ms"}))
    wait_until(lambda: fetch(port) and world.count("no_healthy_server"), "the check has failed")


@provokes("connect_failed", 503)
def connect_failed(world):
    fetch(world.put(proxy(refused_url())))


@provokes("connect_timeout", 503)
def connect_timeout(world):
    """A listener whose queue is full answers no SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        fetch(world.put(proxy(url, connectTimeout="200ms")))


@provokes("queue_full", 503)
def queue_full(world):
    with silent_backend() as backend:
        port = world.put(proxy(backend.url, maxConnsPerHost=1, maxQueuePerHost=1, queueTimeout="1h"))
        held = [raw(port, request()) for _ in range(8)]
        wait_until(lambda: world.count("queue_full"), "the queue is full")
        for connection in held:
            connection.close()


@provokes("queue_timeout", 503)
def queue_timeout(world):
    with silent_backend() as backend:
        port = world.put(proxy(backend.url, maxConnsPerHost=1, queueTimeout="50ms"))
        held = [raw(port, request()) for _ in range(8)]
        wait_until(lambda: world.count("queue_timeout"), "one has waited for long")
        for connection in held:
            connection.close()


@provokes("upload_refused", 502)
def upload_refused(world):
    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with RawBackend(serve) as backend:
        port = world.put(proxy(backend.url), path={"clientMaxBodySize": -1})
        with raw(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n") as connection:
            with contextlib.suppress(OSError):
                connection.send(b"x" * 9_000_000)
            wait_until(world.lines, "it is logged")


@provokes("response_timeout", 504)
def response_timeout(world):
    with silent_backend() as backend:
        assert fetch(world.put(proxy(backend.url, timeout="50ms"))).status == 504


@provokes("response_missing", 502)
def response_missing(world):
    with answering(b"") as backend:
        fetch(world.put(proxy(backend.url)), method="POST")


@provokes("response_malformed", 502)
def response_malformed(world):
    with answering(b"220 mail.example ESMTP\r\n") as backend:
        fetch(world.put(proxy(backend.url)))


@provokes("response_too_large", 500)
def response_too_large(world):
    with Scripted() as backend:
        fetch(world.put(proxy(backend.url, serverMaxBodySize=1)))


@provokes("only_if_cached", 504)
def only_if_cached(world):
    cache = {"expiration": "1m", "maxEntryBytes": 1000, "codes": [200], "methods": ["GET"]}
    fetch(world.put(proxy(refused_url(), memoryCache=cache)), Cache_Control="only-if-cached")


@provokes("range_not_satisfiable", 416)
def range_not_satisfiable(world):
    (world.folder / "page.txt").write_text("page")
    files = {"name": "files", "kind": "FileServer", "root": str(world.folder)}
    fetch(world.put(files), "/page.txt", Range="bytes=10-20")


@provokes("max_forwards", 200)
def max_forwards(world):
    fetch(world.put(proxy(refused_url())), method="OPTIONS", Max_Forwards="0")


@provokes("request_loop", 508)
def request_loop(world):
    """The gateway forwards to itself."""
    forward = {"name": "f", "kind": "SimpleHTTPProxy", "allowedNetworks": ["127.0.0.0/8"]}
    port = free_port()
    world.put({**forward, "allowedHosts": [f"127.0.0.1:{port}"]}, port=port)
    fetch(port, f"http://127.0.0.1:{port}/", Host=f"127.0.0.1:{port}")


@provokes("target_refused", 403)
def target_refused(world):
    forward = {"name": "f", "kind": "SimpleHTTPProxy", "allowedHosts": ["shop.example"]}
    fetch(world.put(forward), "http://other.example/", Host="other.example")


@provokes("upgrade_required", 426)
def upgrade_required(world):
    chat = {"name": "chat", "kind": "WebSocketProxy", "pools": [{"servers": [{"url": "ws://127.0.0.1:9"}]}]}
    fetch(world.put(chat))


@provokes("remote_failed", 503)
def remote_failed(world):
    fetch(world.put({"name": "remote", "kind": "RemoteFilter", "url": refused_url()}))


# --- Programs


@provokes("wasm_trap", 503)
def wasm_trap(world):
    fetch(world.put(wasm(world.guests / "probe.wasm")), X_Mode="trap")


@provokes("wasm_wrong_call", 503)
def wasm_wrong_call(world):
    fetch(world.put(wasm(world.guests / "probe.wasm")), X_Mode="ret10")


@provokes("wasm_timeout", 503)
def wasm_timeout(world):
    fetch(world.put(wasm(world.guests / "probe.wasm", timeout="100ms")), X_Mode="loop")


def loops(world, code: str, **more) -> None:
    port = world.put(wasm(world.guests / "probe.wasm", timeout="1s", concurrency=1, **more))
    held = [raw(port, request(X_Mode="loop")) for _ in range(12)]
    wait_until(lambda: world.count(code), "a request has found no guest")
    for connection in held:
        connection.close()


@provokes("wasm_crowded", 503)
def wasm_crowded(world):
    loops(world, "wasm_crowded", maxWaiting=1)


@provokes("wasm_no_guest", 503)
def wasm_no_guest(world):
    loops(world, "wasm_no_guest")


@provokes("wasm_limit", 403)
def wasm_limit(world):
    port = world.put(wasm(world.guests / "probe.wasm", limit={"prefix": "k", "max": 1}), mock("ok"))
    for key in ("k1", "k2"):
        fetch(port, X_Mode="put-ret0", X_Key=key)


# --- Other filters

TOKEN = {"algorithm": "HS256", "secret": "7468652d736563726574206f66207468652073686f702c2033322062797465732b"}


def validated(world, **check) -> int:
    return world.put({"name": "check", "kind": "Validator", **check}, mock("ok"))


@provokes("header_invalid", 400)
def header_invalid(world):
    fetch(validated(world, headers={"X-Kind": {"values": ["a"]}}))


@provokes("jwt_refused", 401)
def jwt_refused(world):
    fetch(validated(world, jwt=TOKEN))


@provokes("signature_refused", 401)
def signature_refused(world):
    fetch(validated(world, signature={"accessKeys": {"key": "secret"}, "ttl": "5m"}))


@provokes("oauth2_refused", 401)
def oauth2_refused(world):
    fetch(validated(world, oauth2={"jwt": TOKEN}))


@provokes("password_refused", 401)
def password_refused(world):
    users = world.folder / "users"
    users.write_text("ann:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n")
    fetch(validated(world, basicAuth={"mode": "FILE", "userFile": str(users)}))


@provokes("rate_limited", 429)
def rate_limited(world):
    policy = {"name": "p", "limitForPeriod": 1, "limitRefreshPeriod": "1h", "timeoutDuration": "0s"}
    urls = [{"url": {"prefix": "/"}, "policyRef": "p"}]
    port = world.put({"name": "l", "kind": "RateLimiter", "policies": [policy], "urls": urls}, mock("ok"))
    fetch(port)
    fetch(port)


@provokes("origin_refused", 403)
def origin_refused(world):
    cors = {"name": "c", "kind": "CORSAdaptor", "allowedOrigins": ["https://shop.example"]}
    fetch(world.put(cors, mock("ok")), Origin="https://other.example")


@provokes("cors_preflight", 204)
def cors_preflight(world):
    cors = {"name": "c", "kind": "CORSAdaptor", "allowedOrigins": ["https://shop.example"]}
    port = world.put(cors, mock("ok"))
    fetch(port, method="OPTIONS", Origin="https://shop.example", Access_Control_Request_Method="GET")


@provokes("redirect", 301)
def redirect(world):
    moved = {"name": "m", "kind": "Redirector", "match": "^/a", "replacement": "/b"}
    fetch(world.put(moved), "/a")


@provokes("file_not_found", 404)
def file_not_found(world):
    files = {"name": "files", "kind": "FileServer", "root": str(world.folder)}
    fetch(world.put(files), "/nothing-there")


@provokes("response_unchangeable", 503)
def response_unchangeable(world):
    adapt = {"name": "adapt", "kind": "ResponseAdaptor", "decompress": "gzip"}
    flow = [{"filter": "mock", "jumpIf": {"mocked": "adapt"}}, {"filter": "adapt"}]
    fetch(world.put(mock("no gzip", headers={"Content-Encoding": "gzip"}), adapt, flow=flow))


# --- Connections without a request


def secured(world, **more) -> int:
    pair = self_signed(world.folder, "DNS:shop.example")
    return world.put(https=True, certBase64=pair.cert64, keyBase64=pair.key64, **more)


def client_context(**more) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@provokes("tls_failed")
def tls_failed(world):
    closing(world, secured(world), b"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff")


@provokes("tls_plain_http")
def tls_plain_http(world):
    closing(world, secured(world), request())


@provokes("tls_client_certificate")
def tls_client_certificate(world):
    authority = Authority(world.folder, "clients").pair
    port = secured(world, caCertBase64=authority.cert64)
    with contextlib.suppress(OSError), Connection(port, tls=client_context()) as connection:
        connection.send(request())
        connection.is_closed_after_the_rest()


@provokes("proxy_header_malformed")
def proxy_header_malformed(world):
    closing(world, world.put(proxyProtocol=True), request())


@provokes("proxy_header_timeout")
def proxy_header_timeout(world):
    with raw(world.put(proxyProtocol=True), b"PROXY") as connection:
        assert connection.is_closed()


@provokes("proxy_untrusted")
def proxy_untrusted(world):
    port = world.put(proxyProtocol=True, trustedProxies=["192.0.2.1"])
    closing(world, port, b"")


@provokes("client_connections")
def client_connections(world):
    port = world.put(clientLimits={"connections": 1})
    with raw(port, b"GET"), raw(port, b"GET"), raw(port, b"GET"):
        wait_until(lambda: world.count("client_connections"), "one is refused")


@provokes("client_handshakes")
def client_handshakes(world):
    port = secured(world, clientLimits={"handshakesPerSecond": 1})

    def shake() -> bool:
        with contextlib.suppress(OSError), Connection(port, tls=client_context()):
            pass
        return world.count("client_handshakes") > 0

    wait_until(shake, "the address is over its limit")


@provokes("no_place")
def no_place(world):
    port = world.put(maxConnections=1)
    with raw(port, b"GET"):
        taken = f'sluice_server_connections{{server="{world.name}"}} 1'
        wait_until(lambda: taken in world.gateway.request("GET", "/metrics")[2], "the place is taken")

        def leave() -> bool:
            raw(port, b"").close()
            return world.count("no_place") > 0

        wait_until(leave, "one has left while it waited")


@provokes("silent")
def silent(world):
    with raw(world.put(keepAliveTimeout="50ms"), b"") as connection:
        assert connection.is_closed()


@provokes("http2_error")
def http2_error(world):
    with Peer(world.put()) as peer:
        peer.send(f.data(1, b"no stream"))
        wait_until(lambda: world.count("http2_error"), "it is counted")


# --- The tests


@pytest.mark.parametrize("code", [code for code in PROVOKERS if code not in OF_CONNECTIONS])
def test_a_request_that_provokes_it(world, code):
    status, provoke = PROVOKERS[code]
    where = provoke(world) or world
    found = wait_until(lambda: [line for line in where.lines() if line["code"] == code], f"a line has {code}")
    assert {line["status"] for line in found} == {status}
    if where.gateway.process is not None:
        wait_until(lambda: where.count(code) >= len(found), "the figure has it")
    if where is not world and where.gateway.process is not None:
        where.gateway.stop()


@pytest.mark.parametrize("code", [code for code in PROVOKERS if code in OF_CONNECTIONS])
def test_a_connection_that_provokes_it(world, code):
    PROVOKERS[code][1](world)
    wait_until(lambda: world.count(code), f"{code} is counted")
    wait_until(
        lambda: re.search(rf"HTTPServer {world.name}: the connection of \S+ ended, code={code}\b", world.gateway.log()),
        "the log tells of it",
    )


def test_every_code_is_provoked_or_says_why_not():
    assert not set(PROVOKERS) & set(UNPROVOKED)
    assert sorted([*PROVOKERS, *UNPROVOKED]) == sorted(CODES)


def test_the_page_has_every_code_and_no_other():
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE, re.M)
    assert len(rows) == len(set(rows)) and sorted(rows) == sorted(CODES)
    connections = PAGE.partition("## Connections without a request")[2]
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", connections, re.M)) == set(OF_CONNECTIONS)


@pytest.mark.parametrize("code", [code for code, (status, _) in PROVOKERS.items() if status])
def test_the_page_has_the_status(code):
    row = re.search(rf"^\| `{code}` \| ([^|]*) \|", PAGE, re.M)
    assert str(PROVOKERS[code][0]) in row[1] or row[1].startswith("as sent")


def test_a_response_of_others_has_none(world):
    with Scripted(lambda call: Answer(500)) as backend:
        fetch(world.put(proxy(backend.url)))
        assert wait_until(world.lines, "it is logged")[0]["code"] == ""
    fetch(world.put(mock("no", code=503)))
    assert wait_until(world.lines, "it is logged")[0]["code"] == ""


def test_a_fallback_leaves_the_code_and_a_new_response_takes_it_away(world):
    page = {"name": "page", "kind": "Fallback", "mockCode": 200, "mockBody": "later"}
    flow = [{"filter": "proxy", "jumpIf": {"serverError": "page"}}, {"filter": "page"}]
    assert fetch(world.put(proxy(refused_url()), page, flow=flow)).status == 200
    assert wait_until(world.lines, "it is logged")[0]["code"] == "connect_failed"
    flow = [{"filter": "proxy", "jumpIf": {"serverError": "mock"}}, {"filter": "mock"}]
    assert fetch(world.put(proxy(refused_url()), mock("later"), flow=flow)).text == "later"
    assert wait_until(world.lines, "it is logged")[0]["code"] == ""


def test_the_lines_of_text(server, port):
    """The code is the first tag; {{Code}} is the variable."""
    own = free_port()
    server.apply(
        http_server(port, {"path": "/there", "backend": "p"}),
        http_server(own, {"path": "/there", "backend": "p"}, name="own", accessLogFormat="<{{Code}}> [{{Tags}}]"),
        pipeline("p", proxy(refused_url())),
    )
    fetch(port, "/elsewhere")
    assert server.access_line("/elsewhere").endswith(" [code=no_route]")
    fetch(port, "/there")
    assert "ms) | code=connect_failed | proxy#proxy#main: http://" in server.access_line("/there").replace("us)", "ms)")
    fetch(own, "/elsewhere")
    assert server.access_line("<no_route> []")


def test_a_backend_that_returns_is_told(server, port):
    with answering(b"") as broken, Scripted() as good:
        rules = {"consecutiveFailures": 1, "ejectionTime": "200ms"}
        server.apply(
            http_server(port, {"backend": "p"}),
            pipeline("p", proxy(broken.url, good.url, outlierDetection=rules)),
        )
        wait_until(lambda: fetch(port, method="POST") and "is left out for" in server.log(), "it is left out")
        wait_until(
            lambda: fetch(port, method="POST")
            and f"p/proxy#proxy#main: {broken.url} gets requests again: it is no longer left out" in server.log(),
            "it returns",
        )
