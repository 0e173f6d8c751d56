# SPDX-License-Identifier: Apache-2.0
"""One sale on three members: never one more, never one fewer, and who is in is in everywhere at once."""

import collections
import contextlib

import pytest

from client import Load, request
from cluster import owner_of
from crowd import Crowd, stored
from gateway import Orphan, wait_until
from shared_sale import crowds, expect_in_everywhere, open_sale

PEOPLE_MORE = 300


@pytest.fixture
def members(new_cluster):
    return new_cluster(3).start()


def test_who_is_in_is_in_everywhere_right_after_the_answer(members, port, guests):
    open_sale(members, port, guests, 60, 0)
    for user in range(60):
        first = members[user % 3]
        assert first.ask(port, Authorization=f"u{user}").text == "buy\n"
        for member in members:
            assert member.ask(port, Authorization=f"u{user}").text == "buy\n", f"{user} at {member.name}"
    for member in members:
        assert member.ask(port, Authorization="late").text == "sold out.\n"


@pytest.mark.parametrize("owner_dies", [True, False])
def test_a_member_is_killed_during_the_sale(members, port, guests, tmp_path, owner_dies):
    limit = 2000
    open_sale(members, port, guests, limit, 0)
    owner = owner_of(members)
    victim = owner if owner_dies else next(member for member in members if member is not owner)
    rest = [member for member in members if member is not victim]
    options = {"cycle": limit + PEOPLE_MORE, "requests": 4 * limit}
    started = {
        member: Crowd(port, tmp_path / member.name, connections=66, host=member.host, **options) for member in members
    }
    wait_until(lambda: 0 < len(stored(rest[0])) < limit, "the sale has begun")
    victim.kill()
    told = set()
    for member, crowd in started.items():
        crowd.join()
        told |= crowd.let_in
        if member is not victim:
            crowd.expect_answers_only()
    # The rest is sold by those that live.
    for crowd in crowds(rest, port, tmp_path / "rest", **options):
        told |= crowd.expect_answers_only().let_in
    assert told <= stored(rest[0]), "nobody who was told has been forgotten"
    assert len(stored(rest[0])) == limit
    expect_in_everywhere(rest, port, tmp_path / "again", told)


def test_the_owner_changes_in_order_during_the_sale(members, port, guests, tmp_path):
    limit = 3000
    open_sale(members, port, guests, limit, 0)
    owner = owner_of(members)
    options = {"cycle": limit + PEOPLE_MORE, "requests": 3 * limit}
    started = [Crowd(port, tmp_path / m.name, connections=66, host=m.host, **options) for m in members]
    target = next(m for m in members if m is not owner)
    wait_until(lambda: len(stored(members[0])) > 0, "the sale has begun")
    members[0].egctl("store", "move", "p/wasm", target.name)
    let_in = set().union(*(crowd.join().expect_answers_only().let_in for crowd in started))
    assert len(let_in) == limit
    assert stored(members[1]) == let_in
    expect_in_everywhere(members, port, tmp_path / "again", let_in)


def test_the_owner_changes_at_every_moment(members, port, guests, tmp_path):
    """A member that becomes the owner and is none again cannot know what became of a request that it had handed over:
    the client gets 503 then, and may ask again."""
    limit = 3000
    open_sale(members, port, guests, limit, 0)
    options = {"cycle": limit + PEOPLE_MORE, "requests": 3 * limit}
    started = [Crowd(port, tmp_path / m.name, connections=66, host=m.host, **options) for m in members]
    for target in members * 2:
        members[0].egctl("store", "move", "p/wasm", target.name)
    for crowd in started:
        assert crowd.join().report["failures"] == {}
        assert set(crowd.report["others"]) <= {"503 "}, crowd.report
    let_in = set().union(*(crowd.let_in for crowd in started))
    assert let_in <= stored(members[1]), "nobody who was told has been forgotten"
    assert len(stored(members[1])) == limit
    expect_in_everywhere(members, port, tmp_path / "again", let_in)


def test_every_member_restarts_hot_during_the_sale(members, port, guests):
    Orphan.expect_some()
    limit = 3000
    open_sale(members, port, guests, limit, 0)
    loads = [Load(port, lambda n: request(Authorization=f"u{n}"), connections=16, host=m.host) for m in members]
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        for member, load in zip(members, loads, strict=True):
            load.wait_more(300)
            member.hot_restart()
        wait_until(lambda: all(load.answers[(200, b"sold out.\n")] > 0 for load in loads), "all are sold")
    answers = sum((load.stop().answers for load in loads), collections.Counter())
    assert [error for load in loads for error in load.errors] == []
    assert set(answers) == {(200, b"buy\n"), (200, b"sold out.\n")}, answers
    assert len(stored(members[0])) == limit
