# SPDX-License-Identifier: Apache-2.0
"""egctl wasm list-data, apply-data, delete-data, count-data, export-data, import-data."""

import base64
import json
import os
import pty
import random
import socket
import subprocess

import pytest
import yaml

from client import Load, fetch, request
from gateway import BIN, DEADLINE, exit_code_of, free_port, pipeline, put_sale, sale_server, wasm

PATH = "/apis/v2/wasm/data/p/wasm"


@pytest.fixture(scope="module")
def site(shared_server, guests):
    shared_server.apply(pipeline("p", wasm(guests / "probe.wasm"), wasm(guests / "probe.wasm", name="other")))
    return shared_server


@pytest.fixture
def data(site):
    """The commands on the data of a filter, which is empty."""
    for filter in ("wasm", "other"):
        site.egctl("wasm", "delete-data", "p", filter)
    return Data(site)


class Data:
    def __init__(self, server):
        self.server = server

    def run(self, command: str, *more: str, filter: str = "wasm", **how):
        return self.server.egctl("wasm", f"{command}-data", "p", filter, *more, **how)

    def refused(self, command: str, *more: str, **how) -> str:
        done = self.run(command, *more, check=False, **how)
        assert done.returncode in (2, exit_code_of(done.stderr)) and done.stdout == "", done
        assert done.stderr.startswith("Error: ")
        return done.stderr

    def count(self, *more: str, **how) -> int:
        return int(self.run("count", *more, **how).stdout)

    def text(self, *more: str, **how) -> str:
        return self.run("list", *more, **how).stdout

    def all(self, **how) -> dict:
        return yaml.safe_load(self.text(**how))


def many(count: int, value: str = "true") -> str:
    return "".join(f'id/{n:07}: "{value}"\n' for n in range(count))


# --- list, count, delete ----------------------------------------------------------------------


def test_a_hundred_thousand_keys(data, tmp_path):
    text = many(100_000)
    file = tmp_path / "data.yaml"
    lines = text.splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    file.write_text("".join(lines) + 'other: "x"\n')
    data.run("apply", "-f", str(file))
    assert data.count() == 100_001
    assert data.count("--prefix", "id/") == 100_000
    assert data.text() == text + 'other: "x"\n', "sorted"
    assert data.text("--prefix", "id/00000", "--limit", "3") == many(3)
    assert data.text("--prefix", "none") == "{}\n"
    data.run("delete", "--prefix", "id/")
    assert data.all() == {"other": "x"}
    data.run("delete")
    assert data.text() == "{}\n"
    assert data.count() == 0


def test_formats(data):
    data.run("apply", input="b: 2\na: 1\n")
    assert data.text() == 'a: "1"\nb: "2"\n' == data.text("-o", "yaml")
    assert json.loads(data.text("-o", "json")) == {"a": "1", "b": "2"}
    assert json.loads(data.run("count", "-o", "json").stdout) == {"count": 2}
    assert data.run("count", "-o", "yaml").stdout == "count: 2\n"
    data.run("apply", input=json.dumps({"c": 3, "ä": "\n\U0001f600"}))
    assert data.all() == {"a": "1", "b": "2", "c": "3", "ä": "\n\U0001f600"}


def test_commands_that_change_data_answer_scripts(data):
    assert json.loads(data.run("apply", "-o", "json", input="a: 1\nb: 2\n").stdout) == {"entries": 2}
    assert yaml.safe_load(data.run("apply", "-o", "yaml", input="c: 3\n").stdout) == {"entries": 1}
    assert data.run("apply", input="d: 4\n").stdout == ""
    data.run("delete", "-o", "json")
    assert data.count() == 0


def test_all_filters_are_listed_without_a_prefix_only(data):
    refused = data.server.egctl("wasm", "list-data", "--prefix", "a", check=False)
    assert refused.returncode == 2
    assert refused.stderr == "Error: --prefix and --limit want a pipeline and a filter name\n"


def test_what_is_listed_can_be_applied(data):
    awkward = ["", " a", "a ", "~", "yes", "0.40", "1e3", "a: b", "#a", "a #b", '"', "'", "\\", "\n", "a\nb\n", "\t",
               "\x00", "\x85", "- a", "{a}", "[", "&a", "*a", "!a", "|", ">", "%", "@", "`", "<<", "---", "...", "?",
               "k" * 3000, "\u2028", "\ufeff", "ä", "\U0001f600"]  # fmt: skip
    binary = {b"\xff": b"\x80\x00", b"\xed\xa0\x80": b"x"}
    expected = {key: value for key, value in zip(awkward, reversed(awkward))}
    quote = lambda text: json.dumps(text, ensure_ascii=False)  # noqa: E731
    text = "".join(f"{quote(key)}: {quote(value)}\n" for key, value in expected.items())
    for key, value in binary.items():
        text += f'!!binary "{base64.b64encode(key).decode()}": !!binary "{base64.b64encode(value).decode()}"\n'
    data.run("apply", input=text)
    listed = data.text()
    data.run("apply", input=listed, filter="other")
    assert data.text(filter="other") == listed
    assert data.count() == len(expected) + 2
    texts = {key: value for key, value in yaml.safe_load(listed).items() if isinstance(key, str)}
    assert texts == expected


def test_a_reader_that_has_enough(data):
    data.run("apply", input=many(100_000))
    done = data.server.shell("set -o pipefail; egctl wasm list-data p wasm | head -1")
    assert (done.returncode, done.stdout, done.stderr) == (0, 'id/0000000: "true"\n', "")
    # The server has noticed, too: nothing holds the data.
    data.run("delete")
    assert data.count() == 0


def test_names_are_wanted(data):
    for command in ("list", "count", "delete", "apply"):
        done = data.server.egctl("wasm", f"{command}-data", "p", check=False)
        assert done.returncode == 2 and "requires pipeline and filter name" in done.stderr
        assert "404" in data.refused(command, filter="none", input="a: 1")


def test_deleting_everything_is_asked_for(data):
    data.run("apply", input="a: 1\n")
    assert "--prefix" in data.refused("delete", "--prefix", "")
    assert data.server.request("DELETE", PATH + "?prefix=")[0] == 400
    assert data.server.request("DELETE", PATH + "?prefx=a")[0] == 400
    assert data.count() == 1


# --- apply ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, reason",
    [
        ("b", "line 100001: not `key: value`"),
        ("b: [1]", 'line 100001: "b" is a list'),
        ("b:", 'line 100001: "b" has no value'),
        ('b: "tru', 'the quote " is not closed'),
        ("k" * 5000 + ": 1", "line 100001: the key `kkk"),
        ("b: " + "v" * (1 << 20) + "v", "line 100001: the value of `b`"),
        ("b: |\n" + "  v\n" * (3 << 20), "line 100001: the entry is longer than 8 MiB"),
    ],
    ids=["no-entry", "list", "no-value", "open-quote", "long-key", "long-value", "long-entry"],
)
def test_an_error_changes_nothing(data, text, reason):
    data.run("apply", input="a: 1\n")
    told = data.refused("apply", input=many(100_000, "new") + text)
    assert reason in told and "nothing was changed" in told
    assert data.all() == {"a": "1"}


def test_of_a_key_that_comes_twice_the_last_value_counts(data):
    data.run("apply", input="a: 1\nb: 2\na: 3\n")
    assert data.all() == {"a": "3", "b": "2"}


def test_breaking_off_changes_nothing(data):
    for end in ("kill", "terminate"):
        upload = subprocess.Popen(
            [BIN / "egctl", "--server", data.server.api, "wasm", "apply-data", "p", "wasm"], stdin=subprocess.PIPE
        )
        upload.stdin.write(many(200_000).encode())
        upload.stdin.flush()
        getattr(upload, end)()
        upload.wait(DEADLINE)
        upload.stdin.close()
        assert data.count() == 0
    data.run("apply", input="a: 1\n")
    assert data.all() == {"a": "1"}


@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", "Content-Length: 1000"])
@pytest.mark.parametrize("where, body", [("", "a: 1\nb: 2\n"), ("/import", '{"format":"sluice-data"')])
def test_a_body_that_ends_in_the_middle(data, framing, where, body):
    if framing.startswith("Transfer"):
        body = f"{len(body):x}\r\n{body}\r\n"
    with socket.create_connection(("127.0.0.1", data.server.api_port), DEADLINE) as connection:
        connection.sendall(f"PUT {PATH}{where} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n{body}".encode())
        connection.shutdown(socket.SHUT_WR)
        # The end of the connection, with a refusal or without: the server is done with it.
        assert b" 200 " not in connection.makefile("rb").readline()
    assert data.count() == 0


def test_other_codings_are_refused(data):
    status, _, _ = data.server.request("PUT", PATH, "a: 1\n", {"Transfer-Encoding": "gzip, chunked"})
    assert status == 400
    assert data.count() == 0


def test_runs_see_all_or_nothing(server, port, guests):
    server.apply(sale_server(port), pipeline("p", wasm(guests / "probe.wasm", concurrency=8)))
    data = Data(server)
    with Load(port, lambda _: request("/", X_Mode="count", X_Key="id/"), connections=16) as load:
        for _ in range(3):
            load.wait_more(100)
            data.run("apply", input=many(20_000))
            load.wait_more(100)
            data.run("delete")
    assert load.errors == []
    assert set(load.answers) == {(200, b"0"), (200, b"20000")}


def run_on_terminal(data, *arguments: str, input: bytes) -> str:
    """What egctl writes to a terminal that is its standard error."""
    leader, follower = pty.openpty()
    done = subprocess.Popen(
        [BIN / "egctl", "--server", data.server.api, "wasm", *arguments], stdin=subprocess.PIPE, stderr=follower
    )
    os.close(follower)
    done.stdin.write(input)
    done.stdin.close()
    told = b""
    try:
        while piece := os.read(leader, 4096):
            told += piece
    except OSError:  # EIO: the other side is closed
        pass
    os.close(leader)
    done.wait(DEADLINE)
    return told.decode()


def test_progress_on_a_terminal_only(data):
    text = many(5000)
    assert data.run("apply", input=text).stderr == ""
    told = run_on_terminal(data, "apply-data", "p", "wasm", input=text.encode())
    assert "5000 keys, " in told and " keys/s, committed in " in told and told.endswith("\r\n")
    refused = run_on_terminal(data, "apply-data", "p", "wasm", input=b"b\n")
    assert "Error:" in refused.splitlines()[-1] and "line 1" in refused


# --- export and import ------------------------------------------------------------------------


def test_export_and_import(data, tmp_path):
    file = tmp_path / "sale.jsonl"
    data.run("apply", input=many(20_000) + 'c: "x\\ny"\nd: !!binary "/wA="\n')
    assert data.run("export", str(file)).stdout == ""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0]["format"] == "sluice-data" and (lines[0]["pipeline"], lines[0]["filter"]) == ("p", "wasm")
    assert len(lines) == 20_004 and lines[-1]["count"] == 20_002
    assert {"key": "d", "value64": "/wA="} in lines
    data.run("apply", input="z: stays\nc: old\n", filter="other")
    data.run("import", str(file), filter="other")
    assert data.text(filter="other") == data.text() + 'z: "stays"\n'
    assert data.server.shell("egctl wasm export-data p wasm - | egctl wasm import-data p wasm -").stderr == ""
    data.run("export", str(file), "--prefix", "c")
    assert len(file.read_text().splitlines()) == 3
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside it"


def test_a_damaged_file_changes_nothing(data, tmp_path):
    file = tmp_path / "sale.jsonl"
    data.run("apply", input=many(1000))
    data.run("export", str(file))
    whole = file.read_text()
    lines = whole.splitlines(keepends=True)
    cases = {
        "is missing": "".join(lines[:-1]),
        "line 501: this is no entry": "".join(lines[:500]) + lines[500][:10],
        "should hold 1000": "".join(lines[:10] + lines[11:]),
        "checksum is wrong": whole.replace('id/0000007","value":"true', 'id/0000007","value":"else'),
        "the file is empty": "",
        "no file of export-data": many(3),
    }
    for reason, text in cases.items():
        file.write_text(text)
        told = data.refused("import", str(file), filter="other")
        assert reason in told and "nothing was changed" in told, told
    assert data.count(filter="other") == 0


def test_an_export_that_fails_leaves_the_old_file(data, tmp_path):
    file = tmp_path / "sale.jsonl"
    file.write_text("old")
    assert "404" in data.refused("export", str(file), filter="none")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
    assert "cannot write" in data.refused("export", str(tmp_path / "none" / "file"))
    link = tmp_path / "link"
    link.symlink_to(file)
    data.run("export", str(link))
    assert link.is_symlink() and file.read_text() != "old"
    data.run("export", "/dev/null")
    assert not os.path.isfile("/dev/null")


def test_exactly_one_key_is_deleted(data):
    data.run("apply", input="".join(f"id/user{n}: true\n" for n in range(1, 201)) + "id/a b&c=d: x\n")
    data.run("delete", "--key", "id/user1")
    assert data.count() == 200 and data.count("--prefix", "id/user1") == 110
    data.run("delete", "--key", "id/a b&c=d")
    assert data.count() == 199
    assert 'no key "id/user1"' in data.refused("delete", "--key", "id/user1")
    assert "empty" in data.refused("delete", "--key", "")
    assert "exclude" in data.refused("delete", "--key", "a", "--prefix", "b")
    assert data.count() == 199


def test_a_place_that_is_given_back_is_sold_again(site, data, guests):
    """A buyer cancels: the count goes down by one at once, on every core."""
    port = free_port()
    put_sale(site, port, guests, limit=1)
    assert fetch(port, Authorization="a").text == "buy\n"
    assert fetch(port, Authorization="b").text != "buy\n"
    site.egctl("wasm", "delete-data", "p", "wasm", "--key", "id/a")
    assert fetch(port, Authorization="b").text == "buy\n"
    assert fetch(port, Authorization="a").text != "buy\n"
    site.apply(pipeline("p", wasm(guests / "probe.wasm"), wasm(guests / "probe.wasm", name="other")))


def test_data_of_a_deleted_pipeline_is_listed_and_deleted(site, guests):
    site.apply(pipeline("gone", wasm(guests / "probe.wasm")))
    site.egctl("wasm", "apply-data", "gone", "wasm", input="k: v\n")
    rows = json.loads(site.egctl("wasm", "list-data", "-o", "json").stdout)
    assert {"pipeline": "gone", "filter": "wasm", "keys": 1, "used": True} in rows
    site.delete("gone")
    assert ["gone", "wasm", "1", "no"] in [line.split() for line in site.egctl("wasm", "list-data").stdout.splitlines()]
    assert site.egctl("wasm", "list-data", "gone", "wasm").stdout == 'k: "v"\n'
    refused = site.egctl("wasm", "apply-data", "gone", "wasm", input="k: w\n", check=False)
    assert refused.returncode == 4 and "no pipeline gone" in refused.stderr
    site.egctl("wasm", "delete-data", "gone", "wasm")
    assert "gone" not in site.egctl("wasm", "list-data").stdout
    refused = site.egctl("wasm", "list-data", "never-there", "wasm", check=False)
    assert refused.returncode == 4 and "no pipeline never-there" in refused.stderr


def data_of(site) -> dict[str, tuple[int, bool]]:
    rows = json.loads(site.egctl("wasm", "list-data", "--all", "-o", "json").stdout)
    return {f"{row['pipeline']}/{row['filter']}": (row["keys"], row["used"]) for row in rows}


def put_unused(site, guests) -> None:
    """Data of two pipelines that are gone, of a filter that is gone, and of one that is there."""
    site.apply(pipeline("one", wasm(guests / "probe.wasm")), pipeline("two", wasm(guests / "probe.wasm")))
    site.apply(pipeline("kept", wasm(guests / "probe.wasm"), wasm(guests / "probe.wasm", name="other")))
    for place in (("one", "wasm"), ("two", "wasm"), ("kept", "wasm"), ("kept", "other")):
        site.egctl("wasm", "apply-data", *place, input="a: 1\nb: 2\n")
    site.delete("one", "two")
    site.apply(pipeline("kept", wasm(guests / "probe.wasm")))


def answer_on_a_terminal(site, answer: str) -> tuple[int, str]:
    """The exit code of the command, and its questions."""
    ours, theirs = pty.openpty()
    try:
        command = [BIN / "egctl", "--server", site.api, "wasm", "delete-data", "--all-unused"]
        process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        os.write(ours, f"{answer}\n".encode())
        output, _ = process.communicate(timeout=60)
        return process.returncode, output
    finally:
        os.close(ours)
        os.close(theirs)


def test_all_unused_data_is_deleted(server, guests):
    put_unused(server, guests)
    unused = {"one/wasm": (2, False), "two/wasm": (2, False), "kept/other": (2, False)}
    assert data_of(server) == unused | {"kept/wasm": (2, True)}
    refused = server.egctl("wasm", "delete-data", "--all-unused", check=False)
    assert refused.returncode == 1 and "6 keys of 3 filters" in refused.stderr and "--yes" in refused.stderr, refused.stderr
    code, output = answer_on_a_terminal(server, "n")
    assert code == 1 and "one/wasm: 2 keys" in output and "nothing was deleted" in output, output
    assert len(data_of(server)) == 4
    done = server.egctl("wasm", "delete-data", "--all-unused", "--yes").stdout.splitlines()
    assert sorted(done) == ["deleted 2 keys of kept/other", "deleted 2 keys of one/wasm", "deleted 2 keys of two/wasm"]
    assert data_of(server) == {"kept/wasm": (2, True)}
    assert "all data is in use" in server.egctl("wasm", "delete-data", "--all-unused").stdout
    for wrong in (("kept", "wasm"), ("--prefix", "a"), ("--key", "a")):
        assert server.egctl("wasm", "delete-data", "--all-unused", "--yes", *wrong, check=False).returncode != 0
    assert data_of(server) == {"kept/wasm": (2, True)}


def test_unused_data_is_deleted_on_a_terminal(server, guests):
    put_unused(server, guests)
    code, output = answer_on_a_terminal(server, "y")
    assert code == 0 and "Delete 6 keys of 3 filters, for good? [y/N]" in output, output
    assert data_of(server) == {"kept/wasm": (2, True)}


def test_data_of_a_pipeline_that_does_not_run_is_in_use(server, guests, tmp_path):
    """Its code is lost, and the next process cannot build it."""
    code = tmp_path / "probe.wasm"
    code.write_bytes((guests / "probe.wasm").read_bytes())
    server.apply(pipeline("p", wasm(code)))
    server.egctl("wasm", "apply-data", "p", "wasm", input="a: 1\n")
    server.stop()
    code.unlink()
    for kept in (server.home / "data").rglob("*.wasm"):
        kept.unlink()
    server.start()
    assert data_of(server) == {"p/wasm": (1, True)}
    status, _, _ = server.request("DELETE", "/apis/v2/wasm/data/p/wasm?unused=true")
    assert status == 409
    assert "all data is in use" in server.egctl("wasm", "delete-data", "--all-unused", "--yes").stdout
