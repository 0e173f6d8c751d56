# SPDX-License-Identifier: Apache-2.0
"""egctl backup create, restore, check: one file that holds a gateway."""

import json
import random
import stat
import subprocess
import sys
import threading
import time

import pytest
import yaml

from certificates import Authority
from client import fetch
from crowd import Crowd, Sale, ask, expect_let_in_again, stored
from gateway import (
    BIN,
    DEADLINE,
    SANITIZED,
    Server,
    free_port,
    http_server,
    mock,
    pipeline,
    put_sale,
    sale_server,
    wait_until,
    wasm,
)
from guests import distinct


@pytest.fixture
def other(tmp_path):
    """A second gateway, empty."""
    instance = Server(tmp_path / "other").start()
    yield instance
    if instance.process is not None:
        instance.stop()


def backup(server, command: str, file, *more: str, check: bool = True):
    return server.egctl("backup", command, "-f", str(file), *more, check=check)


def refused(server, command: str, file, *more: str, code: int = 1) -> str:
    done = backup(server, command, file, *more, check=False)
    assert done.returncode == code, done
    assert done.stdout == "", done
    return done.stderr


def objects(server) -> list:
    return server.get_json("/apis/v2/objects?secrets=true")


def data(server) -> dict:
    """The data of all filters."""
    rows = json.loads(server.egctl("wasm", "list-data", "-o", "json").stdout)
    found = {}
    for row in rows:
        name = row["pipeline"], row["filter"]
        if row["keys"]:
            found[name] = server.egctl("wasm", "list-data", *name).stdout
    return found


def fill(server, pipeline_name: str, count: int, file) -> None:
    file.write_text("".join(f'id/u{number}: "true"\n' for number in range(count)))
    server.egctl("wasm", "apply-data", pipeline_name, "wasm", "-f", str(file))


# --- create, check, restore -------------------------------------------------------------------


def test_a_running_sale_moves_to_an_empty_gateway(server, other, guests, tmp_path):
    """Under load and changes. Its code runs there without the file, and the limit stays exact."""
    limit, port = 300, free_port()
    server.apply(sale_server(port))
    sale = Sale(server, guests / "step6.wasm", limit)
    file, folder = tmp_path / "shop.backup", tmp_path / "crowd"
    with_load = Crowd(port, folder, connections=50, requests=20_000, cycle=100)
    try:
        wait_until(lambda: server.egctl("wasm", "count-data", "p", "wasm").stdout != "0\n", "users are let in")
        backup(server, "create", file)
    finally:
        with_load.join().expect_answers_only()
    listed = json.loads(backup(server, "check", file, "-o", "json").stdout)
    kept = listed["data"][0]["keys"]
    assert 0 < kept <= 100
    code_hash = server.status("p")["filters"]["wasm"]["codeHash"]
    specs = objects(server)
    server.stop()  # its port is free for the other gateway
    sale.program.unlink()

    backup(other, "restore", file)
    assert objects(other) == specs, "createdAt included"
    assert other.status("p")["filters"]["wasm"]["codeHash"] == code_hash
    assert len(stored(other)) == kept
    expect_let_in_again(port, tmp_path / "again", stored(other))
    crowd = ask(port, folder, connections=50, first=1000, cycle=limit * 2, requests=limit * 4).expect_answers_only()
    assert len(crowd.let_in) == limit - kept, "the places that were left"
    other.restart()
    assert other.status("p")["filters"]["wasm"]["codeHash"] == code_hash, "kept for good"
    expect_let_in_again(port, tmp_path / "again", crowd.let_in)


def test_everything_is_in_it(server, other, guests, tmp_path):
    """Secrets, two programs, data of several filters, also of a deleted pipeline, and any bytes."""
    authority = Authority(tmp_path / "ca")
    own = authority.issue("localhost", "DNS:localhost")
    port = free_port()
    server.apply(
        http_server(
            port,
            {"backend": "p"},
            https=True,
            certs={"a": own.certificate.read_text()},
            keys={"a": own.key.read_text()},
        ),
        pipeline("p", wasm(guests / "probe.wasm"), wasm(guests / "step6.wasm", name="sale")),
        pipeline("gone", wasm(guests / "probe.wasm")),
    )
    server.egctl("wasm", "apply-data", "p", "wasm", input='a: 1\n!!binary "/w==": !!binary "/wA="\n')
    server.egctl("wasm", "apply-data", "p", "sale", input="b: 2\n")
    server.egctl("wasm", "apply-data", "gone", "wasm", input="c: 3\n")
    server.delete("gone")
    file = tmp_path / "all.backup"
    told = backup(server, "create", file).stdout
    assert "2 objects, 2 modules of code, 4 entries of 3 filters" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "it holds secrets"
    specs, contents = objects(server), data(server)
    assert "PRIVATE KEY" in json.dumps(specs)
    server.stop()
    backup(other, "restore", file)
    assert objects(other) == specs
    assert data(other) == contents
    assert other.egctl("health").stdout == "OK\n"
    # What was restored can be saved again, and is the same.
    second = tmp_path / "second.backup"
    backup(other, "create", second)
    strip = lambda path: [  # noqa: E731
        line for line in path.read_text().splitlines()[1:] if '"dataEnd"' not in line and '"end"' not in line
    ]
    assert strip(second) == strip(file)


def test_check_lists_what_is_in_it(server, port, guests, tmp_path):
    put_sale(server, port, guests, limit=2)
    assert fetch(port, Authorization="a").text == "buy\n"
    file = tmp_path / "sale.backup"
    backup(server, "create", file)
    listed = json.loads(backup(server, "check", file, "-o", "json").stdout)
    assert {(one["kind"], one["name"], one["runs"]) for one in listed["objects"]} == {
        ("HTTPServer", "http-server", True),
        ("Pipeline", "p", True),
    }
    assert [(one["pipeline"], one["filter"], one["keys"]) for one in listed["data"]] == [("p", "wasm", 1)]
    assert listed["bytes"] == file.stat().st_size and listed["formatVersion"] == 1
    assert listed["code"][0]["sha256"] == server.status("p")["filters"]["wasm"]["codeHash"]
    assert yaml.safe_load(backup(server, "check", file, "-o", "yaml").stdout) == listed
    text = backup(server, "check", file).stdout
    assert "Pipeline" in text and "p/wasm" in text and "1 key" in text
    piped = server.shell("egctl backup create -f - | egctl backup check -f -")
    assert piped.returncode == 0 and "2 objects" in piped.stdout, piped


def test_a_file_that_exists_stays(server, tmp_path):
    file = tmp_path / "a.backup"
    file.write_text("old")
    assert "exists; --force replaces it" in refused(server, "create", file, code=5)
    assert file.read_text() == "old"
    backup(server, "create", file, "--force")
    backup(server, "check", file)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.backup"]


def test_the_default_name_has_the_time(server, tmp_path):
    done = server.shell("egctl backup create", cwd=tmp_path)
    assert done.returncode == 0, done
    (file,) = tmp_path.glob("sluice-*Z.backup")
    assert file.name in done.stdout
    backup(server, "check", file)


def test_a_backup_that_breaks_off_leaves_no_file(server, guests, tmp_path):
    server.apply(pipeline("p", wasm(guests / "probe.wasm")))
    file = tmp_path / "a.backup"
    code = next((server.home / "data" / "code").glob("*.wasm"))
    code.write_bytes(b"damaged")
    told = refused(server, "create", file, code=1)
    assert "is damaged" in told and "reload-code" in told and "was not written" in told
    server.kill()
    assert "was not written" in refused(server, "create", file, code=3)
    assert not list(tmp_path.glob("a.backup*"))


def test_an_object_that_does_not_run_is_saved_as_it_is(server, other, guests, tmp_path):
    code = tmp_path / "code.wasm"
    code.write_bytes(distinct((guests / "probe.wasm").read_bytes()))
    server.apply(pipeline("p", wasm(code)), pipeline("good", mock("hello\n")))
    server.stop()
    for kept in (server.home / "data" / "code").glob("*.wasm"):
        kept.unlink()
    code.unlink()
    server.start()
    wait_until(lambda: server.status("p")["state"] == "failed", "the pipeline fails")
    file = tmp_path / "a.backup"
    assert "Pipeline p does not run" in backup(server, "create", file).stderr
    assert "did not run" in backup(server, "check", file).stdout
    assert "Warning: Pipeline p:" in backup(other, "restore", file).stderr
    assert other.objects() == ["good", "p"]
    assert other.status("p")["state"] == "failed" and other.status("good")["state"] == "running"


# --- what is refused --------------------------------------------------------------------------


@pytest.fixture
def saved(server, guests, port, tmp_path):
    """A file of a gateway with a sale, which has ended since."""
    put_sale(server, port, guests, limit=2)
    assert fetch(port, Authorization="a").text == "buy\n"
    file = tmp_path / "sale.backup"
    backup(server, "create", file)
    server.stop()
    return file


def spoilt(file) -> dict[str, str]:
    text = file.read_text()
    lines = text.splitlines(keepends=True)
    return {
        "is missing": "".join(lines[:-1]),
        "the file is cut off or was altered": text[: len(text) // 2],
        "its checksum is wrong": text.replace('"maxPermission":"2"', '"maxPermission":"9"'),
        "out of order": "".join([lines[0], *lines[-4:-1], *lines[1:-4], lines[-1]]),
        "this is no backup": '{"format":"sluice-data","formatVersion":1}\n',
        "the file is empty": "",
    }


def test_a_broken_file_changes_nothing(saved, other, tmp_path):
    bad = tmp_path / "bad.backup"
    for reason, text in spoilt(saved).items():
        bad.write_text(text)
        for command in ("check", "restore"):
            assert reason in refused(other, command, bad), reason
        # The server does not rely on egctl.
        status, _, body = other.request("PUT", "/apis/v2/backup", text)
        assert status == 400 and "nothing was changed" in body, body
    assert other.objects() == [] and data(other) == {}
    wait_until(lambda: not list((other.home / "data" / "code").glob("*")), "code of nobody is swept away")


def test_a_gateway_with_contents_is_not_overwritten(saved, other, guests, tmp_path, port):
    other.apply(pipeline("mine", wasm(guests / "probe.wasm")), http_server(port, {"backend": "mine"}, name="door"))
    other.egctl("wasm", "apply-data", "mine", "wasm", input="k: v\n")
    before = objects(other), data(other)
    told = refused(other, "restore", saved, code=5)
    assert "--force" in told and "Pipeline mine" in told and "data of mine/wasm (keys: 1)" in told
    assert other.request("PUT", "/apis/v2/backup", saved.read_text())[0] == 409
    assert (objects(other), data(other)) == before
    done = backup(other, "restore", saved, "--force")
    assert "Replaces: Pipeline mine" in done.stderr and "deleted the data of mine/wasm" in done.stdout
    assert other.objects() == ["http-server", "p"]
    assert list(data(other)) == [("p", "wasm")]
    assert fetch(port, Authorization="a").text == "buy\n"
    # Once more: the same.
    state = objects(other), data(other)
    backup(other, "restore", saved, "--force")
    assert (objects(other), data(other)) == state


def test_a_pipeline_that_cannot_run_here_changes_nothing(saved, tmp_path):
    small = Server(tmp_path / "small", "--max-guests", "1").start()
    told = refused(small, "restore", saved)
    assert "max-guests" in told and "nothing was changed" in told, told
    assert small.objects() == [] and data(small) == {}
    small.stop()


def test_only_an_admin(tmp_path):
    config = tmp_path / "config.yaml"
    users = {"basic-auth": {"alice": "apple", "bob": "banana"}, "api-readers": ["bob"]}
    config.write_text(yaml.safe_dump(users))
    file = tmp_path / "a.backup"
    server = Server(tmp_path / "home", "--config-file", str(config)).start(wait=False)

    def run(user: str, password: str, *command: str):
        return server.shell(f"EGCTL_USER={user} EGCTL_PASSWORD={password} egctl backup {' '.join(command)}")

    wait_until(lambda: run("alice", "apple", "create", "--force", f"-f {file}").returncode == 0, "the server answers")
    denied = run("bob", "banana", "create", f"-f {tmp_path}/b.backup")
    assert denied.returncode == 3 and "403" in denied.stderr and "admin" in denied.stderr
    assert not list(tmp_path.glob("b.backup*"))
    denied = run("bob", "banana", "restore", f"-f {file}")
    assert denied.returncode == 3 and "403" in denied.stderr
    assert run("alice", "apple", "restore", f"-f {file}").returncode == 0
    server.stop()


# --- doors, disks, and a million keys ---------------------------------------------------------


def test_no_door_opens_on_an_empty_list(server, other, guests, tmp_path):
    """The sale is sold out. Somebody asks all the time while it is restored, and never gets in."""
    count, port = 100_000, free_port()
    server.apply(sale_server(port))
    Sale(server, guests / "step6.wasm", count)
    fill(server, "p", count, tmp_path / "data.yaml")
    file = tmp_path / "a.backup"
    backup(server, "create", file)
    server.stop()

    answers, stop = [], threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            try:
                answer = fetch(port, Authorization=f"late{len(answers)}")
                answers.append((answer.status, answer.text))
            except OSError:
                pass  # the door is closed

    asking = threading.Thread(target=ask_on)
    asking.start()
    try:
        for force in ([], ["--force"], ["--force"]):
            backup(other, "restore", file, *force)
            before = len(answers)
            wait_until(lambda: len(answers) > before + 10, "the door is open")
    finally:
        stop.set()
        asking.join(DEADLINE)
    # 503: a request at the moment at which its server is deleted.
    assert set(answers) - {(503, "")} == {(200, "sold out.\n")}
    assert other.egctl("wasm", "count-data", "p", "wasm").stdout == f"{count}\n"


def test_the_steps_are_told(saved, other, port):
    status, _, body = other.request("PUT", "/apis/v2/backup", saved.read_text())
    assert status == 200, body
    assert json.loads(body)["done"] == [
        "created Pipeline p",
        "restored the data of p/wasm, 1 entry",
        "created HTTPServer http-server",
    ]
    assert fetch(port, Authorization="a").text == "buy\n"


def test_a_server_that_is_killed_meanwhile(server, other, port, guests, tmp_path):
    """At any moment: no server of the backup listens without all of the data, and the next restoration completes."""
    count = 50_000
    put_sale(server, port, guests, limit=count)
    fill(server, "p", count, tmp_path / "data.yaml")
    file = tmp_path / "a.backup"
    backup(server, "create", file)
    specs = objects(server)
    server.stop()
    for _ in range(6):
        restoring = subprocess.Popen(
            [BIN / "egctl", "--server", other.api, "backup", "restore", "-f", file, "--force"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: restoring.poll() is not None or other.objects() != ["http-server", "p"], "it begins")
        time.sleep(random.random() / 10)
        other.kill()
        told = restoring.communicate(timeout=DEADLINE)[1]
        if restoring.returncode != 0:
            assert "Error: restore" in told, told
        other.start()
        kept = int(other.egctl("wasm", "count-data", "p", "wasm", check=False).stdout or 0)
        assert kept in (0, count)
        if "http-server" in other.objects():
            assert kept == count
    backup(other, "restore", file, "--force")
    assert objects(other) == specs
    assert other.egctl("wasm", "count-data", "p", "wasm").stdout == f"{count}\n"


# What a program took at its peak, in KiB, on the last line of its output.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def run_measured(server, *arguments: str) -> int:
    """Runs egctl, and returns the bytes that it took at its peak."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, BIN / "egctl", "--server", server.api, *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE * 5,
    )
    assert done.returncode == 0, done
    return int(done.stdout.split()[-1]) << 10


def memory(pid: int, what: str) -> int:
    """VmRSS, or its peak VmHWM, in bytes."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(what))


def settled_memory(pid: int) -> int:
    """What a process takes once that no longer changes. Its peak is counted from then on."""

    def settles() -> bool:
        before = memory(pid, "VmRSS")
        time.sleep(2)
        return memory(pid, "VmRSS") <= before

    wait_until(settles, "the memory no longer grows")
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")
    return memory(pid, "VmHWM")


@pytest.mark.alone
def test_a_million_keys(server, other, guests, tmp_path):
    """egctl holds none of it, and the server that saves them little more than it has anyway."""
    count = 1_000_000
    server.apply(pipeline("p", wasm(guests / "probe.wasm")))
    fill(server, "p", count, tmp_path / "data.yaml")
    file = tmp_path / "a.backup"
    before = settled_memory(server.pid)  # an import is followed by work that takes memory
    assert run_measured(server, "backup", "create", "-f", str(file)) < 128 << 20
    assert SANITIZED or memory(server.pid, "VmHWM") - before < 64 << 20
    server.stop()
    assert run_measured(other, "backup", "check", "-f", str(file)) < 128 << 20
    assert run_measured(other, "backup", "restore", "-f", str(file)) < 128 << 20
    assert other.egctl("wasm", "count-data", "p", "wasm").stdout == f"{count}\n"
