# SPDX-License-Identifier: Apache-2.0
"""Components that another toolchain than ours for Python makes: JavaScript by componentize-qjs, whose components have
several memories."""

import collections
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from client import Connection, fetch
from gateway import BIN, ROOT, http_server, mock, pipeline, wait_until, wasm
from guests import distinct

FOLDER = ROOT / "tests" / "guests" / "component_js"
TOOL = FOLDER / "node_modules" / ".bin" / "componentize-qjs"
LIMIT = 20
PARAMETERS = {"startTime": "2021-08-08T00:00:00Z", "blockRatio": "0", "maxPermission": str(LIMIT)}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not TOOL.exists():
        pytest.skip("no npm ci in tests/guests/component_js: tools/test.sh sees to it")
    out = tmp_path_factory.mktemp("component") / "program.wasm"
    order = [TOOL, "--sync", "--wit", ROOT / "sdk" / "wit" / "sluice.wit", "-n", "filter", "--js", FOLDER / "program.js", "-o", out]
    subprocess.run(order, check=True, capture_output=True, timeout=120)
    return out


def use(server, port, program, timeout: str = "30s", **parameters) -> None:
    guest = wasm(program, concurrency=4, timeout=timeout, parameters=PARAMETERS | parameters)
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", guest, mock("buy\n")))


def user(number: int) -> str:
    """A name in UTF-8, as the bytes of a header."""
    return f"ü{number}".encode().decode("latin-1")


def test_a_sale(server, port, program):
    """Exactly so many of many at once, each of them again, and nobody before the start."""
    use(server, port, program)
    texts = {}

    def visit(part: int) -> None:
        with Connection(port) as connection:
            for number in range(part, 120, 4):
                texts[number] = connection.request("/", Authorization=user(number)).text

    threads = [threading.Thread(target=visit, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lucky = [number for number, text in texts.items() if text == "buy\n"]
    assert len(lucky) == LIMIT and len(texts) == 120 and set(texts.values()) == {"buy\n", "sold out.\n"}
    assert fetch(port, "/", Authorization=user(lucky[0])).text == "buy\n", "lucky once, lucky always"
    kept = server.egctl("wasm", "list-data", "p", "wasm").stdout
    assert kept.count("id/") == LIMIT and f"id/ü{lucky[0]}" in kept
    use(server, port, program, startTime="2121-08-08T00:00:00Z")
    assert fetch(port, "/", Authorization=user(1)).text == "not start yet.\n"


@pytest.mark.parametrize("mode, word", [("throw", "nö"), ("loop", "timed out"), ("memory", "memory"), ("deep", ""), ("wrong", "returned 17")])
def test_faults_end_the_run_only(server, port, program, mode, word):
    use(server, port, program, timeout="2s")
    for _ in range(3):
        assert fetch(port, "/", X_Mode=mode).status == 503
        assert fetch(port, "/", Authorization="ann").text == "buy\n"
    assert word in server.status("p")["filters"]["wasm"]["lastFailure"], "the reason is told"


def test_it_reloads_under_load(server, port, program, tmp_path):
    """A steady one: the compiler runs behind the requests, and a machine without a pause keeps it waiting."""
    file = tmp_path / "program.wasm"
    file.write_bytes(program.read_bytes())
    use(server, port, file)
    stop, statuses = threading.Event(), collections.Counter()

    def visit(part: int) -> None:
        with Connection(port) as connection:
            while not stop.wait(0.005):
                statuses[connection.request("/", Authorization=user(part)).status] += 1

    with ThreadPoolExecutor(4) as visitors:
        visits = [visitors.submit(visit, part) for part in range(4)]
        try:
            for number in range(3):
                file.write_bytes(distinct(program.read_bytes()))
                assert "reloaded" in server.egctl("wasm", "reload-code").stdout
                if number == 1:
                    file.write_bytes(program.read_bytes()[:1000])
                    assert server.egctl("wasm", "reload-code", check=False).returncode == 1
            seen = statuses.total()
            wait_until(lambda: statuses.total() > seen + 20, "the new code serves")
        finally:
            stop.set()
        for each in visits:
            each.result()
    assert set(statuses) == {200}


def test_it_can_refuse_its_parameters(server, port, program):
    document = yaml.safe_dump(pipeline("p", wasm(program, parameters=PARAMETERS | {"fail": "because"})))
    refused = server.egctl("apply", "-f", "-", input=document, check=False)
    assert refused.returncode == 1 and "configure failed: because" in refused.stderr


def test_inspect_and_run_offline(program):
    done = subprocess.run([BIN / "egctl", "wasm", "inspect", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "sluice:gateway/filter" in done.stdout
    parameters = [word for name, value in PARAMETERS.items() for word in ("-p", f"{name}={value}")]
    order = [BIN / "egctl", "wasm", "run", program, *parameters, "-H", "Authorization: ann", "-o", "json"]
    done = subprocess.run(order, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "id/ann" in done.stdout, done.stderr
