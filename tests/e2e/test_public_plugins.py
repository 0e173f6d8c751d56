# SPDX-License-Identifier: Apache-2.0
"""Plugins of others for proxy-wasm, unmodified: what their own pages say of them.

`make test-languages` runs all. Without it, those run that are built in seconds."""

import json
import os
import subprocess
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

import plugin_guests
from client import Connection, fetch, request
from gateway import Server, free_port, http_server, mock, pipeline, proxy, wait_until
from scripted import Answer, Call, Scripted

heavy = pytest.mark.skipif("SLUICE_PUBLIC_PLUGINS" not in os.environ, reason="takes minutes: make test-languages")

FORM = "application/x-www-form-urlencoded"


def plugin(code, **fields) -> dict:
    return {"name": "plugin", "kind": "ProxyWasm", "code": str(code), "timeout": "60s", **fields}


def put(server, port, code, *behind: dict, others: tuple = (), **fields) -> None:
    server.apply(
        http_server(port, {"backend": "p"}, overload={"target": "1h"}),
        *others,
        pipeline("p", plugin(code, **fields), *(behind or [mock("page\n")])),
    )


# The examples of the Rust SDK, and of one for ABI 0.1.0. The crates of later versions of the SDK have none: its
# examples of gRPC and of TCP, which need what the gateway does not have, are in no crate.


def check_http_headers(server, port, code) -> None:
    put(server, port, code)
    response = fetch(port, "/hello")
    assert (response.text, response.headers["hello"], response.headers["powered-by"]) == (
        "Hello, World!\n", "World", "proxy-wasm",
    )  # fmt: skip
    assert fetch(port, "/other").text == "page\n"


def check_http_auth_random(server, port, code) -> None:
    """A random byte of another server decides: an even one lets the request pass."""
    with Scripted() as backend:
        put(server, port, code, others=(pipeline("httpbin", proxy(backend.url)),))
        backend.answer = lambda call: Answer(200, body=b"\2")
        response = fetch(port)
        assert (response.text, response.headers["powered-by"]) == ("page\n", "proxy-wasm")
        assert (backend.calls[-1].target, backend.calls[-1].headers["host"]) == ("/bytes/1", "httpbin.org")
        backend.answer = lambda call: Answer(200, body=b"\1")
        response = fetch(port)
        assert (response.status, response.text) == (403, "Access forbidden.\n")


@heavy
def test_examples_of_the_rust_sdk_on_wasi(server, port):
    def code(name):
        return plugin_guests.published(name, plugin_guests.WASI)

    check_http_headers(server, port, code("http_headers"))
    check_http_auth_random(server, port, code("http_auth_random"))
    put(server, port, code("http_config"), configuration="the value")
    assert fetch(port).headers["custom-header"] == "the value"
    put(server, port, code("http_body"), mock("a secret text"))
    assert fetch(port).text == "Original message body (13 bytes) redacted."
    put(server, port, code("hello_world"))
    wait_until(lambda: "Hello, World!" in server.log(), "its greeting")
    wait_until(lambda: "your lucky number is" in server.log(), "a tick, with the clock and a random number of WASI")


def test_examples_for_the_old_abi(server, port):
    check_http_headers(server, port, plugin_guests.published_old("http_headers"))
    check_http_auth_random(server, port, plugin_guests.published_old("http_auth_random"))
    put(server, port, plugin_guests.published_old("hello_world"))
    wait_until(lambda: "Hello, World!" in server.log(), "its greeting")
    wait_until(lambda: "It's " in server.log(), "a tick")


def test_the_plugin_of_the_assemblyscript_sdk(server, port):
    """Without a configuration it traps: this version of the SDK takes the number of bytes for an address."""
    code = plugin_guests.added_header()
    put(server, port, code, rootId="add_header", configuration="what ever you want")
    assert fetch(port).headers["hello"] == "what ever you want"


# Request-block of the gateway Higress. With `case_sensitive: true` it does what its page says of false, and vice versa.


URLS = {"block_urls": ["swagger.html", "foo=bar"]}
BLOCKED = {
    "a part of the URL": (URLS, ("/?foo=Bar", {})),
    "a part of the path": (URLS, ("/Swagger.html", {})),
    "the URL": ({"block_exact_urls": ["/a?b"]}, ("/a?b", {})),
    "a regular expression": ({"block_regexp_urls": ["^/v[0-9]+/"]}, ("/v12/", {})),
    "the name of a field": ({"block_headers": ["example-key"]}, ("/", "GET", b"", {"Example_Key": "123"})),
    "the value of a field": ({"block_headers": ["example-value"]}, ("/", "GET", b"", {"My_Header": "example-value"})),
    "the body": ({"block_bodies": ["hello world"]}, ("/", "POST", b"say Hello World", {})),
}


@heavy
@pytest.mark.parametrize("what", BLOCKED)
def test_request_block_of_higress(server, port, what):
    configuration, (*request, fields) = BLOCKED[what]
    put(server, port, plugin_guests.request_block(), configuration=configuration)
    assert fetch(port, *request, **fields).status == 403
    assert fetch(port, "/ab", "POST", b"hello", My_Header="other").text == "page\n"


@heavy
def test_request_block_answers_as_configured(server, port):
    configuration = {**URLS, "blocked_code": 404, "blocked_message": "gone away"}
    put(server, port, plugin_guests.request_block(), configuration=configuration)
    response = fetch(port, "/swagger.html")
    assert (response.status, response.text) == (404, "gone away")


@heavy
def test_request_block_has_rules_for_routes_and_hosts(server, port):
    """The route is the pipeline."""
    of_hosts = {"_match_domain_": ["*.example.com", "test.com"], **URLS}
    put(server, port, plugin_guests.request_block(), configuration={"_rules_": [of_hosts]})
    statuses = {host: fetch(port, "/swagger.html", Host=host).status for host in ("a.example.com", "test.com", "b.org")}
    assert statuses == {"a.example.com": 403, "test.com": 403, "b.org": 200}
    for route, status in (("p", 403), ("route-a", 200)):
        rule = {"_match_route_": [route], "block_bodies": ["hello world"]}
        put(server, port, plugin_guests.request_block(), configuration={"_rules_": [rule]})
        assert fetch(port, "/", "POST", b"hello world").status == status


# Plugins of the proxy MOSN, as its modules have them: compiled by TinyGo and Emscripten, with ABI 0.1.0.


@heavy
def test_filter_of_mosn(server, port):
    with Scripted() as backend:
        put(server, port, plugin_guests.of_mosn("filter"), proxy(backend.url))
        assert fetch(port, "/", "POST", b"haha", User_Agent="curl/7.64.1").status == 200
        assert backend.calls[-1].headers["go-wasm-header"] == "hello wasm"
        assert backend.calls[-1].body == b"haha"
    wait_until(lambda: "request header from go wasm --> user-agent: curl/7.64.1" in server.log(), "a field")
    wait_until(lambda: "proxywasm.GetHttpRequestBody [haha]" in server.log(), "the body")


@heavy
def test_example_of_the_host_of_mosn(server, port):
    put(server, port, plugin_guests.of_mosn("http"))
    assert fetch(port, User_Agent="curl/7.64.1").text == "page\n"
    wait_until(lambda: "onRequestHeaders() print from wasm, user-agent -> curl/7.64.1" in server.log(), "a field")


# The Coraza web application firewall.


def httpbin(call: Call) -> Answer:
    """What the tests of Coraza expect behind it."""
    target = urlsplit(call.target)
    if target.path.startswith("/status/"):
        return Answer(int(target.path.removeprefix("/status/")))
    if target.path == "/response-headers":
        return Answer(200, dict(parse_qsl(target.query)))
    told = {"url": call.target, "data": call.body.decode()}
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())


def configuration_in(page) -> str:
    """Of the plugin, in a configuration of Envoy."""
    filters = yaml.safe_load(page.read_text())["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    wasm = filters[0]["typed_config"]["http_filters"][0]["typed_config"]
    return wasm["config"]["configuration"]["value"]


class Firewall:
    """Coraza with the configuration that its own tests use, and with the core rule set, each on a port."""

    def __init__(self, server: Server, backend: Scripted):
        self.built = plugin_guests.coraza()
        self.server, self.backend = server, backend
        self.tested, self.ruled = free_port(), free_port()
        for name, port, page in (("tested", self.tested, "coraza.yaml"), ("ruled", self.ruled, "envoy.yaml")):
            configuration = configuration_in(self.built / page)
            waf = plugin(self.built / "coraza.wasm", configuration=configuration, maxMemory="256MiB")
            server.apply(
                http_server(port, {"backend": name}, name=f"for-{name}", overload={"target": "1h"}),
                pipeline(name, waf, proxy(backend.url)),
            )

    def ask(self, path: str, body: bytes = b"", **headers: str):
        headers = {"Host": "localhost", "Accept": "*/*", "User_Agent": "Mozilla/5.0 (X11; Linux x86_64)", **headers}
        if body:
            return fetch(self.ruled, path, "POST", body, Content_Type=FORM, **headers)
        return fetch(self.ruled, path, **headers)


@pytest.fixture(scope="module")
def firewall(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("firewall") / "home").start()
    with Scripted(httpbin) as backend:
        yield Firewall(server, backend)
    log = server.log
    server.log = lambda: "\n".join(line for line in log().splitlines() if "/plugin: " not in line)
    server.stop()


@heavy
def test_coraza_passes_its_own_tests(firewall):
    proxied = ["--proxy-hostport", f"127.0.0.1:{firewall.tested}", "--httpbin-hostport", firewall.backend.url]
    command = [firewall.built / "httpe2e", "--nulled-body", *proxied]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[9/9] Running test" in done.stdout


DENIED = {
    "a rule of its own for the head": ("/admin",),
    "a rule of its own for the body": ("/anything", b"maliciouspayload"),
    "a rule of its own for the status of the response": ("/status/406",),
    "cross-site scripting": ("/anything?arg=%3Cscript%3Ealert(0)%3C/script%3E",),
    "SQL injection": ("/anything", b"1%27%20ORDER%20BY%203--%2B"),
}


@heavy
@pytest.mark.parametrize("what", DENIED)
def test_coraza_denies(firewall, what):
    assert firewall.ask(*DENIED[what]).status == 403


@heavy
def test_coraza_denies_a_scanner(firewall):
    """Its page has an agent that is no longer in its rules."""
    assert firewall.ask("/", User_Agent="sqlmap/1.8").status == 403


@heavy
def test_coraza_takes_the_body_of_a_response_out(firewall):
    response = firewall.ask("/anything", b"responsebodycode")
    assert (response.status, set(response.body)) == (200, {0})


@heavy
def test_coraza_lets_the_others_pass(firewall):
    assert firewall.ask("/anything?arg=arg_1").status == 200
    assert "This is a payload" in firewall.ask("/anything", b"This is a payload").text
    assert "Hello world" in firewall.ask("/anything", b"Hello world").text


@heavy
def test_coraza_has_rules_for_each_host(firewall):
    assert firewall.ask("/example", Host="foo.example.com").status == 403
    assert firewall.ask("/admin", Host="foo.example.com").status == 200
    assert firewall.ask("/example").status == 200


@heavy
@pytest.mark.parametrize("body, status", [(b"maliciouspayload", 403), (b"a legit payload", 200)])
def test_coraza_judges_a_body_with_trailers(firewall, body, status):
    head = request("/anything", "POST", b"", Host="localhost", Accept="*/*", User_Agent="Mozilla/5.0",
                   Content_Type=FORM, TE="trailers", Transfer_Encoding="chunked")  # fmt: skip
    with Connection(firewall.ruled) as connection:
        connection.send(head + b"%x\r\n%s\r\n0\r\nX-Tail: end\r\n\r\n" % (len(body), body))
        assert connection.receive().status == status


@heavy
def test_coraza_counts(firewall):
    for path in ("/admin", "/anything"):
        firewall.ask(path)
    figures = firewall.server.request("GET", "/metrics")[2]
    assert 'name="waf_filter.tx.total"' in figures
    assert 'name="waf_filter.tx.interruptions_ruleid=101_phase=http_request_headers_' in figures
