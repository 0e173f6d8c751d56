# SPDX-License-Identifier: Apache-2.0
"""Administration of a cluster, as its users see it: every command works on every member."""

import json
import os
import re
import socket
import subprocess
import threading

import pytest

from certificates import Authority
from cluster import owner_of
from gateway import Orphan, Server, http_server, mock, pipeline, put_sale, wait_until, wasm
from guests import distinct

NS = "p/wasm"


@pytest.fixture
def sale(new_cluster, guests, port):
    cluster = new_cluster()
    members = cluster.start()
    put_sale(members[0], port, guests, limit=100)
    owner_of(members)
    return cluster, members


def others(members, member):
    return [one for one in members if one is not member]


# --- Shared data: the owner makes the change, whichever member is asked ---


def test_data_commands_work_on_every_member(sale, tmp_path):
    _, members = sale
    owner_of(members)
    for member in members:
        name = member.name
        member.egctl("wasm", "apply-data", "p", "wasm", input=f"id/{name}: x\nid/{name}-2: y\nother/{name}: z\n")
        assert {other.data()[f"id/{name}"] for other in members} == {"x"}
        file = tmp_path / f"{name}.jsonl"
        member.egctl("wasm", "export-data", "p", "wasm", str(file))
        member.egctl("wasm", "delete-data", "p", "wasm", "--key", f"id/{name}")
        gone = member.egctl("wasm", "delete-data", "p", "wasm", "--key", f"id/{name}", check=False)
        assert gone.returncode == 4 and f'404: not found: no key "id/{name}"' in gone.stderr
        member.egctl("wasm", "delete-data", "p", "wasm", "--prefix", "id/")
        assert set(members[0].data()) == {f"other/{name}"}
        assert json.loads(member.egctl("wasm", "import-data", "p", "wasm", str(file), "-o", "json").stdout) == {"entries": 3}
        assert [other.data()[f"id/{name}-2"] for other in members] == ["y"] * 3
        member.egctl("wasm", "delete-data", "p", "wasm")
        assert members[0].data() == {}


def test_a_refused_import_changes_nothing_on_any_member(sale, tmp_path):
    _, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\nid/b: two\n")
    file = tmp_path / "file.jsonl"
    owner.egctl("wasm", "export-data", "p", "wasm", str(file))
    lines = file.read_text().replace("one", "ONE")
    file.write_text(lines)
    for member in members:
        refused = member.egctl("wasm", "import-data", "p", "wasm", str(file), check=False)
        assert refused.returncode == 1
        assert "checksum is wrong" in refused.stderr and "nothing was changed" in refused.stderr, refused.stderr
        no_such = member.egctl("wasm", "apply-data", "p", "nothing", input="a: b\n", check=False)
        assert "404" in no_such.stderr and "no WasmHost filter nothing" in no_such.stderr
    assert owner.data() == {"id/a": "one", "id/b": "two"}


def break_off_an_import(member, whole: bytes) -> bool:
    """The client leaves in the middle, once the owner has taken the call. False: the owner has no place for it."""
    with socket.create_connection(("127.0.0.1", member.api_port), timeout=30) as connection:
        head = "PUT /apis/v2/wasm/data/p/wasm/import HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        connection.sendall(f"{head}Content-Length: {len(whole)}\r\n\r\n".encode())
        reply = connection.recv(4096)
        if not reply.startswith(b"HTTP/1.1 100 "):
            assert reply.startswith(b"HTTP/1.1 503 ") and b"too many" in reply, reply
            return False
        connection.sendall(whole[:-100])
    return True


@pytest.mark.parametrize("how", ["refused", "broken off"])
def test_calls_that_fail_hold_no_place_at_the_owner(sale, tmp_path, how):
    """It serves twelve calls of other members at once."""
    _, members = sale
    owner = owner_of(members)
    member = others(members, owner)[0]
    owner.egctl("wasm", "apply-data", "p", "wasm", input="".join(f"id/{i}: {'x' * 60}\n" for i in range(20_000)))
    file = tmp_path / "file.jsonl"
    owner.egctl("wasm", "export-data", "p", "wasm", str(file))
    for _ in range(15):
        if how == "refused":
            file.write_text(file.read_text().replace('"id/7"', "id/7"))
            refused = member.egctl("wasm", "import-data", "p", "wasm", str(file), check=False)
            assert refused.returncode == 1 and "400" in refused.stderr, refused.stderr
        else:
            wait_until(lambda: break_off_an_import(member, file.read_bytes()), "the owner takes a call")

    def serves() -> bool:
        return member.egctl("wasm", "apply-data", "p", "wasm", input="id/c: x\n", check=False).returncode == 0

    wait_until(serves, "the owner has room for a call")


def peak_memory(member) -> int:
    with open(f"/proc/{member.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) << 10


@pytest.mark.alone
def test_a_large_import_passes_through_a_member_in_pieces(sale, tmp_path):
    _, members = sale
    owner = owner_of(members)
    asked = others(members, owner)[0]
    value = "v" * 1000
    file = tmp_path / "large.yaml"
    with open(file, "w") as out:
        for i in range(120_000):
            out.write(f"id/{i}: {value}\n")
        out.write("broken: [\n")
    before = peak_memory(asked)
    refused = asked.egctl("wasm", "apply-data", "p", "wasm", "-f", str(file), check=False)
    assert refused.returncode == 1 and "nothing was changed" in refused.stderr, refused.stderr
    assert peak_memory(asked) - before < 40 << 20, "120 MB pass through"
    with open(file, "w") as out:
        for i in range(5_000):
            out.write(f"id/{i}: {value}\n")
    asked.egctl("wasm", "apply-data", "p", "wasm", "-f", str(file))
    assert asked.egctl("wasm", "count-data", "p", "wasm").stdout.strip() == "5000"
    for member in members:
        assert len(member.data()) == 5_000


def test_an_owner_that_is_not_reached_is_named(new_cluster, guests, port):
    cluster = new_cluster()
    members = cluster.start(options=("--owner-wait", "1s", "--member-ttl", "30s"))
    put_sale(members[0], port, guests, limit=100)
    owner = owner_of(members)
    asked = others(members, owner)[0]
    owner.pause()
    for command in (("delete-data", "p", "wasm", "--key", "id/a"), ("apply-data", "p", "wasm")):
        refused = asked.egctl("wasm", *command, input="id/a: one\n", check=False)
        assert refused.returncode == 1
        assert f"member {owner.name}, which owns the shared data of p/wasm, cannot be reached" in refused.stderr
        assert "--owner-wait" in refused.stderr and "nothing was changed" in refused.stderr, refused.stderr
    owner.go_on()
    asked.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    assert owner.data() == {"id/a": "one"}


def test_without_an_owner_the_last_one_is_named(new_cluster, guests, port):
    cluster = new_cluster()
    cluster.etcd.start().wait()
    one = cluster.member("one", "--owner-wait", "1s").start()
    put_sale(one, port, guests, limit=100)
    # A member that cannot run the pipeline never takes its data.
    cluster.member("two", "--max-guests", "1").start()
    owner_of([one])
    done = []
    move = threading.Thread(target=lambda: done.append(one.egctl("store", "move", NS, "two", check=False)))
    move.start()
    wait_until(lambda: one.owners() == {}, "one has given it up")
    refused = one.egctl("wasm", "delete-data", "p", "wasm", check=False)
    assert refused.returncode == 1
    assert "after 1s (--owner-wait), nobody owns the shared data of p/wasm" in refused.stderr
    assert "member one was the last owner" in refused.stderr and "nothing was changed" in refused.stderr, refused.stderr
    move.join()
    assert done[0].returncode == 1 and "its pipeline does not run there" in done[0].stderr
    owner_of([one])
    one.egctl("wasm", "delete-data", "p", "wasm")


def test_data_commands_go_on_through_changes_of_the_owner(sale):
    _, members = sale
    owner = owner_of(members)
    asked = others(members, owner)[0]
    victim = owner
    victim.kill()
    # Waits for the lease of the dead owner, then for the next one.
    asked.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    assert asked.data() == {"id/a": "one"}
    alive = others(members, victim)
    for i in range(6):
        asked.egctl("store", "move", NS, alive[i % 2].name)
        for member in alive:
            member.egctl("wasm", "apply-data", "p", "wasm", input=f"id/{i}-{member.name}: x\n")
    assert len(asked.data()) == 13


def test_the_cluster_port_takes_only_calls_for_data(sale):
    """Whoever may hand over an exchange may change shared data, and nothing else of the API."""
    _, members = sale
    port = int(members[0].members()["one"]["clusterAddress"].rsplit(":", 1)[1])
    for method, target, status in (
        ("DELETE", "/apis/v2/objects/p", 403),
        ("PUT", "/apis/v2/objects/p", 403),
        ("GET", "/apis/v2/backup", 403),
        ("GET", "/apis/v2/nothing", 404),
        ("GET", "/elsewhere", 404),
    ):
        step = {"step": "begin", "id": "x", "number": 0, "from": "me", "method": method, "target": target}
        message = json.dumps(step) + "\n"
        assert json.loads(cluster_call(members[0].host, port, message).split(b"\n")[0])["status"] == status
    for broken in ("", "\n", "{}\n", '{"step":"begin"}\n', '{"step":"end","id":7}\n', "x" * 100_000, '["begin"]\n'):
        assert json.loads(cluster_call(members[0].host, port, broken).split(b"\n")[0])["status"] == 400
    assert json.loads(cluster_call(members[0].host, port, '{"step":"end","id":"y","number":1}\n').split(b"\n")[0])["again"]
    assert sorted(members[0].objects()) == ["http-server", "p"]


def cluster_call(host: str, port: int, message: str) -> bytes:
    done = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "--data-binary", "@-", f"http://{host}:{port}/cluster/call"],
        input=message.encode(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- Moving ---


def test_moves_succeed_while_members_restart_hot(sale):
    Orphan.expect_some()
    _, members = sale
    failures, moves, stop = [], [], threading.Event()

    def move():
        while not stop.is_set():
            member = members[len(moves) % 3]
            done = members[0].egctl("store", "move", NS, member.name, check=False)
            moves.append(member)
            if done.returncode != 0:
                failures.append(done.stderr)

    mover = threading.Thread(target=move)
    mover.start()
    for i in range(6):
        before = len(moves)
        members[1 + i % 2].hot_restart()
        wait_until(lambda: len(moves) >= before + 6, "moves go on")
    stop.set()
    mover.join()
    assert failures == []
    wait_until(lambda: members[0].owners() == {NS: moves[-1].name}, "the last move holds")


# --- Objects: edit and delete wait for every member ---


def edit(member, name: str, old: str, new: str, *options: str, tmp_path, kind: str = "pipeline"):
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\nsed -i 's/{old}/{new}/' \"$1\"\n")
    editor.chmod(0o755)
    os.environ["EGCTL_EDITOR"] = str(editor)
    try:
        return member.egctl("edit", kind, name, *options, check=False)
    finally:
        del os.environ["EGCTL_EDITOR"]


def test_edit_and_delete_return_when_every_member_has_followed(new_cluster, port, tmp_path):
    members = new_cluster().start()
    members[0].apply(http_server(port, {"backend": "p"}), pipeline("p", mock("text-0")))
    for i, member in enumerate(members):
        done = edit(member, "p", f"text-{i}", f"text-{i + 1}", tmp_path=tmp_path)
        assert done.returncode == 0, done.stderr
        assert [other.ask(port).text for other in members] == [f"text-{i + 1}"] * 3
    for i, member in enumerate(members):
        names = [f"x-{i}-{n}" for n in range(3)]
        members[0].apply(*(pipeline(name, mock(name)) for name in names))
        member.egctl("delete", "pipeline", *names)
        assert [other.objects() for other in members] == [["http-server", "p"]] * 3
    one = members[0]
    one.egctl("object", "delete", "p")
    assert [other.objects() for other in members] == [["http-server"]] * 3


def test_a_member_that_does_not_follow_is_named(new_cluster, port, tmp_path):
    members = new_cluster().start(options=("--member-ttl", "60s"))
    one, two, three = members
    one.apply(pipeline("p", mock("before")), pipeline("q", mock("before")))
    two.pause()
    late = edit(one, "p", "before", "after", "--wait-timeout", "1s", tmp_path=tmp_path)
    assert late.returncode == 6 and "edit Pipeline p successfully" in late.stdout
    assert "applied, but after 1s not every member runs it" in late.stderr
    assert "two: Pipeline p: has not followed" in late.stderr and "three" not in late.stderr
    assert edit(one, "p", "after", "later", "--wait=false", tmp_path=tmp_path).returncode == 0
    late = three.egctl("delete", "pipeline", "p", "--wait-timeout", "1s", check=False)
    assert late.returncode == 6 and "delete Pipeline p successfully" in late.stdout
    assert "deleted, but after 1s not every member has followed" in late.stderr
    assert "two: Pipeline p: has not followed" in late.stderr and "one" not in late.stderr
    assert three.egctl("delete", "pipeline", "q", "--wait=false").returncode == 0
    two.go_on()
    wait_until(lambda: two.objects() == [], "it follows")


def test_a_member_that_refuses_an_edit_is_named(new_cluster, port, tmp_path):
    one, two, three = members = new_cluster().start()
    one.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("hello")))
    with socket.socket() as other:
        other.bind((two.host, 0))
        other.listen()
        taken = other.getsockname()[1]
        refused = edit(one, "http-server", f"port: {port}", f"port: {taken}", tmp_path=tmp_path, kind="httpserver")
        assert refused.returncode == 6
        assert "two: HTTPServer http-server: " in refused.stderr and "is taken by another process" in refused.stderr
        assert "three" not in refused.stderr
        assert [member.ask(taken).text for member in (one, three)] == ["hello"] * 2, "the others run it"
    wait_until(lambda: two.own_status("http-server")["state"] == "running", "it is tried again")
    assert [member.ask(taken).text for member in members] == ["hello"] * 3


# --- Members ---


def test_members_tell_their_versions_objects_owners_and_clocks(new_cluster, guests, port):
    cluster = new_cluster()
    cluster.etcd.start().wait()
    members = [cluster.member(name, "--zone", f"hall-{name}").start() for name in cluster.NAMES]
    put_sale(members[0], port, guests, limit=100)
    owner = owner_of(members)
    for asked in members:
        told = wait_until(
            lambda: (all_ := asked.members()) and all("clock" in one for one in all_.values()) and all_, "clocks are known"
        )
        for name, one in told.items():
            clock = one["clock"]
            assert abs(clock["offsetMs"]) <= clock["uncertaintyMs"] + 5, "the same machine"
            assert one["zone"] == f"hall-{name}" and "warning" not in clock
        assert told[asked.name]["clock"] == {"offsetMs": 0, "uncertaintyMs": 0}
        wait_until(lambda: all(m["objects"]["running"] == 2 for m in asked.members().values()), "all run the sale")
        rows = asked.egctl("get", "member", "-o", "wide").stdout.splitlines()
        assert rows[0].split() == "NAME ROLE AGE STATE API-ADDR HEARTBEAT VERSION CLUSTER-ADDR ZONE OBJECTS CLOCK CERTIFICATES OWNS".split()
        assert [row.split()[0] for row in rows[1:]] == ["one", "three", "two"]
        (row,) = (row for row in rows if row.startswith(owner.name + " "))
        assert row.endswith(NS) and f"hall-{owner.name}" in row and "2 running" in row and "ms ±" in row
    assert "hall-two" in members[0].egctl("describe", "member", "two").stdout


# clock_gettime() and what rests on it, an hour late.
WRONG_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec* out) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(id, out);
  if (id == CLOCK_REALTIME) out->tv_sec -= 3600;
  return result;
}
"""


def test_a_clock_that_is_wrong_is_shown(new_cluster, tmp_path):
    source, library = tmp_path / "wrong.c", tmp_path / "wrong.so"
    source.write_text(WRONG_CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True, timeout=60)
    cluster = new_cluster()
    one, two = cluster.start("one", "two")
    three = cluster.member("three")
    three.wrapper = ["env", f"LD_PRELOAD={library}"]
    three.start()
    for asked in (one, two):
        clock = wait_until(lambda: asked.members()["three"].get("clock"), "its clock is known")
        assert abs(clock["offsetMs"] + 3_600_000) < 2_000
        assert "1h behind the median of all members" in clock["warning"]
        assert "warning" not in asked.members()["one"]["clock"]
    assert abs(three.members()["one"]["clock"]["offsetMs"] - 3_600_000) < 2_000
    sick = wait_until(lambda: (h := three.egctl("health").stdout) and h, "its health has a note")
    assert "the clock of this member is 1h behind" in sick
    assert one.egctl("health").returncode == 0
    row = next(line for line in one.egctl("get", "member", "-o", "wide").stdout.splitlines() if line.startswith("three"))
    assert "-3600" in row


# --- Backup: embedded -> cluster -> embedded ---


def hashes(members, name: str = "p") -> set[str]:
    return {member.own_status(name)["filters"]["wasm"]["codeHash"] for member in members}


def data_of(server) -> dict[str, str]:
    return json.loads(server.egctl("wasm", "list-data", "p", "wasm", "-o", "json").stdout)


def own_status(server, name: str) -> dict:
    return next(iter(server.get_json(f"/apis/v2/status/objects/{name}").values()))


@pytest.mark.parametrize("index", range(3))
def test_a_gateway_moves_into_a_cluster_and_back(server, new_cluster, guests, port, tmp_path, index):
    code = tmp_path / "sale.wasm"
    code.write_bytes(distinct((guests / "step6.wasm").read_bytes()))
    parameters = {"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": "100"}
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(code, parameters=parameters), mock("buy\n")))
    server.apply(pipeline("plain", mock("plain")))
    server.egctl("wasm", "apply-data", "p", "wasm", input="".join(f"id/{i}: user-{i}\n" for i in range(3000)))
    data = data_of(server)
    sha = own_status(server, "p")["filters"]["wasm"]["codeHash"]
    first, second = tmp_path / "first.backup", tmp_path / "second.backup"
    server.egctl("backup", "create", "-f", str(first))
    code.unlink()
    specs = server.get_json("/apis/v2/objects?secrets=true")
    server.stop()  # its port is needed

    cluster = new_cluster()
    members = cluster.start()
    members[index].egctl("backup", "restore", "-f", str(first))
    # On return, every member runs the objects.
    for member in members:
        assert member.get_json("/apis/v2/objects?secrets=true") == specs
        assert member.data() == data
    assert hashes(members) == {sha}
    for member in members:
        assert member.ask(port, X_User="id/7").status in (200, 503)

    again = members[index].egctl("backup", "restore", "-f", str(first), check=False)
    assert again.returncode == 5 and "the gateway is not empty" in again.stderr and "nothing was changed" in again.stderr
    assert "Pipeline p" in again.stderr and "data of p/wasm (keys: 3000)" in again.stderr
    members[0].egctl("wasm", "apply-data", "p", "wasm", input="id/new: one\n")
    members[(index + 1) % 3].egctl("backup", "create", "-f", str(second))
    members[(index + 2) % 3].egctl("delete", "pipeline", "plain")
    members[index].egctl("backup", "restore", "-f", str(first), "--force")
    for member in members:
        assert member.objects() == ["http-server", "p", "plain"]
        assert member.data() == data
    assert hashes(members) == {sha}

    other = Server(tmp_path / "other").start()
    try:
        other.egctl("backup", "restore", "-f", str(second))
        assert data_of(other) == data | {"id/new": "one"}
        assert own_status(other, "p")["filters"]["wasm"]["codeHash"] == sha
        assert [one["name"] for one in other.get_json("/apis/v2/objects")] == ["http-server", "p", "plain"]
    finally:
        other.stop()


# --- Certificates of the cluster port ---


def secure(gateway, pair, authority):
    gateway.options += (
        *("--cluster-cert-file", str(pair.certificate)),
        *("--cluster-key-file", str(pair.key)),
        *("--cluster-ca-file", str(authority.certificate)),
    )
    return gateway


def test_administration_crosses_mutual_tls(new_cluster, guests, port, tmp_path):
    authority, other = Authority(tmp_path / "members"), Authority(tmp_path / "other")
    cluster = new_cluster()
    cluster.etcd.start().wait()
    members = []
    for name in cluster.NAMES:
        gateway = cluster.member(name)
        members.append(secure(gateway, authority.issue(name, f"IP:{gateway.host}"), authority).start())
    put_sale(members[0], port, guests, limit=100)
    owner_of(members)
    for member in members:
        member.egctl("wasm", "apply-data", "p", "wasm", input=f"id/{member.name}: x\n")
    assert sorted(members[0].data()) == ["id/one", "id/three", "id/two"]
    for member in members:
        wait_until(lambda: all("clock" in one for one in member.members().values()), "clocks are known")
    stranger = subprocess.run(
        ["curl", "-sSk", "--http2", f"https://{members[0].members()['one']['clusterAddress']}/cluster/clock"],
        capture_output=True,
        timeout=60,
    )
    assert stranger.returncode != 0, "without a certificate, nobody gets in"

    # What the others would refuse does not start.
    for pair, reason in (
        (authority.issue("elsewhere", "DNS:elsewhere.example"), "it does not name 127."),
        (other.issue("stranger", "IP:127.0.0.1"), "as that of a server, it is refused: "),
    ):
        gateway = secure(cluster.member(f"bad-{len(cluster.gateways)}"), pair, authority).start(wait=False)
        gateway.wait_end(expect=1)
        assert "cluster-cert-file: the other members would not accept" in gateway.log()
        assert reason in gateway.log() and "cluster-addr is 127." in gateway.log()


def test_data_are_not_moved_to_a_member_that_cannot_read_them(sale):
    """It says why, and what to do: the move would wait for it in vain."""
    cluster, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    cluster.etcd.control("put", "sluice/data/p/wasm/e0.0/id/b", "x")
    reader, _ = others(members, owner)
    reader.restart()
    seen = wait_until(lambda: owner.members()[reader.name].get("unreadable"), "the member tells of it")
    done = owner.egctl("store", "move", NS, reader.name, check=False)
    assert done.returncode == 5, done
    assert f"member {reader.name} cannot read the shared data of {NS}: {seen[NS]}" in done.stderr
    assert owner.owners()[NS] == owner.name
    cluster.etcd.control("del", "sluice/data/p/wasm/e0.0/id/b")
    wait_until(lambda: "unreadable" not in owner.members()[reader.name], "it can read them again")
    owner.egctl("store", "move", NS, reader.name)
