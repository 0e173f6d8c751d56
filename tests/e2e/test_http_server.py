# SPDX-License-Identifier: Apache-2.0
"""HTTPServer: routing, limits, connections, and changes while they are open."""

import json
import socket
import subprocess

import pytest

from client import Connection, Load, fetch, request
from gateway import BIN, DEADLINE, free_port, http_server, mock, pipeline, proxy, wait_until

A = {"backend": "a"}
B = {"backend": "b"}


@pytest.fixture
def site(server, port):
    """A server on which `rules` are put; pipelines a, b and c answer with their names."""
    server.apply(*(pipeline(name, mock(name)) for name in "abc"))

    class Site:
        def __init__(self):
            self.port, self.server = port, server

        def paths(self, *paths: dict, **fields) -> "Site":
            server.apply(http_server(port, *paths, **fields))
            return self

        def rules(self, *rules: dict, **fields) -> "Site":
            server.apply(http_server(port, rules=list(rules), **fields))
            return self

        def __call__(self, path: str = "/", method: str = "GET", **headers: str) -> str:
            """The name of the pipeline that answered, or the status."""
            response = fetch(port, path, method, **headers)
            return response.text if response.status == 200 else str(response.status)

        def connect(self) -> Connection:
            return Connection(port)

    return Site()


# --- routing ----------------------------------------------------------------------------------


def test_paths(site):
    site.paths({"path": "/exact", **A}, {"pathPrefix": "/pre", **B}, {"pathRegexp": "[0-9]+\\.html$", "backend": "c"})
    table = {
        "/exact": "a",
        "/exact?q=1": "a",
        "/exact/": "404",
        "/exac": "404",
        "/pre": "b",
        "/prefix/x": "b",
        "/Pre": "404",
        "/x/12.html": "c",
        "/x/ab.html": "404",
        "/": "404",
    }
    assert {path: site(path) for path in table} == table


def test_the_first_that_fits(site):
    site.paths({"pathPrefix": "/x", **A}, {"path": "/x", **B}, {"backend": "c"})
    assert site("/x") == "a"
    assert site("/y") == "c"


def test_no_rules(site):
    site.paths()
    assert site("/") == "404"


def test_hosts(site):
    site.rules(
        {"host": "a.example", "paths": [A]},
        {"hostRegexp": "^b[0-9]\\.example$", "paths": [B]},
        {"paths": [{"pathPrefix": "/any", "backend": "c"}]},
    )
    assert site("/", Host="a.example") == "a"
    assert site("/", Host="a.example:8080") == "a"
    assert site("/", Host="b7.example") == "b"
    assert site("/", Host="xb7.example") == "404"
    assert site("/any", Host="other") == "c"
    assert site("/", Host="other") == "404"


def test_methods(site):
    site.paths({"path": "/x", "methods": ["GET", "PUT"], **A}, {"path": "/x", "methods": ["POST"], **B})
    assert site("/x") == "a"
    assert site("/x", "POST") == "b"
    response = fetch(site.port, "/x", "DELETE")
    assert response.status == 405
    assert sorted(name.strip() for name in response.headers["allow"].split(",")) == ["GET", "POST", "PUT"]
    assert response.body == b""


def test_headers(site):
    site.paths(
        {"path": "/x", "headers": [{"key": "X-A", "values": ["1", "2"]}, {"key": "X-B", "regexp": "^b"}], **A},
        {
            "path": "/y",
            "matchAllHeader": True,
            "headers": [{"key": "X-A", "values": ["1"]}, {"key": "X-B", "regexp": "^b"}],
            **B,
        },
    )
    assert site("/x", X_A="2") == "a"
    assert site("/x", X_B="bb") == "a"
    assert site("/x", X_A="3", X_B="cb") == "400"
    assert site("/y", X_A="1") == "400"
    assert site("/y", X_A="1", X_B="b") == "b"


def test_a_header_mismatch_weighs_more_than_a_method(site):
    site.paths({"path": "/x", "headers": [{"key": "X-A", "values": ["1"]}], **A}, {"path": "/x", "methods": ["POST"], **B})
    assert site("/x") == "400"
    assert site("/x", X_A="1") == "a"
    assert site("/x", "POST") == "b"


def test_no_cache_lies_between_rules(site):
    """An earlier path with headers is looked at also after a later one has answered."""
    site.paths({"path": "/x", "headers": [{"key": "X-A", "values": ["1"]}], **A}, {"path": "/x", **B}, cacheSize=100)
    assert [site("/x"), site("/x", X_A="1"), site("/x")] == ["b", "a", "b"]


def test_ip_filter_of_the_server(site):
    site.paths(A, ipFilter={"blockIPs": ["127.0.0.0/8"]})
    assert site("/") == "403"
    site.paths(A, ipFilter={"blockByDefault": True, "allowIPs": ["127.0.0.1"]})
    assert site("/") == "a"
    site.paths(A, ipFilter={"blockByDefault": True, "allowIPs": ["10.0.0.0/8"]})
    assert site("/") == "403"


def test_ip_filter_of_a_rule(site):
    block = {"blockIPs": ["127.0.0.1"]}
    site.rules({"host": "a.example", "ipFilter": block, "paths": [A]}, {"host": "b.example", "paths": [B]})
    assert site("/", Host="a.example") == "403"
    assert site("/", Host="b.example") == "b"


def test_ip_filter_of_a_path(site):
    site.paths({"path": "/x", "ipFilter": {"blockIPs": ["127.0.0.1"]}, **A}, {"path": "/y", **B})
    assert site("/x") == "403"
    assert site("/y") == "b"


def test_missing_pipeline(site):
    site.paths({"backend": "none"})
    assert site("/") == "503"
    site.server.apply(pipeline("none", mock("here")))
    assert site("/") == "here"


def echo(port: int, path: str, **headers) -> dict:
    return json.loads(fetch(port, path, **headers).body)


def test_rewrite(site, backend):
    site.server.apply(pipeline("p", proxy(backend.url)))
    site.paths(
        {"path": "/exact", "rewriteTarget": "/new", "backend": "p"},
        {"pathPrefix": "/old/", "rewriteTarget": "/new/", "backend": "p"},
        {"pathRegexp": "^/user/([a-z]+)/(.*)$", "rewriteTarget": "/u/${2}/$1", "backend": "p"},
    )
    assert echo(site.port, "/exact?q=1")["target"] == "/new?q=1"
    assert echo(site.port, "/old/a/b?q")["target"] == "/new/a/b?q"
    assert echo(site.port, "/user/ann/x/y")["target"] == "/u/x/y/ann"


def forwarded_for(answer: dict) -> list[str]:
    return [value for name, value in answer["headers"] if name == "x-forwarded-for"]


def test_x_forwarded_for(site, backend):
    site.server.apply(pipeline("p", proxy(backend.url)))
    site.paths({"backend": "p"}, xForwardedFor=True)
    assert forwarded_for(echo(site.port, "/")) == ["127.0.0.1"]
    site.paths({"backend": "p"}, xForwardedFor=True, trustedProxies=["127.0.0.1"])
    assert forwarded_for(echo(site.port, "/", X_Forwarded_For="9.9.9.9")) == ["9.9.9.9"], "the client is listed already"
    site.paths({"backend": "p"}, xForwardedFor=False)
    assert forwarded_for(echo(site.port, "/")) == []


# --- bodies -----------------------------------------------------------------------------------


def test_body_limit(site):
    site.paths({"path": "/small", "clientMaxBodySize": 5, **B}, {"backend": "a"}, clientMaxBodySize=10)
    for path, limit in (("/small", 5), ("/", 10)):
        assert fetch(site.port, path, "POST", b"x" * limit).status == 200
        assert fetch(site.port, path, "POST", b"x" * (limit + 1)).status == 413


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_body_limit_of_chunks(site):
    site.paths(A, clientMaxBodySize=10)
    header = {"Transfer_Encoding": "chunked"}
    assert fetch(site.port, "/", "POST", chunked(b"12345", b"67890"), **header).status == 200
    assert fetch(site.port, "/", "POST", chunked(b"12345", b"67890", b"1"), **header).status == 413


def test_default_body_limit_is_4_mib(site):
    site.paths(A)
    assert fetch(site.port, "/", "POST", b"x" * (4 << 20)).status == 200
    with site.connect() as connection:
        connection.send(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {(4 << 20) + 1}\r\n\r\n")
        assert connection.receive().status == 413


def test_expect_continue(site):
    site.paths(A)
    with site.connect() as connection:
        connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert connection._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        assert connection.send("abc").receive().text == "a"


EXPECTS = "POST {} HTTP/{}\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"


@pytest.mark.parametrize(("path", "status"), [("/none", 404), ("/", 413)])
def test_a_body_that_is_not_wanted_is_not_asked_for(site, path, status):
    """Neither is the connection kept: the client may send the body or not."""
    site.paths({"path": "/", "clientMaxBodySize": 10, **A})
    with site.connect() as connection:
        connection.send(EXPECTS.format(path, "1.1"))
        assert connection._until(b"\r\n").startswith(b"HTTP/1.1 %d " % status)
        assert b"Connection: close" in connection._until(b"\r\n\r\n")
        assert connection.is_closed()


def test_http_1_0_is_not_told_to_continue(site):
    """RFC 9110 section 10.1.1: it would not understand."""
    site.paths(A)
    with site.connect() as connection:
        connection.send(EXPECTS.format("/", "1.0") + "hello world")
        assert connection._until(b"\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Connection": "keep-alive"}, "a"),
        ({"Connection": "close"}, "b"),
        ({"Connection": "Upgrade", "Upgrade": "raw"}, "c"),
        ({}, "b"),
    ],
)
def test_rules_see_the_fields_of_the_connection(site, fields, expected):
    site.paths(
        {"path": "/x", "headers": [{"key": "Connection", "values": ["keep-alive"]}], **A},
        {"path": "/x", "headers": [{"key": "Upgrade", "regexp": "raw"}], "backend": "c"},
        {"path": "/x", **B},
    )
    assert site("/x", **fields) == expected


def test_rules_see_the_length(site):
    site.paths({"path": "/x", "headers": [{"key": "Content-Length", "values": ["3"]}], **A}, {"path": "/x", **B})
    with site.connect() as connection:
        assert connection.request("/x", "POST", b"abc").text == "a"
        assert connection.request("/x", "POST", b"abcd").text == "b"


def test_options_asterisk_and_connect(site):
    site.paths(A)
    with site.connect() as connection:
        answer = connection.request("*", "OPTIONS")
        assert (answer.status, answer.text) == (200, ""), "it is about the server, not one of its paths"
        assert {"GET", "HEAD", "POST"} <= set(answer.headers["allow"].split(", "))
        assert connection.request("shop.example:443", "CONNECT").status == 501
        assert connection.is_closed()


def test_a_body_nobody_reads_does_not_become_the_next_request(site):
    site.paths({"path": "/x", **A})
    with site.connect() as connection:
        connection.send(request("/y", "POST", b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"))
        assert connection.receive().status == 404
        assert connection.request("/x").text == "a"


# --- connections ------------------------------------------------------------------------------


def test_keep_alive(site):
    site.paths(A)
    with site.connect() as connection:
        for _ in range(100):
            assert connection.request().text == "a"


def test_keep_alive_off(site):
    site.paths(A, keepAlive=False)
    with site.connect() as connection:
        response = connection.request()
        assert response.text == "a" and response.headers["connection"].lower() == "close"
        assert connection.is_closed()


def test_connection_close(site):
    site.paths(A)
    with site.connect() as connection:
        assert connection.request(Connection="close").text == "a"
        assert connection.is_closed()


def test_http_1_0(site):
    site.paths(A)
    with site.connect() as connection:
        response = connection.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n").receive()
        assert response.text == "a"
        assert connection.is_closed()


def test_keep_alive_timeout(site):
    site.paths(A, keepAliveTimeout="200ms")
    with site.connect() as connection:
        assert connection.request().text == "a"
        assert connection.is_closed()


def test_max_connections(site):
    site.paths(A, maxConnections=2)
    first, second = site.connect(), site.connect()
    assert first.request().text == second.request().text == "a", "both have a place before the third comes"
    with site.connect() as third:
        third.send(request())
        third.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            third.socket.recv(1)
        third.socket.settimeout(DEADLINE)
        assert first.request().text == "a", "those who are in are served"
        first.close()
        assert third.receive().text == "a"
    second.close()


def test_max_connections_can_be_raised(site):
    site.paths(A, maxConnections=1)
    with site.connect() as first:
        assert first.request().text == "a", "the place is taken before the second comes"
        with site.connect() as second:
            second.send(request())
            site.paths(A, maxConnections=10)
            assert second.receive().text == "a"


def test_head(site):
    site.paths(A)
    with site.connect() as connection:
        response = connection.request("/", "HEAD")
        assert response.status == 200 and response.headers["content-length"] == "1"
        assert connection.request().text == "a", "no byte of a body came before"


def test_pipelining(site):
    site.paths({"path": "/a", **A}, {"path": "/b", **B})
    with site.connect() as connection:
        connection.send(request("/a") + request("/b") + request("/c") + request("/a", "POST", b"body") + request("/b"))
        answers = [connection.receive() for _ in range(5)]
        assert [answer.text or answer.status for answer in answers] == ["a", "b", 404, "a", "b"]


GARBAGE = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n  2\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "unknown coding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    "bad chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "nul": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: a\x00b\r\n\r\n",
    "bare lf": b"GET / HTTP/1.1\nHost: a\n\n",
    "no target": b"GET nothing HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage(site, case):
    site.paths(A)
    with site.connect() as connection:
        # What follows must not be taken for a request.
        connection.send(GARBAGE[case] + request("/"))
        response = connection.receive()
        assert response.status in (400, 501, 505), response
        assert connection.buffer == b"" and connection.is_closed()
    assert site("/") == "a"


def test_head_too_large(site):
    site.paths(A)
    with site.connect() as connection:
        try:
            connection.send("GET / HTTP/1.1\r\nHost: x\r\n")
            for number in range(2000):
                connection.send(f"X-{number}: {'v' * 1000}\r\n")
        except ConnectionError:
            pass  # refused in the middle of it
        try:
            assert connection.receive().status in (400, 431)
        except ConnectionError:
            pass
    assert site("/") == "a"


def test_clients_that_leave(site):
    site.paths(A)
    for data in (b"", b"G", b"GET / HTTP/1.1\r\nHo", request("/", "POST", b"x" * 10)[:-5], request("/")):
        for _ in range(20):
            site.connect().send(data).close()
    assert site("/") == "a"
    wait_until(lambda: open_sockets(site) == 0, "every connection is let go")


def open_sockets(site) -> int:
    """Established connections of the server's port, from the kernel's table."""
    hexport = f":{site.port:04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(1 for row in rows if row[1].endswith(hexport) and row[3] in ("01", "08"))


def test_byte_by_byte(site):
    site.paths(A)
    with site.connect() as connection:
        for byte in request("/", "POST", b"hello"):
            connection.send(bytes([byte]))
        assert connection.receive().text == "a"


def test_slow_readers_are_no_harm(site):
    site.server.apply(pipeline("big", mock("x" * 1_000_000)))
    site.paths({"path": "/big", "backend": "big"}, A)
    slow = [Connection(site.port) for _ in range(8)]
    for connection in slow:
        for _ in range(20):
            connection.send(request("/big"))
    with site.connect() as quick:
        for _ in range(200):
            assert quick.request().text == "a"
    assert len(slow[0].receive().body) == 1_000_000
    for connection in slow:
        connection.close()


# --- changes ----------------------------------------------------------------------------------


def test_rule_changes_drop_nothing(site):
    site.paths(A)
    with Load(site.port, lambda _: request("/"), connections=16) as load:
        for number in range(20):
            site.paths(B if number % 2 == 0 else A)
            load.wait_more(50)
    assert load.errors == []
    assert load.statuses() == {200: load.count}
    assert {body for _, body in load.answers} == {b"a", b"b"}


def test_changes_of_every_setting_drop_nothing(site):
    changes = [
        {"maxConnections": 100},
        {"clientMaxBodySize": 100},
        {"xForwardedFor": True},
        {"keepAliveTimeout": "90s"},
        {"cacheSize": 10},
        {"ipFilter": {"blockIPs": ["10.0.0.1"]}},
        {},
    ]
    site.paths(A)
    with Load(site.port, lambda _: request("/"), connections=16) as load:
        for change in changes:
            site.paths(A, **change)
            load.wait_more(50)
    assert load.errors == []
    assert load.statuses() == {200: load.count}


def test_a_change_is_in_force_when_egctl_returns(site):
    site.paths(A)
    with site.connect() as connection:
        for backend in (B, A) * 10:
            site.paths(backend)
            assert connection.request().text == backend["backend"]
            assert site("/") == backend["backend"]


def test_port_change(site, backend):
    """What is open stays open; the request in flight is answered; the old port is given up."""
    site.server.apply(pipeline("p", proxy(backend.url)))
    site.paths({"path": "/slow", "backend": "p"}, A)
    new_port = free_port()
    with site.connect() as waiting, site.connect() as idle:
        assert idle.request().text == "a"
        waiting.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        site.server.apply(http_server(new_port, {"path": "/slow", "backend": "p"}, B))
        assert fetch(new_port).text == "b"
        with pytest.raises(ConnectionRefusedError):
            Connection(site.port)
        assert idle.request().status == 200
        backend.release()
        assert waiting.receive().status == 200


def test_deleted_server(site):
    site.paths(A)
    with site.connect() as connection:
        assert connection.request().text == "a"
        site.server.delete("http-server")
        with pytest.raises(ConnectionRefusedError):
            Connection(site.port)
    site.paths(B)
    assert site("/") == "b"


def test_two_servers(site):
    other = free_port()
    site.paths(A)
    site.server.apply(http_server(other, B, name="other"))
    assert site("/") == "a"
    assert fetch(other).text == "b"


def test_status_counts(site):
    site.paths({"path": "/a", **A})
    for _ in range(5):
        site("/a")
    site("/none")
    status = site.server.counted(6)
    assert status["state"] == "running"
    assert (status["count"], status["errCount"]) == (6, 1)


def test_address_families(site):
    site.paths(A)
    try:
        connection = Connection(site.port, "::1")
    except OSError:
        if not socket.has_ipv6 or not ipv6_loopback():
            pytest.skip("no IPv6 here")
        raise
    with connection:
        assert connection.request().text == "a"


def test_an_address_that_is_not_of_this_machine_is_refused_at_the_start(tmp_path):
    where = ("--api-addr", f"127.0.0.1:{free_port()}", "--home-dir", tmp_path)
    command = [BIN / "sluice-server", "--bind-address", "192.0.2.1", *where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 1
    assert "bind-address: cannot listen on 192.0.2.1: no address of this machine" in done.stderr


def ipv6_loopback() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
            return True
        except OSError:
            return False


def test_access_log(site):
    site.paths({"path": "/logged", **A})
    fetch(site.port, "/logged?x=1", "POST", b"12345")
    line = site.server.access_line("/logged?x=1")
    assert " POST /logged?x=1 HTTP/1.1 200]" in line
    assert "127.0.0.1" in line and "mock" in line


def test_access_log_lines_cannot_be_forged(site):
    site.paths(A)
    site("/", Host="x")
    fetch(site.port, "/q?%0d%0a[forged]\"", Host="x")
    assert site.server.access_line("/q?%0d%0a")
