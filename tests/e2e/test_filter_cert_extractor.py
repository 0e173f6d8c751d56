# SPDX-License-Identifier: Apache-2.0
"""The filter CertExtractor: headers from the certificate of the client."""

import socket
import ssl

import pytest

from certificates import Authority, Pair, openssl, self_signed
from client import Connection
from covers import covers
from gateway import free_port, http_server, pipeline, proxy
from pages import BACKEND, example
from scripted import Scripted

SUBJECT = (
    "/C=DE/O=Shop/OU=Sales/OU=Online/L=Berlin/ST=Brandenburg/street=Main 1/postalCode=10115/serialNumber=7/CN=ann"
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """(of the server, authority, client's pair with the authority behind it)"""
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder / "authority")
    pair = Pair(folder / "ann.crt", folder / "ann.key")
    request = folder / "ann.csr"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", SUBJECT, "-keyout",
            pair.key, "-out", request)  # fmt: skip
    openssl("x509", "-req", "-in", request, "-CA", authority.pair.certificate, "-CAkey", authority.pair.key,
            "-CAcreateserial", "-days", 2, "-out", pair.certificate)  # fmt: skip
    chain = folder / "chain.crt"
    chain.write_text(pair.certificate.read_text() + authority.certificate.read_text())
    return self_signed(folder, "DNS:shop.example"), authority, Pair(chain, pair.key)


@pytest.fixture
def backend():
    with Scripted() as scripted:
        yield scripted


class Door:
    def __init__(self, server, certificates, backend):
        self.server, self.backend, self.port = server, backend, free_port()
        self.own, self.authority, self.client = certificates

    def put(self, *filters: dict) -> None:
        self.serve(pipeline(f"p-{self.port}", *filters, proxy(self.backend.url)))

    def serve(self, document: dict) -> None:
        self.server.apply(
            http_server(self.port, {"backend": document["name"]}, name=f"s-{self.port}", https=True,
                        certBase64=self.own.cert64, keyBase64=self.own.key64,
                        caCertBase64=self.authority.pair.cert64),
            document,
        )  # fmt: skip

    def context(self, version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.own.certificate))
        context.maximum_version = version
        context.load_cert_chain(self.client.certificate, self.client.key)
        return context

    def header(self, name: str, tls: ssl.SSLContext | None = None) -> str | None:
        with Connection(self.port, tls=tls or self.context()) as connection:
            twin = name.replace("-", "_")
            forged = f"{name}: of the client\r\n{twin}: of the client\r\n"
            connection.send(f"GET / HTTP/1.1\r\nHost: shop.example\r\n{forged}\r\n")
            assert connection.receive().status == 200
        headers = self.backend.calls[-1].headers
        assert twin.lower() not in headers
        return headers.get(name.lower())


@pytest.fixture
def door(shared_server, certificates, backend):
    return Door(shared_server, certificates, backend)


def cert(index: int, target: str, field: str, header: str = "X-Cert") -> dict:
    return {"name": f"cert-{header}", "kind": "CertExtractor", "certIndex": index, "target": target, "field": field,
            "headerKey": header}  # fmt: skip


@covers("CertExtractor", "headerKey")
def test_the_example_of_the_page(door):
    door.serve(*example("filter-cert-extractor", {BACKEND: door.backend.url}))
    assert door.header("X-Client-Name") == "ann"


@covers("CertExtractor", "field")
def test_every_field(door):
    for field, value in {
        "Country": "DE", "Organization": "Shop", "OrganizationalUnit": "Online", "Locality": "Berlin",
        "Province": "Brandenburg", "StreetAddress": "Main 1", "PostalCode": "10115", "SerialNumber": "7",
        "CommonName": "ann",
    }.items():  # fmt: skip
        door.put(cert(0, "subject", field))
        assert door.header("X-Cert") == value, field  # of a repeated one, the last


@covers("CertExtractor", "certIndex target")
def test_place_and_target(door):
    for index, target, value in [
        (0, "issuer", "authority"),
        (1, "subject", "authority"),
        (-1, "subject", "authority"),
        (-2, "subject", "ann"),
        (2, "subject", None),
        (-3, "subject", None),
    ]:
        door.put(cert(index, target, "CommonName"))
        assert door.header("X-Cert") == value, (index, target)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_session_has_the_chain(door, version):
    door.put(cert(-1, "subject", "CommonName"))
    context, session, before = door.context(version), None, len(door.backend.calls)
    for resumed in (False, True):
        plain = socket.create_connection(("127.0.0.1", door.port))
        with context.wrap_socket(plain, server_hostname="shop.example", session=session) as secure:
            with Connection(door.port, over=secure) as connection:
                assert connection.request().status == 200
                assert secure.session_reused == resumed
                session = secure.session
    assert [call.headers.get("x-cert") for call in door.backend.calls[before:]] == ["authority"] * 2


def test_without_tls_nothing_is_set(shared_server, backend):
    port = free_port()
    shared_server.apply(
        http_server(port, {"backend": f"p-{port}"}, name=f"s-{port}"),
        pipeline(f"p-{port}", cert(0, "subject", "CommonName"), proxy(backend.url)),
    )
    with Connection(port) as connection:
        assert connection.request(**{"X-Cert": "of the client"}).status == 200
    assert "x-cert" not in backend.calls[-1].headers
