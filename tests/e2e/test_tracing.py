# SPDX-License-Identifier: Apache-2.0
"""Traces: `tracing` of an HTTPServer, the context that backends get, and what arrives at collectors."""

import email.utils
import json
import re
import socket
import subprocess
import threading
import time
from collections import Counter

import pytest

import exposition
import plugin_guests
from client import Connection, Load, fetch, request
from gateway import DEADLINE, Server, http_server, mock, pipeline, proxy, wait_until, wasm
from pages import BACKEND, example
from raw_backend import RawBackend, read_head
from scripted import Answer
from traces_kit import EXPORT, Collector, GrpcCollector, Span, TracedBackend

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


@pytest.fixture
def collector():
    with Collector() as one:
        yield one


@pytest.fixture
def inventory():
    with TracedBackend() as one:
        yield one


def otlp(collector, **more) -> dict:
    return {"otlp": {"endpoint": f"{collector.url}", **more}}


def trace(server, port: int, *filters: dict, collector=None, **fields) -> None:
    """A server whose traces leave at once, and that answers crowds on a slow machine, too."""
    fields = {"serviceName": "shop", "batchLimits": {"batchTimeout": 20}, **fields}
    if collector is not None:
        fields["exporter"] = otlp(collector)
    crowds = {"overload": {"target": "1h"}}
    server.apply(
        pipeline("items", *(filters or [mock("page")])),
        http_server(port, {"pathPrefix": "/items", "backend": "items"}, tracing=fields, **crowds),
    )


def arrived(collector, count: int) -> list[Span]:
    wait_until(lambda: len(collector.spans) >= count, f"{count} spans have arrived")
    return collector.spans


def figures(server, name: str = "http-server") -> dict:
    return server.status(name)["tracing"]


def queued(server, spans: int) -> dict:
    """The figures once so many spans have ended, which may be a moment after the clients have their responses."""

    def with_all() -> dict | None:
        told = figures(server)
        return told if told["spans"] + told["dropped"] >= spans else None

    return wait_until(with_all, f"{spans} spans are queued or dropped")


def by_kind(spans: list[Span]) -> dict[str, Span]:
    kinds = {span.kind: span for span in spans}
    assert len(kinds) == len(spans), [(span.kind, span.name) for span in spans]
    return kinds


# --- one request ---------------------------------------------------------------------------------


def test_the_page(server, port, collector, inventory):
    documents = example("tracing", {"10080": str(port), "http://127.0.0.1:4318": collector.url, BACKEND: inventory.url})
    server.apply(*documents)
    assert fetch(port, "/items/7?a=1&sig=secret", User_Agent="test/1", Traceparent=SAMPLED).status == 200
    spans = by_kind(arrived(collector, 3))
    assert collector.calls[0].target == "/v1/traces"
    assert collector.calls[0].headers["content-type"] == "application/x-protobuf"
    served, filtered, asked = spans["server"], spans["internal"], spans["client"]
    assert {span.trace for span in spans.values()} == {TRACE}
    assert served.parent == PARENT and filtered.parent == served.id and asked.parent == filtered.id
    assert inventory.contexts() == [(TRACE, asked.id, "01")], "the backend's parent is the span of the try"
    assert (served.name, filtered.name, asked.name) == ("GET /items", "proxy", "inventory")
    assert served.service == {"service.name": "shop", "deployment.environment.name": "live"}
    assert served.start <= filtered.start <= asked.start <= asked.end <= filtered.end <= served.end
    assert abs(served.start / 1e9 - time.time()) < DEADLINE
    assert 0 < served.attributes.pop("network.peer.port") < 65536
    assert served.attributes == {
        "http.request.method": "GET", "url.scheme": "http", "url.path": "/items/7", "url.query": "a=1&sig=REDACTED",
        "server.address": "127.0.0.1", "server.port": 80, "client.address": "127.0.0.1",
        "network.peer.address": "127.0.0.1", "network.protocol.version": "1.1", "user_agent.original": "test/1",
        "http.route": "/items", "http.response.status_code": 200, "sluice.pipeline": "items",
    }  # fmt: skip
    assert asked.attributes == {
        "http.request.method": "GET", "server.address": "127.0.0.1", "server.port": int(inventory.url.rsplit(":")[-1]),
        "url.full": f"{inventory.url}/items/7?a=1&sig=REDACTED", "http.response.status_code": 200,
    }  # fmt: skip


def test_without_tracing_nothing_changes(server, port, inventory):
    server.apply(pipeline("p", proxy(inventory.url)), http_server(port, {"backend": "p"}))
    fetch(port)
    fetch(port, Traceparent=SAMPLED, B3="0")
    first, second = inventory.calls
    assert not {"traceparent", "tracestate", "b3"} & first.headers.keys()
    assert (second.headers["traceparent"], second.headers["b3"]) == (SAMPLED, "0")
    assert "tracing" not in server.status("http-server")


def test_a_request_that_is_not_sampled(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector, sampleRate=0)
    fetch(port, "/items")
    fetch(port, "/items", Traceparent=UNSAMPLED, Tracestate="a=1")
    fetch(port, "/items", Traceparent=SAMPLED)
    spans = arrived(collector, 3)
    assert {span.trace for span in spans} == {TRACE} and len(spans) == 3
    own, passed, sampled = inventory.calls
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", own.headers["traceparent"])
    assert TRACE not in own.headers["traceparent"]
    assert (passed.headers["traceparent"], passed.headers["tracestate"]) == (UNSAMPLED, "a=1")
    assert queued(server, 3)["spans"] == 3


def test_invalid_contexts_begin_a_trace(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector)
    wrong = [SAMPLED.upper(), SAMPLED[:-1], SAMPLED + "0", "ff" + SAMPLED[2:], f"00-{'0' * 32}-{PARENT}-01", "", "é"]
    for value in wrong:
        with Connection(port) as connection:
            head = f"GET /items HTTP/1.1\r\nHost: a\r\ntraceparent: {value}\r\ntracestate: a=1\r\n\r\n"
            assert connection.send(head.encode()).receive().status == 200
    twice = f"GET /items HTTP/1.1\r\nHost: a\r\ntraceparent: {SAMPLED}\r\nTraceparent: {SAMPLED}\r\n\r\n"
    with Connection(port) as connection:
        assert connection.send(twice).receive().status == 200
    spans = arrived(collector, 3 * (len(wrong) + 1))
    servers = [span for span in spans if span.kind == "server"]
    assert TRACE not in {span.trace for span in servers} and {span.parent for span in servers} == {""}
    assert len({span.trace for span in servers}) == len(wrong) + 1
    assert all("tracestate" not in call.headers for call in inventory.calls)


def test_tracestate_goes_on(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector)
    fetch(port, "/items", Traceparent=SAMPLED, Tracestate="rojo=1,congo=t61")
    assert inventory.calls[0].headers["tracestate"] == "rojo=1,congo=t61"
    assert {span.state for span in arrived(collector, 3)} == {"rojo=1,congo=t61"}
    fetch(port, "/items", Traceparent=SAMPLED, Tracestate="no list")
    assert "tracestate" not in inventory.calls[1].headers
    assert {span.state for span in arrived(collector, 6)[3:]} == {""}


def test_b3(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector, sampleRate=0)
    fetch(port, "/items", B3=f"{TRACE}-{PARENT}-1")
    spans = by_kind(arrived(collector, 3))
    assert spans["server"].trace == TRACE and spans["server"].parent == PARENT
    headers = inventory.calls[0].headers
    assert headers["b3"] == f"{TRACE}-{spans['client'].id}-1"
    assert headers["traceparent"] == f"00-{TRACE}-{spans['client'].id}-01"

    fields = {"X_B3_TraceId": TRACE[16:], "X_B3_SpanId": PARENT, "X_B3_Sampled": "1", "X_B3_ParentSpanId": PARENT}
    fetch(port, "/items", **fields)
    spans = by_kind(arrived(collector, 6)[3:])
    assert spans["server"].trace == TRACE[16:].rjust(32, "0")
    headers = inventory.calls[1].headers
    assert headers["x-b3-spanid"] == spans["client"].id and headers["x-b3-sampled"] == "1"
    assert "b3" not in headers and "x-b3-parentspanid" not in headers

    fetch(port, "/items", B3="0")
    assert inventory.calls[2].headers["b3"].endswith("-0")


def test_header_format_b3(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector, headerFormat="b3")
    fetch(port, "/items", B3=f"{TRACE}-{PARENT}-1", Traceparent=f"00-{'1' * 32}-{PARENT}-00")
    assert {span.trace for span in arrived(collector, 3)} == {TRACE}
    fetch(port, "/items")
    headers = inventory.calls[1].headers
    assert headers["b3"].split("-")[:2] == headers["traceparent"].split("-")[1:3]
    fetch(port, "/items", Traceparent=UNSAMPLED)
    headers = inventory.calls[2].headers
    assert headers["b3"].split("-")[0] == TRACE and headers["b3"].endswith("-0"), "backends of B3 learn it, too"


def test_a_parent_that_is_not_trusted(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector, trustParent=False)
    fetch(port, "/items", Traceparent=UNSAMPLED, Tracestate="a=1", B3="0", X_B3_Sampled="0")
    spans = by_kind(arrived(collector, 3))
    assert spans["server"].trace != TRACE and spans["server"].parent == ""
    headers = inventory.calls[0].headers
    assert not {"tracestate", "b3", "x-b3-sampled"} & headers.keys()


def test_nothing_of_a_parent_that_is_not_trusted_reaches_a_backend(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector, trustParent=False, sampleRate=0)
    twice = b"".join(b"traceparent: 00-" + TRACE.encode() + b"-" + PARENT.encode() + b"-01\r\n" for _ in range(2))
    with Connection(port) as connection:
        connection.send(b"GET /items HTTP/1.1\r\nHost: shop\r\n" + twice + b"\r\n")
        assert connection.receive().status == 200
    (given,) = [value for name, value in inventory.calls[0].headers.items() if name.lower() == "traceparent"]
    assert TRACE not in given and given.endswith("-00")


def test_failures_and_tries(server, port, collector):
    answers = iter([None, Answer(503), Answer(404)])
    with TracedBackend(lambda call: next(answers)) as backend:
        filters = [{**proxy(backend.url, retryPolicy="again", failureCodes=[503])}]
        server.apply(
            {
                **pipeline("items", *filters),
                "resilience": [{"name": "again", "kind": "Retry", "maxAttempts": 3, "waitDuration": "1ms"}],
            },
            http_server(
                port,
                {"path": "/items", "backend": "items"},
                tracing={"exporter": otlp(collector), "batchLimits": {"batchTimeout": 20}},
            ),
        )
        assert fetch(port, "/items").status == 404
        spans = arrived(collector, 5)
        tries = [span for span in spans if span.kind == "client"]
        assert [span.attributes.get("error.type") for span in tries] == ["no_response", "503", "404"]
        assert [span.attributes.get("http.request.resend_count") for span in tries] == [None, 1, 2]
        assert all(span.failed for span in tries)
        assert [parent for _, parent, _ in backend.contexts()] == [span.id for span in tries]
        served = next(span for span in spans if span.kind == "server")
        assert not served.failed and served.service["service.name"] == "http-server"
        assert {span.parent for span in tries} == {span.id for span in spans if span.kind == "internal"}


def test_no_backend(server, port, collector):
    trace(server, port, proxy("http://127.0.0.1:1"), collector=collector)
    assert fetch(port, "/items").status == 503
    spans = by_kind(arrived(collector, 3))
    assert spans["server"].failed and spans["server"].attributes["error.type"] == "503"
    assert spans["client"].failed and spans["client"].attributes["error.type"] == "connect"
    assert spans["internal"].attributes["sluice.filter.result"] == "serverError"


def test_no_rule(server, port, collector):
    trace(server, port, collector=collector)
    assert fetch(port, "/none", "DELETE").status == 404
    (span,) = arrived(collector, 1)
    assert (span.name, span.failed, span.attributes["http.response.status_code"]) == ("DELETE", False, 404)
    assert "http.route" not in span.attributes


def test_the_client_leaves(server, port, collector):
    entered, go = threading.Event(), threading.Event()

    def slow(call):
        entered.set()
        return Answer(after=go)

    with TracedBackend(slow) as backend:
        trace(server, port, proxy(backend.url), collector=collector)
        with Connection(port) as connection:
            connection.send(request("/items"))
            assert entered.wait(DEADLINE)
        spans = by_kind(arrived(collector, 2))
        go.set()
    assert spans["server"].attributes["error.type"] == "client_left"
    assert spans["client"].attributes["error.type"] == "cancelled"
    assert spans["client"].parent == spans["server"].id, "the filter has not ended"


def test_what_clients_send_stays_bounded_text(server, port, collector):
    trace(server, port, collector=collector)
    with Connection(port) as connection:
        head = b"P'URGE /items?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\xfe\"\\\r\n\r\n"
        connection.send(head).receive()
    span = next(span for span in arrived(collector, 2) if span.kind == "server")
    assert span.name == "HTTP /items"
    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.attributes["http.request.method_original"] == "P'URGE"
    assert len(span.attributes["url.query"]) == 1024
    assert span.attributes["user_agent.original"] == '\ufffd\ufffd"\\'
    trace(server, port, collector=collector, spanLimits={"attributeValueLengthLimit": 3, "attributeCountLimit": 2})
    fetch(port, "/items")
    span = next(span for span in arrived(collector, 4)[2:] if span.kind == "server")
    assert span.attributes == {"http.request.method": "GET", "url.scheme": "htt"}
    assert span.name == "GET /items", "limits are of attributes"


def test_guests(server, port, collector, guests):
    trace(server, port, wasm(guests / "minimal.wasm", name="count"), collector=collector)
    fetch(port, "/items")
    spans = arrived(collector, 3)
    inner = {span.name: span for span in spans if span.kind == "internal"}
    assert inner["run"].parent == inner["count"].id
    assert inner["run"].attributes == {"sluice.run.outcome": "committed"}


def test_conflicts_of_guests_are_events(server, port, collector, guests):
    """Runs on both cores change the same keys: each run that another one was faster than is an event and a span."""
    count = wasm(guests / "probe.wasm", name="count", concurrency=4, timeout="30s")
    trace(server, port, count, collector=collector, batchLimits={"batchTimeout": 20, "maxQueueSize": 65536})
    requests = 0

    def reruns_so_far() -> int:
        return server.status("items")["filters"]["count"]["reruns"]

    def crowd_in_conflict() -> bool:
        nonlocal requests
        with Load(port, lambda _: request("/items", X_Mode="cluster", X_Key="same"), connections=8, limit=200) as load:
            load.join()
        assert load.statuses() == {200: 200}
        requests += 200
        return reruns_so_far() > 0

    wait_until(crowd_in_conflict, "two runs were in conflict")
    reruns = reruns_so_far()
    spans = arrived(collector, 3 * requests + reruns)
    assert figures(server)["dropped"] == 0
    runs = Counter(span.attributes["sluice.run.outcome"] for span in spans if span.name == "run")
    assert runs == {"committed": requests, "conflict": reruns}
    filters = [span for span in spans if span.name == "count"]
    assert sum(len(span.events) for span in filters) == reruns
    assert {name for span in filters for name, _ in span.events} == {"conflict"}
    rerun = next(span for span in filters if span.events)
    its = [span for span in spans if span.parent == rerun.id]
    assert len(its) == len(rerun.events) + 1 and {span.trace for span in its} == {rerun.trace}


def test_the_access_log_has_the_trace(server, port, collector):
    fields = {"exporter": otlp(collector), "sampleRate": 0}
    server.apply(
        pipeline("items", mock("page")),
        http_server(port, {"backend": "items"}, tracing=fields, accessLogFormat="{{URI}} <{{TraceID}}>"),
    )
    fetch(port, "/joined", Traceparent=SAMPLED)
    assert server.access_line("/joined") == f"/joined <{TRACE}>"
    fetch(port, "/passed", Traceparent=UNSAMPLED)
    assert server.access_line("/passed") == f"/passed <{TRACE}>"
    fetch(port, "/begun")
    assert re.fullmatch("/begun <[0-9a-f]{32}>", server.access_line("/begun"))
    server.apply(http_server(port, {"backend": "items"}, accessLogFormat="{{URI}} <{{TraceID}}>"))
    fetch(port, "/untraced", Traceparent=SAMPLED)
    assert server.access_line("/untraced") == "/untraced <>"


def test_lines_of_json_have_the_trace(tmp_path, port, collector):
    server = Server(tmp_path / "home", "--log-format", "json").start()
    try:
        trace(server, port, collector=collector)
        fetch(port, "/items/1")
        line = json.loads(server.access_line("/items/1"))
        assert {span.trace for span in arrived(collector, 2)} == {line["traceId"]}
    finally:
        server.stop()


def test_a_request_that_a_filter_makes_has_the_context(server, port, collector, inventory):
    """Another request than the client's goes to the backend: it belongs to the trace, sampled or not."""
    build = {"name": "build", "kind": "RequestBuilder", "template": "method: GET\nurl: /made\n"}
    flow = [{"filter": "build", "namespace": "second"}, {"filter": "proxy", "namespace": "second"}, {"filter": "mock"}]
    trace(server, port, collector=collector)
    server.apply(pipeline("items", build, proxy(inventory.url), mock("page"), flow=flow))
    for parent in (SAMPLED, UNSAMPLED):
        assert fetch(port, "/items", Traceparent=parent).status == 200
    client = next(span for span in arrived(collector, 5) if span.kind == "client")
    assert inventory.contexts() == [(TRACE, client.id, "01"), (TRACE, PARENT, "00")]
    assert [call.target for call in inventory.calls] == ["/made", "/made"]


def test_the_calls_of_a_plugin_have_the_context(server, port, collector, inventory):
    plugin = {"name": "plugin", "kind": "ProxyWasm", "code": str(plugin_guests.every()), "timeout": "10s"}
    tracing = {"serviceName": "shop", "batchLimits": {"batchTimeout": 20}, "exporter": otlp(collector)}
    server.apply(
        pipeline("inner", proxy(inventory.url)),
        pipeline("p", plugin, mock("page")),
        http_server(port, {"path": "/call", "backend": "p"}, tracing=tracing),
    )
    for parent in (SAMPLED, UNSAMPLED):
        assert fetch(port, "/call", Traceparent=parent).status == 200
    span = next(span for span in arrived(collector, 2) if span.kind == "server")
    assert inventory.contexts() == [(TRACE, span.id, "01"), (TRACE, PARENT, "00")]


def test_a_trace_without_spans_leaves_by_each_way(server, port, collector, inventory):
    """Nothing asks for the ids of a request that is not sampled until it leaves: one trace, whichever filter sends it."""
    remote = {"name": "remote", "kind": "RemoteFilter", "url": f"{inventory.url}/remote"}
    hosts = {"allowedHosts": [inventory.url.removeprefix("http://")], "allowedNetworks": ["127.0.0.0/8"]}
    forward = {"name": "forward", "kind": "SimpleHTTPProxy", **hosts}
    inventory.answer = lambda call: Answer(body=b"{}")
    server.apply(
        pipeline("forwarded", forward),
        pipeline("asked", remote, proxy(inventory.url)),
        http_server(
            port,
            {"path": "/asked", "backend": "asked"},
            {"pathPrefix": "/", "backend": "forwarded"},
            tracing={"sampleRate": 0, "exporter": otlp(collector)},
        ),
    )
    assert fetch(port, "/asked").status == 200
    remote, proxied = inventory.calls
    told = json.loads(remote.body)["request"]["header"]["Traceparent"]
    assert told == [proxied.headers["traceparent"]]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", told[0])
    assert fetch(port, f"{inventory.url}/there").status == 200
    forwarded = inventory.calls[-1].headers["traceparent"]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", forwarded) and forwarded not in told
    assert queued(server, 0)["spans"] == 0


# --- HTTP/2, and the other protocols of collectors ------------------------------------------------


def test_over_http2(server, port, collector, inventory):
    trace(server, port, proxy(inventory.url), collector=collector)
    command = ["curl", "-s", "--http2-prior-knowledge", f"http://127.0.0.1:{port}/items", "-H", f"traceparent: {SAMPLED}"]
    for _ in range(3):
        assert subprocess.run(command, capture_output=True, timeout=DEADLINE).returncode == 0
    spans = arrived(collector, 9)
    assert {span.attributes["network.protocol.version"] for span in spans if span.kind == "server"} == {"2"}
    assert sorted(parent for _, parent, _ in inventory.contexts()) == sorted(s.id for s in spans if s.kind == "client")


def test_zipkin(server, port, collector, inventory):
    exporter = {"zipkin": {"endpoint": f"{collector.url}/api/v2/spans"}}
    trace(server, port, proxy(inventory.url), exporter=exporter, attributes={"place": "rack 7"})
    fetch(port, "/items", Traceparent=SAMPLED, User_Agent="\xff")
    spans = by_kind(arrived(collector, 3))
    assert collector.calls[0].target == "/api/v2/spans"
    assert (spans["server"].parent, spans["client"].parent) == (PARENT, spans["internal"].id)
    assert spans["server"].service == {"service.name": "shop"}
    assert spans["server"].attributes["place"] == "rack 7"
    assert spans["server"].attributes["http.response.status_code"] == "200"


def test_the_older_spelling(server, port, collector):
    old = {"serverURL": f"{collector.url}/api/v2/spans", "sampleRate": 1, "sameSpan": True, "hostport": "0.0.0.0:1"}
    trace(server, port, zipkin=old, tags={"place": "rack 7"})
    fetch(port, "/items")
    assert {span.attributes["place"] for span in arrived(collector, 2)} == {"rack 7"}


def test_grpc(server, port):
    with GrpcCollector() as collector:
        address = collector.url.removeprefix("http://")
        for number, compression in enumerate(["none", "gzip"], 1):
            exporter = {"otlp": {"protocol": "grpc", "endpoint": address, "insecure": True, "compression": compression}}
            trace(server, port, exporter=exporter)
            fetch(port, "/items")
            arrived(collector, 2 * number)
        wait_until(lambda: figures(server)["collectors"][0]["sent"] == 2, "the spans are counted")
        collector.status = 14
        fetch(port, "/items")
        wait_until(lambda: "gRPC status 14" in figures(server)["collectors"][0]["error"], "the failure is told")
        collector.status = 0
        arrived(collector, 6)
    assert EXPORT.encode() in b"".join(collector.heads) or collector.heads


def test_compression_and_headers(server, port, collector):
    exporter = otlp(collector, compression="gzip", headers={"Api-Key": "k"})
    trace(server, port, exporter=exporter)
    fetch(port, "/items")
    arrived(collector, 2)
    assert collector.calls[0].headers["content-encoding"] == "gzip"
    assert collector.calls[0].headers["api-key"] == "k"
    shown = server.egctl("get", "httpserver", "http-server", "-o", "yaml").stdout
    assert 'Api-Key: "<redacted>"' in shown


def test_two_collectors(server, port, collector):
    with Collector() as other:
        exporter = {**otlp(collector), "zipkin": {"endpoint": other.url}}
        trace(server, port, exporter=exporter)
        other.reply = lambda call: Answer(400)
        for _ in range(3):
            fetch(port, "/items")
        arrived(collector, 6)
        wait_until(lambda: figures(server)["collectors"][0]["dropped"] > 0, "one collector refuses")
        assert figures(server)["collectors"][0]["error"] == "it answers with status 400"


# --- many requests, and collectors that fail -------------------------------------------------------


def test_none_is_lost_below_the_bound(server, port, collector, inventory):
    """10,000 requests, with a parent and a child each."""
    limits = {"batchTimeout": 50, "maxQueueSize": 65536}
    trace(server, port, proxy(inventory.url), collector=collector, batchLimits=limits)
    with Load(port, lambda _: request("/items"), connections=16, limit=10_000) as load:
        load.join()
    assert load.statuses() == {200: 10_000}
    spans = arrived(collector, 30_000)
    assert len(spans) == 30_000
    servers = {span.id: span for span in spans if span.kind == "server"}
    filters = {span.id: span for span in spans if span.kind == "internal"}
    clients = {span.id: span for span in spans if span.kind == "client"}
    assert len(servers) == len(filters) == len(clients) == 10_000
    assert len({span.trace for span in servers.values()}) == 10_000
    for span in clients.values():
        parent = servers[filters[span.parent].parent]
        assert parent.trace == span.trace and parent.start <= span.start <= span.end <= parent.end
    assert {parent for _, parent, _ in inventory.contexts()} == clients.keys()
    told = queued(server, 30_000)
    assert (told["spans"], told["dropped"]) == (30_000, 0)


def test_spans_beyond_the_bound_are_counted(server, port, collector):
    """The collector does not answer: what it and the queues hold is bounded, and the rest is counted."""
    go = threading.Event()
    collector.reply = lambda call: Answer(after=go)
    trace(server, port, collector=collector, batchLimits={"batchTimeout": 20, "maxQueueSize": 100, "maxExportBatchSize": 10})
    with Load(port, lambda _: request("/items"), connections=8, limit=2_000) as load:
        load.join()
    assert load.statuses() == {200: 2_000}
    told = queued(server, 4_000)
    assert told["spans"] + told["dropped"] == 4_000 and told["dropped"] > 3_000
    go.set()
    wait_until(lambda: figures(server)["collectors"][0]["sent"] == told["spans"], "all that was queued arrives")
    assert len(collector.spans) == told["spans"]
    families = exposition.parse(server.request("GET", "/metrics")[2])
    assert {name: exposition.value(families, name) for name in families if name.startswith("sluice_tracing_")} == {
        "sluice_tracing_spans_total": told["spans"],
        "sluice_tracing_dropped_spans_total": told["dropped"],
        "sluice_tracing_sent_spans_total": told["spans"],
        "sluice_tracing_undelivered_spans_total": 0,
        "sluice_tracing_collector_up": 1,
    }
    labels = {"server": "http-server", "collector": f"{collector.url}/v1/traces"}
    assert exposition.value(families, "sluice_tracing_sent_spans_total", **labels) == told["spans"]


def test_a_collector_that_is_away(server, port):
    """Requests do not notice; the log has one line; its return is noticed, too."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{place.getsockname()[1]}"
        trace(server, port, exporter={"otlp": {"endpoint": url}})
        for _ in range(50):
            assert fetch(port, "/items").status == 200
        wait_until(lambda: figures(server)["collectors"][0]["error"], "the failure is told")
        for _ in range(50):
            assert fetch(port, "/items").status == 200
    assert server.log().count(f"tracing: {url}/v1/traces") == 1


def test_a_collector_that_comes_and_goes_fills_no_log(server, port, collector):
    began = time.monotonic()
    outcomes = iter([400, 200] * 4)
    collector.reply = lambda call: Answer(next(outcomes))
    trace(server, port, collector=collector)
    for number in range(1, 9):
        fetch(port, "/items")
        wait_until(lambda: len(collector.calls) == number, "the spans have left")
    wait_until(lambda: figures(server)["collectors"][0]["sent"] == 8, "half of them are taken")
    lines = server.log().count("it answers with status 400")
    assert 1 <= lines <= 1 + (time.monotonic() - began) // 60


def hang(connection) -> None:
    read_head(connection)
    while connection.recv(65536):
        pass


def drip(connection) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def flood(connection) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def babble(connection) -> None:
    connection.sendall(b"\x00\xffSSH-2.0 not HTTP\r\n\r\n" * 100)
    hang(connection)


@pytest.mark.parametrize("serve", [hang, drip, flood, babble])
def test_a_collector_that_misbehaves(server, port, serve):
    with RawBackend(serve) as bad:
        limits = {"batchTimeout": 20, "exportTimeout": 300, "maxQueueSize": 64}
        trace(server, port, exporter={"otlp": {"endpoint": bad.url}}, batchLimits=limits)
        with Load(port, lambda _: request("/items"), connections=4, limit=400) as load:
            load.join()
        assert load.statuses() == {200: 400}
        told = wait_until(
            lambda: (f := figures(server)) and f["collectors"][0]["dropped"] > 0 and f, "a batch is given up"
        )
        assert told["collectors"][0]["sent"] == 0 and told["collectors"][0]["error"]


def test_a_collector_asks_for_a_pause(server, port, collector):
    refusals = iter([Answer(503, {"Retry-After": "1"}), Answer(429)])
    collector.reply = lambda call: next(refusals, Answer())
    trace(server, port, collector=collector)
    fetch(port, "/items")
    assert len(arrived(collector, 2)) == 2 and len(collector.calls) == 3
    assert figures(server)["collectors"][0]["dropped"] == 0


def test_a_collector_asks_for_a_pause_until_a_date(server, port, collector):
    times = []

    def reply(call) -> Answer:
        times.append(time.time())
        if len(times) > 1:
            return Answer()
        return Answer(503, {"Retry-After": email.utils.formatdate(times[0] + 4, usegmt=True)})

    collector.reply = reply
    trace(server, port, collector=collector)
    fetch(port, "/items")
    assert len(arrived(collector, 2)) == 2
    assert times[1] - times[0] > 2, "the first pause of its own is shorter"


# --- updates, restarts, the environment -------------------------------------------------------------


def test_an_update_moves_to_another_collector(server, port, collector):
    """The spans of before go where they belong."""
    with Collector() as other:
        trace(server, port, collector=collector, batchLimits={"batchTimeout": 3_600_000})
        fetch(port, "/items")
        trace(server, port, mock("other page"), collector=collector, batchLimits={"batchTimeout": 3_600_000})
        fetch(port, "/items")
        assert queued(server, 4)["spans"] == 4, "other filters, the same tracing"
        trace(server, port, collector=other)
        fetch(port, "/items")
        assert len(arrived(collector, 4)) == 4 and len(arrived(other, 2)) == 2


def test_a_hot_restart_loses_no_span(server, port, collector):
    trace(server, port, collector=collector, batchLimits={"batchTimeout": 3_600_000})
    fetch(port, "/items")
    server.hot_restart()
    fetch(port, "/items", Traceparent=SAMPLED)
    server.stop()
    assert len(collector.spans) == 4
    served = [span for span in collector.spans if span.kind == "server"]
    assert [(span.trace == TRACE, span.parent) for span in served] == [(False, ""), (True, PARENT)]


def test_the_end_of_the_process_exports(server, port, collector):
    trace(server, port, collector=collector, batchLimits={"batchTimeout": 3_600_000})
    fetch(port, "/items")
    server.stop()
    assert len(collector.spans) == 2


def test_the_end_does_not_wait_for_long(server, port):
    with RawBackend(hang) as bad:
        trace(server, port, exporter={"otlp": {"endpoint": bad.url}}, batchLimits={"exportTimeout": 600_000})
        fetch(port, "/items")
        server.stop()  # within DEADLINE, far below the timeout


def test_the_environment(tmp_path, port, collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "of the environment")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "place=rack 7")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    server = Server(tmp_path / "server").start()
    try:
        server.apply(pipeline("p", mock("page")), http_server(port, {"backend": "p"}))
        fetch(port, Traceparent=UNSAMPLED)
        server.stop()
    finally:
        if server.process is not None:
            server.stop()
    assert {span.trace for span in collector.spans} == {TRACE}, "always_on does not ask the caller"
    assert collector.spans[0].service == {"service.name": "of the environment", "place": "rack 7"}
    assert (collector.calls[0].target, collector.calls[0].headers["api-key"]) == ("/v1/traces", "a b")
    assert "OTEL_EXPORTER_OTLP_TIMEOUT: wants milliseconds" in server.log()


def test_the_environment_switches_tracing_off(tmp_path, port, collector, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    server = Server(tmp_path / "server").start()
    try:
        trace(server, port, collector=collector)
        fetch(port, "/items", Traceparent=SAMPLED)
        assert "tracing" not in server.status("http-server")
    finally:
        server.stop()
    assert collector.calls == []


def test_jaeger_is_told_about_otlp(server, port, collector):
    old = {"mode": "agent", "endpoint": "localhost:6831"}
    spec = http_server(port, {"backend": "p"}, tracing={"exporter": {"jaeger": old}})
    done = server.egctl("apply", "-f", "-", input=json.dumps(spec), check=False)
    assert done.returncode == 1 and "tracing.exporter.jaeger: " in done.stderr and "use exporter.otlp" in done.stderr
    spec["tracing"]["exporter"] |= otlp(collector)
    done = server.egctl("apply", "-f", "-", input=json.dumps(spec))
    assert "no spans go there" in done.stderr
