#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the loads of run.py, proxy.py, filters.py and tls.py on one build of Sluice, without its peers.

An instrumented build writes its counts when it stops (tools/build_profiled.sh). Nothing is measured.

    bench/train.py BIN_DIR [--seconds 2]
"""

import argparse
import os
import tempfile
from pathlib import Path

import tls
from filters import FilterArena, compare_answers
from run import flash_sale_program


def load_requests(arena: FilterArena, seconds: int) -> None:
    cases = list(arena.cases.values())
    backend = arena.start_backend(1024)
    arena.label = "filters"
    arena.serve_by_sluice(cases, backend)
    arena.label = "proxy"
    arena.add_sluice_proxy(backend)
    code = flash_sale_program()
    for access_log in (False, True):
        arena.label = "sale"
        arena.add_sluice(code, access_log)
    for case in cases:
        compare_answers(case)
    for contender in [*(c for case in cases for c in case.contenders), *arena.contenders]:
        print(contender.name, flush=True)
        contender.FAULTS = r"Socket errors:.*"  # a slow instrumented server sheds some requests
        contender.measure(seconds, keep=False)


def load_handshakes(arena: FilterArena, seconds: int) -> None:
    arena.label = "sluice"
    server = tls.start_sluice(arena, tls.make_pairs(arena.folder))
    for key in tls.KEYS:
        for mode in tls.MODES:
            print(f"TLS: {key}, {mode}", flush=True)
            server.measure(key, "TLS 1.3", mode, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=Path, metavar="BIN_DIR")
    parser.add_argument("--seconds", type=int, default=2, help="for each kind of request")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)  # nginx's workers may run as another user
        arena = FilterArena(Path(name))
        arena.bin = arguments.bin.resolve()
        try:
            load_requests(arena, arguments.seconds)
            load_handshakes(arena, arguments.seconds)
        finally:
            arena.stop()


if __name__ == "__main__":
    main()
