# SPDX-License-Identifier: Apache-2.0
"""`GET /metrics`: the formats, and figures that agree with what clients did."""

import contextlib
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from datetime import datetime

import pytest
from certificates import self_signed
from client import Connection, Load, fetch, request
from exposition import Family, parse, requests, series, value
from gateway import BIN, ROOT, http_server, mock, pipeline, proxy, put_sale, wait_until, wasm

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
SERIES_MAX = 20_000
ROUTES, PIPELINES = 500, 20


def scrape(server, accept: str = "text/plain"):
    status, headers, text = server.request("GET", "/metrics", headers={"Accept": accept})
    assert status == 200, text
    open_metrics = headers["Content-Type"].startswith("application/openmetrics-text")
    return parse(text, open_metrics)


def counted(server, count: int) -> dict[str, Family]:
    """The figures once so many requests are counted, which may be a moment after the clients have their responses."""

    def with_all() -> dict[str, Family] | None:
        families = scrape(server)
        return families if requests(families) >= count else None

    return wait_until(with_all, f"{count} requests are counted")


def all_labels(families) -> str:
    return json.dumps([[list(labels) for _, labels in family.samples] for family in families.values()])


def test_both_formats_under_all_names(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    assert fetch(port, "/").status == 200
    server.counted(1)
    for accept, kind in (
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain, application/openmetrics-text", "text/plain; version=0.0.4; charset=utf-8"),
        (OPEN_METRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ):
        for path in ("/metrics", "/apis/v2/metrics"):
            status, headers, text = server.request("GET", path, headers={"Accept": accept})
            assert status == 200 and headers["Content-Type"] == kind, (path, accept, headers["Content-Type"])
            families = parse(text, kind.startswith("application"))
            assert "http_server_request_duration_seconds" in families
    text = scrape(server)
    marked = scrape(server, OPEN_METRICS)
    assert {name.removesuffix("_total") for name in text} == set(marked)
    assert marked["http_server_request_duration_seconds"].unit == "seconds"
    assert set(parse(server.egctl("metrics").stdout)) == set(text)
    assert server.request("GET", "/metricsx")[0] == 404 == server.request("GET", "/metrics/x")[0]
    assert server.request("POST", "/metrics", "x")[0] == 405
    assert server.request("GET", "/metrics?names=other")[0] == 400


def test_every_figure_is_declared_and_the_page_is_current(server, port, backend, guests):
    server.apply(
        http_server(port, {"path": "/w", "backend": "w"}, {"pathPrefix": "/", "backend": "p"}),
        pipeline("p", proxy(backend.url)),
        pipeline("w", wasm(guests / "step1.wasm"), mock("x")),
    )
    for path in ("/", "/w", "/w"):
        fetch(port, path)
    declared = {one["name"]: one for one in json.loads(server.egctl("metrics", "--list", "-o", "json").stdout)}
    for name, family in scrape(server).items():
        assert declared[name]["type"] == family.type and declared[name]["help"] == family.help
        labels = {label for _, given in family.samples for label, _ in given} - {"le", "quantile"}
        assert labels == set(filter(None, declared[name]["labels"].split(","))), name
    for one in declared.values():
        assert one["unit"] == "" or one["name"].removesuffix("_total").endswith("_" + one["unit"]), one
        assert (one["type"] == "counter") == one["name"].endswith("_total"), one
    environment = {**os.environ, "SLUICE_BIN_DIR": str(BIN)}
    done = subprocess.run([ROOT / "tools" / "metric_table.py", "--check"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr + "run tools/metric_table.py"


def test_promtool(server, port, backend):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: tools/install.sh test installs it")
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", proxy(backend.url)))
    fetch(port, "/")
    server.counted(1)
    text = server.request("GET", "/metrics")[2]
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr


def test_requests_agree_with_what_clients_did(server, port):
    server.apply(
        http_server(
            port,
            {"path": "/gone", "backend": "q"},
            {"pathRegexp": "^/n[0-9]", "backend": "p"},
            {"pathPrefix": "/api", "backend": "p"},
        ),
        pipeline("p", mock("x")),
        pipeline("q", mock("gone", code=410)),
    )
    for path in ["/api/1"] * 3 + ["/n7"] * 2 + ["/gone"] + ["/nowhere"] * 4:
        fetch(port, path)
    families = counted(server, 10)

    def count(**labels: str) -> float:
        return value(families, "http_server_request_duration_seconds", "_count", server="http-server", **labels)

    assert count(route="/api*", pipeline="p", status="2xx") == 3
    assert count(route="~^/n[0-9]", pipeline="p", status="2xx") == 2
    assert count(route="/gone", pipeline="q", status="4xx") == 1
    assert count(route="none", pipeline="", status="4xx") == 4
    assert count() == 10
    assert value(families, "sluice_filter_duration_seconds", "_count", pipeline="p", filter="mock", result="mocked") == 5
    assert value(families, "sluice_server_accepted_connections_total", server="http-server") == 10
    assert value(families, "sluice_server_up", server="http-server") == 1
    assert value(families, "sluice_server_sent_bytes_total") > 0
    assert value(families, "sluice_objects", state="running") == 3
    assert value(families, "process_resident_memory_bytes") > 1 << 20
    # An update keeps the counts of the routes that stay, and another route begins anew.
    server.apply(http_server(port, {"pathPrefix": "/api", "backend": "p"}, {"path": "/new", "backend": "p"}))
    fetch(port, "/api/2")
    families = wait_until(lambda: (now := scrape(server)) and requests(now) == 8 and now, "the routes of before are gone")
    assert count(route="/api*") == 4
    assert "/gone" not in all_labels(families)


def test_a_process_without_a_free_descriptor_is_seen(server):
    """The connection of a scraper goes on, and its figures tell of it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.api_port, timeout=60)
    with contextlib.closing(connection):

        def figures() -> dict[str, Family]:
            connection.request("GET", "/metrics", headers={"Accept": "text/plain"})
            response = connection.getresponse()
            assert response.status == 200
            return parse(response.read().decode(), False)

        names = set(figures())
        taken = len(os.listdir(f"/proc/{server.pid}/fd"))
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (taken, taken))
        families = figures()
        assert set(families) >= names
        assert value(families, "process_max_fds") == taken
        assert abs(value(families, "process_open_fds") - taken) <= 2, "one of a look at the store may come and go"


def test_nothing_that_a_stranger_sends_is_a_label(server, port):
    server.apply(http_server(port, {"pathPrefix": "/api", "backend": "p"}), pipeline("p", mock("x")))
    before = series(scrape(server))
    for method in ("GET", "STRANGE", "PUT"):
        fetch(port, "/api/stranger?stranger=1", method, Host="stranger.example", Stranger="stranger")
        fetch(port, "/stranger", method, Host="stranger.example")
    with Connection(port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nstranger\r\n\r\n")
        assert connection.receive().status == 400
    families = counted(server, 7)
    assert value(families, "sluice_server_protocol_errors_total", protocol="http1") == 1
    assert value(families, "http_server_request_duration_seconds", "_count") == 7
    for word in ("stranger", "STRANGE", "PUT"):
        assert word not in all_labels(families)
    few = series(families)
    for number in range(50):
        fetch(port, f"/api/{number}", Host=f"h{number}.example")
        fetch(port, f"/{number}", Host=f"h{number}.example")
    assert series(counted(server, 107)) == few > before


def test_limits_and_handshakes(server, port, tmp_path):
    server.apply(
        http_server(port, {"pathPrefix": "/", "backend": "p"}, clientLimits={"requestsPerSecond": 1}),
        pipeline("p", mock("x")),
    )
    with Connection(port) as connection:
        statuses = [connection.send(request("/")).receive().status for _ in range(8)]
        families = scrape(server)
        refused = value(families, "sluice_server_refusals_total", limit="clientLimits.requestsPerSecond")
        assert refused == statuses.count(429) > 0
        assert value(families, "sluice_server_connections") == 1
    wait_until(lambda: value(scrape(server), "sluice_server_connections") == 0, "the connection is gone")


def test_backends(server, port, backend):
    server.apply(
        http_server(port, {"pathPrefix": "/", "backend": "p"}),
        pipeline("p", proxy(backend.url, "http://127.0.0.1:1")),
    )
    for _ in range(6):
        fetch(port, "/")
    families = counted(server, 6)
    labels = {"pipeline": "p", "filter": "proxy", "pool": "main"}
    assert value(families, "sluice_backend_requests_total", server=backend.url, **labels) == len(backend.requests)
    assert value(families, "sluice_backend_failures_total", server="http://127.0.0.1:1", **labels) > 0
    assert value(families, "sluice_pool_duration_seconds", "_count", **labels) == 6
    in_flight = lambda: value(scrape(server), "sluice_backend_requests_in_flight", **labels)  # noqa: E731
    wait_until(lambda: in_flight() == 0, "the last try has ended")


def test_a_backend_that_hangs_is_in_the_figures_of_those_who_leave(server, port):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", proxy(url)))
        labels = {"pipeline": "p", "filter": "proxy", "pool": "main", "server": url}
        with contextlib.ExitStack() as visitors:
            for _ in range(3):
                visitors.enter_context(Connection(port)).send(request("/"))
            wait_until(lambda: value(scrape(server), "sluice_backend_requests_total", **labels) == 3, "a try counts when it begins")
            assert value(scrape(server), "sluice_backend_abandoned_total", **labels) == 0
        wait_until(lambda: value(scrape(server), "sluice_backend_abandoned_total", **labels) == 3, "the visitors have left")
        assert value(scrape(server), "sluice_backend_failures_total", **labels) == 0
        assert server.status("p")["filters"]["proxy"]["mainPool"]["servers"][0]["abandoned"] == 3


def test_a_server_that_stands_twice_in_a_pool(server, port, backend):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", proxy(backend.url, backend.url)))
    for _ in range(6):
        fetch(port, "/")
    families = counted(server, 6)
    assert value(families, "sluice_backend_requests_total", pipeline="p", server=backend.url) == 6


def test_the_counts_of_a_pool_go_with_its_path(server, port, backend):
    pool = {"servers": [{"url": backend.url}]}
    a, b = ({"path": path, "backendPool": pool} for path in ("/a", "/b"))
    server.apply(http_server(port, a, b))
    for path in ("/a", "/a", "/a", "/b"):
        fetch(port, path)
    counted(server, 4)
    for rules, place in (((b,), 0), ((a, b), 1)):
        server.apply(http_server(port, *rules))
        samples = scrape(server)["sluice_filter_duration_seconds"].samples
        counts = {dict(labels)["pipeline"]: count for (suffix, labels), count in samples.items() if suffix == "_count"}
        assert counts == {f"http-server/rules[0].paths[{place}]": 1}


def test_guests_and_data(server, port, guests):
    put_sale(server, port, guests, limit=3)
    bodies = [fetch(port, "/", Authorization=f"user{n}").text for n in range(8)]
    families = counted(server, 8)
    labels = {"pipeline": "p", "filter": "wasm"}
    assert bodies.count("buy\n") == 3 == value(families, "sluice_guest_commits_total", kind="written", **labels)
    assert value(families, "sluice_guest_requests_total", **labels) == 8
    assert value(families, "sluice_guest_failures_total", **labels) == 0
    assert value(families, "sluice_guests_alive", **labels) >= 1 and value(families, "sluice_guests_waiting") == 0
    assert value(families, "sluice_data_keys", **labels) == int(server.status("p")["filters"]["wasm"]["keys"]) > 0
    assert value(families, "sluice_data_durable_lag_commits", **labels) == 0
    assert value(families, "sluice_data_owned", **labels) == 1
    assert value(families, "sluice_store_commits_total") >= 3 and value(families, "sluice_store_healthy") == 1
    runs = value(families, "sluice_filter_duration_seconds", "_count", filter="wasm")
    assert runs == 8 and value(families, "sluice_filter_duration_seconds", "_count", filter="mock") == 3


def test_how_long_requests_wait_for_a_guest(server, port, guests):
    """The guests are taken, so that the next requests wait, or find too many waiting."""
    probe = wasm(guests / "probe.wasm", concurrency=1, maxWaiting=2, timeout="300ms")
    crowds = {"overload": {"target": "1h"}}
    server.apply(http_server(port, {"backend": "p"}, **crowds), pipeline("p", probe, mock("x")))
    labels = {"pipeline": "p", "filter": "wasm"}
    families = scrape(server)
    assert value(families, "sluice_guest_wait_seconds", "_count", **labels) == 0
    guests_max = value(families, "sluice_guests_max", **labels)
    assert 1 <= guests_max <= os.cpu_count(), "at least one for each core"
    assert value(families, "sluice_guests_waiting_max", **labels) >= 2
    wait_until(lambda: value(scrape(server), "sluice_guests_alive", **labels) == guests_max, "all guests are made")
    assert value(families, "sluice_server_connections_max", server="http-server") == 10240
    loop = request("/", X_Mode="loop")
    with Load(port, lambda _: loop, connections=3 * int(guests_max), limit=6 * int(guests_max)) as load:
        load.join()
    assert load.statuses() == {503: 6 * guests_max}
    families = counted(server, 6 * int(guests_max))
    waited = value(families, "sluice_guest_wait_seconds", "_count", **labels)
    assert 1 <= waited < 6 * guests_max, "the first found a guest"
    assert value(families, "sluice_guest_wait_seconds", "_sum", **labels) > 0
    assert value(families, "sluice_guests_waiting", **labels) == 0


def test_reloads_by_kind_and_outcome(server, port, guests, tmp_path):
    def reloads(**labels: str) -> float:
        return value(scrape(server), "sluice_reloads_total", **labels)

    assert reloads() == 0
    code = tmp_path / "code.wasm"
    code.write_bytes((guests / "minimal.wasm").read_bytes())
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(code), mock("x")))
    assert server.egctl("apply", "-f", "-", input="kind: Pipeline\nname: q\nflow: 1\n", check=False).returncode == 1
    assert (reloads(kind="objects", result="done"), reloads(kind="objects", result="refused")) == (1, 1)
    info = {"pipeline": "p", "filter": "wasm", "sha256": server.status("p")["filters"]["wasm"]["codeHash"][:12]}
    families = scrape(server)
    assert value(families, "sluice_guest_code_info", source="spec", **info) == 1
    assert value(families, "sluice_guest_code_differs", pipeline="p") == 0
    code.write_bytes(b"no program")
    assert value(scrape(server), "sluice_guest_code_differs", pipeline="p") == 1
    assert server.egctl("wasm", "reload-code", check=False).returncode == 1
    assert (reloads(kind="code", result="done"), reloads(kind="code", result="refused")) == (0, 1)
    server.egctl("wasm", "upload", str(guests / "step1.wasm"), "p", "wasm")
    assert (reloads(kind="code", result="done"), reloads(kind="code", result="refused")) == (1, 1)
    families = scrape(server)
    assert value(families, "sluice_guest_code_info", source="upload", pipeline="p") == 1
    assert len(families["sluice_guest_code_info"].samples) == 1, "the code that runs, and no other"
    assert value(families, "sluice_guest_code_info") == 1 and info["sha256"] not in all_labels(families)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: reloads(kind="configuration", result="done") == 1, "the configuration is read again")
    assert reloads(kind="certificates", result="done") == 1


def test_when_certificates_end(server, port, tmp_path):
    pair = self_signed(tmp_path, "DNS:shop.example")
    assert "sluice_certificate_expiry_time_seconds" not in scrape(server)
    secure = {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}
    server.apply(pipeline("p", mock("x")), http_server(port, {"backend": "p"}, **secure))
    command = ["openssl", "x509", "-in", pair.certificate, "-noout", "-enddate", "-dateopt", "iso_8601"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().partition("=")[2]
    end = datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()
    families = scrape(server)
    assert value(families, "sluice_certificate_expiry_time_seconds", place="HTTPServer http-server certBase64") == end
    server.delete("http-server")
    assert "sluice_certificate_expiry_time_seconds" not in scrape(server)


def test_writes_of_the_store_are_a_histogram(server, port, guests):
    put_sale(server, port, guests, limit=3)
    for n in range(3):
        assert fetch(port, "/", Authorization=f"user{n}").status == 200

    def all_are_timed() -> bool:
        families = scrape(server)
        groups = value(families, "sluice_store_groups_total")
        return value(families, "sluice_store_group_write_seconds", "_count") == groups >= 3

    wait_until(all_are_timed, "as many writes are timed as groups are counted")
    assert value(scrape(server), "sluice_store_group_write_seconds", "_sum") > 0


def test_a_class_of_status_is_zero_before_it_occurs(server, port):
    """An alert on the rate of 5xx has its series before the first one, and what was counted stays when the route goes."""
    server.apply(
        http_server(port, {"path": "/a", "backend": "p"}, {"path": "/b", "backend": "broken"}),
        pipeline("p", mock("x")),
        pipeline("broken", mock("no", code=502)),
    )
    classes = ["1xx", "2xx", "3xx", "4xx", "5xx"]

    def by_class(families) -> list[float]:
        name = "sluice_server_requests_total"
        assert len(families[name].samples) == len(classes)
        return [value(families, name, server="http-server", status=status) for status in classes]

    assert by_class(scrape(server)) == [0] * 5
    fetch(port, "/a")
    assert by_class(counted(server, 1)) == [0, 1, 0, 0, 0]
    for path in ("/b", "/b", "/nowhere"):
        fetch(port, path)
    families = counted(server, 4)
    assert by_class(families) == [0, 1, 0, 1, 2] and sum(by_class(families)) == requests(families)
    server.apply(http_server(port, {"path": "/a", "backend": "p"}))
    wait_until(lambda: requests(scrape(server)) == 2, "the route has gone, and its durations with it")
    assert by_class(scrape(server)) == [0, 1, 0, 1, 2]


def test_a_scrape_of_many_routes(server, port):
    """500 routes, each with three classes of status, to 20 pipelines."""
    paths = [{"path": f"/r{n}", "backend": f"p{n % PIPELINES}"} for n in range(ROUTES)]
    codes = [{"code": code, "match": {"headers": {"X-Code": {"exact": str(code)}}}} for code in (404, 500, 200)]
    server.apply(
        http_server(port, *paths),
        *(
            pipeline(f"p{n}", {"name": "mock", "kind": "Mock", "rules": codes})
            for n in range(PIPELINES)
        ),
    )
    with Connection(port) as connection:
        for n in range(ROUTES):
            for code in ("200", "404", "500"):
                headers = {"X-Code": code}
                assert connection.send(request(f"/r{n}", **headers)).receive().status == int(code)
    counted(server, 3 * ROUTES)
    begin = time.monotonic()
    status, _, text = server.request("GET", "/metrics")
    took = time.monotonic() - begin
    families = parse(text)
    print(f"{series(families)} series, {len(text) >> 10} KiB, {took * 1000:.0f} ms")
    assert value(families, "http_server_request_duration_seconds", "_count") == 3 * ROUTES
    assert series(families) < SERIES_MAX
    assert took < 10, "seconds: a bound for a busy machine, far above what it takes"
