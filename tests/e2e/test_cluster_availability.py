# SPDX-License-Identifier: Apache-2.0
"""What a cluster owes its clients while a part of it is away: whoever can be answered is answered, late rather than 503."""

import itertools
import json
import signal
import threading
import time

import pytest

from certificates import Authority
from cluster import owner_of
from crowd import Crowd, stored
from gateway import put_sale, wait_until

NS = "p/wasm"
LIMIT = 2000


def open_sale(members, port, guests, **more) -> None:
    put_sale(members[0], port, guests, limit=LIMIT, timeout="1s", concurrency=4, **more)
    for member in members:
        wait_until(lambda: member.own_status("p").get("state") == "running", "it runs the sale")
    owner_of(members)


def leader_of(etcd) -> int:
    every = json.loads(etcd.control("endpoint", "status", "-w", "json").stdout)
    return next(i for i, one in enumerate(every) if one["Status"]["leader"] == one["Status"]["header"]["member_id"])


class Visitors:
    """New users come to each member one after the other, until the block ends. Keeps every answer and how long it took."""

    def __init__(self, members, port):
        self._members, self._port = members, port
        self._stopping = False
        self._users = itertools.count(1_000_000)
        self.answers: list[tuple[int, str, float]] = []
        self._threads = [threading.Thread(target=self._visit, args=(member,), daemon=True) for member in members]

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.answers) > 10, "the first are answered")
        return self

    def __exit__(self, *_) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "an answer is missing"

    def _visit(self, member) -> None:
        while not self._stopping:
            begin = time.monotonic()
            response = member.ask(self._port, Authorization=f"u{next(self._users)}")
            self.answers.append((response.status, response.text, time.monotonic() - begin))
            time.sleep(0.01)

    def expect_no_refusal(self) -> None:
        assert {status for status, _, _ in self.answers} == {200}, [one for one in self.answers if one[0] != 200][:5]


@pytest.mark.parametrize("fault", ["killed", "stopped"])
def test_nobody_is_refused_while_etcd_elects_a_leader(new_cluster, port, guests, tmp_path, fault):
    cluster = new_cluster(3)
    members = cluster.start()
    open_sale(members, port, guests)
    etcd = cluster.etcd
    for _ in range(2):
        with Visitors(members, port) as visitors:
            leader = leader_of(etcd)
            if fault == "killed":
                etcd.kill(leader)
            else:
                etcd.processes[leader].send_signal(signal.SIGSTOP)
            for member in members:  # with an answer, the election is over
                assert member.ask(port, Authorization="u1").status == 200
        if fault == "killed":
            etcd.start(leader)
        else:
            etcd.processes[leader].send_signal(signal.SIGCONT)
        etcd.wait()
        visitors.expect_no_refusal()
        print("the longest wait:", round(max(wait for _, _, wait in visitors.answers), 2), "s")
    crowd = Crowd(port, tmp_path, host=members[0].host, cycle=LIMIT + 100, requests=2 * LIMIT).join().expect_answers_only()
    everybody = stored(members[0])
    assert len(everybody) == LIMIT
    assert crowd.let_in <= everybody
    for member in members:
        assert stored(member) == everybody


def test_an_owner_that_no_other_member_reaches_gives_up(new_cluster, port, guests, tmp_path):
    """Its certificates are of another authority than those of the others."""

    def member(name: str, authority: Authority):
        made = cluster.member(name)
        pair = authority.issue(name, f"IP:{made.host}")
        files = {"cert": pair.certificate, "key": pair.key, "ca": authority.certificate}
        made.options += tuple(word for file, path in files.items() for word in (f"--cluster-{file}-file", str(path)))
        return made.start()

    odd, common = Authority(tmp_path / "odd"), Authority(tmp_path / "common")
    cluster = new_cluster()
    cluster.etcd.start().wait()
    first = member("one", odd)
    open_sale([first], port, guests)
    assert first.ask(port, Authorization="u1").text == "buy\n"
    others = [member(name, common) for name in ("two", "three")]
    wait_until(lambda: others[0].owners().get(NS) in ("two", "three"), "another member owns it")
    for member in others:
        assert member.ask(port, Authorization="u1").text == "buy\n", "he is in"
        assert member.ask(port, Authorization=f"u-{member.name}").text == "buy\n"
    assert "no other member reaches" in first.egctl("health", check=False).stdout
    assert others[0].owners()[NS] != "one", "nothing moves back by itself"


def test_a_member_that_joins_again_refuses_nobody(new_cluster, port, guests):
    cluster = new_cluster()
    members = cluster.start()
    open_sale(members, port, guests)
    with Visitors(members, port) as visitors:
        for _ in range(3):
            owner = owner_of(members)
            witness = next(member for member in members if member is not owner)
            before = witness.members()[owner.name]["incarnation"]
            witness.egctl("purge", "member", owner.name)
            wait_until(lambda: owner.name in witness.members(), "it joins again")
            assert witness.members()[owner.name]["incarnation"] == before, "it is the same process"
            owner_of(members)
            time.sleep(1.5)  # it looks at its store meanwhile
    visitors.expect_no_refusal()
