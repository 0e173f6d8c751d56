# SPDX-License-Identifier: Apache-2.0
"""`requestId` of an HTTPServer: every request has an id, which the backend, the client, programs and the access log
get."""

import json
import re

import pytest

from client import Connection, fetch
from gateway import Server, http_server, mock, pipeline, proxy

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Site:
    def __init__(self, server, port, backend):
        self.server, self.port = server, port
        server.apply(pipeline("p", proxy(backend.url)))

    def put(self, **fields) -> None:
        self.server.apply(http_server(self.port, {"backend": "p"}, **fields))

    def ids(self, name: str = "X-Request-Id", **headers: str) -> tuple[list[str], list[str]]:
        """(what the backend got, what the client got)"""
        response = fetch(self.port, **headers)
        got = [value for field, value in json.loads(response.body)["headers"] if field == name.lower()]
        return got, [value for field, value in response.header_list if field.lower() == name.lower()]


    def raw(self, field: str) -> str:
        """What the backend got, of a field with a name that fetch() would mend."""
        with Connection(self.port) as connection:
            return connection.send(f"GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n").receive().text


@pytest.fixture
def site(shared_server, port, backend):
    return Site(shared_server, port, backend)


def test_without_the_field_nothing_changes(site):
    site.put()
    assert site.ids() == ([], [])
    assert site.ids(**{"X-Request-Id": "of the client, whatever"}) == (["of the client, whatever"], [])
    assert "requestId" not in site.server.get_json("/apis/v2/objects/http-server")


def test_every_request_has_an_id_of_its_own(site):
    site.put(requestId={})
    seen = set()
    for _ in range(5):
        at_backend, at_client = site.ids()
        assert at_backend == at_client and len(at_client) == 1 and UUID.fullmatch(at_client[0])
        seen.add(at_client[0])
    assert len(seen) == 5
    spec = site.server.get_json("/apis/v2/objects/http-server")["requestId"]
    assert spec == {"header": "X-Request-Id", "trust": "trustedProxies", "respond": True}


def test_a_client_does_not_choose_it(site):
    site.put(requestId={})
    for name in ("X-Request-Id", "x-request-id"):
        at_backend, at_client = site.ids(**{name: "forged"})
        assert at_backend == at_client and UUID.fullmatch(at_client[0])
    assert "forged" not in site.raw("X_Request_Id: forged")


def test_that_of_a_trusted_proxy_stays(site):
    site.put(requestId={}, trustedProxies=["127.0.0.1"])
    assert site.ids(**{"X-Request-Id": "edge-7/a:b.c_d+e=f@g~"}) == ((["edge-7/a:b.c_d+e=f@g~"],) * 2)
    assert site.ids(**{"X-Request-Id": "a" * 128}) == ((["a" * 128],) * 2)
    for bad in ("a" * 129, "a b", 'a"b', "a,b", "ä"):
        at_backend, at_client = site.ids(**{"X-Request-Id": bad})
        assert at_backend == at_client and UUID.fullmatch(at_client[0]), bad
    with Connection(site.port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\nX-Request-Id: two\r\n\r\n")
        headers = dict(json.loads(connection.receive().body)["headers"])
        assert UUID.fullmatch(headers["x-request-id"])
    site.put(requestId={"trust": "none"}, trustedProxies=["127.0.0.1"])
    assert UUID.fullmatch(site.ids(**{"X-Request-Id": "edge"})[1][0])


def test_another_header_and_a_client_that_gets_none(site):
    site.put(requestId={"header": "X-Correlation-Id"})
    at_backend, at_client = site.ids("X-Correlation-Id", **{"X-Correlation-Id": "forged"})
    assert at_backend == at_client and UUID.fullmatch(at_client[0])
    assert "forged" not in site.raw("X_Correlation_Id: forged")
    site.put(requestId={"respond": False})
    at_backend, at_client = site.ids()
    assert UUID.fullmatch(at_backend[0]) and at_client == []


@pytest.mark.parametrize("header", ["", "a b", "Content-Length", "Host", "connection"])
def test_a_header_that_cannot_be_set_is_refused(site, header):
    refused = site.server.egctl(
        "apply", "-f", "-", input=json.dumps(http_server(site.port, requestId={"header": header})), check=False
    )
    assert refused.returncode == 1 and "requestId.header" in refused.stderr, refused.stderr


def test_what_no_filter_answers_has_an_id_too(site):
    site.put(requestId={})
    site.server.apply(http_server(site.port, {"path": "/only", "backend": "absent"}, requestId={}))
    for path, status in (("/other", 404), ("/only", 503), ("/%zz", 400)):
        response = fetch(site.port, path)
        ids = [value for name, value in response.header_list if name.lower() == "x-request-id"]
        assert response.status == status and len(ids) == 1 and UUID.fullmatch(ids[0])
    with Connection(site.port) as connection:
        refused = connection.send(b"nonsense\r\n\r\n").receive()
        assert refused.status == 400 and "x-request-id" in {name.lower() for name, _ in refused.header_list}


def test_filters_read_it(site, port):
    adaptor = {
        "name": "show",
        "kind": "ResponseBuilder",
        "template": 'statusCode: 200\nbody: {{index .req.Header "X-Request-Id" 0}}\n',
    }
    site.server.apply(pipeline("q", adaptor), http_server(port, {"backend": "q"}, name="http-server", requestId={}))
    response = fetch(port)
    assert response.text == response.headers["x-request-id"]


def test_access_log(tmp_path, port):
    server = Server(tmp_path / "home", "--log-format", "json").start()
    try:
        server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, requestId={}))
        id = fetch(port, "/json").headers["x-request-id"]
        assert json.loads(server.access_line("/json"))["requestId"] == id
        server.apply(http_server(port, {"backend": "p"}))
        fetch(port, "/none")
        assert "requestId" not in json.loads(server.access_line("/none"))
        for template in ('{"target":"{{URI}}","id":"{{RequestId}}"}', "{{URI}} id={{RequestId}} end"):
            server.apply(http_server(port, {"backend": "p"}, requestId={}, accessLogFormat=template))
            path = f"/{len(template)}"
            id = fetch(port, path).headers["x-request-id"]
            assert id in server.access_line(path)
    finally:
        server.stop()


def test_a_hot_restart_gives_one_id(server, port, backend):
    """The old process hands a request of an open connection over, and the new one gives the id."""
    server.apply(pipeline("p", proxy(backend.url)), http_server(port, {"backend": "p"}, requestId={}))
    with Connection(port) as connection:
        connection.request()
        old = server.hand_over()
        response = connection.request()
        at_backend = [value for name, value in json.loads(response.body)["headers"] if name == "x-request-id"]
        at_client = [value for name, value in response.header_list if name.lower() == "x-request-id"]
        assert at_backend == at_client and len(at_client) == 1 and UUID.fullmatch(at_client[0])
    assert old.wait(60) == 0
