# SPDX-License-Identifier: Apache-2.0
"""The live picture: the stream of figures, who may see it, and the same in a terminal. In a browser: test_picture_browser.py."""

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest
import yaml
from client import Connection, fetch, request
from exposition import parse, value
from gateway import BIN, DEADLINE, http_server, mock, pipeline, proxy, put_sale, wait_until, wasm
from picture_kit import CREDENTIALS, SUMS, Follower, figures, guarded_server, secure, state

TERMINAL_COLUMNS = 100


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


def test_a_family_that_comes_later_is_declared(server, port):
    """The page is opened before the first request of the sale."""
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    follower = Follower(server)
    follower.until(b"event: changes")
    fetch(port, "/")
    follower.until(b'[["","2xx"],1,')
    follower.to_next_event()
    events = [json.loads(line[6:]) for line in follower.text.split(b"\n") if line.startswith(b"data: ") and line.endswith(b"}")]
    declared = {}
    for event in events:
        declared |= event["families"]
        assert set(event["figures"]) <= set(declared), "each figure has a type when it comes"
    assert declared[SUMS]["type"] == "histogram" and SUMS not in events[0]["families"]
    follower.close()


def test_a_follower_that_is_not_admitted_any_more_is_cut(guarded):
    follower = Follower.secure(guarded, "bob")
    follower.until(b"event: changes")
    config = guarded.home.parent / "config.yaml"

    def reload(configuration: dict) -> None:
        config.write_text(yaml.safe_dump(configuration))
        before = guarded.log().count("configuration")
        guarded.process.send_signal(signal.SIGHUP)
        wait_until(lambda: guarded.log().count("configuration") > before, "the reload is in the log")
        follower.text = b""

    reload(CREDENTIALS | {"drain-timeout": "7s"})
    follower.until(b"event: changes")  # who is still admitted reads on
    reload({"basic-auth": {"ann": "apple"}})
    assert follower.ends()
    assert secure(guarded, "/apis/v2/live?once", "bob")[0] == 401


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
    followers = [Follower(server) for _ in range(56)]
    for follower in followers:
        follower.until(b"event: all")
    status, _, text = server.request("GET", "/apis/v2/live")
    assert status == 429 and "too many clients of one address follow the picture, at most 56" in text
    others = [Follower(server, address="127.0.0.2") for _ in range(8)]
    for follower in others:
        follower.until(b"event: all")
    followers += others
    status, _, text = server.request("GET", "/apis/v2/live")
    assert status == 503 and "at most 64" in text
    followers[0].close()
    wait_until(lambda: Follower(server).until(b"HTTP/1.1 ").startswith(b"HTTP/1.1 200"), "the place is free again")
    for follower in followers:
        follower.close()


def test_one_user_does_not_take_all_places(guarded):
    followers = [Follower.secure(guarded, "bob") for _ in range(56)]
    for follower in followers:
        follower.until(b"event: all")
    status, _, text = secure(guarded, "/apis/v2/live", "bob")
    assert status == 429 and "too many clients of one user follow the picture, at most 56" in text
    ann = Follower.secure(guarded, "ann")
    ann.until(b"event: changes")
    assert secure(guarded, "/apis/v2/live?once", "bob")[0] == 200, "what is no stream needs no place"
    for follower in (*followers, ann):
        follower.close()


def test_followers_of_the_log_have_places(server):
    """As those of the picture."""
    log = "/apis/v2/logs?tail=1&follow=true"
    followers = [Follower(server, target=log) for _ in range(28)]
    for follower in followers:
        follower.until(b"HTTP/1.1 200")
    status, _, text = server.request("GET", log)
    assert status == 429 and "too many clients of one address follow the log, at most 28" in text
    followers += (Follower(server, address="127.0.0.2", target=log) for _ in range(4))
    for follower in followers[28:]:
        follower.until(b"HTTP/1.1 200")
    status, _, text = server.request("GET", log)
    assert status == 503 and "too many clients follow the log, at most 32" in text
    assert server.request("GET", "/apis/v2/logs?tail=1")[0] == 200, "who does not follow needs no place"
    for follower in followers:
        follower.close()


# --- who may see it ------------------------------------------------------------------------------


@pytest.fixture
def guarded(tmp_path):
    with guarded_server(tmp_path) as server:
        yield server


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


# --- in a terminal --------------------------------------------------------------------------------


def lines_of(server, *arguments: str, count: int) -> list[str]:
    """The first lines of an egctl that goes on until it is ended."""
    process = subprocess.Popen([BIN / "egctl", "--server", server.api, *arguments], stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(count)]
    process.terminate()
    process.stdout.close()
    process.wait(DEADLINE)
    return lines


def results_in(server, pipeline_name: str, filter_name: str) -> set[str]:
    """The results that the filter has had, as /metrics counts them."""
    samples = parse(server.request("GET", "/metrics")[2])["sluice_filter_duration_seconds"].samples
    labels = [dict(labels) for _, labels in samples]
    found = {each["result"] for each in labels if (each["pipeline"], each["filter"]) == (pipeline_name, filter_name)}
    assert len(found) == 2, found
    return found


def test_top_and_watch(server, port, guests):
    put_sale(server, port, guests, limit=3)
    for n in range(8):
        fetch(port, "/", Authorization=f"user{n}")
    wait_until(lambda: figures(state(server), "sluice_guest_requests_total").get(("p", "wasm"), [0])[0] == 8, "the guests are in the figures")
    top = server.egctl("top", "--once").stdout
    assert "SERVER" in top and "http-server" in top and "WASMHOST" in top and "wasm" in top
    as_json = json.loads(server.egctl("top", "--once", "-o", "json").stdout)
    as_yaml = yaml.safe_load(server.egctl("top", "--once", "-o", "yaml").stdout)
    for all_figures in (as_json, as_yaml):
        assert all_figures["member"] and figures(all_figures, SUMS)["http-server", ""][0] == 8
        assert figures(all_figures, "sluice_data_keys")["p", "wasm"][0] > 0
    keys = figures(as_json, "sluice_data_keys")["p", "wasm"][0]
    for form, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        line = read(server.egctl("wasm", "watch", "p", "wasm", "--once", "-o", form).stdout)
        assert (line["pipeline"], line["filter"], line["keys"]) == ("p", "wasm", keys) and line["guests"] >= 1
        assert set(line["resultsPerSecond"]) == results_in(server, "p", "wasm"), line
    titles, line = server.egctl("wasm", "watch", "p", "wasm", "--once").stdout.splitlines()
    assert dict(zip(titles.split(), line.split()))["UTC"].count(":") == 2 and "RESULTS/S" in titles
    assert "GIVEN" in titles and "SALE" in titles


def test_what_top_says_of_a_sale_with_a_limit(server, port, guests):
    limited = wasm(guests / "probe.wasm", limit={"prefix": "id/", "max": 2})
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", limited, mock("buy\n")))
    for n in range(3):
        fetch(port, X_Mode="enter", X_Key=f"id/{n}")
    wait_until(lambda: figures(state(server), "sluice_data_limit_used_keys").get(("p", "wasm")) == [2], "both are given")
    top = server.egctl("top", "--once").stdout
    assert "PERMITS GIVEN" in top and "2 of 2, sold out" in top, top
    assert "SHED/S" in top and "REFUSED/S" in top and " UTC " in top and "% of one core" in top, top
    assert "  ready  the store writes  objects 2" in top, top
    assert max(len(line) for line in top.splitlines()) <= TERMINAL_COLUMNS, top
    families = json.loads(server.egctl("top", "--once", "-o", "json").stdout)["families"]
    assert families["sluice_data_keys"]["labels"] == ["pipeline", "filter"]
    assert families["process_cpu_seconds_total"]["labels"] == []
    line = json.loads(server.egctl("wasm", "watch", "p", "wasm", "--once", "-o", "json").stdout)
    assert (line["permitsGiven"], line["limit"], line["soldOut"]) == (2, 2, True), line
    assert "sold out" in server.egctl("wasm", "watch", "p", "wasm", "--once").stdout


def test_top_fits_a_terminal(server, port, guests, backend):
    """With the names of the pages, and a number in each column."""
    code = guests / "probe.wasm"
    server.apply(
        http_server(port, {"pathPrefix": "/shop", "backend": "shop-pipeline"}, {"backend": "flash-sale-pipeline"}),
        pipeline("flash-sale-pipeline", wasm(code, limit={"prefix": "id/", "max": 12345}), mock("buy\n")),
        pipeline("shop-pipeline", proxy(backend.url)),
    )
    for path in ("/", "/shop"):
        fetch(port, path, X_Mode="enter", X_Key="id/0")
    wait_until(lambda: figures(state(server), "sluice_backend_requests_total"), "the backend is in the figures")
    top = server.egctl("top", "--once").stdout
    assert "flash-sale-pipeline/wasm" in top and "shop-pipeline/proxy" in top and "1 of 12345" in top, top
    assert max(len(line) for line in top.splitlines()) <= TERMINAL_COLUMNS, top


def test_top_and_watch_go_on(server, port, guests):
    put_sale(server, port, guests, limit=3)
    titles, *lines = lines_of(server, "wasm", "watch", "p", "wasm", count=4)
    assert titles.split()[0] == "UTC" and all(line.split()[0].count(":") == 2 for line in lines)
    assert lines == sorted(lines, key=lambda line: line.split()[0])
    text = "".join(lines_of(server, "top", count=24))
    assert text.count("SERVER") >= 2, "it is printed anew"


CLEAR = "\x1b[H\x1b[2J"


class Terminal:
    """An egctl in a terminal of so many rows and columns."""

    def __init__(self, server, *arguments: str, rows: int, columns: int):
        self.text = ""
        self.side, its = os.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([BIN / "egctl", "--server", server.api, *arguments], stdin=subprocess.DEVNULL, stdout=its)
        os.close(its)

    def until(self, condition, what: str) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}: {self.text[-3000:]}"
            if select.select([self.side], [], [], 1)[0]:
                self.text += os.read(self.side, 65536).decode().replace("\r\n", "\n")

    def screens(self) -> list[str]:
        """The whole ones."""
        return self.text.split(CLEAR)[1:-1]

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE)
        os.close(self.side)


def many_pipelines(server, port, guests, count: int = 20) -> None:
    """And a sale that comes last by its name."""
    idle = [pipeline(f"p{n:02}", *(mock("x", name=f"mock{k}", match={"pathPrefix": "/never"}) for k in range(5))) for n in range(count)]
    sale = pipeline("sale-with-a-name-of-its-own-and-a-long-one", wasm(guests / "probe.wasm", limit={"prefix": "id/", "max": 2}), mock("buy\n"))
    paths = [{"path": f"/{n}", "backend": its["name"]} for n, its in enumerate(idle)]
    server.apply(*idle, sale, http_server(port, *paths, {"backend": sale["name"]}))
    for n in range(count):
        fetch(port, f"/{n}")


def test_top_has_as_many_rows_as_the_terminal(server, port, guests):
    many_pipelines(server, port, guests)
    wait_until(lambda: len(figures(state(server), "sluice_filter_duration_seconds")) >= 100, "there are a hundred rows")
    with Terminal(server, "top", rows=24, columns=80) as terminal:

        def busy_is_seen() -> bool:
            fetch(port, "/sale", X_Mode="enter", X_Key="id/0")
            return any("sale-with" in screen.split("FILTER")[-1].split("\n")[1] for screen in terminal.screens() if "FILTER" in screen)

        terminal.until(busy_is_seen, "the busy filter is the first")
        screens = terminal.screens()
    for screen in screens:
        lines = screen.rstrip("\n").split("\n")
        assert len(lines) <= 23 and max(map(len, lines)) <= 80, screen
        assert " UTC " in lines[0] and "ready  the store writes" in screen.split("SERVER")[0], screen
        assert re.fullmatch(r"\d+ more", lines[-1]), lines[-1]
        assert "WASMHOST" in screen and "SERVER" in screen, screen
    assert "1 of 2 " in screens[-1], "names are cut before figures"
    everything = server.egctl("top", "--once").stdout
    assert len(everything.splitlines()) > 100 and " more\n" not in everything


def test_watch_keeps_its_titles_on_a_terminal(server, port, guests):
    put_sale(server, port, guests, limit=3)
    with Terminal(server, "wasm", "watch", "p", "wasm", rows=5, columns=80) as terminal:
        terminal.until(lambda: terminal.text.count("RESULTS/S") == 3, "the titles come again")
    lines = terminal.text.rstrip("\n").split("\n")
    assert max(map(len, lines)) <= 80
    titles = [n for n, line in enumerate(lines) if line.startswith("UTC")]
    assert {after - before for before, after in zip(titles, titles[1:])} == {4}, "one line in five is left for the cursor"


def test_once_is_newer_than_what_was_done_before(server, port, guests):
    """A script applies, and reads: no figure is that of a sample before."""
    limited = {"prefix": "id/", "max": 7}
    for n in range(3):
        name = f"sale{n}"
        server.apply(http_server(port, {"backend": name}), pipeline(name, wasm(guests / "probe.wasm", limit=limited), mock("buy\n")))
        fetch(port, X_Mode="enter", X_Key="id/0")
        line = json.loads(server.egctl("wasm", "watch", name, "wasm", "--once", "-o", "json").stdout)
        assert (line["limit"], line["permitsGiven"], line["open"]) == (7, 1, True) and "reason" not in line
        server.apply(pipeline(f"other{n}", mock("x")))
        assert f"objects {2 * n + 3}" in server.egctl("top", "--once").stdout


def test_once_does_not_wait_without_a_place(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    wait_until(lambda: figures(state(server), "sluice_objects").get(("running",)) == [2], "both are in the figures")
    followers = [Follower(server) for _ in range(56)]
    for follower in followers:
        follower.until(b"event: all")
    assert "objects 2" in server.egctl("top", "--once").stdout
    for follower in followers:
        follower.close()


def test_top_says_that_a_server_hangs(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    top = subprocess.Popen([BIN / "egctl", "--server", server.api, "top"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert top.stdout.read(1)
        server.process.send_signal(signal.SIGSTOP)
        out, err = top.communicate(timeout=DEADLINE)
    finally:
        server.process.send_signal(signal.SIGCONT)
        top.kill()
    assert top.returncode == 3 and "sends nothing any more" in err


def test_misuse_of_top_and_watch(server, port, guests):
    put_sale(server, port, guests, limit=3)
    absent = server.egctl("wasm", "watch", "p", "nosuch", "--once", check=False)
    assert absent.returncode == 4 and "no WasmHost filter nosuch; there are: p wasm" in absent.stderr
    assert server.egctl("wasm", "watch", "p", "nosuch", check=False).returncode == 4
    for command in (("top", "-o", "json"), ("wasm", "watch", "p", "wasm", "-o", "yaml")):
        misused = server.egctl(*command, check=False)
        assert misused.returncode == 2 and "--once" in misused.stderr, command
    gone = server.egctl("--server", "127.0.0.1:1", "top", "--once", check=False)
    assert gone.returncode == 3
