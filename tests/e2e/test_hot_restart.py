# SPDX-License-Identifier: Apache-2.0
"""SIGUSR2: a new process takes over sockets and data under load. No request fails, no user is let in
too many, and if the new program is no good the old one goes on."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from certificates import Authority
from client import Connection, Load, fetch, request
from gateway import BIN, DEADLINE, Orphan, Server, free_port, http_server, mock, pipeline, proxy, put_sale, sale_server, wait_until

YES, NO = b"buy\n", b"sold out.\n"


@pytest.fixture(autouse=True)
def orphans():
    Orphan.expect_some()


def buy(number: int) -> bytes:
    return request(Authorization=f"u{number}")


@pytest.mark.parametrize("restarts", [3])
def test_no_request_fails_and_the_limit_is_exact(server, port, guests, restarts):
    put_sale(server, port, guests, limit=3000, timeout="60s", concurrency=4)
    with Load(port, buy, connections=48) as load:
        for _ in range(restarts):
            load.wait_more(500)
            server.hot_restart()
        load.wait_more(500)
        wait_until(lambda: load.answers[(200, NO)] > 0, "all are sold")
        load.stop()
    assert load.errors == []
    assert set(load.answers) == {(200, YES), (200, NO)}, load.answers
    assert load.answers[(200, YES)] == 3000
    assert load.reopened > 0, "the old process has told its clients to go on elsewhere"
    count = server.get_json("/apis/v2/wasm/data/p/wasm/count")["count"]
    assert count == 3000
    assert "requests waited" in server.log()


def test_tls_and_bodies(server, port, tmp_path, backend):
    pair = Authority(tmp_path / "ca").issue("localhost", "DNS:localhost,IP:127.0.0.1")
    server.apply(
        pipeline("p", proxy(backend.url)),
        http_server(port, {"backend": "p"}, https=True, certBase64=pair.cert64, keyBase64=pair.key64),
    )
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    body = b"x" * 30_000
    make = lambda number: request("/echo", "POST", body, X_Number=str(number))  # noqa: E731
    with Load(port, make, connections=16, tls=context) as load:
        load.wait_more(100)
        server.hot_restart()
        load.wait_more(100)
        load.stop()
    assert load.errors == []
    assert load.statuses() == {200: load.count}


def test_http2(server, port, guests, tmp_path):
    """curl, many streams at once: told by GOAWAY, it goes on over a new connection."""
    put_sale(server, port, guests, limit=100, timeout="60s", concurrency=4)
    pair = Authority(tmp_path / "ca").issue("localhost", "DNS:localhost,IP:127.0.0.1")
    server.apply(http_server(port, {"backend": "p"}, https=True, certBase64=pair.cert64, keyBase64=pair.key64))
    requests, codes = 6000, tmp_path / "codes"
    with open(codes, "w") as out:
        curl = subprocess.Popen(
            ["curl", "-sS", "--http2", "-k", "-Z", "--parallel-max", "20", "-H", "Authorization: u1",
             "-o", "/dev/null", "-w", "%{http_code} %{http_version}\n", f"https://127.0.0.1:{port}/[1-{requests}]"],
            stdout=out, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        for part in (1, 2):
            goal = part * requests // 4
            wait_until(lambda goal=goal: codes.read_text().count("\n") > goal, "some are answered")
            server.hot_restart()
        _, faults = curl.communicate(timeout=DEADLINE * 2)
    assert "curl:" not in faults and curl.returncode == 0, faults
    assert codes.read_text().split("\n")[:-1] == ["200 2"] * requests


def test_an_idle_connection_is_served_to_its_last_request(server, port):
    """What was open before gets one more answer, and the word to come again."""
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    with Connection(port) as idle, Connection(port) as busy:
        assert idle.request().text == busy.request().text == "hello"
        old = server.pid
        process = server.hand_over()
        for connection in (idle, busy):
            answer = connection.request()
            assert answer.text == "hello" and answer.headers["connection"] == "close"
        assert process.wait(DEADLINE) == 0 and server.pid != old
    with Connection(port) as fresh:
        assert fresh.request().text == "hello"


def test_a_standard_error_that_nobody_reads_holds_up_nothing(tmp_path, port):
    pipe = tmp_path / "stderr"
    os.mkfifo(pipe)
    full = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(full, b"x" * 4096)
    server = Server(tmp_path / "home")
    server.wrapper = ["/bin/sh", "-c", f'exec "$@" 2<>{pipe}', "sh"]
    server.start()
    try:
        server.apply(pipeline("p", mock("hello")), sale_server(port))
        with Connection(port) as kept:
            assert kept.request().text == "hello"
            process = server.hand_over()
            assert kept.request().text == "hello"
        assert process.wait(DEADLINE) == 0
    finally:
        server.stop()
        os.close(full)


def test_the_new_process_decides_how_often_an_address_may_ask(server, port):
    """It knows the limits in force; what the old one knows is out of date."""
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, clientLimits={"requestsPerSecond": 1}))
    idle = [Connection(port) for _ in range(16)]
    for connection in idle:
        assert connection.request().status in (200, 429)
    process = server.hand_over()
    server.apply(sale_server(port))
    for connection in idle:
        connection.send(request())
    assert [connection.receive().status for connection in idle] == [200] * 16
    for connection in idle:
        connection.close()
    assert process.wait(DEADLINE) == 0


def test_the_admin_api_goes_on_at_the_same_place(server, port):
    server.apply(pipeline("p", mock("one")), sale_server(port))
    version = server.config_version()
    server.hot_restart()
    assert server.config_version() == version
    server.apply(pipeline("p", mock("two")))
    with Connection(port) as connection:
        assert connection.request().text == "two"
    # A port that is given up is free: the old process has kept no hold of it.
    server.delete("http-server")
    with pytest.raises(ConnectionRefusedError):
        Connection(port)
    server.apply(sale_server(port))
    with Connection(port) as connection:
        assert connection.request().text == "two"


@pytest.fixture
def own_program(tmp_path):
    """A server that runs from a file of its own, which a test may replace."""
    folder = tmp_path / "program"
    folder.mkdir()
    program = folder / "sluice-server"
    shutil.copy(BIN / "sluice-server", program)
    server = Server(tmp_path / "home")
    server.program = program
    server.start()
    yield server
    if server.process is not None:
        server.stop()


def replace(program, text: str) -> None:
    fresh = program.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o755)
    os.replace(fresh, program)


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\nexec sleep 0\n", "no program"])
def test_a_program_that_does_not_start_changes_nothing(own_program, port, guests, script):
    server = own_program
    put_sale(server, port, guests, limit=50)
    with Load(port, buy, connections=8) as load:
        load.wait_more(20)
        replace(server.program, script)
        server.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: "no new process, this one goes on" in server.log(), "the log says why")
        load.wait_more(100)
        load.stop()
    assert load.errors == [] and load.answers[(200, YES)] == 50 and load.statuses() == {200: load.count}
    assert server.process.poll() is None
    server.apply(pipeline("q", mock("x")))


def sell_while_the_old_program_comes_back(server, port, script):
    """A hot restart to `script`, which fails once it has the data; 200 are for sale."""
    with Load(port, buy, connections=8) as load:
        load.wait_more(50)
        replace(server.program, script)
        server.hot_restart()
        load.wait_more(300)
        load.stop()
    assert "back to the old program" in server.log()
    assert load.errors == [] and load.statuses() == {200: load.count}
    assert load.answers[(200, YES)] == 200


def failing_late(last_words: str = "") -> str:
    """A program that says that it is ready, gets the data, and ends after its `last_words`."""
    return f"""#!{shutil.which("python3")}
import os, socket, time
channel = socket.socket(fileno=int(os.environ["SLUICE_PREDECESSOR"]))
def wait_for(part):
    while part not in (word := channel.recv(65536)):
        assert word, "the old process has changed its mind"

channel.send(b"ready")
wait_for(b'"data"')
channel.send(b"agreed")
wait_for(b"store")
{last_words}
"""


def test_a_program_that_fails_late_gives_way_to_the_old_one(own_program, port, guests):
    server = own_program
    put_sale(server, port, guests, limit=200)
    sell_while_the_old_program_comes_back(server, port, failing_late())
    # The next version is better.
    shutil.copy(BIN / "sluice-server", server.program.with_suffix(".next"))
    os.replace(server.program.with_suffix(".next"), server.program)
    server.hot_restart()
    assert server.log().count("back to the old program") == 1


KILLED_WHILE_IT_STARTS = """#!{python}
import os, signal, socket, subprocess, sys
channel = socket.socket(fileno=int(os.environ["SLUICE_PREDECESSOR"]))
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
environment = {{**os.environ, "SLUICE_PREDECESSOR": str(theirs.fileno())}}
server = subprocess.Popen(["{program}", *sys.argv[1:]], env=environment, pass_fds=[theirs.fileno()])

def pass_on(source, sink, last):
    word = b""
    while last not in word:
        word, sockets, *_ = socket.recv_fds(source, 65536, 200)
        assert word, "the other process has ended"
        socket.send_fds(sink, [word], sockets)
        for one in sockets:
            os.close(one)

pass_on(ours, channel, b"ready")
pass_on(channel, ours, b'"data"')
pass_on(ours, channel, b"agreed")
pass_on(channel, ours, b"store")
assert ours.recv(65536) == b"serving"
server.kill()
"""


def test_a_new_process_that_is_killed_with_the_data_open(own_program, port, guests):
    """kill -9 once it has everything, and before it has said so: the old program takes its place."""
    server = own_program
    put_sale(server, port, guests, limit=200)
    shutil.copy(server.program, server.program.with_name("real"))
    script = KILLED_WHILE_IT_STARTS.format(python=shutil.which("python3"), program=server.program.with_name("real"))
    with Load(port, buy, connections=8) as before:
        before.wait_more(50)
        replace(server.program, script)
        server.hot_restart()
        before.stop()
    assert "back to the old program" in server.log()
    with Load(port, lambda number: buy(1_000_000 + number), connections=8) as after:
        after.wait_more(300)
        after.stop()
    # The new process may have served already when the signal reached it: its connections went with it.
    told = before.answers[(200, YES)] + after.answers[(200, YES)]
    assert set(before.statuses()) == {200} and 200 - len(before.errors) <= told <= 200
    assert after.errors == [] and after.statuses() == {200: after.count}
    assert server.get_json("/apis/v2/wasm/data/p/wasm/count")["count"] == 200


@pytest.mark.parametrize("word", ["kill", "term"])
def test_a_new_process_that_does_not_get_ready(own_program, port, word):
    """It is killed, or the old one is asked to stop meanwhile: that need not wait for it."""
    server = own_program
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    replace(server.program, f"#!/bin/sh\necho $$ > {server.home}/started\nexec sleep 1000\n")
    server.process.send_signal(signal.SIGUSR2)
    started = server.home / "started"
    pid = int(wait_until(lambda: started.exists() and started.read_text().strip(), "the new program runs"))
    assert fetch(port).text == "hello"
    if word == "kill":
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "no new process, this one goes on" in server.log(), "the log says why")
        assert fetch(port).text == "hello"
    server.stop()
    assert not os.path.exists(f"/proc/{pid}")


def test_a_stop_that_comes_while_the_new_process_starts_stops_both(server, port):
    """However quick the new one is: who stops the process that sluice.pid names stops the service."""
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    old, pid_file = server.process, server.home / "sluice.pid"
    old.send_signal(signal.SIGUSR2)
    old.send_signal(signal.SIGTERM)
    assert old.wait(DEADLINE) == 0, server.log()
    wait_until(lambda: not pid_file.exists(), "nobody is there any more")
    with pytest.raises(ConnectionRefusedError):
        Connection(port)
    server.process = None


def test_a_stop_before_the_old_program_comes_back_stops_both(own_program, port):
    """It comes when there is no way back any more: whoever serves next ends, too."""
    server = own_program
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    has_data, go_on = server.home / "has-data", server.home / "go-on"
    waits = f'open("{has_data}", "w").close()\nwhile not os.path.exists("{go_on}"):\n    time.sleep(0.01)'
    replace(server.program, failing_late(waits))
    old = server.process
    old.send_signal(signal.SIGUSR2)
    wait_until(has_data.exists, "the new program has the data")
    old.send_signal(signal.SIGTERM)
    go_on.touch()
    assert old.wait(DEADLINE) == 0, server.log()
    server.process = Orphan(int(re.search(r"hand-over: process (\d+) serves", server.log())[1]))
    server.wait_end()
    with pytest.raises(ConnectionRefusedError):
        Connection(port)


def test_a_configuration_that_cannot_be_gone_on_with(tmp_path, port):
    """Another folder of data would be another server; an address that is taken would be none."""
    config = tmp_path / "sluice.yaml"
    config.write_text("data-dir: data\n")
    server = Server(tmp_path / "home", "--config-file", str(config)).start()
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    config.write_text("data-dir: elsewhere\n")
    server.process.send_signal(signal.SIGUSR2)
    line = "no new process, this one goes on: data-dir: "
    wait_until(lambda: line in server.log(), "the log says why")
    assert fetch(port).text == "hello"
    config.write_text("data-dir: data\nname: renamed\n")
    server.hot_restart()
    assert fetch(port).text == "hello"
    assert "renamed" in server.request("GET", "/apis/v2/status/members")[2]
    server.stop()


def test_the_address_of_the_admin_api_may_change(tmp_path, port):
    config = tmp_path / "sluice.yaml"
    server = Server(tmp_path / "home")
    config.write_text(f"home-dir: {server.home}\nlog-dir: log\napi-addr: {server.api}\n")
    server.start(wait=False, command=["--config-file", str(config)])
    wait_until(server._is_up, "the admin API answers")
    old, server.api_port = server.api_port, free_port()
    config.write_text(f"home-dir: {server.home}\nlog-dir: log\napi-addr: {server.api}\n")
    server.hot_restart()
    assert server.objects() == []
    with pytest.raises(ConnectionRefusedError):
        Connection(old)
    # Taken by somebody else: this one goes on where it is.
    with socket.create_server(("127.0.0.1", old)):
        config.write_text(f"home-dir: {server.home}\nlog-dir: log\napi-addr: 127.0.0.1:{old}\n")
        server.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: "no new process, this one goes on" in server.log(), "the log says why")
        assert server.objects() == []
    server.stop()


def test_signal_upgrade(server, port):
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    old = server.process
    command = [BIN / "sluice-server", "--signal-upgrade", "--home-dir", server.home]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0 and str(server.home / "log" / "stdout.log") in done.stdout
    assert old.wait(DEADLINE) == 0
    server.process = Orphan(int((server.home / "sluice.pid").read_text()))
    with Connection(port) as connection:
        assert connection.request().text == "hello"


def ordered(home, *arguments: str) -> subprocess.CompletedProcess:
    """What a caller of `sluice-server --signal-…` gets."""
    return subprocess.run(
        [BIN / "sluice-server", "--home-dir", home, *arguments], capture_output=True, text=True, timeout=DEADLINE * 2
    )


def test_signal_upgrade_waits_until_the_new_process_serves(server, port):
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    for _ in range(2):
        Orphan.expect_some()
        old = server.process
        done = ordered(server.home, "--signal-upgrade", "--wait")
        now = int((server.home / "sluice.pid").read_text())
        assert done.returncode == 0 and done.stdout == f"process {now} serves\n", done.stdout + done.stderr
        assert now != old.pid
        with Connection(port) as connection:
            assert connection.request().text == "hello"
        assert old.wait(DEADLINE) == 0
        server.process = Orphan(now)


def test_signal_upgrade_says_why_it_failed(tmp_path, port):
    home = tmp_path / "home"
    home.mkdir()
    config = tmp_path / "c.yaml"
    config.write_text("workers: 1\n")
    server = Server(home, "--config-file", str(config)).start()
    server.apply(pipeline("p", mock("hello")), sale_server(port))
    pid = server.pid
    config.write_text("wokers: 1\n")
    failed = ordered(home, "--signal-upgrade", "--wait")
    assert failed.returncode == 1 and failed.stdout == "", failed.stdout
    assert "no new process, this one goes on" in failed.stderr, failed.stderr
    assert str(home / "log" / "stdout.log") in failed.stderr
    assert server.pid == pid and server.process.poll() is None
    config.write_text("workers: 1\n")
    Orphan.expect_some()
    assert ordered(home, "--signal-upgrade", "--wait").returncode == 0
    assert server.process.wait(DEADLINE) == 0
    server.process = Orphan(int((home / "sluice.pid").read_text()))
    server.stop()


def test_signal_reload_waits_and_says_what_it_did(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    config = tmp_path / "c.yaml"
    config.write_text("drain-timeout: 30s\n")
    server = Server(home, "--config-file", str(config)).start()
    config.write_text("drain-timeout: 20s\nworkers: 1\n")
    done = ordered(home, "--signal-reload", "--wait")
    assert done.returncode == 0 and "changed: drain-timeout; not in force before a restart: workers" in done.stdout
    config.write_text("drain-timeout: 20\n")
    failed = ordered(home, "--signal-reload", "--wait")
    assert failed.returncode == 1 and "drain-timeout" in failed.stderr and "is it 20s" in failed.stderr, failed.stderr
    config.write_text("drain-timeout: 20s\n")
    assert "asked process" in ordered(home, "--signal-reload").stdout
    server.stop()


def test_an_order_that_takes_too_long_ends_the_wait(tmp_path):
    server = Server(tmp_path / "home").start()
    done = ordered(server.home, "--signal-reload", "--wait", "--wait-timeout", "0s")
    assert done.returncode in (0, 1)
    if done.returncode == 1:
        assert "not over after 0s" in done.stderr
    for wrong in (("--wait",), ("--signal-reload", "--wait", "--wait-timeout", "soon")):
        refused = ordered(server.home, *wrong)
        assert refused.returncode == 1 and "--wait" in refused.stderr, refused.stderr
    server.stop()


def test_a_wrong_home_says_so(tmp_path):
    done = subprocess.run(
        [BIN / "sluice-server", "--signal-upgrade", "--home-dir", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 1 and "no server runs" in done.stderr


def test_a_number_that_another_program_has_by_now_gets_no_signal(tmp_path):
    other = subprocess.Popen(["sleep", str(DEADLINE)])
    (tmp_path / "sluice.pid").write_text(str(other.pid))
    done = subprocess.run(
        [BIN / "sluice-server", "--signal-upgrade", "--home-dir", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 1 and "no server runs" in done.stderr
    assert other.poll() is None  # SIGUSR2 would have ended it
    other.kill()
    other.wait(DEADLINE)
