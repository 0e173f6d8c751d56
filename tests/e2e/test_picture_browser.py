# SPDX-License-Identifier: Apache-2.0
"""The live picture in a real browser: how it looks, what it says, what can be done on it."""

import csv
import hashlib
import io
import json
import re
import socket
import struct
import subprocess
import threading
import time
import xml.etree.ElementTree as xml

import plugin_guests
import pytest
from browser import Page, look, program
from client import fetch
from crowd import Crowd
from exposition import parse, value
from gateway import DEADLINE, Server, documents, http_server, mock, pipeline, proxy, put_sale, sale_server, wait_until, wasm
from guests import distinct
from picture_kit import SUMS, Follower, figures, guarded_server, secure, state

PAGES = ["overview", "servers", "pipelines", "wasmhost", "backends", "members", "log", "configuration"]
VIEWS = [{"width": width, "theme": theme} for width in (1280, 390) for theme in ("light", "dark")]


HOSTILE = "<img src=x onerror=alert(1)>"


PASSES = {"kind": "Mock", "rules": []}
AROUND = {
    "kind": "GlobalFilter",
    "name": "around",
    "beforePipeline": {
        "filters": [
            {"name": "closed", "kind": "Mock", "rules": [{"match": {"pathPrefix": "/closed"}, "code": 403}]},
            {"name": "first", **PASSES},
        ],
        "flow": [{"filter": "closed", "jumpIf": {"mocked": "END"}}, {"filter": "first"}],
    },
    "afterPipeline": {"filters": [{"name": "last", **PASSES}]},
    "fallthrough": {"pipeline": True},
}


class Visitors:
    """Requests without a pause, until the end of the block."""

    def __init__(self, port, paths):
        self.port, self.paths, self.stop = port, paths, threading.Event()
        self.worker = threading.Thread(target=self.run)

    def run(self):
        number = 0
        while not self.stop.is_set():
            for path in self.paths:
                number += 1
                fetch(self.port, path, Authorization=f"user{number}")
            time.sleep(0.02)  # leaves the processor to the browser

    def __enter__(self):
        self.worker.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.worker.join()


def test_every_page_in_a_browser(tmp_path, port, backend, guests):
    server = Server(tmp_path / "home").start()
    server.apply(
        http_server(
            port,
            {"path": "/sale", "backend": "sale"},
            {"pathPrefix": "/shop", "backend": "shop"},
            {"path": "/gone", "backend": "gone"},
            globalFilter="around",
        ),
        AROUND,
        pipeline(
            "sale",
            wasm(guests / "step6.wasm", parameters={"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": "20"}),
            mock("buy\n"),
        ),
        pipeline("shop", proxy(backend.url, "http://127.0.0.1:1")),
        pipeline("gone", mock(HOSTILE, code=410)),
    )
    with Visitors(port, ["/sale", "/shop/1", "/gone", "/nowhere"]):
        found = look(f"http://{server.api}/", tmp_path / "pictures", PAGES, VIEWS)
    assert found["violations"] == []
    assert found["errors"] == []
    assert found["wide"] == [], "the page is wider than the window"
    assert {url.split("/")[2] for url in found["requests"]} == {server.api}
    texts = found["texts"]
    overview = texts["overview-1280-light"]
    assert "Traffic" in overview and "Errors (5xx)" in overview and "Answers 4xx" in overview
    assert "/shop*" in texts["servers-390-dark"]
    assert "wasmResult2" in texts["pipelines-1280-light"] and "keys" in texts["wasmhost-390-light"]
    assert "GlobalFilter around, before each pipeline" in texts["pipelines-390-dark"]
    assert "Reload code" in texts["wasmhost-1280-light"]
    assert backend.url in texts["backends-1280-light"]
    assert "admin API listens" in texts["log-1280-light"]
    assert "maxPermission" in texts["configuration-390-light"]
    assert HOSTILE in texts["configuration-1280-dark"], "a text stays a text"
    server.stop()


# --- figures --------------------------------------------------------------------------------------


def rows(page, table: str) -> list[list[str]]:
    """Once the table is drawn and has a row."""
    page.until(f"document.querySelector('[aria-label=\"{table}\"] tbody tr') !== null")
    return page.value(
        f"[...document.querySelectorAll('[aria-label=\"{table}\"] tbody tr')].map((row) => [...row.children].map((cell) => cell.innerText))"
    )


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_page_agrees_with_metrics(server, port, backend, guests):
    server.apply(
        http_server(port, {"path": "/sale", "backend": "p"}, {"pathPrefix": "/shop", "backend": "shop"}, {"path": "/gone", "backend": "gone"}),
        pipeline("p", wasm(guests / "step6.wasm", parameters={"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": "5"}), mock("buy\n")),
        pipeline("shop", proxy(backend.url)),
        pipeline("gone", mock("gone", code=410)),
    )
    with Page(f"http://{server.api}/") as page:
        for n in range(20):
            for path in ("/sale", "/shop/1", "/gone", "/nowhere"):
                fetch(port, path, Authorization=f"user{n}")
        server.counted(80)
        families = parse(server.request("GET", "/metrics")[2])

        def metric(name: str, suffix: str = "", **labels: str) -> int:
            return int(value(families, name, suffix, **labels))

        assert metric("http_server_request_duration_seconds", "_count") == 80
        page.until("document.querySelector('.tiles > div:last-child dd').innerText === '80'")
        page.open("servers")
        routes = {(row[0], row[2]): whole(row[-1]) for row in rows(page, "Routes")}
        for (route, its_pipeline), count in routes.items():
            its = metric("http_server_request_duration_seconds", "_count", route=route, pipeline=its_pipeline.replace("–", ""))
            assert count == its == 20, route
        assert set(routes) == {("/sale", "p"), ("/shop*", "shop"), ("/gone", "gone"), ("none", "–")}
        page.open("pipelines")
        results = {(row[1], row[0], row[3]): whole(row[-1]) for row in rows(page, "Results of filters")}
        for (its_pipeline, its_filter, result), count in results.items():
            labels = {"pipeline": its_pipeline, "filter": its_filter, "result": result}
            assert count == metric("sluice_filter_duration_seconds", "_count", **labels), labels
        assert sum(results.values()) == metric("sluice_filter_duration_seconds", "_count") == 65
        page.open("wasmhost")
        keys = metric("sluice_data_keys", pipeline="p", filter="wasm")
        assert keys > 0 and page.text(".permits") == f"{keys} keys, no limit"
        # And what counts goes on: the last request is on the page without being asked for.
        page.open("overview")
        fetch(port, "/gone")
        page.until("document.querySelector('.tiles > div:last-child dd').innerText === '81'")
        assert {url.split("/")[2] for url in page.requests()} == {server.api}, "nothing comes from elsewhere"


def test_a_screenshot_by_a_program(tmp_path, server, port, guests):
    """The page of `?once` ends its loading, and only says what differs from the defaults."""
    limited = wasm(guests / "probe.wasm", limit={"prefix": "id/", "max": 2})
    spec = pipeline("p", limited, mock("buy\n"), flow=[{"filter": "wasm", "jumpIf": {"limitReached": "END"}}, {"filter": "mock"}])
    spec["resilience"] = [{"name": "again", "kind": "Retry", "maxAttempts": 5}]
    server.apply(http_server(port, {"backend": "p"}), spec)
    for n in range(3):
        fetch(port, X_Mode="enter", X_Key=f"id/{n}")
    wait_until(lambda: figures(state(server), "sluice_data_limit_used_keys").get(("p", "wasm")) == [2], "both are given")

    def text_of(name: str) -> str:
        arguments = ["--headless", "--no-sandbox", "--virtual-time-budget=5000", "--dump-dom"]
        done = subprocess.run([program(), *arguments, f"http://{server.api}/?once#{name}"], capture_output=True, text=True, timeout=DEADLINE * 5)
        return re.sub(r"<[^>]*>", "|", done.stdout.replace("<wbr>", ""))

    sale = text_of("wasmhost")
    assert "2 of 2 permits given" in sale and "sold out" in sale
    assert re.search(r"a moment: \d\d:\d\d:\d\d, not live", sale), "it says that it does not go on"
    overview = text_of("overview")
    assert re.search(r"p/wasm\|+2 of 2 permits\|+ \|+sold out", overview), "a tile for the sale"
    configuration = text_of("configuration")
    assert "resilience.again.maxAttempts" in configuration and "jumpIf" in configuration
    for default in ("backOffPolicy", "budgetPercent", "alias"):
        assert default not in configuration, default


def test_the_flows_of_a_global_filter(server, port):
    """They stand around the pipelines, with the figures of /metrics."""
    server.apply(
        http_server(port, {"pathPrefix": "/", "backend": "p"}, globalFilter="around"),
        AROUND,
        pipeline("p", {"name": "inner", **PASSES}, mock("x")),
    )
    for path in ["/"] * 3 + ["/closed"] * 2:
        fetch(port, path)
    server.counted(5)
    families = parse(server.request("GET", "/metrics")[2])
    with Page(f"http://{server.api}/") as page:
        page.open("pipelines")
        page.until("document.querySelectorAll('.flow').length === 3")
        titles = "[...document.querySelectorAll('.flows h2')].map((its) => its.innerText)"
        assert page.value(titles) == ["GlobalFilter around, before each pipeline", "Pipeline p", "GlobalFilter around, after each pipeline"]
        assert page.value("document.querySelector('.flows p').innerText") == "of http-server"
        flows = page.value("[...document.querySelectorAll('.flow')].map((flow) => [...flow.querySelectorAll('text')].map((its) => its.textContent))")
        assert flows[0][0] == "closed" and flows[0][-2:] == ["pipeline", "END"] and flows[2][0] == "last" and flows[2][-1] == "END"
        shown = {(row[1], row[0], row[3]): whole(row[-1]) for row in rows(page, "Results of filters")}
        for (its_pipeline, its_filter, result), count in shown.items():
            labels = {"pipeline": its_pipeline, "filter": its_filter, "result": result}
            assert count == value(families, "sluice_filter_duration_seconds", "_count", **labels), labels
        assert "3 in all" in [part for text in flows[2] for part in text.split(", ")], "a filter that only succeeds has its total"
        expected = {("around/before", "closed", "mocked"): 2, ("around/before", "closed", "success"): 3, ("around/after", "last", "success"): 3}
        assert expected.items() <= shown.items(), shown
        assert {"mocked", "2 in all"} <= {part for text in flows[0] for part in text.split(", ")}
        server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}))
        server.delete("around")
        page.until("document.querySelectorAll('.flow').length === 1")


def test_the_drawing_of_a_flow(server, port):
    """END is an end, which leads nowhere, and the lines of jumps cross no text."""
    flow = [
        {"filter": "first", "jumpIf": {"mocked": "sold-out", "failed": "END"}},
        {"filter": "page", "jumpIf": {"mocked": "END"}},
        {"filter": "END"},
        {"filter": "sold-out"},
    ]
    spec = pipeline("p", mock("x", name="first"), mock("x", name="page"), mock("sorry", name="sold-out", code=403), flow=flow)
    spec["flow"][0]["jumpIf"].pop("failed")
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), spec)
    with Page(f"http://{server.api}/") as page:
        page.open("pipelines")
        page.until("document.querySelector('.flow') !== null")
        assert page.count(".flow .end") == 2 and page.count(".flow .box") == 3
        ends = "[...document.querySelectorAll('.flow .end')].map((its) => its.y.baseVal.value)"
        first_end, last_end = page.value(ends)
        arrows = page.value("[...document.querySelectorAll('.flow .arrow')].map((its) => [its.y1.baseVal.value, its.y2.baseVal.value])")
        assert len(arrows) == 3 and not [arrow for arrow in arrows if first_end <= arrow[0] < last_end - 100], arrows
        right = page.value("Math.max(...[...document.querySelectorAll('.flow text')].map((its) => its.getBBox().x + its.getBBox().width))")
        lanes = page.value("[...document.querySelectorAll('.flow .jump')].map((its) => its.getBBox().x)")
        assert len(lanes) == 2
        edge = page.value("(({ x, width }) => x + width)(document.querySelector('.flow .box').getBBox())")
        assert right < edge and page.value("[...document.querySelectorAll('.flow .jump')].every((its) => its.getPointAtLength(0).x >= " + str(edge) + ")")


def test_the_flow_of_a_pool_in_a_server(server, port, backend):
    """A path with a backendPool has a pipeline of its own."""
    pool = {"servers": [{"url": f"http://127.0.0.1:{backend.port}"}]}
    server.apply(http_server(port, {"pathPrefix": "/p", "backend": "p"}, {"pathPrefix": "/", "backendPool": pool}), pipeline("p", mock("x")))
    for _ in range(3):
        fetch(port, "/")
    server.counted(3)
    with Page(f"http://{server.api}/") as page:
        page.open("pipelines")
        page.until("document.querySelectorAll('.flow').length === 2")
        assert page.value("[...document.querySelectorAll('.flows h2')].map((its) => its.innerText)") == ["Pipeline p", "Server http-server, rules[0].paths[1]"]
        shown = {(row[0], row[1], row[2]): whole(row[-1]) for row in rows(page, "Results of filters")}
        assert shown["backendPool", "http-server/rules[0].paths[1]", "Proxy"] == 3


def test_the_age_of_code_is_by_the_clock_of_the_server(server, port, guests):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", wasm(guests / "step1.wasm"), mock("x")))
    with Page(f"http://{server.api}/") as page:
        page.value("Date.now = ((now) => () => now() + 7_200_000)(Date.now), 1")
        page.open("wasmhost")
        loaded = "[...document.querySelectorAll('.guest dt')].find((its) => its.innerText === 'Code loaded')?.nextSibling.innerText"
        page.until(f"/ago$/.test({loaded})")
        assert not page.value(loaded).endswith("h ago")


def test_a_plugin_has_its_place_beside_the_guests(server, port, guests):
    code = plugin_guests.every()
    digits = hashlib.sha256(code.read_bytes()).hexdigest()[:12]
    plugin = {"name": "plugin", "kind": "ProxyWasm", "code": str(code), "timeout": "1s"}
    server.apply(
        http_server(port, {"path": "/sale", "backend": "sale"}, {"pathPrefix": "/", "backend": "p"}),
        pipeline("sale", wasm(guests / "step1.wasm"), mock("x")),
        pipeline("p", plugin, mock("page")),
    )
    with Page(f"http://{server.api}/") as page:
        page.open("wasmhost")
        page.until(f"document.querySelector('.plugin')?.innerText.includes('{digits}')")  # before the first request
        assert page.count(".guest") == 1 and page.count(".plugin") == 1
        assert fetch(port, "/loop").status == 503
        families = parse(server.request("GET", "/metrics")[2])
        assert value(families, "sluice_plugin_failures_total", cause="timeout") == value(families, "sluice_plugin_failures_total") == 1
        fact = "[...document.querySelectorAll('.plugin dt')].find((its) => its.innerText === '{0}').nextSibling.innerText"
        page.until(f"{fact.format('Failures in all')} === '1'")
        assert int(page.value(fact.format("Guests replaced"))) == value(families, "sluice_plugin_guests_replaced_total")
        assert page.visible("[aria-label='Roll back the code of p / plugin']")
    found = look(f"http://{server.api}/", server.home / "pictures", ["wasmhost"], VIEWS[::3])
    assert (found["violations"], found["errors"], found["wide"]) == ([], [], [])


def test_pages_go_on_after_a_hot_restart(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    with Page(f"http://{server.api}/") as page, Page(f"http://{server.api}/") as log:
        log.open("log")
        log.until("document.querySelector('.log').innerText.includes('admin API listens')")
        fetch(port, "/")
        page.until("document.querySelector('.tiles > div:last-child dd').innerText === '1'")
        server.hot_restart()
        for _ in range(3):
            fetch(port, "/")
        page.until("document.querySelector('.tiles > div:last-child dd').innerText === '3' && document.getElementById('state').innerText === 'live'")
        server.delete("p")
        log.until("document.querySelector('.log').innerText.includes('hand-over: process') && document.querySelector('#page [role=status]').innerText === ''")
        count = "document.querySelectorAll('.log .line').length"
        before = log.value(count)
        server.apply(pipeline("p", mock("y"), {"name": "new", "kind": "Mock", "rules": []}))
        log.until(f"{count} > {before}")


def test_the_past_has_times_that_grow(server):
    """The clock of the server was set back while nobody looked: the samples of the time that it ran through twice are those of the second run."""
    with Page(f"http://{server.api}/") as page:
        past = page.value(
            "import('/picture/live.js').then(({ live }) => {"
            " live.keep(['x'], { times: [1, 2, 3, 4, 2, 3, 9], figures: { x: [[['a'], [10, 20, 30, 40, 21, 31, 90]]] } });"
            " const its = live.past.get('x'); live.past.delete('x'); return [its.times, its.rows.get('[\"a\"]').columns]; })"
        )
        assert past == [[1, 2, 3, 9], [[10, 21, 31, 90]]]


# --- what is wrong now ----------------------------------------------------------------------------


THROWS = "export function run() {\n  throw new Error('" + HOSTILE + " is away');\n}\n"


def script(name: str, text: str, **fields) -> dict:
    return {"name": name, "kind": "WasmHost", "code": "builtin:javascript", "script": text, "timeout": "5s", "maxConcurrency": 2, **fields}


def wrong(page) -> list[str]:
    return page.value("[...document.querySelectorAll('#wrong li')].map((its) => its.innerText)")


WATCH_WRONG = (
    "void (window.alarms = [], new MutationObserver(() => document.getElementById('wrong').hidden || window.alarms.push(document.getElementById('wrong').innerText))"
    ".observe(document.getElementById('wrong'), { attributes: true, childList: true, subtree: true, characterData: true }))"
)


def test_a_sale_that_goes_well_raises_no_alarm(tmp_path, port, guests):
    """Neither at the start, nor while it idles, nor when it is sold out, nor for a single failure."""
    server = Server(tmp_path / "home").start(wait=False)
    wait_until(lambda: server.process.poll() is None and can_connect(server.api_port), "the admin API listens")
    with Page(f"http://{server.api}/") as page:
        page.value(WATCH_WRONG)
        limited = wasm(guests / "probe.wasm", limit={"prefix": "id/", "max": 2})
        rules = http_server(port, {"path": "/once", "backend": "gone"}, {"backend": "p"})
        server.apply(rules, pipeline("p", limited, mock("buy\n")), pipeline("gone", mock("x", code=500)))
        for n in range(30):
            fetch(port, X_Mode="enter", X_Key=f"id/{n}")
        assert fetch(port, "/once").status == 500
        page.until("document.querySelector('.sales')?.innerText.includes('2 of 2 permits')")
        end = samples(page) + 6
        wait_until(lambda: samples(page) > end, "some events more")
        assert page.value("window.alarms") == [] and not page.visible("#wrong")
        assert page.value("document.getElementById('state').dataset.state") == "good"
        assert page.text("#wrong-said") == "" and page.value("document.title") == "Overview – Sluice"
    server.stop()


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_is_wrong_stands_on_top_of_every_page(server, port):
    breaker = {"name": "fuse", "kind": "CircuitBreaker", "slidingWindowSize": 10, "minimumNumberOfCalls": 5, "failureRateThreshold": 50}
    breaks = pipeline("breaks", proxy("http://127.0.0.1:1", circuitBreakerPolicy="fuse"))
    breaks["resilience"] = [breaker | {"waitDurationInOpenState": "10m"}]
    checked = proxy("http://127.0.0.1:1", healthCheck={"interval": "200ms", "timeout": "200ms"})
    server.apply(
        http_server(port, {"path": "/trap", "backend": "trap"}, {"path": "/breaks", "backend": "breaks"}, {"path": "/x", "backend": "checked"}),
        pipeline("trap", script("js", THROWS)),
        breaks,
        pipeline("checked", checked),
    )
    with Page(f"http://{server.api}/") as page:
        with Visitors(port, ["/trap", "/breaks"]):
            for what in (
                "http-server: requests get 5xx",
                "trap/js: requests trap or make a wrong call",
                "breaks/proxy/main: the circuit breaker is open",
                "checked/proxy/main: all backends are out",
            ):
                page.until(f"document.getElementById('wrong').innerText.includes('{what}')")
                page.until(f"document.getElementById('wrong-said').textContent.includes('{what}')")
            assert page.value("document.getElementById('state').dataset.state") == "bad"
            assert page.value("document.title").startswith("▲ ")
            assert page.value("document.getElementById('wrong-said').getAttribute('role')") == "status"
            assert not re.search(r"\d of \d", page.value("document.getElementById('wrong-said').textContent")), "no figure is read out again and again"
            assert any(re.search(r"5xx [\d.]+ of [\d.]+ requests/s", line) for line in wrong(page)), wrong(page)
            page.click("#wrong a[href='#backends']")
            page.until("document.getElementById('title').innerText === 'Backends'")
            assert page.visible("#wrong")
            page.until("document.querySelector('[aria-label=Pools] [data-state=bad]')?.innerText === 'open'")
            page.open("wasmhost")
            page.until(f"document.querySelector('.failure')?.innerText.includes({HOSTILE!r})")
            assert page.count(".failure img") == 0, "a text of a program stays a text"
            page.until("document.querySelector('.guest .tiles [data-state=bad] dt')?.innerText === 'Errors'")
        found = look(f"http://{server.api}/", server.home / "pictures", ["overview", "wasmhost"], VIEWS[::3])
        assert (found["violations"], found["errors"], found["wide"]) == ([], [], [])
        server.apply(http_server(port, {"path": "/x", "backend": "quiet"}), pipeline("quiet", mock("x")))
        server.delete("trap", "breaks", "checked")
        page.until("document.getElementById('wrong').hidden && document.getElementById('state').dataset.state === 'good'")
        assert page.value("document.getElementById('wrong-said').textContent") == ""


def test_a_store_that_does_not_write_is_told(tmp_path, port, guests):
    server = Server(tmp_path / "home").start()
    put_sale(server, port, guests, limit=1_000_000)
    data, away = server.home / "data", server.home / "away"
    with Page(f"http://{server.api}/") as page:
        page.open("wasmhost")
        data.rename(away)
        with Visitors(port, ["/"]):
            page.until("document.getElementById('wrong').innerText.includes('THE STORE DOES NOT WRITE')")
            page.until("document.getElementById('wrong').innerText.includes('NOT READY')")
            page.until("document.querySelector('.sale .bad')?.innerText === 'the store does not write' && !document.querySelector('.sale .bad').hidden")
            line = json.loads(server.egctl("wasm", "watch", "p", "wasm", "--once", "-o", "json").stdout)
            assert (line["open"], line["reason"]) == (False, "the store does not write")
            assert "STORE DOES NOT WRITE" in server.egctl("wasm", "watch", "p", "wasm", "--once").stdout
            page.open("overview")
            bad = "[...document.querySelectorAll('.tiles [data-state=bad]')].map((its) => its.innerText.replace(/\\s+/g, ' '))"
            page.until(f"{bad}.includes('Store DOES NOT WRITE') && {bad}.includes('Member NOT READY')")
            away.rename(data)
            page.until("!document.getElementById('wrong').innerText.includes('STORE')")
    server.stop()


QUIET = {"sluice_ready": [[[], 1]], "sluice_store_healthy": [[[], 1]], "sluice_server_up": [[["web"], 1]]}
POOL, BACKEND = ["p", "proxy", "main"], ["p", "proxy", "main", "http://a"]
# The figures of each event from now on, and what is wrong once they have lasted for so many seconds.
RULES = {
    "nothing": ({}, 20, []),
    "sold out": ({"sluice_data_limit_keys": [[["p", "f"], 5]], "sluice_data_limit_used_keys": [[["p", "f"], 5]]}, 20, []),
    "start": ({"sluice_ready": [[[], 0]], "sluice_objects": [[["building"], 1]]}, 5, []),
    "no start": ({"sluice_ready": [[[], 0]], "sluice_objects": [[["building"], 1]]}, 12, ["NOT READY objects building: 1"]),
    "store": ({"sluice_store_healthy": [[[], 0]]}, 0, ["THE STORE DOES NOT WRITE "]),
    "object": ({"sluice_objects": [[["failed"], 2]]}, 0, ["Objects do not run objects failed: 2"]),
    "port": ({"sluice_server_up": [[["web"], 0]]}, 4, ["web does not listen "]),
    "one error": ({SUMS: [[["web", ""], 9, 1.0], [["web", "5xx"], 1, 0.1]]}, 5, []),
    "errors": ({SUMS: [[["web", ""], 9, 40.0], [["web", "5xx"], 9, 36.0]]}, 5, ["web: requests get 5xx 36 of 40 requests/s"]),
    "shed": (
        {SUMS: [[["web", ""], 9, 40.0], [["web", "5xx"], 9, 36.0]], "sluice_server_shed_total": [[["web"], 9, 36.0]]},
        5,
        ["web is overloaded and sheds requests 36 of 40 requests/s"],
    ),
    "full": (
        {"sluice_server_connections": [[["web"], 20]], "sluice_server_connections_max": [[["web"], 20]]},
        3,
        ["web: all connections are taken, further clients wait 20 of 20"],
    ),
    "one of two": ({"sluice_backend_healthy": [[BACKEND, 0], [[*POOL, "http://b"], 1]]}, 5, []),
    "mirror": ({"sluice_backend_healthy": [[["p", "proxy", "mirror", "http://a"], 0]]}, 5, []),
    "out": ({"sluice_backend_healthy": [[BACKEND, 1]], "sluice_backend_ejected": [[BACKEND, 1]]}, 5, ["p/proxy/main: all backends are out 1 of 1"]),
    "breaker": ({"sluice_pool_breaker_open": [[POOL, 1]]}, 0, ["p/proxy/main: the circuit breaker is open "]),
    "half open": ({"sluice_pool_breaker_open": [[POOL, 0.5]]}, 5, []),
    "clients leave": (
        {"sluice_backend_healthy": [[BACKEND, 1]], "sluice_backend_requests_total": [[BACKEND, 9, 40]], "sluice_backend_abandoned_total": [[BACKEND, 9, 40]]},
        5,
        ["p/proxy/main: clients leave before an answer 40 of 40 tries/s"],
    ),
    "traps": (
        {"sluice_guest_requests_total": [[["p", "f"], 9, 30]], "sluice_guest_failures_total": [[["p", "f", "error"], 9, 3]]},
        5,
        ["p/f: requests trap or make a wrong call 3 of 30 requests/s"],
    ),
    "plugin": (
        {"sluice_plugin_requests_total": [[["p", "f"], 9, 30]], "sluice_plugin_failures_total": [[["p", "f", "busy"], 9, 3]]},
        5,
        ["p/f: requests find the guest busy 3 of 30 requests/s"],
    ),
    "data": ({"sluice_data_readable": [[["p", "f"], 0]]}, 12, ["p/f: the data can be neither owned nor followed "]),
}


def test_each_rule_of_what_is_wrong(server):
    """With figures of the test, so that each has its case and its time."""
    with Page(f"http://{server.api}/?once") as page:
        page.value(
            "Promise.all(['live', 'trouble'].map((name) => import(`/picture/${name}.js`))).then(([{ live }, { Troubles }]) => {"
            " window.wrongAfter = (figures, seconds) => { live.figures.clear(); const troubles = new Troubles();"
            " for (let i = 0; i <= seconds; ++i) { live.take({ time: 1e12 + i * 1000, families: {}, figures }); troubles.take(false); }"
            " return troubles.now.map(({ what, figures }) => `${what} ${figures}`); }; })"
        )
        for name, (its, seconds, expected) in RULES.items():
            found = page.value(f"window.wrongAfter({json.dumps(QUIET | its)}, {seconds})")
            assert found == expected, name


def test_the_layout(server, port, guests):
    limited = wasm(guests / "probe.wasm", name="filter-with-a-long-name-of-two-lines", limit={"prefix": "id/", "max": 2})
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", limited, mock("buy\n")))
    edges = "(({{ left, right, height }}) => [left, right, height])(document.querySelector('{0}').getBoundingClientRect())"
    with Page(f"http://{server.api}/") as page:
        page.until("document.querySelectorAll('.charts > .chart').length === 7 && document.querySelector('.sales dd') !== null")
        assert page.value(edges.format(".charts > .chart:last-child"))[1] == page.value(edges.format(".charts"))[1], "an odd chart fills its row"
        page.open("wasmhost")
        page.until("/^[0-9a-f]{12}$/.test(document.querySelector('.hash')?.innerText)")
        assert page.value(edges.format(".guest meter"))[:2] == page.value(edges.format(".guest"))[:2], "the bar takes the width"
        assert page.value(edges.format(".hash"))[2] < 40, "a hash is one line"
        page.size(390, 844)
        assert page.value(edges.format("figcaption button"))[2] < page.value(edges.format("figcaption h3"))[2], "a button is not stretched"
        assert page.value("document.querySelector('header').offsetHeight + document.querySelector('nav').offsetHeight") < 160
        assert not page.visible("#from")
        page.click("#more")
        assert page.visible("#from") and page.value("document.getElementById('more').getAttribute('aria-expanded')") == "true"
        told = page.value("import('/picture/format.js').then(({ counted }) => [0, 1, 2].map((its) => counted(its, 'commit')))")
        assert told == ["0 commits", "1 commit", "2 commits"]


# --- what is not known ----------------------------------------------------------------------------


def test_a_past_without_room_is_a_gap(server, port, guests):
    """The server keeps the past of 512 figures for one answer: the others were not 0."""
    many = [pipeline(f"p{i:02}", *(mock("x", name=f"f{j:02}", match={"pathPrefix": "/never"}) for j in range(20))) for i in range(27)]
    paths = [{"path": f"/{i}", "backend": its["name"]} for i, its in enumerate(many)]
    server.apply(http_server(port, {"path": "/z", "backend": "z"}, *paths), *many, pipeline("z", wasm(guests / "step1.wasm"), mock("x")))
    for path in ["/z", *(f"/{i}" for i in range(27))]:
        fetch(port, path)
    history = "/apis/v2/live/history?figures=sluice_filter_duration_seconds"
    wait_until(lambda: server.get_json(history)["leftOut"] > 0, "the history has no room for all")
    with Page(f"http://{server.api}/#wasmhost") as page:
        note = "[...document.querySelectorAll('.chart')].find((its) => its.innerText.includes('Results of z / wasm'))?.querySelector('.loading').innerText"
        page.until(f"{note}?.startsWith('The server keeps no past of ')")
        values = page.value(
            "import('/picture/live.js').then(({ live }) => live.history('sluice_filter_duration_seconds',"
            " live.rows('sluice_filter_duration_seconds').find(({ labels }) => labels[0] === 'z' && labels[1] === 'wasm').labels, 0)[1])"
        )
        assert values[0] is None, values
        requests = page.value("import('/picture/live.js').then(({ live }) => live.hasGap('sluice_live_requests_seconds', ['', '']))")
        assert requests is False, "another family has room"


def test_no_figure_is_not_0(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    with Page(f"http://{server.api}/") as page:
        legend = "[...document.querySelectorAll('.chart')].find((its) => its.innerText.startsWith('Latency')).querySelector('.legend').innerText.replace(/\\s+/g, ' ')"
        page.until(f"{legend} === 'median – 99th percentile –'")
        tiles = page.value(
            "import('/picture/dom.js').then(({ Tiles }) => { const its = new Tiles([{ title: 'Memory', text: () => '0 B' }]); its.update(false); return its.element.textContent; })"
        )
        assert tiles == "Memory–", "before the first event"


def test_long_names_fit_a_telephone(server, port, guests):
    name, alias = "n" * 200, "a" * 200
    server.apply(
        http_server(port, {"path": "/" + "p" * 200, "backend": name}),
        pipeline(name, mock("x" * 300, name=alias)),
        pipeline("guest" * 30, wasm(guests / "step1.wasm", name=alias, limit={"prefix": "id/", "max": 2})),
    )
    fetch(port, "/" + "p" * 200)
    found = look(f"http://{server.api}/", server.home / "pictures", PAGES, VIEWS[2:3])
    assert (found["violations"], found["errors"], found["wide"]) == ([], [], [])
    assert "The table goes on to the right" in found["texts"]["servers-390-light"]


LIMIT = 10_000
SINGLE = 10  # the last permits, one at a time, each watched until the page shows it


@pytest.mark.alone
def test_a_sale_is_watched(tmp_path, port, guests, measured):
    """From the first permit to the last: what the stream and the page say at the end is what the store holds."""
    server = Server(tmp_path / "home").start()
    server.apply(
        sale_server(port),
        pipeline(
            "p",
            wasm(
                guests / "step6.wasm",
                parameters={"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": str(LIMIT)},
                limit={"prefix": "id/", "max": LIMIT},
            ),
            mock("buy\n"),
        ),
    )
    follower = Follower(server)
    follower.until(b"event: all")
    with Page(f"http://{server.api}/") as page:
        page.open("wasmhost")
        page.until(f"document.querySelector('.permits')?.innerText === '0 of {LIMIT:,} permits given'")
        page.value(
            "void (window.seen = [], new MutationObserver(() => window.seen.push(Number(document.querySelector('.guest').dataset.permits)))"
            ".observe(document.querySelector('.guest'), { attributeFilter: ['data-permits'] }))"
        )
        crowd = Crowd(port, tmp_path / "crowd", connections=40, requests=LIMIT - SINGLE).join().expect_answers_only()
        assert len(crowd.let_in) == LIMIT - SINGLE
        page.until(f"document.querySelector('.permits').innerText.startsWith('{LIMIT - SINGLE:,} of')")
        took = []
        for n in range(LIMIT - SINGLE + 1, LIMIT + 1):
            assert fetch(port, "/", Authorization=f"late{n}").text == "buy\n"
            sold = time.time()
            shown = page.until(f"document.querySelector('.permits').innerText === '{n:,} of {LIMIT:,} permits given' && Date.now() / 1000")
            took.append(shown - sold)
        measured("from a permit to the page", f"{min(took):.2f} to {max(took):.2f} s")
        assert fetch(port, "/", Authorization="too-late").text != "buy\n"
        crowd = Crowd(port, tmp_path / "again", connections=40, cycle=LIMIT, requests=LIMIT).join().expect_answers_only()
        assert len(crowd.let_in) == LIMIT - SINGLE, "those who are in stay in, and nobody else comes in"
        follower.until(f'[["p","wasm"],{LIMIT}]'.encode())
        streamed = [int(part.split(b"]")[0]) for part in follower.text.split(b'"sluice_data_limit_used_keys":[[["p","wasm"],')[1:]]
        assert streamed == sorted(streamed) and streamed[-1] == LIMIT, streamed
        follower.close()
        seen = page.value("window.seen")
        assert seen == sorted(seen) and seen[-1] == LIMIT, seen
        count = server.get_json("/apis/v2/wasm/data/p/wasm/count?prefix=id/")["count"]
        assert page.text(".permits") == f"{count:,} of {LIMIT:,} permits given" and count == LIMIT
        assert "sold out" in page.text(".sale")
        assert figures(state(server), "sluice_data_limit_used_keys")["p", "wasm"] == [count]
    server.stop()


def test_a_page_without_a_place_says_so_and_takes_the_next_one(server):
    followers = [Follower(server) for _ in range(56)]
    for follower in followers:
        follower.until(b"event: all")
    with Page(f"http://{server.api}/?once") as page:
        page.value("document.body.prepend(Object.assign(document.createElement('a'), { href: '/', id: 'go', innerText: 'go' }))")
        page.click("#go")
        page.until("document.getElementById('state')?.innerText.includes('too many clients of one address follow the picture, at most 56')")
        for follower in followers:
            follower.close()
        page.until("document.getElementById('state').innerText === 'live'")


# --- what can be done -----------------------------------------------------------------------------


TRAFFIC = '[aria-label="Export Traffic as CSV"]'


def exported(page) -> list[dict]:
    name, content = page.save(TRAFFIC)
    assert name.startswith("traffic-") and name.endswith(".csv")
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def samples(page) -> int:
    return page.value("import('/picture/live.js').then(({ live }) => live.history('sluice_live_requests_seconds', ['', ''], 0)[0].length)")


def test_a_chart_is_saved_and_a_range_exported(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    with Page(f"http://{server.api}/") as page:
        wait_until(lambda: samples(page) > 0, "a past before the requests, from which they differ")
        for _ in range(5):
            fetch(port, "/")
        page.until("document.querySelector('.tiles > div:last-child dd').innerText === '5'")
        wait_until(lambda: samples(page) > 6, "there is a past to choose from", deadline=60)
        every = exported(page)
        assert set(every[0]) == {"time", "requests"} and any(float(row["requests"] or 0) > 0 for row in every)
        times = [row["time"] for row in every]
        assert times == sorted(times) and len(times) > 6

        # The fields of the header take two times of the clock. A browser takes the digits of a field together only if
        # they come within a second, so they are not typed here.
        moments = {"#from": times[2][:19], "#to": times[5][:19]}
        clocks = {field: page.value(f"new Date('{moment}Z').toLocaleTimeString('en-GB')") for field, moment in moments.items()}
        for field, clock in clocks.items():
            page.fill(field, clock)
        page.until(" && ".join(f"document.querySelector('{field}').value === '{clock}'" for field, clock in clocks.items()))
        begin, end = (f"{moment}.000Z" for moment in moments.values())
        assert [row["time"] for row in exported(page)] == [time for time in times if begin <= time <= end]
        page.fill("#from", "25:00:00")
        page.press("Enter")
        page.until("document.getElementById('from').getAttribute('aria-invalid') === 'true'")
        page.focus("#range button")
        page.press("Enter")
        page.until("document.querySelector('#range button').disabled && document.querySelector('#from').value === ''")
        assert len(exported(page)) >= len(every)

        # By the pointer: the range of one chart is that of all.
        page.drag('[aria-label^="Latency:"] .u-over', 0.5, 0.9)
        page.until("!document.querySelector('#range button').disabled && document.querySelector('#from').value !== ''")
        assert len(exported(page)) < len(every)

        name, picture = page.save('[aria-label="Save Traffic as PNG"]')
        assert name.startswith("traffic-") and name.endswith(".png") and picture.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", picture[16:24])
        assert width > 200 and height > 150
        page.open("pipelines")
        page.until("document.querySelector('.flow') !== null")
        name, drawing = page.save('[aria-label="Save Pipeline p as SVG"]')
        assert name.startswith("pipeline-p-") and name.endswith(".svg")
        root = xml.fromstring(drawing)
        svg = "{http://www.w3.org/2000/svg}"
        assert root.tag == f"{svg}svg" and "mock" in [text.text for text in root.iter(f"{svg}text")]
        assert all(text.get("fill") and text.get("font-family") for text in root.iter(f"{svg}text")), "it needs no style of the page"


@pytest.fixture
def guarded(tmp_path):
    with guarded_server(tmp_path) as server:
        yield server


RELOAD = "#page button:has-text('Reload code')"


def test_code_is_reloaded_with_a_confirmation_where_the_user_may(guarded, tmp_path, port, guests):
    program = tmp_path / "program.wasm"
    program.write_bytes((guests / "step1.wasm").read_bytes())
    objects = documents(http_server(port, {"backend": "p"}), pipeline("p", wasm(program), mock("x")))
    status, _, text = secure(guarded, "/apis/v2/objects?mode=apply", "ann", "POST", objects)
    assert status in (200, 201), text
    address = f"https://127.0.0.1:{guarded.api_port}/"

    def calls(page) -> list[str]:
        return [line for line in page.requests() if line.startswith("POST")]

    with Page(address, user="bob", password="banana") as page:
        page.open("wasmhost")
        page.until("document.querySelector('.guest') !== null")
        assert not page.visible(RELOAD), "a reader may not"
    with Page(address, user="ann", password="apple") as page:
        page.open("wasmhost")
        page.until("document.querySelector('.guest') !== null && !document.querySelector('#page button').hidden")
        fresh = tmp_path / "program.new"
        fresh.write_bytes(distinct(program.read_bytes()))
        fresh.rename(program)
        page.click(RELOAD)
        assert page.value("document.activeElement.innerText") == "Cancel", "Enter alone reloads nothing"
        page.press("Enter")
        page.until("document.querySelector('dialog') === null")
        page.click(RELOAD)
        page.press("Escape")
        page.until("document.querySelector('dialog') === null")
        assert calls(page) == []
        page.click(RELOAD)
        page.click("dialog .danger")
        page.until("document.querySelector('.said').innerText.startsWith('p/wasm: new code')")
        assert len(calls(page)) == 1
        page.click(RELOAD)
        page.click("dialog .danger")
        page.until("document.querySelector('.said').innerText.startsWith('p/wasm: unchanged')")


ROLL_BACK = "#page button:has-text('Roll back')"


def test_code_is_rolled_back_with_a_confirmation_where_the_user_may(guarded, tmp_path, port, guests):
    program = tmp_path / "program.wasm"
    objects = documents(http_server(port, {"backend": "p"}), pipeline("p", wasm(program), mock("x")))
    hashes = []
    for path in ("objects?mode=apply", "wasm/code"):
        program.write_bytes(distinct((guests / "step1.wasm").read_bytes()))
        hashes.append(hashlib.sha256(program.read_bytes()).hexdigest())
        status, _, text = secure(guarded, f"/apis/v2/{path}", "ann", "POST", objects)
        assert status in (200, 201), text
    address = f"https://127.0.0.1:{guarded.api_port}/"
    with Page(address, user="bob", password="banana") as page:
        page.open("wasmhost")
        page.until("document.querySelector('.guest') !== null")
        assert not page.visible(ROLL_BACK), "a reader may not"
    with Page(address, user="ann", password="apple") as page:
        page.open("wasmhost")
        page.until("document.querySelector('.guest') !== null && !document.querySelector('.guest button').hidden")
        page.click(ROLL_BACK)
        page.until("document.querySelector('dialog') !== null")
        asked = page.value("document.querySelector('dialog').innerText")
        assert hashes[0][:12] in asked and hashes[1][:12] in asked and "by ann" in asked
        assert page.value("document.activeElement.innerText") == "Cancel", "Enter alone changes nothing"
        page.press("Enter")
        page.until("document.querySelector('dialog') === null")
        assert [line for line in page.requests() if line.startswith("POST")] == []
        page.click(ROLL_BACK)
        page.until("document.querySelector('dialog') !== null")
        page.click("dialog .danger")
        page.until(f"document.querySelector('.said').innerText === 'p/wasm: back to {hashes[0][:12]}'")
        page.until(f"document.querySelector('.guest').innerText.includes('{hashes[1][:12]}')")
        page.click(ROLL_BACK)
        page.until("document.querySelector('.said').innerText.includes('no other code')")
