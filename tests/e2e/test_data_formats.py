# SPDX-License-Identifier: Apache-2.0
"""Data of other versions: an older one's is read, a newer one's is refused with a clear word, and nothing changes."""

import json
import sqlite3
from pathlib import Path

import pytest
import yaml

from client import fetch
from gateway import Server, http_server, mock, pipeline, put_sale

OLDER = Path(__file__).resolve().parent / "older"  # write.py there says how the files are made
WINNERS = 50_000
NEWER = "newer version"


def winner(number: int) -> str:
    return f"u{number:05}"


def kept(server, name: str = "sale") -> dict:
    return yaml.load(server.egctl("wasm", "list-data", name, "wasm").stdout, yaml.CSafeLoader)


def ask(port: int, path: str, user: str) -> str:
    return fetch(port, path, Authorization=user).text


def refusal(server) -> str:
    """What a server says that does not start."""
    server.start(wait=False)
    server.wait_end(expect=1)
    return server.log()


@pytest.fixture
def older(tmp_path, guests, port):
    """A server that is not started, on a copy of what the program of commit 253c266 has written."""
    server = Server(tmp_path / "older")
    folder = server.home / "data"
    folder.mkdir(mode=0o700)
    text = (OLDER / "253c266.sql").read_text().replace("@GUESTS@", str(guests)).replace("@PORT@", str(port))
    with sqlite3.connect(folder / "sluice.db") as database:
        database.executescript(text)
    database.close()
    yield server
    if server.process is not None:
        server.stop()


def expect_the_sale(server, port: int) -> None:
    assert set(server.objects()) == {"http-server", "page", "sale", "shop", "till"}
    assert {server.status(name)["state"] for name in server.objects()} == {"running"}
    assert kept(server) == {f"id/{winner(number)}": "true" for number in range(1, WINNERS + 1)}
    assert kept(server, "till") == {"id/o'neil": "true", "id/u00001": "true", "id/zoë": "true"}
    for number in (1, WINNERS // 2, WINNERS):
        assert ask(port, "/sale", winner(number)) == "buy\n"
    assert ask(port, "/till", "o'neil") == "buy\n"
    for path in ("/sale", "/till"):
        assert ask(port, path, "stranger") == "sold out.\n"
    assert ask(port, "/page", "") == "a page of 'quotes' and \"more\"\n"


def test_data_of_an_older_program_is_read_and_its_limit_kept(older, port, tmp_path):
    older.start()
    expect_the_sale(older, port)
    older.kill()
    older.start()
    expect_the_sale(older, port)
    older.hot_restart()
    expect_the_sale(older, port)
    # One permit more is one visitor more.
    sale = older.get_json("/apis/v2/objects/sale")
    sale["filters"][0]["parameters"]["maxPermission"] = str(WINNERS + 1)
    older.apply(sale)
    assert [ask(port, "/sale", user) for user in ("first", "second", "first")] == ["buy\n", "sold out.\n", "buy\n"]
    file = tmp_path / "older.backup"
    older.egctl("backup", "create", "-f", str(file))
    listed = json.loads(older.egctl("backup", "check", "-f", str(file), "-o", "json").stdout)
    assert listed["entries"] == WINNERS + 1 + 3


def test_a_newer_layout_of_the_data_directory_is_refused(server):
    server.apply(pipeline("p", mock("here\n")))
    server.stop()
    file = server.home / "data" / "sluice.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 3")
    database.close()
    before = file.read_bytes()
    said = refusal(server)
    assert f"{file} was written by a {NEWER} of the server (layout 3, known here: 2): run that one" in said
    assert file.read_bytes() == before


def stored(server) -> dict[str, str]:
    with sqlite3.connect(server.home / "data" / "sluice.db") as database:
        rows = database.execute("SELECT key, value FROM documents WHERE collection = 'objects'").fetchall()
    database.close()
    return dict(rows)


def test_an_object_of_a_newer_program_waits_and_the_others_run(server, port):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("here\n")))
    server.stop()
    newer = {
        "door": {"kind": "HTTPDoor", "name": "door", "opens": "to the left"},
        "later": {**pipeline("later", mock("x")), "later": True},
    }
    with sqlite3.connect(server.home / "data" / "sluice.db") as database:
        for name, spec in newer.items():
            add = "INSERT INTO documents SELECT collection, ?, ?, version FROM documents WHERE key = 'p'"
            database.execute(add, (name, json.dumps(spec)))
    database.close()
    before = stored(server)
    server.start()
    assert fetch(port).text == "here\n"
    for name, reason in (("door", 'kind "HTTPDoor" not found'), ("later", "later: is unknown")):
        assert server.status(name)["state"] == "failed" and reason in server.status(name)["error"]
        assert f"object {newer[name]['kind']} {name} does not run: " in server.log()
    server.apply(pipeline("q", mock("more\n")))
    server.stop()
    after = stored(server)
    assert after.keys() == before.keys() | {"q"}
    assert {name: after[name] for name in newer} == {name: before[name] for name in newer}, "the newer one finds it as it was"


def test_a_backup_of_a_newer_program_is_refused(server, port, guests, tmp_path):
    put_sale(server, port, guests, limit=2)
    file = tmp_path / "newer.backup"
    server.egctl("backup", "create", "-f", str(file))
    text = file.read_text().replace('"formatVersion":1', '"formatVersion":3', 1)
    file.write_text(text)
    before = server.get_json("/apis/v2/objects")
    for command in (("check",), ("restore", "--force")):
        done = server.egctl("backup", *command, "-f", str(file), check=False)
        assert done.returncode == 1 and f"a {NEWER} of Sluice (formatVersion 3, known here: 1 and 2)" in done.stderr, done
    status, _, body = server.request("PUT", "/apis/v2/backup?force=true", text)
    assert status == 400 and NEWER in str(body)
    assert server.get_json("/apis/v2/objects") == before


def test_exported_data_of_a_newer_program_is_refused(server, port, guests, tmp_path):
    put_sale(server, port, guests, limit=2)
    assert fetch(port, Authorization="a").text == "buy\n"
    file = tmp_path / "newer.jsonl"
    server.egctl("wasm", "export-data", "p", "wasm", str(file))
    text = file.read_text()
    assert '"formatVersion":1' in text
    file.write_text(text.replace('"formatVersion":1', '"formatVersion":2'))
    done = server.egctl("wasm", "import-data", "p", "wasm", str(file), check=False)
    assert done.returncode != 0 and f"a {NEWER} of Sluice (formatVersion 2, known here: 1)" in done.stderr, done
    assert kept(server, "p") == {"id/a": "true"}


def test_a_cluster_of_a_newer_program_is_refused(new_cluster):
    cluster = new_cluster()
    cluster.etcd.start().wait()
    member = cluster.member("one").start()
    member.stop()
    (key,) = [key for key in cluster.etcd.keys("") if key.endswith("/cluster")]
    record = json.loads(cluster.etcd.control("get", "--print-value-only", key).stdout)
    assert record["format"] == 1
    newer = json.dumps({**record, "format": 2})
    cluster.etcd.put(key, newer)
    said = refusal(member)
    assert f"the key `{key}` in etcd: it was written by a {NEWER} of Sluice (format 2, known here: 1)" in said
    assert json.loads(cluster.etcd.control("get", "--print-value-only", key).stdout) == json.loads(newer)
