# SPDX-License-Identifier: Apache-2.0
"""Components: a Python program in the WasmHost filter, beyond what test_sdk_languages.py asks of every language."""

import os
import subprocess

import pytest
import yaml

from client import Connection, fetch
from gateway import BIN, ROOT, Server, free_port, http_server, mock, pipeline, sale_server, wait_until, wasm
from language_guests import BY_NAME, built, componentize_guest
from shared_sale import wait_running

SOURCES = "tests/guests/python"


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    if why := BY_NAME["python"].missing():
        pytest.skip(why)
    return componentize_guest(SOURCES, tmp_path_factory.mktemp("python") / "program.wasm")


@pytest.fixture(scope="module")
def host(tmp_path_factory, guest):
    server = Server(tmp_path_factory.mktemp("components") / "home", "--workers", "1").start()
    server.guest_port = free_port()
    yield server
    server.log = lambda: "\n".join(line for line in Server.log(server).splitlines() if "p/wasm: " not in line)
    server.stop()


def use(host, code, **fields) -> None:
    host.apply(
        http_server(host.guest_port, {"backend": "p"}, clientMaxBodySize=8 << 20), pipeline("p", wasm(code, **fields))
    )


def ask(host, mode: str, **fields):
    return fetch(host.guest_port, X_Mode=mode, **fields)


def test_bodies_of_any_bytes(host, guest):
    use(host, guest, concurrency=1, timeout="30s")
    body = os.urandom(1 << 20) + b"\0\xff"
    with Connection(host.guest_port) as connection:
        head = f"POST / HTTP/1.1\r\nHost: h\r\nX-Mode: echo\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.send(head.encode() + body)
        assert connection.receive().body == body


def test_parameters_and_what_init_says(host, guest):
    use(host, guest, parameters={"größe": "zwölf 时间 😀"})
    assert ask(host, "parameters").text == "zwölf 时间 😀"
    document = yaml.safe_dump(pipeline("p", wasm(guest, parameters={"fail": "because"})))
    done = host.egctl("apply", "-f", "-", input=document, check=False)
    assert done.returncode == 1
    assert f"configure failed: {place('raise LookupError')}LookupError: because" in done.stderr


def place(text: str) -> str:
    lines = (ROOT / SOURCES / "program.py").read_text().splitlines()
    return f"program.py:{next(i for i, line in enumerate(lines, 1) if text in line)}: "


FAULTS = {
    "status": "response.set-status-code: 9999 is not a status code",
    "leave": f"{place('raise SystemExit')}SystemExit: 3",
    "wrong": "program.py: run returned 'seven', which is no result (0 to 9)",
    "truth": "program.py: run returned True, which is no result (0 to 9)",
    "too_large": "program.py: run returned 1099511627776, which is no result (0 to 9)",
    "library": f"{place('random.sample')}ValueError: ",
    "surrogate": f"{place('raise ValueError')}ValueError: \\udcff",
    "too_high": "returned 10, which is no result (0 to 9)",
    "missing": f"{place('globals()')}KeyError: 'missing'",
}


@pytest.mark.parametrize("mode", FAULTS)
def test_faults_name_their_place(host, guest, mode):
    use(host, guest, concurrency=1, timeout="30s")

    def is_told() -> bool:
        """Once the log takes a line: it takes a few a second."""
        assert ask(host, mode).status == 503
        return FAULTS[mode] in host.status("p")["filters"]["wasm"]["lastFailure"]

    wait_until(is_told, FAULTS[mode])
    assert ask(host, "stdin").text == "''", "a new instance serves, and its input is empty"


def test_instances_draw_numbers_of_their_own(host, guest):
    """All are copies of the one that the compiler has started."""
    drawn = set()
    for _ in range(3):
        use(host, guest, concurrency=1, timeout="30s", parameters={"n": str(len(drawn))})
        drawn.add(ask(host, "draw").text)
    assert len(drawn) == 3


def test_a_short_sleep_ends(host, guest):
    use(host, guest, concurrency=1, timeout="30s")
    assert ask(host, "nap").text == "awake"


def test_one_sale_on_three_members(new_cluster, port, tmp_path):
    """The program is 18 MB, and travels by the store: the other members never see its file."""
    limit = 10
    if why := BY_NAME["python"].missing():
        pytest.skip(why)
    members = new_cluster(3).start()
    code = tmp_path / "sale.wasm"
    code.write_bytes((built("python") / "flash_sale.wasm").read_bytes())
    members[0].apply(sale_server(port))
    parameters = {"startTime": "2021-08-08T00:00:00Z", "maxPermission": str(limit)}
    members[0].apply(pipeline("p", wasm(code, parameters=parameters), mock("buy\n")))
    code.unlink()
    wait_running(members)
    answers = [members[n % 3].ask(port, Authorization=f"user{n}").text for n in range(limit + 5)]
    assert answers == ["buy\n"] * limit + ["sold out.\n"] * 5
    for member in members:
        assert member.ask(port, Authorization="user0").text == "buy\n"


def egctl(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([BIN / "egctl", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_offline(guest, tmp_path):
    sale = built("python") / "flash_sale.wasm"
    seen = egctl("wasm", "inspect", sale)
    assert seen.returncode == 1 and "parameters.startTime is missing" in seen.stderr, seen.stderr
    parameters = ("-p", "startTime=2021-08-08T00:00:00Z", "-p", "maxPermission=1")
    seen = egctl("wasm", "inspect", sale, *parameters)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "sluice:gateway/cluster@1.0.0" in seen.stdout
    ran = egctl("wasm", "run", sale, "--url", "/", "-H", "Authorization: ann", *parameters)
    assert ran.returncode == 0 and "id/ann" in ran.stdout, ran.stdout + ran.stderr
    cases = tmp_path / "cases.yaml"
    cases.write_text((ROOT / "src/egctl/new/cases.yaml").read_text())
    tried = egctl("wasm", "test", sale, "--cases", cases)
    assert tried.returncode == 0 and "4 of 4 cases passed" in tried.stdout, tried.stdout + tried.stderr


def test_a_component_of_another_world_is_refused(tmp_path):
    empty = tmp_path / "empty.wasm"
    empty.write_bytes(b"\0asm\x0d\0\x01\0")
    seen = egctl("wasm", "inspect", empty)
    assert seen.returncode == 1
    assert "the component does not export run, configure, as the world sluice:gateway/filter has it" in seen.stdout + seen.stderr
