# SPDX-License-Identifier: Apache-2.0
"""Objects and code in a cluster: what one member takes, all run. `egctl apply` names the member that cannot."""

import socket
import threading

import pytest

from gateway import documents, http_server, mock, pipeline, put_sale, wait_until, wasm
from guests import distinct


@pytest.fixture
def members(new_cluster):
    return new_cluster().start()


def sale(code, **fields):
    parameters = {"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": "100"}
    return pipeline("p", wasm(code, parameters=parameters, **fields), mock("buy\n"))


def states(member, name: str) -> dict[str, dict]:
    """By member."""
    status = member.get_json(f"/apis/v2/status/objects/{name}")
    return {key.rsplit("/", 1)[1]: one for key, one in status.items()}


def running(member, name: str) -> set[str]:
    """The members that run the object."""
    return {other for other, state in states(member, name).items() if state["state"] == "running"}


def hash_of(member) -> str:
    """Of the code that the member runs."""
    return states(member, "p")[member.name]["filters"]["wasm"]["codeHash"]


def hashes(members) -> set[str]:
    return {hash_of(member) for member in members}


def test_apply_returns_when_every_member_runs_it(members, port):
    for text, member in zip(("one\n", "two\n", "three\n"), members):
        objects = documents(http_server(port, {"backend": "p"}), pipeline("p", mock(text)))
        member.egctl("apply", "-f", "-", input=objects)
        assert [other.ask(port).text for other in members] == [text] * 3
    assert {member.config_version() for member in members} == {3}
    members[1].egctl("delete", "httpserver", "http-server")
    for member in members:
        wait_until(lambda: member.objects() == ["p"], "it is gone everywhere")


def test_members_that_start_later_or_again_have_everything(new_cluster, port):
    cluster = new_cluster()
    one, two = cluster.start("one", "two")
    two.stop()
    one.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("while two was away\n")))
    two.start()
    three = cluster.member("three").start()
    for member in (two, three):
        wait_until(lambda: member.name in running(member, "http-server"), "it has the objects")
        assert member.ask(port).text == "while two was away\n"


def test_an_object_that_the_asked_member_refuses_changes_nothing(members, tmp_path):
    members[0].apply(pipeline("p", mock("before\n")))
    refused = members[1].egctl("apply", "-f", "-", input=documents(sale(tmp_path / "nowhere.wasm")), check=False)
    assert refused.returncode == 1
    assert "no such file" in refused.stderr and "nothing was changed" in refused.stderr
    for member in members:
        assert member.get_json("/apis/v2/objects/p")["filters"][0]["kind"] == "Mock"
        assert running(member, "p") == {"one", "two", "three"}


def test_a_member_that_cannot_run_an_object_is_named(members, port):
    one, two, three = members
    with socket.socket() as other:
        other.bind((two.host, port))
        other.listen()
        objects = documents(http_server(port, {"backend": "p"}), pipeline("p", mock("hello\n")))
        refused = one.egctl("apply", "-f", "-", input=objects, check=False)
        assert refused.returncode == 6
        assert "two: HTTPServer http-server: " in refused.stderr and "is taken by another process" in refused.stderr
        assert "three" not in refused.stderr
        assert [member.ask(port).text for member in (one, three)] == ["hello\n"] * 2, "the others run it"
        for member in members:
            wait_until(lambda: states(member, "http-server")["two"]["state"] == "failed", "all know")
            assert running(member, "http-server") == {"one", "three"}
        assert "failed on two" in one.egctl("get", "httpserver").stdout
        told = three.egctl("describe", "httpserver", "http-server").stdout
        assert "Status of two:" in told and "is taken by another process" in told
        assert one.egctl("apply", "-f", "-", "--wait=false", input=objects).returncode == 0
    wait_until(lambda: "two" in running(one, "http-server"), "it is tried again")
    assert two.ask(port).text == "hello\n"


def test_a_file_that_one_member_lacks_is_told_by_the_one_that_is_asked(members):
    one, two, three = members
    for member in (one, two):
        (member.home / "users").write_text("")
    private = pipeline("p", {"name": "private", "kind": "Validator", "basicAuth": {"mode": "FILE", "userFile": "users"}})
    applied = one.egctl("apply", "-f", "-", input=documents(private))
    warnings = [line for line in applied.stderr.splitlines() if "nobody passes" in line]
    assert len(warnings) == 1 and warnings[0].startswith("Warning: three: Pipeline p: "), applied.stderr
    for member in members:
        told = member.egctl("describe", "pipeline", "p").stdout
        assert told.count("nobody passes") == 1 and "- three: " in told, told
    closed = "Pipeline p: private: basicAuth.userFile: users cannot be read"
    assert closed in three.egctl("health").stdout and "nobody passes here" in three.egctl("health").stdout
    assert one.egctl("health").stdout == "OK\n"
    (three.home / "users").write_text("")
    wait_until(lambda: three.egctl("health").stdout == "OK\n", "the file is read, and the member is well")


def test_a_reload_by_force_says_who_does_not_run_it(new_cluster, guests, tmp_path):
    cluster = new_cluster()
    (one,) = cluster.start("one")
    two = cluster.member("two", "--max-guests", "1").start()
    code = tmp_path / "sale.wasm"
    code.write_bytes((guests / "step6.wasm").read_bytes())
    refused = one.egctl("apply", "-f", "-", input=documents(sale(code, maxConcurrency=4)), check=False)
    assert refused.returncode == 6, refused.stderr
    code.write_bytes(distinct(code.read_bytes()))
    before = hash_of(one)
    forced = one.egctl("wasm", "reload-code", "--force", check=False)
    assert hash_of(one) != before
    assert "p/wasm: reloaded" in forced.stdout
    assert "Error: reloaded, but not every member runs it" in forced.stderr and "  two: p" in forced.stderr
    assert forced.returncode == 6
    assert two.name not in running(one, "p")


def test_members_that_change_at_the_same_time_agree(members):
    failures = []

    def change(member):
        for i in range(10):
            objects = documents(pipeline(f"of-{member.name}", mock(f"{i}\n")), pipeline("both", mock(f"{member.name} {i}\n")))
            done = member.egctl("apply", "-f", "-", "--wait=false", input=objects, check=False)
            if done.returncode != 0 and "try again" not in done.stderr:
                failures.append(done.stderr)

    threads = [threading.Thread(target=change, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    wait_until(lambda: len({str(member.get_json("/apis/v2/objects")) for member in members}) == 1, "they agree")
    assert sorted(members[0].objects()) == ["both", "of-one", "of-three", "of-two"]
    wait_until(lambda: len({member.config_version() for member in members}) == 1, "they count alike")


def test_code_travels(new_cluster, guests, port, tmp_path):
    cluster = new_cluster()
    one, two, three = cluster.start()
    code = tmp_path / "sale.wasm"
    code.write_bytes(distinct((guests / "step6.wasm").read_bytes()))
    one.apply(http_server(port, {"backend": "p"}), sale(code))
    code.unlink()
    assert len(hashes((one, two, three))) == 1
    assert cluster.etcd.keys("sluice/documents/blobs"), "it is in etcd"
    for member in (one, two, three):
        assert states(member, "p")[member.name]["filters"]["wasm"]["codeNote"] == "", "nobody needs the file"
        member.restart()
    four = cluster.member("four").start()
    everyone = (one, two, three, four)
    for member in everyone:
        wait_until(lambda: member.name in running(member, "p"), "it runs the code")
    assert len(hashes(everyone)) == 1

    # The member that takes the reload reads the file.
    before = hashes(everyone)
    code.write_bytes(distinct((guests / "step6.wasm").read_bytes()))
    assert "p/wasm: reloaded" in two.egctl("wasm", "reload-code").stdout
    after = hashes(everyone)
    assert len(after) == 1 and after != before, "on return, all have swapped"
    assert "p/wasm: unchanged" in three.egctl("wasm", "reload-code").stdout

    # Broken code is refused by the member that reads it, and nobody swaps.
    code.write_bytes(b"\0asm junk")
    refused = one.egctl("wasm", "reload-code", check=False)
    assert refused.returncode == 1 and "not reloaded, what ran before goes on" in refused.stderr
    assert hashes(everyone) == after


def test_uploaded_code_runs_on_every_member(members, guests, port, tmp_path):
    put_sale(members[0], port, guests, limit=100)
    before = hashes(members)
    mine = tmp_path / "mine.wasm"
    mine.write_bytes(distinct((guests / "step6.wasm").read_bytes()))
    assert "p/wasm: reloaded" in members[2].egctl("wasm", "upload", str(mine), "p", "wasm").stdout
    after = hashes(members)
    assert len(after) == 1 and after != before
    for member in members:
        member.restart()
        wait_until(lambda: member.name in running(member, "p"), "it runs the code")
    assert hashes(members) == after
    junk = tmp_path / "junk.wasm"
    junk.write_bytes(b"junk")
    assert members[1].egctl("wasm", "upload", str(junk), "p", "wasm", check=False).returncode == 1
    assert members[1].egctl("wasm", "upload", str(mine), "p", "other", check=False).returncode == 4
    assert "p/wasm: reloaded" in members[0].egctl("wasm", "reload-code").stdout, "`code` holds the old one"
    assert hashes(members) == before
