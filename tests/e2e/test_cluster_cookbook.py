# SPDX-License-Identifier: Apache-2.0
"""The flash-sale cookbook in a cluster: everything is typed at the first member, and read at the third."""

import pytest

from cluster import Gateway
from test_cookbook import BUY, HTTP_SERVER, NO_PIPELINE_YET, NOT_STARTED, PIPELINE, SOLD_OUT, Shop, with_parameters


class ClusterShop(Shop):
    """`run` types at the first member. Users come to the third; every visit is repeated at the second."""

    def __init__(self, members: list[Gateway], folder, guests):
        super().__init__(members[0], folder, guests)
        self.members = members

    def visit(self, user: str | None = None, member: int = 3) -> str:
        headers = {"Authorization": user} if user else {}
        return self.members[member - 1].ask(self.port, "/flashsale", **headers).text

    def everywhere(self, user: str | None = None) -> set[str]:
        """At the third member first."""
        return {self.visit(user, member) for member in (3, 1, 2)}

    def until(self, answer: str, user: str | None = None) -> None:
        """By chance: 0.6^200 is nothing."""
        assert any(self.visit(user) == answer for _ in range(200)), f"{user} never gets {answer!r}"


@pytest.fixture
def opened(new_cluster, tmp_path, guests):
    shop = ClusterShop(new_cluster().start(), tmp_path / "example", guests)
    shop.build(1)
    shop.run(f"echo '{HTTP_SERVER}' | egctl create -f -", says=NO_PIPELINE_YET)
    shop.run(f"echo '{PIPELINE}' | egctl create -f -")
    return shop


def test_sections_1_to_3(opened):
    assert opened.everywhere() == {BUY}

    opened.build(2)
    opened.run("egctl wasm reload-code")
    assert opened.everywhere() == {BUY}, "2021-08-08 is over"

    opened.build(3)
    opened.run(" egctl wasm apply-data --reload-code")
    opened.until(SOLD_OUT)
    opened.until(BUY)


def test_section_4_lucky_once_lucky_always(opened):
    opened.build(4)
    opened.run("egctl wasm apply-data --reload-code")
    opened.until(BUY, "user1")
    for _ in range(20):
        assert opened.everywhere("user1") == {BUY}
    for member in opened.members:
        assert member.egctl("wasm", "list-data", "flash-sale-pipeline", "wasm").stdout == 'id/user1: "true"\n'


def test_section_5_limit(opened):
    opened.build(5)
    opened.run("egctl wasm apply-data --reload-code")
    for user in ("user1", "user2", "user3"):
        opened.until(BUY, user)
        assert opened.everywhere(user) == {BUY}
    for _ in range(20):
        assert opened.everywhere("user4") == {SOLD_OUT}
    assert opened.everywhere("user2") == {BUY}


def test_section_6_parameters_and_shared_data(opened):
    opened.build(6)
    opened.run("egctl wasm reload-code")
    opened.run(f"echo '{with_parameters(startTime='2999-08-08T00:00:00+00:00')}' | egctl apply -f -")
    assert opened.everywhere() == {NOT_STARTED}
    opened.run(f"echo '{with_parameters(blockRatio='0')}' | egctl object update -f -")
    for user in ("user1", "user2", "user3"):
        assert opened.everywhere(user) == {BUY}
    assert opened.everywhere("user4") == {SOLD_OUT}

    three = 'id/user1: "true"\nid/user2: "true"\nid/user3: "true"\n'
    five = three + 'id/user4: "true"\nid/user5: "true"\n'
    listing = "egctl wasm list-data flash-sale-pipeline wasm"
    assert opened.run(listing) == three

    put = """
echo '
id/user4: "true"
id/user5: "true"' | egctl wasm apply-data flash-sale-pipeline wasm"""
    assert opened.run(put) == ""
    assert opened.run(listing) == five
    assert opened.everywhere("user5") == {BUY}
    assert opened.everywhere("user6") == {SOLD_OUT}

    assert opened.run("egctl wasm delete-data flash-sale-pipeline wasm") == ""
    assert opened.run(listing) == "{}\n"
    assert opened.everywhere("user6") == {BUY}
