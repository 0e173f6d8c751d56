# SPDX-License-Identifier: Apache-2.0
"""Start, end, and what happens to ports: an object that is slow costs only itself, a port that is wanted never
refuses, one that is not wanted refuses at once."""

import os
import signal
import socket
import threading
import time

import pytest

from client import Connection, Load, fetch, request
from code_server import CodeServer
from gateway import (
    DEADLINE,
    FEW_GUESTS,
    Orphan,
    Server,
    documents,
    free_port,
    http_server,
    mock,
    pipeline,
    proxy,
    wait_until,
    wasm,
)
from guests import distinct

# A step that does not wait for the slow thing beside it; the slow thing lasts as long as the test wants.
AT_ONCE = 20.0


@pytest.fixture(autouse=True)
def orphans():
    Orphan.expect_some()


@pytest.fixture
def source(guests):
    instance = CodeServer((guests / "step1.wasm").read_bytes())
    yield instance
    instance.close()


def refused(port: int) -> bool:
    """Nobody listens. A reset is not that: the kernel had the connection in the queue of a port that closed."""
    try:
        socket.create_connection(("127.0.0.1", port), DEADLINE).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False


class Background:
    """A call on a thread of its own."""

    def __init__(self, call):
        self.result = None
        self._thread = threading.Thread(target=lambda: setattr(self, "result", call()), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self):
        self._thread.join(DEADLINE)
        assert not self.running
        return self.result


# --- The end


def test_sigterm_closes_the_port_at_once(server, port, backend):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", proxy(backend.url)))
    with Connection(port) as waiting:
        waiting.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: refused(port), "the port refuses, while a request is in flight")
        assert server.process.poll() is None
        backend.release()
        assert waiting.receive().status == 200
    server.wait_end()


def test_sigterm_leaves_nobody_who_connects_without_an_answer(server, port):
    """Each connection is refused, closed, or answered; none hangs."""
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("here\n")))
    outcomes, stop = [], threading.Event()

    def connect():
        while not stop.is_set():
            try:
                with Connection(port, timeout=DEADLINE) as connection:
                    outcomes.append(connection.send(request("/")).receive().status)
            except TimeoutError:
                outcomes.append("hangs")
            except OSError:
                outcomes.append("refused or closed")
                time.sleep(0.001)

    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: outcomes.count(200) > 50, "requests are served")
    server.stop()
    stop.set()
    for thread in threads:
        thread.join()
    # 503: the last ones find a core that is late (docs/overload.md).
    assert {200, "refused or closed"} <= set(outcomes) <= {200, 503, "refused or closed"}


def test_sigterm_does_not_wait_for_a_slow_apply(server, port, source):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("x")))
    source.open.clear()
    slow = Background(
        lambda: server.egctl("apply", "-f", "-", input=documents(pipeline("q", wasm(source.url))), check=False)
    )
    assert source.asked.acquire(timeout=DEADLINE)
    os.kill(server.pid, signal.SIGTERM)
    wait_until(lambda: refused(port), "the port refuses")
    server.process.wait(AT_ONCE)
    server.wait_end()
    assert slow.wait().returncode == 1


# --- Ports that move


def answers_without_a_gap(port, change, expected: set[str]) -> None:
    """While `change` is made, every new connection to `port` is answered with one of `expected`."""
    seen, faults, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                seen.append(fetch(port).text)
            except OSError as error:
                faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(seen) > 20, "requests are served")
    change()
    after = len(seen) + 50
    wait_until(lambda: len(seen) > after or faults, "requests are served afterwards")
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert set(seen) <= expected


@pytest.fixture
def two(server):
    """Two servers, A and B, and the ports they have."""
    ports = [free_port(), free_port()]
    server.apply(
        pipeline("pa", mock("A")),
        pipeline("pb", mock("B")),
        http_server(ports[0], {"backend": "pa"}, name="a"),
        http_server(ports[1], {"backend": "pb"}, name="b"),
    )
    return ports


def test_a_port_moves_to_another_server(server, two):
    new = free_port()

    def move():
        server.apply(
            http_server(new, {"backend": "pa"}, name="a"), http_server(two[0], {"backend": "pb"}, name="b")
        )

    answers_without_a_gap(two[0], move, {"A", "B"})
    assert (fetch(two[0]).text, fetch(new).text) == ("B", "A")
    assert refused(two[1])


def test_two_servers_swap_their_ports(server, two):
    def swap():
        server.apply(
            http_server(two[1], {"backend": "pa"}, name="a"), http_server(two[0], {"backend": "pb"}, name="b")
        )

    answers_without_a_gap(two[0], swap, {"A", "B"})
    assert (fetch(two[0]).text, fetch(two[1]).text) == ("B", "A")
    server.restart()
    assert (fetch(two[0]).text, fetch(two[1]).text) == ("B", "A")


def test_a_server_gets_the_port_of_a_deleted_one(server, two):
    server.delete("a")
    wait_until(lambda: refused(two[0]), "the port is closed")
    server.apply(http_server(two[0], {"backend": "pb"}, name="c"))
    assert fetch(two[0]).text == "B"


def test_another_address_of_the_same_port(server, two):
    for address in ("127.0.0.1", ""):
        server.apply(http_server(two[0], {"backend": "pa"}, name="a", address=address))
        assert fetch(two[0]).text == "A"
        assert server.status("a")["state"] == "running"


def test_health_names_a_backend_that_is_not_there(server, port):
    server.apply(http_server(port, {"path": "/a", "backend": "p"}, {"path": "/b", "backend": "q"}), pipeline("p", mock("p")))
    assert "HTTPServer http-server: there is no Pipeline q" in server.egctl("health").stdout
    server.apply(pipeline("q", mock("q")))
    assert server.egctl("health").stdout == "OK\n"
    server.egctl("delete", "pipeline", "p")
    assert "HTTPServer http-server: there is no Pipeline p" in server.egctl("health").stdout


def test_who_cannot_move_stays_and_moves_later(server, two):
    with socket.create_server(("0.0.0.0", 0)) as other:
        taken = other.getsockname()[1]
        object_a = documents(http_server(taken, {"backend": "pa"}, name="a"))
        done = server.egctl("apply", "-f", "-", input=object_a, check=False)
        assert done.returncode == 6, "applied, and it does not run"
        assert f"port {taken} is taken by another process" in done.stderr
        assert fetch(two[0]).text == "A", "where it was, it goes on"
        assert f"HTTPServer a does not listen: port {taken}" in server.egctl("health").stdout
        assert "failed" in server.egctl("get", "all").stdout
    wait_until(lambda: server.status("a")["state"] == "running", "it is tried again")
    assert fetch(taken).text == "A"
    wait_until(lambda: refused(two[0]), "the old port is closed")


# --- What is slow costs only itself


def test_a_silent_url_holds_up_no_other_change(server, port, source):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("p")))
    source.open.clear()
    slow = Background(lambda: server.egctl("apply", "-f", "-", input=documents(pipeline("q", wasm(source.url)))))
    assert source.asked.acquire(timeout=DEADLINE)
    begin = time.monotonic()
    server.apply(pipeline("p", mock("changed")))
    assert fetch(port).text == "changed"
    server.apply(pipeline("r", mock("r")))
    server.delete("r")
    server.egctl("get", "all")
    assert time.monotonic() - begin < AT_ONCE and slow.running
    same = Background(lambda: server.request("DELETE", "/apis/v2/objects/q"))
    source.open.set()
    assert "created" in slow.wait().stdout
    assert same.wait()[0] == 200, "a change of the same object waits its turn"
    assert "q" not in server.objects()


def test_many_silent_urls_hold_up_no_question(server, source):
    """How the server is and what there is can be asked however many changes wait; so can others be made."""
    source.open.clear()
    slow = [
        Background(lambda n=n: server.egctl("apply", "-f", "-", input=documents(pipeline(f"q{n}", wasm(source.url)))))
        for n in range(30)
    ]
    for _ in slow:
        assert source.asked.acquire(timeout=DEADLINE)
    begin = time.monotonic()
    server.egctl("health")
    server.apply(pipeline("r", mock("r")))
    assert "r" in server.objects()
    assert time.monotonic() - begin < AT_ONCE and all(one.running for one in slow)
    source.open.set()
    for one in slow:
        assert "created" in one.wait().stdout


def test_a_start_does_not_wait_for_a_silent_url(tmp_path, source):
    """Nothing is kept of code that never ran."""
    source.open.clear()
    port, file = free_port(), tmp_path / "initial.yaml"
    file.write_text(documents(pipeline("q", wasm(source.url), mock("q\n"))))
    server = Server(tmp_path / "home", "--initial-object-config-files", str(file))
    begin = time.monotonic()
    server.start()
    server.apply(http_server(port, {"path": "/q", "backend": "q"}, {"backend": "p"}), pipeline("p", mock("p\n")))
    assert fetch(port).text == "p\n"
    assert time.monotonic() - begin < AT_ONCE
    assert fetch(port, "/q").status == 503
    source.open.set()
    wait_until(lambda: fetch(port, "/q").text == "q\n", "it comes by itself")
    server.stop()


def test_at_a_start_the_others_serve(server, port, source):
    """The one that is being built answers 503 with Retry-After, and everything says so."""
    other = free_port()
    server.apply(
        http_server(port, {"path": "/q", "backend": "q"}, {"backend": "p"}),
        http_server(other, {"backend": "p"}, name="other"),
        pipeline("p", mock("p\n")),
        pipeline("q", wasm(source.url), mock("q\n")),
    )
    server.stop()
    for kept in (server.home / "data" / "code").iterdir():
        kept.unlink()
    source.open.clear()
    begin = time.monotonic()
    server.start()
    assert fetch(other).text == "p\n" and fetch(port).text == "p\n"
    assert time.monotonic() - begin < AT_ONCE
    building = fetch(port, "/q")
    assert building.status == 503 and int(building.headers["retry-after"]) > 0
    assert "pipeline q is being built" in server.access_line("q is being built")
    assert server.status("q")["state"] == "building"
    assert "Pipeline q is being built" in server.egctl("health").stdout
    server.apply(pipeline("p", mock("changed\n")))
    assert fetch(port).text == "changed\n"
    source.open.set()
    wait_until(lambda: fetch(port, "/q").text == "q\n", "it is there")
    assert "retry-after" not in fetch(port, "/q").headers


# --- Guests


@pytest.mark.skipif(FEW_GUESTS, reason="a thread sanitizer's address space holds few guests")
def test_more_guests_than_there_may_be(server, port, guests, tmp_path):
    code = tmp_path / "code.wasm"
    code.write_bytes((guests / "step1.wasm").read_bytes())
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(code, concurrency=1500), mock("in\n")))
    done = server.egctl("apply", "-f", "-", input=documents(pipeline("q", wasm(code, concurrency=3000))), check=False)
    assert done.returncode == 1
    assert "filters[0].maxConcurrency: 3000 guests and the 1500 of other filters are more than 2000" in done.stderr
    assert "max-guests" in done.stderr
    # What is accepted can be changed, and reloaded, under load.
    with Load(port, lambda _: request("/"), connections=8) as load:
        server.apply(pipeline("p", wasm(code, concurrency=1500, timeout="2s"), mock("in\n")))
        wait_until(lambda: server.status("p")["filters"]["wasm"]["vms"] == 1500, "all are made")
        code.write_bytes(distinct(code.read_bytes()))
        assert "reloaded" in server.egctl("wasm", "reload-code").stdout
        server.apply(pipeline("p", wasm(code, concurrency=10), mock("in\n")))
        load.wait_more(100)
    assert load.errors == [] and load.statuses() == {200: load.count}


@pytest.mark.skipif(FEW_GUESTS, reason="a thread sanitizer's address space holds few guests")
def test_many_sales_are_reloaded_at_once(server, guests, tmp_path):
    code = tmp_path / "code.wasm"
    code.write_bytes((guests / "step1.wasm").read_bytes())
    server.apply(*[pipeline(f"p{n}", wasm(code, concurrency=10), mock("in\n")) for n in range(150)])
    code.write_bytes(distinct(code.read_bytes()))
    done = server.egctl("wasm", "reload-code")
    assert done.stdout.count("reloaded") == 150


# --- Files that vanish


def test_initial_objects_that_are_gone(tmp_path):
    """A first start names the file and ends; later its objects are in the store."""
    port, file = free_port(), tmp_path / "initial.yaml"
    server = Server(tmp_path / "home", "--initial-object-config-files", str(file))
    server.start(wait=False)
    server.wait_end(1)
    assert f"{file} cannot be read" in server.log()
    file.write_text(documents(http_server(port, {"backend": "p"}), pipeline("p", mock("x"))))
    server.start()
    file.unlink()
    server.restart()
    assert fetch(port).text == "x"
    file.write_text("kind: [")
    server.restart()
    assert fetch(port).text == "x"
    server.stop()
