# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load. Hundreds of them: `make soak`."""

from crash import CrashingSale

CRASHES = 12


def test_whoever_was_told_yes_is_in_after_every_crash(server, port, guests, tmp_path):
    crashing = CrashingSale(server, port, guests / "step6.wasm", tmp_path / "crowd")
    for number in range(CRASHES):
        crashing.crash(turmoil=number % 2 == 1)
    assert crashing.yes_told > 0
