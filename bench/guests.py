#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of the flash sale in each language, sold out.

The sales are pipelines of one process with the cookbook's parameters and the same three users, so each
request reads, counts and gets "sold out.". CPU is utime + stime of the process over the round. Rounds go
through all contenders in turn. The load is wrk -t1 -c64, keep-alive. Medians of the ratios of neighbours
in time.

    bench/guests.py [--rounds 7] [--seconds 2] [--json FILE]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from run import BENCH, ROOT, Arena, Contender, flash_sale_program, free_port, measure_in_turns, wait_for_port, write_result

TARGET = 1.15  # JavaScript / AssemblyScript
SCRIPT = ROOT / "examples" / "scripts" / "javascript" / "step6.js"
BASE = "AssemblyScript"


def languages() -> dict[str, str]:
    return {BASE: f"code: {flash_sale_program()}", "JavaScript": f"code: 'builtin:javascript', script: {SCRIPT}"}


class Sale(Contender):
    def __init__(self, language: str, port: int, process: subprocess.Popen):
        super().__init__(language, port, process)

    def wrk(self) -> list:
        return ["-s", BENCH / "users.lua", f"http://127.0.0.1:{self.port}/flashsale"]


def objects(name: str, port: int, code: str) -> str:
    return (
        f"kind: HTTPServer\nname: s-{name}\nport: {port}\nrules: [{{paths: [{{pathPrefix: /, backend: {name}}}]}}]\n---\n"
        f"kind: Pipeline\nname: {name}\nflow: [{{filter: wasm}}, {{filter: mock}}]\nfilters:\n"
        f"- {{name: wasm, kind: WasmHost, maxConcurrency: 2, timeout: 1s, {code},\n"
        "   parameters: {startTime: '2021-08-08T00:00:00+00:00', blockRatio: '0.4', maxPermission: '3'}}\n"
        "- {name: mock, kind: Mock, rules: [{body: buy, code: 200}]}\n---\n"
    )


def add_sales(arena: Arena) -> None:
    home = arena.folder / "sluice"
    home.mkdir()
    api = free_port()
    process = arena.start(
        *(arena.bin / "sluice-server", "--home-dir", home, "--api-addr", f"127.0.0.1:{api}", "--log-dir", "log"),
        "--disable-access-log",
    )
    wait_for_port(api, process)
    users = "".join(f'id/user{n}: "true"\n' for n in (1, 2, 3))
    for language, code in languages().items():
        name, port = language.lower(), free_port()
        arena.egctl(api, ["apply", "-f", "-"], objects(name, port, code))
        arena.egctl(api, ["wasm", "apply-data", name, "wasm"], users)
        arena.contenders.append(Sale(language, port, process))


def report(contenders: list[Contender]) -> dict:
    rows = []
    base = next(each for each in contenders if each.name == BASE)
    print(f"\n{'':16}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'/ ' + BASE:>18}")
    for each in contenders:
        ratio = each.ratio_to(base)
        rows.append({"name": each.name, "cpu_us_per_request": round(each.median, 2), "ratio": round(ratio, 3)})
        print(f"{each.name:16}{each.median:15.2f}{min(each.micros):8.2f}{max(each.micros):8.2f}{ratio:18.3f}")
    most = next(row["ratio"] for row in rows if row["name"] == "JavaScript")
    print(f"\nJavaScript: {most:.3f}, target <= {TARGET}: {'met' if most <= TARGET else 'MISSED'}")
    return {"rows": rows, "target": TARGET}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-guests.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)
        arena = Arena(Path(name))
        try:
            add_sales(arena)
            measure_in_turns(arena.contenders, arguments.rounds, arguments.seconds)
            result = report(arena.contenders)
        finally:
            arena.stop()
    write_result(arguments.json, result | {"rounds": arguments.rounds, "processors": os.cpu_count()})


if __name__ == "__main__":
    sys.exit(main())
