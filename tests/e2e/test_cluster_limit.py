# SPDX-License-Identifier: Apache-2.0
"""A limit that the host keeps: a program that lets everybody in, on three members and on one, and the sealed sale."""

import json
import time
from collections import Counter

import pytest

from client import Connection, Load, Response, request
from cluster import owner_of
from gateway import http_server, pipeline, wait_until, wasm

LIMIT = 100
FULL = (403, "The limit is reached.\n")


def enter(user: str) -> dict[str, str]:
    return {"X-Mode": "enter", "X-Key": f"id/{user}"}


def ask(member, port, user: str) -> Response:
    with Connection(port, host=host_of(member)) as connection:
        return connection.request("/", **enter(user))


def host_of(member) -> str:
    return getattr(member, "host", "127.0.0.1")


def answer(member, port, user: str) -> tuple[int, str]:
    said = ask(member, port, user)
    return said.status, said.text


def sale(guests, limit: int | None = LIMIT, **fields) -> dict:
    if limit is not None:
        fields["limit"] = {"prefix": "id/", "max": limit}
    return pipeline("p", wasm(guests / "probe.wasm", timeout="10s", **fields))


def open_sale(members, port, guests, **fields) -> None:
    members[0].apply(http_server(port, {"backend": "p"}, overload={"target": "1h"}), sale(guests, **fields))
    owner_of(members)


def status(gateway) -> dict:
    return gateway.own_status("p")["filters"]["wasm"]


def keys(gateway) -> set[str]:
    return set(gateway.data())


def crowd(members, port, per_member: int, names: str) -> tuple[int, int]:
    """Many users at all members at the same time. Returns how many were let in, and how many were not."""
    loads = []
    for n, member in enumerate(members):
        make = lambda i, n=n: request(**enter(f"{names}{n}-{i}"))  # noqa: E731
        loads.append(Load(port, make, connections=20, limit=per_member, host=host_of(member)))
    for load in loads:
        load.__enter__()
    answers = sum((load.join().answers for load in loads), Counter())
    assert [error for load in loads for error in load.errors] == []
    let_in, refused = answers.pop((200, b"in"), 0), answers.pop((403, b"The limit is reached.\n"), 0)
    assert not answers, answers
    return let_in, refused


def becomes_sealed(members) -> None:
    for member in members:
        wait_until(lambda: (status(member)["limit"] or {}).get("sealed"), "it is sealed")


@pytest.fixture
def members(new_cluster):
    return new_cluster().start()


def test_a_program_that_lets_everybody_in(members, port, guests):
    open_sale(members, port, guests)
    assert crowd(members, port, LIMIT, "u") == (LIMIT, 2 * LIMIT)
    for member in members:
        assert len(keys(member)) == LIMIT
        limit = status(member)["limit"]
        assert (limit["prefix"], limit["max"], limit["used"]) == ("id/", LIMIT, LIMIT)
    assert sum(status(member)["numOfLimitReached"] for member in members) >= 2 * LIMIT
    said = ask(members[1], port, "late")
    assert (said.status, said.text) == FULL
    assert said.headers["cache-control"] == "no-store" and "retry-after" not in said.headers


def test_a_sealed_sale_is_answered_from_memory(members, port, guests):
    open_sale(members, port, guests)
    assert crowd(members, port, LIMIT, "u")[0] == LIMIT
    becomes_sealed(members)
    owner = owner_of(members)
    others = [member for member in members if member is not owner]
    known = [key.removeprefix("id/") for key in sorted(keys(owner))]
    before = {member: status(member) for member in members}
    begin, visits = time.monotonic(), 0
    while visits < 3000 or time.monotonic() - begin < 5:
        for member in members:
            assert answer(member, port, known[visits % LIMIT]) == (200, "known")
            assert answer(member, port, f"late{visits}") == FULL
            visits += 1
    seconds = time.monotonic() - begin
    after = {member: status(member) for member in members}
    for member in others:
        asked = after[member]["questions"] - before[member]["questions"]
        assert asked <= 3 * seconds + 3, f"{asked} questions in {seconds} s: {visits} visits"
        assert after[member]["handedOver"] == before[member]["handedOver"]
    assert after[owner]["runForOthers"] == before[owner]["runForOthers"]
    assert keys(owner) == {f"id/{user}" for user in known}


@pytest.mark.parametrize("policy", ["refuse", "serveKnown"])
def test_owner_and_etcd_are_gone(new_cluster, port, guests, policy):
    cluster = new_cluster()
    members = cluster.start(options=("--owner-wait", "1s"))
    open_sale(members, port, guests, onStoreLoss=policy)
    assert crowd(members, port, LIMIT, "u")[0] == LIMIT
    becomes_sealed(members)
    owner = owner_of(members)
    others = [member for member in members if member is not owner]
    known = min(keys(owner)).removeprefix("id/")
    for member in others:
        assert answer(member, port, known) == (200, "known")
    owner.kill()
    cluster.etcd.kill()
    if policy == "refuse":
        for member in others:
            wait_until(lambda: answer(member, port, known)[0] == 503, "its word runs out")
            for user in (known, "late"):
                said = ask(member, port, user)
                assert said.status == 503 and said.headers["retry-after"]
    else:
        end = time.monotonic() + 2  # longer than any word
        while time.monotonic() < end:
            for member in others:
                assert answer(member, port, known) == (200, "known")
                assert answer(member, port, "late") == FULL
    cluster.etcd.start().wait()
    for member in others:
        wait_until(lambda: answer(member, port, known) == (200, "known"), "it heals")
        wait_until(lambda: answer(member, port, "late") == FULL, "it heals")
    assert len(keys(others[0])) == LIMIT


def test_a_sealed_sale_opens(members, port, guests):
    open_sale(members, port, guests)
    assert crowd(members, port, LIMIT, "u")[0] == LIMIT
    becomes_sealed(members)
    members[2].apply(sale(guests, limit=LIMIT + 50))
    assert crowd(members, port, LIMIT, "v") == (50, 3 * LIMIT - 50), "the limit is raised"
    becomes_sealed(members)
    members[1].apply(sale(guests, limit=10))
    assert crowd(members, port, 20, "w")[0] == 0, "it is lowered: those who are in stay"
    assert len(keys(members[0])) == LIMIT + 50
    owner = owner_of(members)
    owner.egctl("wasm", "delete-data", "p", "wasm")
    assert crowd(members, port, LIMIT, "x")[0] == 10
    members[0].apply(sale(guests, limit=None))
    assert crowd(members, port, 20, "y") == (60, 0), "the limit is gone"


def test_the_owner_of_a_sealed_sale_dies(members, port, guests):
    open_sale(members, port, guests)
    assert crowd(members, port, LIMIT, "u")[0] == LIMIT
    becomes_sealed(members)
    owner = owner_of(members)
    owner.kill()
    rest = [member for member in members if member is not owner]
    assert crowd(rest, port, LIMIT, "v")[0] == 0
    wait_until(lambda: owner_of(rest), "another one takes it")
    rest[1].apply(sale(guests, limit=LIMIT + 7))
    assert crowd(rest, port, LIMIT, "w")[0] == 7
    assert len(keys(rest[0])) == LIMIT + 7


def test_one_machine(server, port, guests):
    server.apply(http_server(port, {"backend": "p"}, overload={"target": "1h"}), sale(guests))
    data = lambda: json.loads(server.egctl("wasm", "list-data", "p", "wasm", "-o", "json").stdout)  # noqa: E731
    with Load(port, lambda n: request(**enter(f"u{n}")), connections=20) as load:
        load.wait_more(LIMIT // 2)
        server.kill()
    told = load.answers[(200, b"in")]
    server.start()
    assert told <= len(data()) <= LIMIT
    let_in, _ = crowd([server], port, 2 * LIMIT, "v")
    assert let_in + len([key for key in data() if key.startswith("id/u")]) == LIMIT == len(data())
    server.restart()
    assert crowd([server], port, LIMIT, "w") == (0, LIMIT)
    fault = server.egctl("apply", input=json.dumps(sale(guests, limit=-1)), check=False)
    assert "limit.max" in fault.stderr + fault.stdout
    server.apply(
        pipeline(
            "p",
            sale(guests)["filters"][0],
            {"name": "sorry", "kind": "Mock", "rules": [{"code": 429, "body": "sorry\n"}]},
            flow=[
                {"filter": "wasm", "jumpIf": {"limitReached": "sorry", "": "END"}},
                {"filter": "sorry"},
            ],
        )
    )
    assert answer(server, port, "late") == (429, "sorry\n")
    assert answer(server, port, min(data()).removeprefix("id/")) == (200, "known")
