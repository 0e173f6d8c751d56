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
from crowd import Crowd
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
    for election in range(2):
        with Visitors(members, port) as visitors:
            leader = leader_of(etcd)
            if fault == "killed":
                etcd.kill(leader)
            else:
                etcd.processes[leader].send_signal(signal.SIGSTOP)
            for member in members:  # whoever is let in has waited for the election
                assert member.ask(port, Authorization=f"u{election}-{member.name}").text == "buy\n"
        if fault == "killed":
            etcd.start(leader)
        else:
            etcd.processes[leader].send_signal(signal.SIGCONT)
        etcd.wait()
        visitors.expect_no_refusal()
        print("the longest wait:", round(max(wait for _, _, wait in visitors.answers), 2), "s")
    crowd = Crowd(port, tmp_path, host=members[0].host, cycle=LIMIT + 100, requests=2 * LIMIT).join()
    crowd.expect_answers_only()
    everybody = members[0].data()
    assert len(everybody) == LIMIT
    assert {f"id/u{user}" for user in crowd.let_in} <= set(everybody)
    for member in members:
        assert member.data() == everybody


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
    log = first.home / "log" / "stdout.log"
    wait_until(lambda: "no other member reaches the cluster port" in log.read_text(), "it says why")
    assert others[0].owners()[NS] != "one", "nothing moves back by itself"


def test_a_member_that_joins_again_refuses_nobody(new_cluster, port, guests):
    """Whoever takes the namespace of one that hangs may have joined again a moment ago."""
    cluster = new_cluster()
    members = cluster.start()
    open_sale(members, port, guests)
    users = itertools.count()
    for _ in range(8):
        owner = owner_of(members)
        others = [member for member in members if member is not owner]
        owner.pause()
        others[0].egctl("purge", "member", owner.name)
        owner_of(others)
        for member in others * 3:
            response = member.ask(port, Authorization=f"u{next(users)}")
            assert (response.status, response.text) == (200, "buy\n")
        owner.go_on()
        wait_until(lambda: owner.name in others[0].members(), "it joins again")
