# SPDX-License-Identifier: Apache-2.0
"""Code that has run once is kept in the data directory: it changes when somebody says so, and neither a
missing file nor a silent URL takes a running sale down."""

import hashlib
import os
import shutil
import signal
import sqlite3

import pytest

from client import fetch
from code_server import CodeServer
from gateway import Orphan, documents, http_server, mock, pipeline, wait_until, wasm
from guests import distinct


@pytest.fixture(autouse=True)
def orphans():
    Orphan.expect_some()


class Sale:
    """Lets `limit` users in, by code in a file."""

    def __init__(self, server, port, guests, folder):
        self.server, self.port, self.guests = server, port, guests
        self.file = folder / "sale.wasm"
        self.code = distinct((guests / "step6.wasm").read_bytes())
        self.file.write_bytes(self.code)

    def objects(self, limit: int, **fields) -> list[dict]:
        parameters = {"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": str(limit)}
        return [
            http_server(self.port, {"backend": "p"}),
            pipeline("p", wasm(self.file, parameters=parameters, **fields), mock("buy\n")),
        ]

    def let_in(self, users: int = 12) -> int:
        return [fetch(self.port, Authorization=f"u{user}").text for user in range(users)].count("buy\n")

    def spoil(self, how: str) -> None:
        if how == "missing":
            self.file.unlink()
        elif how == "empty":
            self.file.write_bytes(b"")
        elif how == "half-written":
            self.file.write_bytes(self.code[: len(self.code) // 2])
        elif how == "other":
            self.file.write_bytes(distinct((self.guests / "step1.wasm").read_bytes()))

    @property
    def hash(self) -> str:
        return self.server.status("p")["filters"]["wasm"]["codeHash"]


@pytest.fixture
def sale(server, port, guests, tmp_path):
    sale = Sale(server, port, guests, tmp_path)
    server.apply(*sale.objects(3))
    assert sale.let_in() == 3
    return sale


SPOILT = ["missing", "empty", "half-written", "other"]
RESTARTS = ["restart", "hot_restart"]


@pytest.mark.parametrize("restart", RESTARTS)
@pytest.mark.parametrize("how", SPOILT)
def test_a_restart_goes_on_with_the_code_that_ran(sale, how, restart):
    server, before = sale.server, sale.server.status("p")["filters"]["wasm"]
    sale.spoil(how)
    getattr(server, restart)()
    assert sale.let_in() == 3, "the sale goes on, and nobody new is let in"
    after = server.status("p")["filters"]["wasm"]
    assert (after["codeHash"], after["loadedAt"]) == (before["codeHash"], before["loadedAt"])
    assert after["health"] == "ready"
    # It says so wherever somebody may look.
    for said in (after["codeNote"], server.egctl("health").stdout, server.egctl("describe", "pipeline", "p").stdout):
        assert "sale.wasm" in said and before["codeHash"][:12] in said, said
    assert server.egctl("wasm", "list-data", "p", "wasm").stdout.count("id/") == 3


@pytest.mark.parametrize("how", SPOILT)
def test_parameters_change_without_the_file(sale, how):
    before = sale.hash
    sale.spoil(how)
    done = sale.server.egctl("apply", "-f", "-", input=documents(*sale.objects(5)))
    assert "Warning: p: " in done.stderr and "sale.wasm" in done.stderr
    assert sale.let_in() == 5
    assert sale.hash == before


def test_code_changes_when_it_is_said_so(sale):
    before = sale.hash
    sale.spoil("other")
    done = sale.server.egctl("apply", "-f", "-", input=documents(*sale.objects(3)))
    assert "unchanged" in done.stdout and "reload-code" in done.stderr
    assert sale.hash == before
    sale.server.restart()
    assert sale.hash == before
    assert "reloaded" in sale.server.egctl("wasm", "reload-code").stdout
    assert sale.let_in() == 12, "the other code lets everybody in"
    now = hashlib.sha256(sale.file.read_bytes()).hexdigest()
    assert sale.hash == now
    assert "OK" in sale.server.egctl("health").stdout
    sale.file.unlink()
    sale.server.restart()
    assert sale.hash == now, "what was reloaded is what a restart finds"


@pytest.mark.parametrize("restart", RESTARTS)
def test_uploaded_code_runs_until_a_reload(sale, tmp_path, guests, restart):
    before, server = sale.hash, sale.server
    mine = tmp_path / "mine.wasm"
    mine.write_bytes(distinct((guests / "step1.wasm").read_bytes()))
    assert server.egctl("wasm", "upload", str(mine), "p", "wasm").stdout.startswith("p/wasm: reloaded")
    now = hashlib.sha256(mine.read_bytes()).hexdigest()
    mine.unlink()
    getattr(server, restart)()
    assert sale.hash == now and sale.let_in() == 12
    done = server.egctl("apply", "-f", "-", input=documents(*sale.objects(4)))
    assert sale.hash == now, "other fields change without the file"
    status = server.status("p")["filters"]["wasm"]
    for said in (done.stderr, server.egctl("describe", "pipeline", "p").stdout, status["codeNote"]):
        assert "runs the code that was uploaded at " + status["loadedAt"] in " ".join(said.split()), said
    assert status["codeSource"] == "upload"
    assert "OK" in server.egctl("health").stdout, "the difference is wanted"
    assert "reloaded" in server.egctl("wasm", "reload-code").stdout
    assert sale.hash == before
    status = server.status("p")["filters"]["wasm"]
    assert (status["codeSource"], status["codeNote"]) == ("spec", "")
    mine.write_bytes(b"junk")
    refused = server.egctl("wasm", "upload", str(mine), "p", "wasm", check=False)
    assert refused.returncode == 1 and "not a WebAssembly module" in refused.stderr
    assert sale.hash == before


def test_another_path_is_other_code(sale, tmp_path, guests):
    other = tmp_path / "other.wasm"
    other.write_bytes(distinct((guests / "step1.wasm").read_bytes()))
    sale.file = other
    sale.server.apply(*sale.objects(3))
    assert sale.let_in() == 12


@pytest.mark.parametrize("restart", RESTARTS)
def test_a_restart_does_not_ask_the_url(server, port, guests, restart):
    source = CodeServer((guests / "step1.wasm").read_bytes())
    try:
        server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(source.url), mock("in\n")))
        source.open.clear()
        getattr(server, restart)()
        assert fetch(port).text == "in\n"
        server.apply(pipeline("p", wasm(source.url, timeout="2s"), mock("in\n")))
        assert source.asked.acquire(blocking=False) and not source.asked.acquire(blocking=False)
    finally:
        source.close()


def test_what_no_object_names_is_deleted(sale):
    kept = sale.server.home / "data" / "code"
    assert [file.name for file in kept.iterdir()] == [sale.hash + ".wasm"]
    first = sale.hash
    sale.file.write_bytes(distinct(sale.code))
    sale.server.egctl("wasm", "reload-code")
    assert {file.stem for file in kept.iterdir()} == {first, sale.hash}, "a rollback finds the old code"
    sale.server.delete("p")
    wait_until(lambda: not list(kept.iterdir()), "the code of a deleted pipeline is deleted")


def test_a_kept_copy_that_is_damaged(sale):
    """The file is as good, if it holds the same code; if not, what runs is said."""
    server = sale.server
    kept = server.home / "data" / "code" / (sale.hash + ".wasm")
    before = sale.hash
    server.stop()
    kept.write_bytes(kept.read_bytes()[:100])
    server.start()
    assert sale.let_in() == 3 and sale.hash == before
    assert kept.read_bytes() == sale.code, "mended"
    server.stop()
    kept.unlink()
    sale.spoil("other")
    server.start()
    assert sale.hash != before
    assert "other code was read" in server.egctl("health").stdout


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_a_kept_copy_that_is_no_file(sale, what):
    """It costs only its pipeline, and not even that if the file still holds the code."""
    server = sale.server
    kept = server.home / "data" / "code" / (sale.hash + ".wasm")
    for spoilt in ("nothing", "missing"):
        server.stop()
        kept.unlink(missing_ok=True) if not kept.is_dir() else kept.rmdir()
        kept.mkdir() if what == "folder" else os.mkfifo(kept)
        sale.spoil(spoilt)
        server.start()
        if spoilt == "nothing":
            assert sale.let_in() == 3
        else:
            wait_until(lambda: server.status("p")["state"] == "failed", "it does not run")
            assert fetch(sale.port).status == 503
            assert f"{kept} is not a regular file" in server.egctl("health").stdout
    server.stop()


def test_a_data_directory_of_an_earlier_version(sale):
    """It has no kept code; the file is read once more."""
    server = sale.server
    server.stop()
    shutil.rmtree(server.home / "data" / "code")
    with sqlite3.connect(server.home / "data" / "sluice.db") as database:
        tables = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        assert "documents" in tables, tables
        database.execute("delete from documents where collection = 'pins'")
    database.close()
    server.start()
    assert sale.let_in() == 3
    sale.file.unlink()
    server.restart()
    assert sale.let_in() == 3


def test_while_a_pipeline_does_not_run_everything_says_so(sale):
    server, before = sale.server, sale.hash
    server.stop()
    (server.home / "data" / "code" / (before + ".wasm")).unlink()
    sale.spoil("half-written")
    server.start()
    reason = "filters[0].code: "
    assert fetch(sale.port, "/why").status == 503
    assert "pipeline p does not run: " + reason in server.access_line("/why")
    status = server.status("p")
    assert status["state"] == "failed" and status["error"].startswith(reason)
    health = server.egctl("health")
    assert "Pipeline p does not run: " + reason in health.stdout
    assert "failed" in server.egctl("get", "all").stdout
    assert reason in server.egctl("describe", "pipeline", "p").stdout
    refused = server.egctl("wasm", "reload-code", check=False)
    assert refused.returncode == 1 and "p/wasm: the pipeline does not run: " + reason in refused.stderr
    sale.file.write_bytes(sale.code)
    outcome = server.egctl("wasm", "reload-code").stdout
    assert outcome.startswith(("p/wasm: reloaded", "p/wasm: unchanged"))  # the latter: a retry has read it just before
    assert sale.let_in() == 3
    assert "failed" not in server.egctl("get", "all").stdout


def test_a_hot_restart_is_refused_if_what_runs_would_not(server, port, guests, tmp_path):
    """Here: the new process may have fewer guests than run."""
    config = server.home / "sluice.yaml"
    config.write_text("max-guests: 50\n")
    server.stop()
    server.options = ("--config-file", str(config))
    server.start()
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(guests / "step1.wasm", concurrency=20), mock("x")))
    config.write_text("max-guests: 10\n")
    os.kill(server.pid, signal.SIGUSR2)
    wait_until(lambda: "no new process, this one goes on" in server.log(), "it is refused")
    assert "what runs now would not run in the new process: Pipeline p: filters[0].maxConcurrency: 20 guests" in server.log()
    assert fetch(port).text == "x" and server.process.poll() is None
    config.write_text("max-guests: 60\n")
    server.hot_restart()
    assert fetch(port).text == "x"
