# SPDX-License-Identifier: Apache-2.0
"""Gateways that share an etcd: they join, see each other, own shared data, leave, and die."""

import re
import signal

import pytest
import yaml

from certificates import Authority
from client import Connection, request
from cluster import owner_of
from gateway import Orphan, free_port, http_server, mock, pipeline, put_sale, wait_until

NS = "p/wasm"


@pytest.fixture
def sale(new_cluster, guests, port):
    """Three members with the sale of the cookbook. The first had it before the others came."""
    cluster = new_cluster()
    first = cluster.start("one")[0]
    put_sale(first, port, guests, limit=100)
    others = [cluster.member(name).start() for name in ("two", "three")]
    return cluster, [first, *others]


def refusal(gateway) -> str:
    """What a gateway says that does not start."""
    gateway.start(wait=False)
    gateway.wait_end(expect=1)
    return gateway.log()


def test_members_see_each_other(sale, port):
    cluster, members = sale
    for member in members:
        wait_until(lambda: all(m["objects"]["running"] == 2 for m in member.members().values()), "all run the sale")
        assert list(member.members()) == ["one", "three", "two"]
        assert [name for name, m in member.members().items() if m["me"]] == [member.name]
        table = member.egctl("get", "member").stdout.splitlines()
        assert re.split(r"\s{2,}|\t+", table[0].strip()) == "NAME ROLE AGE STATE API-ADDR HEARTBEAT".split()
        assert sorted(line.split()[0] for line in table[1:]) == ["one", "three", "two"]
        assert member.ask(port).status in (200, 503), "each listens on its own address"
    owner = owner_of(members)
    told = yaml.safe_load(members[0].egctl("describe", "member", owner.name).stdout)
    assert told["owns"] == [NS]
    assert told["version"] and told["clusterAddress"].startswith(owner.host)
    assert told["objects"] == {"running": 2, "building": 0, "failed": 0, "failures": []}
    assert told["options"]["api-addr"] == owner.api
    assert members[0].egctl("describe", "member", "nobody", check=False).returncode == 4


def test_data_that_the_owner_takes_is_on_every_member(sale):
    _, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\nid/b: two\n")
    for member in members:
        assert member.data() == {"id/a": "one", "id/b": "two"}


def test_a_restart_keeps_everything(sale, port):
    _, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    for member in members:
        incarnation = member.members()[member.name]["incarnation"]
        member.restart()
        assert member.members()[member.name]["incarnation"] != incarnation
        assert member.objects() == ["http-server", "p"]
        assert member.data() == {"id/a": "one"}
    for member in members:
        member.stop()
    members[1].start()
    assert owner_of(members) is members[1]
    assert members[1].data() == {"id/a": "one"}


def test_the_name_of_a_dead_member_is_free_after_its_ttl(sale):
    _, members = sale
    victim, witness = members[1], members[0]
    victim.kill()
    assert "two" in witness.members(), "nobody knows yet"
    victim.start()  # waits for the end of the lease
    assert "two" in witness.members()
    victim.kill()
    wait_until(lambda: "two" not in witness.members(), "etcd takes the member for dead")


def test_a_dead_owner_is_followed_by_another(sale):
    _, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    owner.kill()
    next_owner = owner_of(members)
    assert next_owner is not owner
    wait_until(
        lambda: next_owner.egctl("wasm", "apply-data", "p", "wasm", input="id/b: two\n", check=False).returncode == 0,
        "the next owner writes",
    )
    assert next_owner.data() == {"id/a": "one", "id/b": "two"}


def test_a_member_that_stops_gives_up_first_what_it_owns(sale):
    _, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    witness = next(member for member in members if member is not owner)
    slow_port = free_port()
    owner.apply(http_server(slow_port, {"backend": "slow"}, name="slow-server"), pipeline("slow", mock("late", delay="60s")))
    with Connection(slow_port, host=owner.host) as client:
        client.send(request())
        owner.process.send_signal(signal.SIGTERM)
        wait_until(lambda: witness.owners().get(NS) not in (None, owner.name), "another member owns it")
        assert owner.process.poll() is None, "its last request is still in flight"
    owner.wait_end()
    assert owner.name not in witness.members()
    assert witness.data() == {"id/a": "one"}


def test_a_member_that_hangs_is_purged(sale):
    _, members = sale
    owner = owner_of(members)
    witness = next(member for member in members if member is not owner)
    owner.pause()
    for command in (("member", "purge"), ("purge", "member")):
        refused = witness.egctl(*command, "nobody", check=False)
        assert refused.returncode == 4 and "nobody" in refused.stderr
    witness.egctl("purge", "member", owner.name)
    assert owner.name not in witness.members()
    assert owner_of([member for member in members if member is not owner]) is not owner
    owner.go_on()
    wait_until(lambda: owner.name in witness.members(), "it joins again")
    refused = witness.egctl("purge", "member", witness.name, check=False)
    assert refused.returncode == 1 and "stop it instead" in refused.stderr


def test_shared_data_moves_to_the_member_that_is_named(sale):
    _, members = sale
    owner_of(members)
    for target in (*members, *members):
        members[0].egctl("store", "move", NS, target.name)
        assert members[1].owners() == {NS: target.name}
    assert members[1].egctl("store", "move", NS, "three").stdout == f"three owns {NS} already\n"
    assert members[1].owners() == {NS: "three"}
    table = members[2].egctl("store", "owners").stdout.splitlines()
    assert table[0].split() == ["NAMESPACE", "MEMBER", "CLUSTER-ADDR"] and table[1].split()[:2] == [NS, "three"]
    listed = yaml.safe_load(members[2].egctl("store", "owners", "-o", "yaml").stdout)
    assert [(one["namespace"], one["member"]) for one in listed] == [(NS, "three")]
    for arguments, code, reason in (
        ((NS, "nobody"), 4, "there is no member `nobody`"),
        (("no/thing", "one"), 4, "there is no shared data `no/thing`"),
        (("nothing", "one"), 2, "PIPELINE/FILTER"),
    ):
        refused = members[0].egctl("store", "move", *arguments, check=False)
        assert refused.returncode == code and reason in refused.stderr, refused.stderr


def test_what_does_not_fit_does_not_start(new_cluster):
    cluster = new_cluster()
    cluster.start("one")
    other = refusal(cluster.member("two", "--cluster-name", "other"))
    assert "belongs to the cluster `sluice`, not `other`" in other
    nested = refusal(cluster.member("three", "--etcd-prefix", "sluice/nested"))
    assert "lies in the prefix `sluice`" in nested
    twin = cluster.member("twin", called="one")
    assert "a member `one` of the cluster `sluice` is running" in refusal(twin)


def test_etcd_that_is_away_is_waited_for(new_cluster, port):
    cluster = new_cluster()
    gateway = cluster.member("one").start(wait=False)
    wait_until(lambda: "waiting for etcd: " in gateway.log(), "it says what it waits for")
    assert gateway.process.poll() is None
    cluster.etcd.start().wait()
    wait_until(gateway._is_up, "the admin API answers")
    gateway.apply(http_server(port, {"backend": "q"}), pipeline("q", mock("hello")))
    assert gateway.ask(port).text == "hello"
    cluster.etcd.kill()
    # No shared data: the objects go on, and health says what is wrong.
    assert gateway.ask(port).text == "hello"
    sick = wait_until(lambda: (h := gateway.egctl("health", check=False)).returncode == 1 and h, "it is not well")
    assert "etcd" in sick.stdout + sick.stderr
    cluster.etcd.start().wait()
    wait_until(lambda: gateway.egctl("health", check=False).returncode == 0, "it is well again")


def test_a_stop_ends_the_wait_for_etcd(new_cluster):
    gateway = new_cluster().member("one").start(wait=False)
    wait_until(lambda: "waiting for etcd: " in gateway.log(), "it says what it waits for")
    gateway.process.send_signal(signal.SIGTERM)
    gateway.wait_end(expect=0)


def test_a_user_needs_the_rights_of_the_prefix(new_cluster, tmp_path):
    cluster = new_cluster()
    etcd = cluster.etcd.start().wait()
    for command in (
        "user add root:root",
        "user grant-role root root",
        "role add shop",
        "role grant-permission shop --prefix=true readwrite shop/",
        "user add sluice:secret",
        "user grant-role sluice shop",
        "auth enable",
    ):
        etcd.control(*command.split())
    password = tmp_path / "password"
    password.write_text("secret\n")
    user = ("--etcd-user", "sluice", "--etcd-password-file", str(password))
    denied = refusal(cluster.member("one", *user))
    assert "grant etcd's user `sluice` a role that may read and write the prefix `sluice/`" in denied
    assert "user" in refusal(cluster.member("two"))
    password.write_text("wrong\n")
    assert "check user and password" in refusal(cluster.member("three", *user, "--etcd-prefix", "shop"))
    password.write_text("secret\n")
    cluster.gateways["three"].start()
    assert list(cluster.gateways["three"].members()) == ["three"]
    assert "secret" not in cluster.gateways["three"].log()


def test_etcd_and_members_show_certificates(new_cluster, tmp_path):
    authority, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    server = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")
    client = authority.issue("sluice")
    files = {"ca": authority.certificate, "cert": client.certificate, "key": client.key}
    credentials = ("--cacert", files["ca"], "--cert", files["cert"], "--key", files["key"])
    cluster = new_cluster(
        1,
        *(f"--cert-file={server.certificate}", f"--key-file={server.key}"),
        *(f"--trusted-ca-file={authority.certificate}", "--client-cert-auth"),
        credentials=tuple(map(str, credentials)),
    )
    cluster.etcd.start().wait()

    def options(**changes) -> list[str]:
        return [word for name, file in {**files, **changes}.items() for word in (f"--etcd-{name}-file", str(file))]

    member = cluster.member("one", *options()).start()
    assert list(member.members()) == ["one"]
    assert "certificate" in refusal(cluster.member("two", *options(ca=other.certificate)))
    stranger = other.issue("sluice")
    third = refusal(cluster.member("three", *options(cert=stranger.certificate, key=stranger.key)))
    assert "etcd refuses this client's certificate, or wants one" in third
    plain = cluster.member("plain")
    plain.options = tuple(option.replace("https://localhost", "http://127.0.0.1") for option in plain.options)
    plain.start(wait=False)
    wait_until(lambda: "(does it want https://?)" in plain.log(), "it says what is wrong")
    plain.kill()
    missing = refusal(cluster.member("four", *options(key=tmp_path / "missing.pem")))
    assert "etcd-key-file: " in missing and "missing.pem" in missing


def test_an_etcd_without_space_is_waited_for(new_cluster):
    cluster = new_cluster(1, f"--quota-backend-bytes={16 << 20}")
    etcd = cluster.etcd.start().wait()
    filler = "x" * 1_000_000
    for _ in range(40):
        if etcd.put("filler", filler).returncode != 0:
            break
    assert "NOSPACE" in etcd.control("alarm", "list").stdout
    gateway = cluster.member("one").start(wait=False)
    said = wait_until(lambda: (log := gateway.log()) and "waiting for etcd: " in log and log, "it waits")
    assert "compact and defragment etcd" in said
    revision = re.search(r'"revision":(\d+)', etcd.control("endpoint", "status", "-w", "json").stdout)[1]
    etcd.control("compact", revision)
    etcd.control("defrag")
    etcd.control("alarm", "disarm")
    wait_until(gateway._is_up, "it starts")


def test_a_hot_restart_hands_the_name_over(sale, port):
    Orphan.expect_some()
    _, members = sale
    owner = owner_of(members)
    owner.egctl("wasm", "apply-data", "p", "wasm", input="id/a: one\n")
    witness = next(member for member in members if member is not owner)
    before = witness.members()[owner.name]["incarnation"]
    owner.hot_restart()
    wait_until(owner._is_up, "the admin API of the new process answers")
    after = witness.members()[owner.name]
    assert after["incarnation"] != before
    assert owner_of(members) is not None
    assert owner.data() == {"id/a": "one"}
    assert owner.ask(port).status in (200, 503)


def test_a_hot_restart_does_not_change_the_store(new_cluster, tmp_path):
    Orphan.expect_some()
    cluster = new_cluster()
    file = tmp_path / "sluice.yaml"
    file.write_text("cluster-name: sluice\n")
    gateway = cluster.member("one", "--config-file", str(file))
    cluster.etcd.start().wait()
    gateway.start()
    file.write_text("cluster-name: other\n")
    gateway.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "this one goes on" in gateway.log(), "the hot restart is refused")
    assert "cluster-name: the store" in gateway.log() and "which a hot restart goes on with" in gateway.log()
    assert gateway.members()["one"]["me"]


@pytest.mark.parametrize("size", [3])
def test_a_member_of_etcd_dies(new_cluster, guests, port, size):
    cluster = new_cluster(size)
    member = cluster.start("one")[0]
    put_sale(member, port, guests, limit=100)
    owner_of([member])
    for i in range(size):
        cluster.etcd.kill(i)
        wait_until(
            lambda: member.egctl("wasm", "apply-data", "p", "wasm", input=f"id/{i}: x\n", check=False).returncode == 0,
            "two members of etcd are enough",
        )
        cluster.etcd.start(i).wait()
    assert sorted(member.data()) == ["id/0", "id/1", "id/2"]


