# SPDX-License-Identifier: Apache-2.0
"""Never one more, never one fewer. All combinations, many times over: `make soak`."""

import pytest

from exact import check_sale


@pytest.mark.parametrize(
    ("limit", "block_ratio", "vms"),
    [(1, 0, 1), (1, 0.5, 10), (100, 0, 4), (100, 0.5, 1), (10_000, 0, 10), (10_000, 0.5, 2)],
)
def test_exactly_the_limit_is_let_in(server, port, guests, tmp_path, limit, block_ratio, vms):
    check_sale(server, port, guests / "step6.wasm", tmp_path / "crowd", limit, block_ratio, vms)
