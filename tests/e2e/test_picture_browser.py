# SPDX-License-Identifier: Apache-2.0
"""The live picture in a real browser: how it looks, what it says, what can be done on it."""

import csv
import hashlib
import io
import re
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
from gateway import DEADLINE, Server, documents, http_server, mock, pipeline, proxy, sale_server, wait_until, wasm
from guests import distinct
from picture_kit import Follower, figures, guarded_server, secure, state

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
    assert "Traffic" in texts["overview-1280-light"]
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
        return re.sub(r"<[^>]*>", "|", done.stdout)

    sale = text_of("wasmhost")
    assert "2 of 2 permits given" in sale and "sold out" in sale
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
        expected = {("around/before", "closed", "mocked"): 2, ("around/before", "closed", "success"): 3, ("around/after", "last", "success"): 3}
        assert expected.items() <= shown.items(), shown
        assert {"mocked", "2 in all"} <= {part for text in flows[0] for part in text.split(", ")}
        server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}))
        server.delete("around")
        page.until("document.querySelectorAll('.flow').length === 1")


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
