# SPDX-License-Identifier: Apache-2.0
"""200 connections over three members: never one more, never one fewer. `make soak` repeats it."""

import pytest

from cluster_exact import SALES, check_mixed, check_sale


@pytest.fixture
def members(new_cluster):
    return new_cluster(3).start()


@pytest.mark.parametrize(("limit", "block_ratio", "same"), SALES)
def test_exactly_the_limit_is_let_in(members, port, guests, tmp_path, limit, block_ratio, same):
    check_sale(members, port, guests, tmp_path, limit, block_ratio, same)


def test_programs_that_only_create_and_that_only_count(members, port, guests):
    check_mixed(members, port, guests)
