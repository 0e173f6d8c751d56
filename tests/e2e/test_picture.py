# SPDX-License-Identifier: Apache-2.0
"""The live picture: the stream of figures, who may see it, and the page in a real browser."""

import base64
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml
from certificates import Authority
from client import Connection, fetch, request
from crowd import Crowd
from exposition import parse, value
from gateway import DEADLINE, ROOT, Server, http_server, mock, pipeline, proxy, put_sale, sale_server, wait_until, wasm

SUMS = "sluice_live_requests_seconds"
FOLDER = ROOT / "tests" / "e2e" / "picture"
PAGES = ["overview", "servers", "pipelines", "wasmhost", "backends", "members", "log", "configuration"]
VIEWS = [{"width": width, "theme": theme} for width in (1280, 390) for theme in ("light", "dark")]


def state(server) -> dict:
    return json.loads(server.request("GET", "/apis/v2/live?once")[2])


def figures(state: dict, family: str) -> dict[tuple, list]:
    return {tuple(labels): values for labels, *values in state["figures"].get(family, [])}


class Follower:
    """A client of GET /live that reads events when asked to."""

    def __init__(self, server, buffer: int | None = None):
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", server.api_port))
        self.socket.sendall(b"GET /apis/v2/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.text = b""

    def until(self, wanted: bytes) -> bytes:
        while wanted not in self.text:
            piece = self.socket.recv(65536)
            assert piece, "the stream has ended"
            self.text += piece
        return self.text

    def is_cut(self) -> bool:
        """Whether the server has closed its side. The client cannot know: it has not read what came before."""
        mine, its = (f":{port:04X}" for port in (self.socket.getsockname()[1], self.socket.getpeername()[1]))
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        return not any(line[1].endswith(its) and line[2].endswith(mine) and line[3] == "01" for line in lines)

    def close(self):
        self.socket.close()


def many_routes(server, port, count: int = 150):
    server.apply(
        http_server(port, *({"path": f"/{'r' * 100}{n}", "backend": "p"} for n in range(count))), pipeline("p", mock("x"))
    )
    return [f"/{'r' * 100}{n}" for n in range(count)]


def test_the_figures_are_those_of_metrics(server, port):
    server.apply(
        http_server(port, {"pathPrefix": "/api", "backend": "p"}, {"path": "/gone", "backend": "q"}),
        pipeline("p", mock("x")),
        pipeline("q", mock("gone", code=410)),
    )
    for path in ["/api/1"] * 5 + ["/gone"] * 2 + ["/nowhere"] * 3:
        fetch(port, path)
    seen = wait_until(
        lambda: (s := state(server)) and figures(s, SUMS).get(("", ""), [0])[0] == 10 and s, "all requests are in the figures"
    )
    assert seen["member"] and seen["version"] and seen["leftOut"] == 0
    sums = figures(seen, SUMS)
    assert [sums["http-server", status][0] for status in ("2xx", "4xx")] == [5, 5]
    routes = figures(seen, "http_server_request_duration_seconds")
    assert routes["http-server", "/gone", "q", "4xx"][0] == 2 and routes["http-server", "none", "", "4xx"][0] == 3
    families = parse(server.request("GET", "/metrics")[2])
    for family, declared in seen["families"].items():
        if family == SUMS:
            continue
        assert family in families and declared["type"] == families[family].type
        for labels, values in figures(seen, family).items():
            assert len(labels) == len(list(filter(None, declared["labels"].split(",")))), family
            if declared["type"] == "counter" and not family.startswith("process_"):
                names = dict(zip(declared["labels"].split(","), labels)) if labels else {}
                assert values[0] == value(families, family, **names), (family, labels)


def test_events_tell_changes_and_the_past_is_kept(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    follower = Follower(server)
    head = follower.until(b"event: changes")
    assert b"HTTP/1.1 200" in head and b"Content-Type: text/event-stream" in head and b"event: all" in head
    fetch(port, "/")
    follower.until(b'[["","2xx"],1,')
    past = json.loads(server.request("GET", f"/apis/v2/live/history?figures={SUMS},process_threads")[2])
    assert set(past["figures"]) == {SUMS, "process_threads"} and past["mayChange"] is True
    assert past["times"] == sorted(past["times"]) and len(past["times"]) >= 2
    (threads,) = past["figures"]["process_threads"]
    assert threads[0] == [] and len(threads[1]) == len(past["times"]) and threads[1][-1] > 1
    assert max(next(row[1] for row in past["figures"][SUMS] if row[0] == ["", ""])) > 0
    assert set(json.loads(server.request("GET", "/apis/v2/live/history")[2])["figures"]) > set(past["figures"])
    server.delete("http-server")
    follower.until(b'"gone":{"')
    follower.close()


def test_a_follower_that_does_not_read_is_cut(server, port):
    paths = many_routes(server, port)
    silent = Follower(server, buffer=2048)
    reader = Follower(server)
    stop = threading.Event()

    def load():
        with Connection(port) as connection:
            while not stop.is_set():
                for path in paths:
                    assert connection.send(request(path)).receive().status == 200

    worker = threading.Thread(target=load)
    worker.start()
    assert not silent.is_cut()

    def read_on() -> bool:
        reader.text = b""
        reader.until(b"\n\n")
        return silent.is_cut()

    try:
        wait_until(read_on, "the silent follower is cut, and the other one reads on", deadline=4 * DEADLINE)
    finally:
        stop.set()
        worker.join()
    reader.text = b""
    reader.until(b"event: changes")
    silent.close()
    reader.close()


def test_followers_have_places(server):
    followers = [Follower(server) for _ in range(64)]
    for follower in followers:
        follower.until(b"event: all")
    status, _, text = server.request("GET", "/apis/v2/live")
    assert status == 503 and "at most 64" in text
    followers[0].close()
    wait_until(lambda: Follower(server).until(b"HTTP/1.1 ").startswith(b"HTTP/1.1 200"), "the place is free again")
    for follower in followers:
        follower.close()


# --- who may see it ------------------------------------------------------------------------------


CREDENTIALS = {"basic-auth": {"ann": "apple", "bob": "banana"}, "api-readers": ["bob"]}


@pytest.fixture
def guarded(tmp_path):
    """A server with TLS and credentials: bob may only read."""
    own = Authority(tmp_path / "ca").issue("localhost", "DNS:localhost,IP:127.0.0.1")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(CREDENTIALS))
    options = ("--config-file", str(config), "--tls", "--cert-file", str(own.certificate), "--key-file", str(own.key))
    server = Server(tmp_path / "home", *options).start(wait=False)
    wait_until(lambda: answers(server), "the admin API answers")
    yield server
    server.stop()


def answers(server) -> bool:
    try:
        return secure(server, "/healthz")[0] == 200
    except OSError:
        return False


def secure(server, path: str, user: str | None = None, method: str = "GET", **headers: str):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", server.api_port, timeout=DEADLINE, context=context)
    if user is not None:
        word = f"{user}:{CREDENTIALS['basic-auth'][user]}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(word).decode()
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    text = "" if "event-stream" in response.headers.get("Content-Type", "") else response.read().decode()
    connection.close()
    return response.status, response.headers, text


def test_a_stranger_sees_nothing(guarded):
    for path in ("/", "/picture", "/picture/app.js", "/apis/v2/live", "/apis/v2/live?once", "/apis/v2/live/history"):
        status, headers, text = secure(guarded, path)
        assert status == 401 and headers["WWW-Authenticate"].startswith("Basic")
        assert set(json.loads(text)) == {"code", "message"} and len(text) < 200, text
    for user, may_change in (("ann", True), ("bob", False)):
        assert secure(guarded, "/", user)[0] == 200
        status, headers, _ = secure(guarded, "/apis/v2/live", user)
        assert status == 200 and headers["Content-Type"] == "text/event-stream"
        assert json.loads(secure(guarded, "/apis/v2/live/history", user)[2])["mayChange"] is may_change
    assert secure(guarded, "/apis/v2/wasm/code", "bob", "POST")[0] == 403
    assert secure(guarded, "/apis/v2/live", "ann", Origin="https://evil.example")[0] == 403


def test_the_page_runs_nothing_of_others(server):
    status, headers, text = server.request("GET", "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert " style=" not in text and "onclick" not in text and "http" not in text
    assert text == server.request("GET", "/picture")[2] == server.request("GET", "/?from=a")[2]
    kinds = {"app.js": "text/javascript", "style.css": "text/css", "icon.svg": "image/svg+xml", "uPlot.iife.min.js": "text/javascript"}
    for name, kind in kinds.items():
        status, headers, _ = server.request("GET", f"/picture/{name}")
        assert status == 200 and headers["Content-Type"].startswith(kind)
    for path in ("/picture/nosuch.js", "/picture/../app.js", "/picturesque", "/picture/%2e%2e"):
        assert server.request("GET", path)[0] in (400, 404), path
    assert server.request("POST", "/", "x")[0] == 405
    # The API itself stays as it was: nothing of it may be run by a page.
    assert "default-src 'none'" in server.request("GET", "/apis/v2/objects")[1]["Content-Security-Policy"]


# --- in a browser ---------------------------------------------------------------------------------


def look(url: str, folder, pages=PAGES, views=VIEWS, **more) -> dict:
    """What Chromium finds (picture/look.js). The screenshots stay in `folder`."""
    browser = shutil.which("chromium")
    if browser is None or not (FOLDER / "node_modules" / "axe-core").exists():
        pytest.skip("no chromium, or no npm ci in tests/e2e/picture: tools/install.sh test and tools/test.sh see to both")
    folder.mkdir(exist_ok=True)
    order = {"url": url, "chromium": browser, "folder": str(folder), "pages": pages, "views": views, **more}
    done = subprocess.run(
        ["node", "look.js"], cwd=FOLDER, input=json.dumps(order), capture_output=True, text=True, timeout=DEADLINE * 10
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


HOSTILE = "<img src=x onerror=alert(1)>"


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
        ),
        pipeline(
            "sale",
            wasm(guests / "step6.wasm", parameters={"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": "20"}),
            mock("buy\n"),
        ),
        pipeline("shop", proxy(backend.url, "http://127.0.0.1:1")),
        pipeline("gone", mock(HOSTILE, code=410)),
    )
    with Visitors(port, ["/sale", "/shop/1", "/gone", "/nowhere"]):
        found = look(f"http://{server.api}/", tmp_path / "pictures")
    assert found["violations"] == []
    assert found["errors"] == []
    assert found["wide"] == [], "the page is wider than the window"
    assert {url.split("/")[2] for url in found["requests"]} == {server.api}
    texts = found["texts"]
    assert "Traffic" in texts["overview-1280-light"]
    assert "/shop*" in texts["servers-390-dark"]
    assert "wasmResult2" in texts["pipelines-1280-light"] and "keys" in texts["wasmhost-390-light"]
    assert "Reload code" in texts["wasmhost-1280-light"]
    assert backend.url in texts["backends-1280-light"]
    assert "admin API listens" in texts["log-1280-light"]
    assert "maxPermission" in texts["configuration-390-light"]
    assert HOSTILE in texts["configuration-1280-dark"], "a text stays a text"
    server.stop()


def test_a_reader_sees_no_button(guarded, tmp_path, guests, port):
    found = look(
        f"https://127.0.0.1:{guarded.api_port}/",
        tmp_path / "pictures",
        pages=["wasmhost"],
        views=VIEWS[:1],
        user="bob",
        password="banana",
    )
    assert "Reload code" not in found["texts"]["wasmhost-1280-light"]
    assert [error for error in found["errors"] if "401" not in error] == []


def test_top_and_watch(server, port, guests):
    put_sale(server, port, guests, limit=3)
    for n in range(8):
        fetch(port, "/", Authorization=f"user{n}")
    wait_until(lambda: figures(state(server), "sluice_guest_requests_total").get(("p", "wasm"), [0])[0] == 8, "the guests are in the figures")
    top = server.egctl("top", "--once").stdout
    assert "SERVER" in top and "http-server" in top and "WASMHOST" in top and "wasm" in top
    assert json.loads(server.egctl("top", "--once", "-o", "json").stdout)["figures"]["sluice_data_keys"]
    line = json.loads(server.egctl("wasm", "watch", "p", "wasm", "--once", "-o", "json").stdout)
    assert line["keys"] > 0 and line["guests"] >= 1 and "mocked" not in line["resultsPerSecond"]
    absent = server.egctl("wasm", "watch", "p", "nosuch", "--once", check=False)
    assert absent.returncode == 4 and "no WasmHost filter nosuch" in absent.stderr
    misused = server.egctl("top", "-o", "json", check=False)
    assert misused.returncode == 2


LIMIT = 3000


def test_a_sale_is_watched(tmp_path, port, guests):
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
    crowd = Crowd(port, tmp_path / "crowd", connections=40, cycle=LIMIT + 500, requests=3 * LIMIT).join()
    crowd.expect_answers_only()
    follower.until(f'[["p","wasm"],{LIMIT}]'.encode())
    seen = [int(part.split(b"]")[0]) for part in follower.text.split(b'"sluice_data_limit_used_keys":[[["p","wasm"],')[1:]]
    assert seen == sorted(seen) and seen[-1] == LIMIT, seen
    follower.close()
    count = server.get_json("/apis/v2/wasm/data/p/wasm/count?prefix=id/")["count"]
    assert count == LIMIT == len(crowd.let_in)
    assert figures(state(server), "sluice_data_limit_used_keys")["p", "wasm"] == [count]
    found = look(f"http://{server.api}/", tmp_path / "pictures", pages=["overview", "wasmhost"], views=VIEWS[:1])
    assert f"{LIMIT:,} of {LIMIT:,} permits" in found["texts"]["wasmhost-1280-light"]
    families = parse(server.request("GET", "/metrics")[2])
    requests = value(families, "http_server_request_duration_seconds", "_count")
    assert f"{requests:,.0f}" in found["texts"]["overview-1280-light"]
    server.stop()
