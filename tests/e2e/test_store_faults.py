# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, read-only or gone, and files that are damaged: nobody new is let in, who was told
that he is in stays in, the server says what is wrong, and goes on by itself when the disk is back."""

import itertools
import os
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from client import Connection, fetch
from gateway import BIN, Orphan, Server, put_sale, wait_until

BUY, SOLD_OUT = "buy\n", "sold out.\n"


def mounted(folder: Path, *options: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder.mkdir()
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MiB."""
    folder = tmp_path / "disk"
    mounted(folder, "-t", "tmpfs", "-o", "size=12m", "none")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def running(home: Path, *options: str):
    server = Server(home, *options).start()
    try:
        yield server
    finally:
        if server.process is not None:
            server.stop()


def listed(server) -> set[str]:
    return set(yaml.safe_load(server.egctl("wasm", "list-data", "p", "wasm").stdout) or {})


def filter_status(server) -> dict:
    return find_filter(server.status("p"))


def find_filter(status: dict) -> dict:
    if "durableVersion" in status:
        return status
    for value in status.values():
        if isinstance(value, dict) and (found := find_filter(value)):
            return found
    return {}


def is_well(server) -> bool:
    return server.request("GET", "/apis/v2/healthz")[0] == 200


def expect_ill(server, *words: str) -> None:
    """egctl and the filter's status say what is wrong."""
    def say(text: str) -> bool:
        return all(word in text for word in words)

    wait_until(lambda: say(server.request("GET", "/apis/v2/healthz")[2]), f"the server's health says {words}")
    done = server.egctl("health", check=False)
    assert done.returncode == 1 and say(done.stderr)
    assert say(filter_status(server)["health"])
    assert filter_status(server)["store"]["health"] != "ready"


class Crowd:
    """Users that come one after the other over several connections, each for the first time."""

    def __init__(self, port: int, connections: int = 8):
        self.told: set[str] = set()
        self.refused: set[str] = set()
        self.others: list = []
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._come, args=(port,), daemon=True) for _ in range(connections)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _come(self, port: int) -> None:
        try:
            with Connection(port) as connection:
                while not self._stopping.is_set():
                    user = f"u{next(self._numbers)}"
                    answer = connection.request("/", Authorization=user)
                    if (answer.status, answer.text) == (200, BUY):
                        self.told.add(f"id/{user}")
                    elif answer.status == 503:
                        self.refused.add(f"id/{user}")
                    else:
                        self.others.append(answer)
        except OSError as fault:
            self.others.append(fault)

    def wait_told(self, more: int) -> None:
        goal = len(self.told) + more
        wait_until(lambda: len(self.told) >= goal or self.others, f"{more} more were let in")

    def wait_refused(self, more: int) -> None:
        goal = len(self.refused) + more
        wait_until(lambda: len(self.refused) >= goal or self.others, f"{more} more were refused")


def fill_up(folder: Path) -> Path:
    ballast = folder / "ballast"
    with open(ballast, "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
    return ballast


def test_full_disk_under_load(tmp_path, small_disk, guests, port):
    with running(tmp_path / "home", "--data-dir", str(small_disk / "data")) as server:
        put_sale(server, port, guests, limit=1_000_000)
        with Crowd(port) as crowd:
            for _ in range(2):
                crowd.wait_told(200)
                ballast = fill_up(small_disk)
                expect_ill(server, "sluice.db", "free some space")
                before = len(crowd.told)
                crowd.wait_refused(200)
                assert len(crowd.told) == before, "nobody new is let in"
                one = next(iter(crowd.told)).removeprefix("id/")
                assert fetch(port, Authorization=one).text == BUY, "who is in stays in"
                assert filter_status(server)["store"]["failures"] > 0
                ballast.unlink()
                wait_until(lambda: is_well(server), "the server is well again, without a restart")
        assert crowd.others == []
        status = filter_status(server)
        assert status["health"] == "ready" and status["durableLag"] == 0
        server.egctl("health")
        data = listed(server)
        assert crowd.told <= data, "each one who was told is on the list"
        assert data <= crowd.told | crowd.refused
        # The sale goes on to its exact limit.
        limit = len(data) + 5
        put_sale(server, port, guests, limit)
        answers = [fetch(port, Authorization=f"late{n}").text for n in range(10)]
        assert answers == [BUY] * 5 + [SOLD_OUT] * 5
        server.kill()
        server.start()
        assert len(listed(server)) == limit and data <= listed(server)


def test_a_hot_restart_with_a_full_disk_leaves_the_old_process_at_work(tmp_path, small_disk, guests, port):
    """No process could open the store then: there must be one that has it open. It need not know that the disk
    is full: nothing may have been written since."""
    Orphan.expect_some()
    with running(tmp_path / "home", "--data-dir", str(small_disk / "data")) as server:
        put_sale(server, port, guests, limit=1000)
        stays = "no new process, this one goes on"
        for round, known in enumerate((False, True)):
            ballast = fill_up(small_disk)
            if known:
                wait_until(lambda: fetch(port, Authorization="nobody").status == 503, "the store finds out")
            old = server.pid
            server.process.send_signal(signal.SIGUSR2)
            wait_until(lambda: server.log().count(stays) == round + 1, "the log says that the old one goes on")
            reason = next(line for line in server.log().splitlines()[::-1] if stays in line)
            assert "No space left" in reason or "free some space" in reason
            assert server.process.poll() is None and int((server.home / "sluice.pid").read_text()) == old
            ballast.unlink()
            wait_until(lambda: fetch(port, Authorization=f"u{round}").text == BUY, "the sale goes on")
        server.hot_restart()
        assert fetch(port, Authorization="later").text == BUY
        assert not (small_disk / "data" / "hand-over.new").exists()


def test_read_only_disk_at_start(tmp_path, small_disk, guests, port):
    with running(tmp_path / "home", "--data-dir", str(small_disk / "data")) as server:
        put_sale(server, port, guests, limit=1_000_000)
        assert fetch(port, Authorization="a").text == BUY
        server.stop()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        text = refused_start(server)
        assert str(small_disk / "data") in text and "ead-only" in text
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        server.start()
        assert listed(server) == {"id/a"}


@pytest.fixture
def failing_disk(tmp_path):
    """ext4 that can be told to go read-only as it does on an error of the disk."""
    image, folder = tmp_path / "image", tmp_path / "ext4"
    with open(image, "wb") as file:
        file.truncate(32 << 20)
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("no mkfs.ext4")
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", str(image)], check=True)
    mounted(folder, "-o", "loop,errors=remount-ro", str(image))
    device = subprocess.run(["findmnt", "-no", "SOURCE", str(folder)], capture_output=True, text=True).stdout.strip()
    trigger = Path("/sys/fs/ext4") / Path(device).name / "trigger_fs_error"
    try:
        if not os.access(trigger, os.W_OK):
            pytest.skip("the kernel has no trigger_fs_error")
        yield folder, trigger, image
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_disk_that_turns_read_only(tmp_path, failing_disk, guests, port):
    disk, trigger, image = failing_disk
    with running(tmp_path / "home", "--data-dir", str(disk / "data")) as server:
        put_sale(server, port, guests, limit=1_000_000)
        with Crowd(port) as crowd:
            crowd.wait_told(50)
            trigger.write_text("x")
            crowd.wait_refused(50)
            expect_ill(server, "sluice.db", "mount its file system for writing")
            before = len(crowd.told)
            crowd.wait_refused(50)
            assert len(crowd.told) == before
            assert fetch(port, Authorization=next(iter(crowd.told)).removeprefix("id/")).text == BUY
        server.stop()
        subprocess.run(["umount", str(disk)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(disk)], check=True)
        server.start()
        assert crowd.told <= listed(server)


def test_data_directory_removed(tmp_path, guests, port):
    """What is written into a deleted file is lost: nobody may be told of it."""
    with running(tmp_path / "home", "--data-dir", "data") as server:
        put_sale(server, port, guests, limit=1_000_000)
        data, away = server.home / "data", server.home / "away"
        with Crowd(port) as crowd:
            crowd.wait_told(100)
            data.rename(away)
            expect_ill(server, "sluice.db", "is gone")
            before = len(crowd.told)
            crowd.wait_refused(100)
            assert len(crowd.told) == before
            away.rename(data)
            wait_until(lambda: is_well(server), "the server is well again, without a restart")
            crowd.wait_told(10)
        assert crowd.told <= listed(server)

        shutil.rmtree(data)
        assert fetch(port, Authorization="late").status == 503
        expect_ill(server, "sluice.db", "is gone", "backup")
        assert fetch(port, Authorization=next(iter(crowd.told)).removeprefix("id/")).text == BUY
        data.mkdir()
        shutil.copy(server.home / "stderr.log", data / "sluice.db")
        expect_ill(server, "was replaced")
        assert fetch(port, Authorization="later").status == 503
        server.stop()


def test_second_server_on_the_same_directory(server, tmp_path, guests, port):
    put_sale(server, port, guests, limit=1_000_000)
    second = Server(tmp_path / "second", "--data-dir", str(server.home / "data"))
    text = refused_start(second)
    assert str(server.home / "data") in text and "another server" in text
    assert fetch(port, Authorization="a").text == BUY
    server.egctl("health")


def refused_start(server: Server) -> str:
    """What the server says when it does not start."""
    server.start(wait=False)
    server.wait_end(expect=1)
    text = (server.home / "stderr.log").read_text()
    (server.home / "stderr.log").unlink()
    return text


def overwrite(path: Path, at: int, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def test_damaged_database_at_start(server, guests, port):
    put_sale(server, port, guests, limit=1_000_000)
    server.egctl("wasm", "apply-data", "p", "wasm", input="".join(f"id/user{n}: x\n" for n in range(5000)))
    server.stop()
    database, whole = server.home / "data" / "sluice.db", server.home / "whole"
    shutil.copy(database, whole)
    size = database.stat().st_size
    damages = {
        "pages in the middle": lambda: overwrite(database, size // 8192 * 4096, os.urandom(8192)),
        "cut in half": lambda: os.truncate(database, size // 2),
        "empty": lambda: os.truncate(database, 0),
        "no database": lambda: database.write_text("hello\n" * 1000),
    }
    for name, damage in damages.items():
        damage()
        text = refused_start(server)
        assert str(database) in text and "backup" in text, f"{name}: {text}"
        shutil.copy(whole, database)
        for companion in ("-wal", "-shm"):
            Path(f"{database}{companion}").unlink(missing_ok=True)
    server.start()
    assert len(listed(server)) == 5000


def test_damaged_log_at_start(server, guests, port):
    put_sale(server, port, guests, limit=1_000_000)
    database = server.home / "data" / "sluice.db"
    log = Path(f"{database}-wal")
    with Crowd(port) as crowd:
        crowd.wait_told(100)
    server.kill()
    whole = log.read_bytes()
    overwrite(log, 0, b"x" * 100)
    text = refused_start(server)
    assert str(log) in text and "damaged" in text and "backup" in text
    log.write_bytes(whole)
    # A crash may tear what was never told.
    with open(log, "ab") as file:
        file.write(b"torn" * 100)
    server.start()
    assert crowd.told <= listed(server)


@pytest.mark.parametrize("durability", ["disk", "process"])
def test_a_log_that_is_missing_after_a_kill(tmp_path, guests, port, durability):
    """Winners are in the log only: without it nobody may be let in again."""
    with running(tmp_path / "home", "--durability", durability) as server:
        put_sale(server, port, guests, limit=40)
        for user in range(40):
            assert fetch(port, Authorization=f"u{user}").text == BUY
        server.kill()
        log, away = server.home / "data" / "sluice.db-wal", server.home / "away"
        log.rename(away)
        text = refused_start(server)
        assert str(log) in text and "missing" in text and "--accept-older-store" in text
        shutil.copy(away, log)
        os.truncate(log, log.stat().st_size // 2)
        text = refused_start(server)
        assert "was told" in text and "--accept-older-store" in text
        shutil.copy(away, log)
        server.start()
        assert len(listed(server)) == 40
        assert fetch(port, Authorization="late").text == SOLD_OUT


def test_log_and_mark_that_are_missing_together(tmp_path, guests, port):
    """As after `rm sluice.db-*`, in the first life of a store, whose database has not grown yet."""
    with running(tmp_path / "home") as server:
        put_sale(server, port, guests, limit=40)
        assert fetch(port, Authorization="u").text == BUY
        server.kill()
        data, away = server.home / "data", server.home / "away"
        shutil.copytree(data, away)
        for file in data.glob("sluice.db-*"):
            file.unlink()
        text = refused_start(server)
        assert str(data / "sluice.db-mark") in text and "missing" in text and "--accept-older-store" in text
        shutil.copytree(away, data, dirs_exist_ok=True)
        server.start()
        assert listed(server) == {"id/u"}


@pytest.mark.parametrize("name", ["sluice.db-mark", "gateway.secret"])
def test_a_folder_in_the_place_of_a_file(tmp_path, name):
    with running(tmp_path / "home") as server:
        server.stop()
        file = server.home / "data" / name
        file.unlink()
        file.mkdir()
        assert str(file) in refused_start(server)
        file.rmdir()


@pytest.mark.parametrize("name", ["sluice.db", "sluice.db-wal", "sluice.db-mark"])
def test_a_file_that_is_cut_short_while_the_server_uses_it(tmp_path, guests, port, name):
    """`truncate -s 0 data/*`, meant for logs: what is written behind the hole could not be read again."""
    with running(tmp_path / "home") as server:
        put_sale(server, port, guests, limit=40)
        for user in range(3):
            assert fetch(port, Authorization=f"u{user}").text == BUY
        os.truncate(server.home / "data" / name, 0)
        assert fetch(port, Authorization="late").status == 503
        expect_ill(server, name, "was cut short", "backup")
        server.kill()
        assert "backup" in refused_start(server)


def test_a_database_that_is_missing_or_older(tmp_path, guests, port):
    with running(tmp_path / "home") as server:
        put_sale(server, port, guests, limit=40)
        data, early, late = server.home / "data", server.home / "early", server.home / "late"
        assert fetch(port, Authorization="early").text == BUY
        server.stop()
        assert "new store created at" in (server.home / "log" / "stdout.log").read_text()
        shutil.copytree(data, early)
        server.start()
        assert fetch(port, Authorization="late").text == BUY
        server.stop()
        shutil.copytree(data, late)

        (data / "sluice.db").unlink()
        text = refused_start(server)
        assert str(data / "sluice.db") in text and "is missing" in text and "backup" in text
        assert not (data / "sluice.db").exists()
        shutil.copy(early / "sluice.db", data)
        text = refused_start(server)
        assert "older copy" in text and "--accept-older-store" in text
        shutil.copy(late / "sluice.db", data)
        server.start()
        assert listed(server) == {"id/early", "id/late"}
        server.stop()

        shutil.copy(early / "sluice.db", data)
    with running(tmp_path / "home", "--accept-older-store") as server:
        assert listed(server) == {"id/early"}
        assert "accepted" in (server.home / "log" / "stdout.log").read_text()
    with running(tmp_path / "home") as server:
        assert listed(server) == {"id/early"}


def test_a_store_can_be_required(tmp_path):
    server = Server(tmp_path / "home", "--require-store")
    text = refused_start(server)
    assert str(server.home / "data" / "sluice.db") in text and "--require-store" in text
    with running(tmp_path / "home"):
        pass
    with running(tmp_path / "home", "--require-store") as server:
        server.egctl("health")


def test_durability_process_outlives_a_kill(tmp_path, guests, port):
    with running(tmp_path / "home", "--durability", "process") as server:
        put_sale(server, port, guests, limit=1_000_000)
        assert filter_status(server)["store"]["durability"] == "process"
        crowd = Crowd(port)
        with crowd:
            crowd.wait_told(300)
            server.kill()
        server.start()
        assert crowd.told <= listed(server)


def test_durability_is_an_option(tmp_path, monkeypatch):
    server = Server(tmp_path / "home", "--durability", "memory")
    assert "durability" in refused_start(server)
    (tmp_path / "config.yaml").write_text("durability: process\n")
    monkeypatch.delenv("EG_DURABILITY", raising=False)

    def in_force(*options: str) -> str:
        done = subprocess.run(
            [BIN / "sluice-server", "-c", *options],
            capture_output=True,
            text=True,
            check=True,
        )
        return yaml.safe_load(done.stdout)["durability"]

    assert in_force() == "disk"
    assert in_force("-f", str(tmp_path / "config.yaml")) == "process"
    monkeypatch.setenv("EG_DURABILITY", "disk")
    assert in_force("-f", str(tmp_path / "config.yaml")) == "disk"
    assert in_force("-f", str(tmp_path / "config.yaml"), "--durability", "process") == "process"


def test_status_says_how_the_data_is_written(server, guests, port):
    put_sale(server, port, guests, limit=3)
    for user in "abcde":
        fetch(port, Authorization=user)
    fetch(port, Authorization="a")
    status = filter_status(server)
    assert status["transactionsWritten"] == 3
    assert status["transactionsReadOnly"] == 3
    assert status["keys"] == 3
    assert status["committedVersion"] == status["durableVersion"] == 3
    assert status["durableLag"] == 0 and status["durableLagMs"] == 0
    assert {"conflicts", "reruns", "queueTurns"} <= set(status)
    store = status["store"]
    assert store["health"] == "ready" and store["durability"] == "disk" and store["failures"] == 0
    assert store["commits"] == 3 and 1 <= store["groups"] <= 3
    assert 1 <= store["groupSize"]["p50"] <= store["groupSize"]["p99"] <= store["groupSize"]["max"] <= 3
    assert 0 < store["writeMs"]["p50"] <= store["writeMs"]["p99"] <= store["writeMs"]["max"]
    assert "durableVersion" in server.egctl("describe", "pipeline", "p").stdout
