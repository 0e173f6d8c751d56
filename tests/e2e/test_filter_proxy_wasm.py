# SPDX-License-Identifier: Apache-2.0
"""The filter ProxyWasm: plugins for proxy-wasm. `every` is one of ours on the Rust SDK; the others are the examples of
that SDK, unmodified. More of others are in test_public_plugins.py."""

import subprocess
import threading

import pytest
import yaml

import plugin_guests
from answers_kit import Site
from client import Connection, fetch, request
from covers import covers
from gateway import BIN, http_server, mock, pipeline, proxy, wait_until
from pages import example
from scripted import Answer, Scripted


def plugin(code, name: str = "plugin", timeout: str = "10s", **fields) -> dict:
    return {"name": name, "kind": "ProxyWasm", "code": str(code), "timeout": timeout, **fields}


@pytest.fixture(autouse=True)
def panics_of_guests(server):
    """In the log, they are none of the server's."""
    yield
    log = server.log
    server.log = lambda: "\n".join(line for line in log().splitlines() if "p/plugin: " not in line)


@pytest.fixture(scope="module")
def every():
    return plugin_guests.every()


def put(server, port, code, *behind: dict, others: tuple = (), **fields) -> None:
    server.apply(
        http_server(port, {"backend": "p"}, overload={"target": "1h"}),
        *others,
        pipeline("p", plugin(code, **fields), *(behind or [mock("page\n")])),
    )


def lines(port: int, path: str, **headers: str) -> list[str]:
    response = fetch(port, path, **headers)
    assert response.status == 200, response
    return response.text.splitlines()


def metric(server, name: str, label: str) -> float | None:
    """A figure of /metrics whose labels have the text."""
    for line in server.request("GET", "/metrics")[2].splitlines():
        if line.startswith(name + "{") and label in line:
            return float(line.rsplit(" ", 1)[1])
    return None


def test_the_plugin_of_the_page(server, port, tmp_path):
    module = plugin_guests.of_the_page(tmp_path)
    (tmp_path / "configuration").write_text("hello")
    inspect = [BIN / "egctl", "wasm", "inspect", module]
    assert subprocess.run(inspect, capture_output=True, timeout=120).returncode == 1, "it wants a configuration"
    done = subprocess.run([*inspect, "--configuration", tmp_path / "configuration"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "yes, as ProxyWasm" in done.stdout, done.stdout + done.stderr
    put(server, port, module, configuration="hello")
    refused, greeted = fetch(port), fetch(port, **{"X-User": "ann"})
    assert (refused.status, refused.text) == (403, "Who are you?\n")
    assert (greeted.text, greeted.headers["x-greeting"]) == ("page\n", "hello")


@covers("ProxyWasm", "code")
def test_the_page(server, port):
    server.apply(*example("filter-proxy-wasm"))
    answer = Site(server, port, "greeted").ask()
    assert (answer.text, answer.headers["x-plugin"]) == ("page\n", "hello")


@covers("ProxyWasm", "configuration vmConfiguration")
def test_configurations_are_text_or_json(server, port, every):
    put(server, port, every, vmConfiguration="the vm", configuration={"a": [1, "b"]})
    site = Site(server, port)
    assert site.result("plugin", "/configuration") == ("localResponse", 200)
    assert lines(port, "/configuration") == ['vm=the vm plugin={"a":[1,"b"]} end=true']


def test_a_configuration_that_the_plugin_refuses(server, port, every):
    put(server, port, every)
    spec = pipeline("p", plugin(every, configuration="refuse"), mock("page\n"))
    done = server.egctl("apply", "-f", "-", input=yaml.safe_dump(spec), check=False)
    assert done.returncode == 1 and "proxy_on_configure returned false" in done.stderr
    assert fetch(port).text == "page\n", "what ran goes on"


@covers("ProxyWasm", "", results="localResponse")
def test_fields_of_a_request(server, port, every):
    put(server, port, every)
    with Connection(port) as connection:
        connection.send(b"GET /headers?a=b HTTP/1.1\r\nHost: shop:8\r\nX-Many: 1\r\nX-MANY: 2\r\n\r\n")
        response = connection.receive()
    assert response.headers["x-by"] == "every"
    assert response.text.splitlines() == [
        ":method=GET", ":path=/headers?a=b", ":authority=shop:8", ":scheme=http", "x-many=1, 2", "x-none=none",
        "many=1|2", "set=1, 2 many=none", "only=3 set=none path=/new?q=1",
    ]  # fmt: skip


@covers("ProxyWasm", "rootId vmId")
def test_properties(server, port, every):
    put(server, port, every, rootId="root", vmId="vm")
    seen = lines(port, "/properties?q=1", X_A="a", User_Agent="ua", Host="shop", X_Request_Id="id")
    assert seen == [
        "plugin_name=plugin", "plugin_root_id=root", "plugin_vm_id=vm", "cluster_name=p", "nothing=none",
        "request.method=GET", "request.path=/properties?q=1", "request.url_path=/properties", "request.query=q=1",
        "request.host=shop", "request.scheme=http", "request.protocol=HTTP/1.1", "request.headers.x-a=a",
        "request.useragent=ua", "request.referer=none", "request.id=id", "source.nothing=none",
        "connection.nothing=none", "size=0 port=true", "address=true", "mtls=[0]", "time=true duration=true",
        "own=kept",
    ]  # fmt: skip


def test_bodies_and_trailers_of_a_request(server, port, every):
    with Scripted() as backend:
        put(server, port, every, proxy(backend.url))
        fetch(port, "/echo", "POST", b"body")
        assert backend.calls[-1].body == b"bodytrue"
        with Connection(port) as connection:
            connection.send(
                request("/echo", "POST", b"", Transfer_Encoding="chunked", TE="trailers")
                + b"4\r\nbody\r\n0\r\nX-Tail: end\r\n\r\n"
            )
            assert connection.receive().status == 200
        assert backend.calls[-1].body == b"bodyfalse", "trailers follow"


@covers("ProxyWasm", "maxBodySize", results="bodyTooLarge")
def test_a_body_that_is_too_large(server, port, every):
    put(server, port, every, maxBodySize="8B")
    assert fetch(port, "/x", "POST", b"12345678").status == 200
    assert fetch(port, "/too-large", "POST", b"123456789").status == 413
    assert "plugin(bodyTooLarge" in server.access_line("/too-large")


def test_responses(server, port, every):
    with Scripted() as backend:
        put(server, port, every, proxy(backend.url))
        backend.answer = lambda call: Answer(201, body=b"some text")
        response = fetch(port, "/whole")
        assert (response.status, response.text, response.headers["x-response"]) == (201, "9:SOME TEXT", "201 false")
        assert fetch(port, "/instead").text == "instead\n"
        response = fetch(port, "/x", "HEAD")
        assert (response.headers["x-response"], response.body) == ("201 true", b"")


def test_a_long_response_passes_piece_by_piece(server, port, every):
    size = 9 << 20  # beyond what is held whole
    with Scripted() as backend:
        backend.answer = lambda call: Answer(200, body=b"x" * size)
        put(server, port, every, proxy(backend.url))
        body = fetch(port, "/pieces").body
        assert (body.count(b"x"), body[:2], body[-2:]) == (size, b"[x", b"[]")
        with Connection(port) as connection:
            connection.send(request("/hoard"))
            with pytest.raises((ConnectionError, EOFError, AssertionError)):
                connection.receive()


def test_shared_data_loses_no_change(server, port, every):
    """Over all cores: the compare-and-swap of the ABI. It has none for a value that is not there yet."""
    put(server, port, every)
    assert lines(port, "/shared") == ["count=1"]
    count = 200
    connections = [Connection(port) for _ in range(8)]
    for _ in range(count // len(connections)):
        for connection in connections:
            connection.send(request("/shared"))
        for connection in connections:
            assert connection.receive().status == 200
    assert lines(port, "/shared") == [f"count={count + 2}"]
    put(server, port, every, configuration="another")
    assert lines(port, "/shared") == [f"count={count + 3}"], "it outlives an update"
    for connection in connections:
        connection.close()


def test_metrics(server, port, every):
    put(server, port, every)
    assert lines(port, "/metrics") == ["level=5"]
    assert metric(server, "sluice_plugin_gauge", 'name="every.level"') == 5
    assert metric(server, "sluice_plugin_histogram_sum", 'name="every.sizes"') == 7
    assert metric(server, "sluice_plugin_histogram_count", 'name="every.sizes"') == 2
    assert metric(server, "sluice_plugin_counter_total", 'name="every.requests"') == 1
    wait_until(lambda: metric(server, "sluice_plugin_counter_total", "every.logged.200") == 1, "its log has run")


def test_ticks(server, port, every):
    put(server, port, every, configuration="ticks")
    wait_until(lambda: (metric(server, "sluice_plugin_gauge", "every.ticks") or 0) > 2, "ticks without a request")


def test_its_log(server, port, every):
    put(server, port, every)
    lines(port, "/log")
    wait_until(lambda: "line of Error" in server.log(), "the log")
    log = server.log()
    assert "p/plugin: line of Warn\\nforged" in log.replace("\\x0a", "\\n"), "a line of the guest is one line"


def test_what_is_not_there_says_so(server, port, every):
    put(server, port, every)
    assert fetch(port, "/grpc").status == 503, "the SDK panics at UNIMPLEMENTED"
    told = ("proxy_grpc", "unexpected status: 12")
    wait_until(lambda: any(words in server.log() for words in told), "the log says why")


BAD = {
    "/panic": "this plugin gives up",
    "/recurse": "",
    "/grow": "",
}


@covers("ProxyWasm", "maxMemory", results="wasmError")
@pytest.mark.parametrize("path", BAD)
def test_a_plugin_that_fails(server, port, every, path):
    put(server, port, every, maxMemory="16MiB")
    assert fetch(port, f"{path}?mark").status == 503
    assert "plugin(wasmError" in server.access_line(f"{path}?mark")
    wait_until(lambda: fetch(port).text == "page\n", "another guest has followed")
    wait_until(lambda: BAD[path] in server.log(), "the log has its words")


@covers("ProxyWasm", "timeout")
def test_a_plugin_that_does_not_end(server, port, every):
    put(server, port, every, timeout="100ms")
    assert fetch(port, "/loop").status == 503
    wait_until(lambda: "timed out after 100ms" in server.log(), "the log says why")
    wait_until(lambda: fetch(port).text == "page\n", "another guest has followed")


@covers("ProxyWasm", "maxPause")
def test_a_pause_without_end(server, port, every):
    put(server, port, every, maxPause="50ms")
    assert fetch(port, "/pause").status == 503
    assert fetch(port).text == "page\n"


def test_a_trap_in_the_response(server, port, every):
    put(server, port, every)
    assert fetch(port, "/panic-late").status == 503


# Calls to other pipelines.


def inner(backend) -> tuple:
    return (pipeline("inner", proxy(backend.url)), pipeline("slow", mock("late\n", delay="10s")))


def test_calls(server, port, every):
    with Scripted() as backend:
        backend.answer = lambda call: Answer(207, body=b"inside\n")
        put(server, port, every, others=inner(backend))
        assert lines(port, "/call") == ["true 207 true inside 0"]
        call = backend.calls[-1]
        assert (call.method, call.target, call.body, call.headers["x-call"]) == ("POST", "/called?a=b", b"ask", "yes")
        assert lines(port, "/call/many")[:2] == ["InternalFailure"] * 2, "10 of a stream"
        assert fetch(port, "/call/go-on").text == "page\n"
        assert lines(port, "/call/slow") == ["true failed false none 0"], "its timeout"
        assert metric(server, "sluice_plugin_calls_total", 'outcome="failed"') == 1


def test_calls_to_nobody(server, port, every):
    put(server, port, every)
    assert lines(port, "/call/nobody") == ["BadArgument"]
    assert lines(port, "/call/self") == ["BadArgument"]


def test_a_call_before_the_first_request(server, port, every):
    """The pipeline that it calls comes with the same apply."""
    started = lambda: metric(server, "sluice_plugin_gauge", 'name="every.started"')  # noqa: E731
    with Scripted() as backend:
        backend.answer = lambda call: Answer(207)
        put(server, port, every, others=inner(backend), configuration="calls inner")
        wait_until(lambda: started() == 207, "its answer")
        assert {call.target for call in backend.calls} == {"/started"}
        put(server, port, every, others=inner(backend), configuration="calls nobody")
        wait_until(lambda: started() == 0, "it has failed")


def test_a_body_may_wait_for_its_trailers(server, port, every):
    """They come when the calls of the exchange have ended."""
    with Scripted() as backend:
        backend.answer = lambda call: Answer(207, body=b"inside\n")
        put(server, port, every, others=inner(backend))
        with Connection(port) as connection:
            connection.send(
                request("/tail", "POST", b"", Transfer_Encoding="chunked", TE="trailers")
                + b"4\r\nbody\r\n0\r\nX-Tail: end\r\n\r\n"
            )
            assert connection.receive().text == "true 207 true inside 0\n"


def test_a_client_that_leaves_during_a_call(server, port, every):
    clients = 20
    with Scripted() as backend:
        put(server, port, every, others=inner(backend))
        ended = lambda: metric(server, "sluice_plugin_counter_total", "every.logged.none") or 0  # noqa: E731
        before = ended()
        answer = threading.Event()
        backend.answer = lambda call: Answer(after=answer)
        connections = [Connection(port) for _ in range(clients)]
        for connection in connections:
            connection.send(request("/call/long"))
        wait_until(lambda: len(backend.calls) == clients, "each call is under way")
        for connection in connections:
            connection.close()
        wait_until(lambda: ended() >= before + clients, "each context has ended")
        answer.set()
        assert fetch(port).text == "page\n"


def test_an_update_under_load(server, port, every):
    put(server, port, every)
    with Connection(port) as connection:
        for version in range(5):
            put(server, port, every, configuration=f"version {version}")
            connection.send(request("/configuration"))
            assert f"version {version}" in connection.receive().text


# The examples of the Rust SDK.


def test_example_http_headers(server, port):
    put(server, port, plugin_guests.published("http_headers"))
    response = fetch(port, "/hello")
    assert (response.text, response.headers["hello"], response.headers["powered-by"]) == (
        "Hello, World!\n", "World", "proxy-wasm",
    )  # fmt: skip
    assert fetch(port, "/other").text == "page\n"


def test_example_http_config(server, port):
    put(server, port, plugin_guests.published("http_config"), configuration="the value")
    assert fetch(port).headers["custom-header"] == "the value"


def test_example_http_body(server, port):
    code = plugin_guests.published("http_body")
    put(server, port, code, mock("a secret text"))
    assert fetch(port).text == "Original message body (13 bytes) redacted."
    put(server, port, code, mock("a text"))
    assert fetch(port).text == "a text"


def test_example_http_auth_random(server, port):
    with Scripted() as backend:
        put(server, port, plugin_guests.published("http_auth_random"), others=(pipeline("httpbin", proxy(backend.url)),))
        backend.answer = lambda call: Answer(200, body=b"\2")
        response = fetch(port)
        assert (response.text, response.headers["powered-by"]) == ("page\n", "proxy-wasm")
        assert backend.calls[-1].target == "/bytes/1"
        backend.answer = lambda call: Answer(200, body=b"\1")
        response = fetch(port)
        assert (response.status, response.text) == (403, "Access forbidden.\n")


def test_example_hello_world(server, port):
    """It has no context for requests: it greets, and tells the time at each tick."""
    put(server, port, plugin_guests.published("hello_world"))
    wait_until(lambda: "Hello, World!" in server.log(), "its greeting")
    wait_until(lambda: "there is no lucky number" in server.log(), "a tick")
