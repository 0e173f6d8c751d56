# SPDX-License-Identifier: Apache-2.0
"""HTTPServer with `https: true`: certificates by name, mutual TLS, changes while connections are
open, and that keys stay where they are."""

import json
import re
import socket
import ssl
import subprocess

import pytest

from certificates import Pair, self_signed
from client import Connection, request
from gateway import DEADLINE, SANITIZED, documents, http_server, mock, pipeline, proxy, wasm
from idle import resident_bytes


@pytest.fixture(scope="module")
def make_pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str) -> Pair:
        return self_signed(folder, f"DNS:{name}")

    return make


@pytest.fixture(scope="module")
def shop(make_pair) -> Pair:
    return make_pair("shop.example")


def trusting(*pairs: Pair, own: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for pair in pairs:
        context.load_verify_locations(pair.certificate)
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


def https(port: int, pair: Pair, **fields) -> dict:
    return http_server(port, {"backend": "p"}, https=True, certBase64=pair.cert64, keyBase64=pair.key64, **fields)


def serial(connection: Connection) -> str:
    return connection.socket.getpeercert()["serialNumber"]


def test_curl_as_a_user_types_it(server, port, shop):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    done = subprocess.run(
        ["curl", "-sS", "-m", "60", "--resolve", f"shop.example:{port}:127.0.0.1", "--cacert", shop.certificate,
         "-w", " %{http_version} %{scheme}", f"https://shop.example:{port}/"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("hello 2 HTTPS", "")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(server, port, shop, version):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    context = trusting(shop)
    context.minimum_version = context.maximum_version = version
    with Connection(port, tls=context) as connection:
        for _ in range(100):
            assert connection.request().text == "hello"


def test_names_choose_certificates(server, port, make_pair):
    pairs = {name: make_pair(name) for name in ("a.example", "b.example", "c.example")}
    server.apply(
        pipeline("p", mock("hello")),
        http_server(
            port,
            {"backend": "p"},
            https=True,
            certBase64=pairs["a.example"].cert64,
            keyBase64=pairs["a.example"].key64,
            # PEM as it is, and in base64.
            certs={"b": pairs["b.example"].certificate.read_text(), "c": pairs["c.example"].cert64},
            keys={"b": pairs["b.example"].key.read_text(), "c": pairs["c.example"].key64},
        ),
    )
    context = trusting(*pairs.values())
    for name in pairs:
        with Connection(port, tls=context, server_name=name) as connection:
            assert connection.request().text == "hello"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        Connection(port, tls=context, server_name="stranger.example")


def test_a_certificate_is_replaced_while_connections_are_open(server, port, shop, make_pair):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    newer = make_pair("shop.example")
    context = trusting(shop, newer)
    with Connection(port, tls=context) as before:
        assert before.request().text == "hello"
        server.apply(https(port, newer))
        assert before.request().text == "hello", "the connection goes on"
        with Connection(port, tls=context) as after:
            assert after.request().text == "hello"
            assert serial(after) != serial(before)


def test_from_plain_to_tls_and_back(server, port, shop):
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}))
    with Connection(port) as plain:
        assert plain.request().text == "hello"
        server.apply(https(port, shop))
        assert plain.is_closed(), "TLS is asked for now"
        with Connection(port, tls=trusting(shop)) as secure:
            assert secure.request().text == "hello"
            server.apply(http_server(port, {"backend": "p"}))
            assert secure.request().text == "hello"
        with Connection(port) as again:
            assert again.request().text == "hello"


def test_strangers_are_refused(server, port, shop, make_pair):
    friend, stranger = make_pair("friend.example"), make_pair("friend.example")
    server.apply(pipeline("p", mock("hello")), https(port, shop, caCertBase64=friend.cert64))
    with Connection(port, tls=trusting(shop, own=friend)) as connection:
        assert connection.request().text == "hello"
    for own in (None, stranger):
        # With TLS 1.3 the refusal comes when the client first reads.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with Connection(port, tls=trusting(shop, own=own)) as connection:
                connection.request()


def test_a_proxy_header_comes_before_the_handshake(server, port, shop, backend):
    server.apply(https(port, shop, proxyProtocol=True, xForwardedFor=True), pipeline("p", proxy(backend.url)))
    raw = socket.create_connection(("127.0.0.1", port), DEADLINE)
    raw.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n")
    with trusting(shop).wrap_socket(raw, server_hostname="shop.example") as secured:
        secured.sendall(request("/", Connection="close"))
        answer = b""
        while more := secured.recv(65536):
            answer += more
    assert b'["x-forwarded-for", "192.0.2.1"]' in answer


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the server's")
def test_idle_connections_hold_no_large_buffers(server, port, shop):
    """Each has had a large response, and been given a large request."""
    server.apply(https(port, shop), pipeline("p", mock("x" * 300_000)))
    context = trusting(shop)
    connections = [Connection(port, tls=context) for _ in range(10)]
    before = resident_bytes(server.pid)
    connections += [Connection(port, tls=context) for _ in range(300)]
    for connection in connections:
        assert len(connection.request("/", "POST", b"y" * 100_000).body) == 300_000
    assert resident_bytes(server.pid) - before < 300 * 64 * 1024
    for connection in connections:
        connection.close()


def test_plain_http_to_a_tls_port(server, port, shop):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    with Connection(port) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        with pytest.raises((ConnectionError, ValueError, IndexError)):
            connection.receive()
    with Connection(port, tls=trusting(shop)) as connection:
        assert connection.request().text == "hello"


def test_bodies_both_ways(server, port, shop, backend):
    spec = proxy(backend.url, serverMaxBodySize=-1)
    server.apply(pipeline("p", spec), https(port, shop, clientMaxBodySize=-1))
    body = bytes(range(256)) * 4_000  # 1 MB
    with Connection(port, tls=trusting(shop)) as connection:
        for _ in range(2):
            answer = connection.request("/echo", "POST", body=body)
            assert answer.status == 200
            same = json.loads(answer.body)["body"].encode("latin-1") == body
            assert same, "not compared by pytest, which would show a million differences"



def test_a_client_that_leaves_frees_its_instance(server, port, shop, guests):
    server.apply(
        https(port, shop),
        pipeline("p", wasm(guests / "probe.wasm", timeout="1h", concurrency=2), mock("ok")),
    )
    for _ in range(10):
        with Connection(port, tls=trusting(shop)) as connection:
            connection.send("GET / HTTP/1.1\r\nHost: shop.example\r\nX-Mode: loop\r\n\r\n")
            connection.socket.unwrap = None  # leaves without a word, as a killed program does
    for _ in range(8):
        with Connection(port, tls=trusting(shop)) as connection:
            assert connection.request(X_Mode="ret0").text == "ok"


def test_stop_while_connections_are_idle(server, port, shop):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    connections = [Connection(port, tls=trusting(shop)) for _ in range(20)]
    for connection in connections:
        assert connection.request().text == "hello"
    server.stop()
    for connection in connections:
        connection.close()


BAD = {
    "no certificate": (dict(https=True), ["https: needs a certificate"]),
    "no key": (dict(https=True, certBase64="{cert}"), ["keyBase64: is missing"]),
    "no certificate for the key": (dict(https=True, keys={"a": "{key}"}), ["certs.a: is missing"]),
    "not a certificate": (dict(https=True, certBase64="anVuaw==", keyBase64="{key}"), ["certBase64", "PEM"]),
    "key of another": (dict(https=True, certBase64="{cert}", keyBase64="{other}"), ["certBase64", "does not belong"]),
    "bad authority": (dict(https=True, certBase64="{cert}", keyBase64="{key}", caCertBase64="anVuaw=="), ["caCertBase64"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_pairs_are_refused_and_nothing_changes(server, port, shop, make_pair, case):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    fields, expected = BAD[case]
    words = {"{cert}": shop.cert64, "{key}": shop.key64, "{other}": make_pair("x.example").key64}
    filled = {
        name: {k: words.get(v, v) for k, v in value.items()} if isinstance(value, dict) else words.get(value, value)
        for name, value in fields.items()
    }
    done = server.egctl("apply", "-f", "-", input=documents(http_server(port, {"backend": "p"}, **filled)), check=False)
    assert done.returncode == 1
    for text in expected:
        assert text in done.stderr
    assert shop.key64[:40] not in done.stderr
    with Connection(port, tls=trusting(shop)) as connection:
        assert connection.request().text == "hello"


def test_keys_are_in_no_log(server, port, shop):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    with Connection(port, tls=trusting(shop)) as connection:
        assert connection.request().text == "hello"
    server.stop()
    secret = re.sub(r"-----.*?-----|\s", "", shop.key.read_text())
    for file in [*server.home.glob("log/*"), server.home / "stderr.log"]:
        text = file.read_text(errors="replace")
        assert secret not in text and shop.key64 not in text


@pytest.mark.parametrize("offered", [["http/1.0"], ["http/1.0", "spdy/1"], ["http/1.1", "http/1.0"]])
def test_protocols_that_are_http1(server, port, shop, offered):
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    context = trusting(shop)
    context.set_alpn_protocols(offered)
    with Connection(port, tls=context) as connection:
        assert connection.socket.selected_alpn_protocol() == offered[0]
        assert connection.request().text == "hello"


def test_no_protocol_in_common(server, port, shop):
    """RFC 7301 section 3.2."""
    server.apply(pipeline("p", mock("hello")), https(port, shop))
    context = trusting(shop)
    context.set_alpn_protocols(["spdy/1"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        Connection(port, tls=context)
