#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The flash sale in every language: lines, size, memory of a guest, and CPU of a run. All in one run.

The cost is that of a whole run of the filter on the sold-out path, in one thread and without HTTP
(wasm_host_bench): time, header, getString, countKey, setBody, and the transaction. The languages take
turns, and a figure is the median of the rounds. The memory is the growth of a server's resident set when
it has GUESTS more of them, each after wasm_init, divided by their number. Late: how long after its timeout a
guest that loops, or sleeps, is answered 503; the median and the most of FAULTS.

    bench/languages.py [--rounds 3] [--only c go] [--json FILE]
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import BIN, ROOT, write_result

sys.path.insert(0, str(ROOT / "tests" / "e2e"))  # bench has a guests.py, too
from client import Connection  # noqa: E402
from gateway import Server, free_port, http_server, pipeline, wait_until, wasm  # noqa: E402
from guests import compiled_guests  # noqa: E402
from language_guests import BY_NAME, COMPLETE, built  # noqa: E402

GUESTS = 64  # whose memory is measured
FAULTS = 20
TIMEOUT_MS = 100
KEYS = 10  # more than the limit: every run is sold out
PARAMETERS = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0.4", "maxPermission": "3"}
SOURCES = {
    "assemblyscript": "examples/flash-sale/assembly/index.ts",
    "c": "sdk/c/examples/flash_sale.c",
    "cpp": "sdk/cpp/examples/flash_sale.cc",
    "kotlin": "sdk/kotlin/examples/FlashSale.kt",
    "zig": "sdk/zig/examples/flash_sale/main.zig",
    "rust": "sdk/rust/examples/flash_sale.rs",
    "go": "sdk/go/examples/flashsale/main.go",
}


def module_of(language: str) -> Path:
    if language == "assemblyscript":
        return compiled_guests() / "step6.wasm"
    if why := BY_NAME[language].missing():
        sys.exit(f"{language}: {why}")
    return built(language) / "flash_sale.wasm"


def lines_of(language: str) -> int:
    """Lines with code."""
    text = (ROOT / SOURCES[language]).read_text()
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("//"))


# On a busy machine, a few runs exceed the time limit.
def cost_of(module: Path) -> float:
    done = subprocess.run([BIN / "wasm_host_bench", str(KEYS), module], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{module}: {done.stdout}{done.stderr}")
    found = re.findall(r"([\d.]+) us a run \((\d+) of (\d+) sold out", done.stdout)
    if not found or any(int(sold_out) < 0.999 * int(runs) for _, sold_out, runs in found):
        sys.exit(f"{module}: runs that were not sold out:\n{done.stdout}")
    return min(float(micros) for micros, _, _ in found)


def resident_kib(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


def memory_of(module: Path, folder: Path) -> float:
    """KiB of one guest."""
    server = Server(folder / "home", "--workers", "1").start()
    try:
        def resident_with(count: int) -> int:
            server.apply(pipeline("p", wasm(module, concurrency=count, timeout="30s", parameters=PARAMETERS)))
            wait_until(lambda: f"'vms': {count}," in str(server.status("p")), f"there are {count} guests")
            return resident_kib(server.pid)

        few = resident_with(2)
        return (resident_with(GUESTS + 2) - few) / GUESTS
    finally:
        server.stop()


def late_of(language: str, mode: str, folder: Path) -> list[float]:
    """Milliseconds after the timeout, in order."""
    server = Server(folder / "late", "--workers", "1").start()
    try:
        port = free_port()
        code = built(language) / "every.wasm"
        server.apply(
            http_server(port, {"backend": "p"}, overload={"target": "1h"}),
            pipeline("p", wasm(code, concurrency=2, timeout=f"{TIMEOUT_MS}ms")),
        )
        late = []
        with Connection(port) as connection:
            for _ in range(FAULTS):
                begin = time.monotonic()
                status = connection.request("/", X_Mode=mode).status
                late.append((time.monotonic() - begin) * 1000 - TIMEOUT_MS)
                if status != 503:
                    sys.exit(f"{language}: {mode} is answered {status}")
        return sorted(late)
    finally:
        server.stop()


def report_late(languages: list[str]) -> dict:
    rows = {}
    print(f"\n{'ms late':16}{'median':>8}{'most':>8}")
    for language in (name for name in languages if name in COMPLETE):
        for mode in ("loop", "sleep") if BY_NAME[language].sleep == "timeout" else ("loop",):
            with tempfile.TemporaryDirectory() as folder:
                late = late_of(language, mode, Path(folder))
            name = f"{language}, {mode}"
            rows[name] = {"median_ms": round(statistics.median(late), 1), "most_ms": round(late[-1], 1)}
            print(f"{name:16}{rows[name]['median_ms']:8}{rows[name]['most_ms']:8}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(SOURCES))
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "languages.json")
    options = parser.parse_args()
    modules = {language: module_of(language) for language in options.only}
    costs: dict[str, list[float]] = {language: [] for language in modules}
    for _ in range(options.rounds):
        for language, module in modules.items():
            costs[language].append(cost_of(module))
    rows = []
    print(f"\n{'':16}{'lines':>6}{'module KiB':>12}{'guest KiB':>11}{'µs/run':>8}{'least':>7}{'most':>7}")
    for language, module in modules.items():
        with tempfile.TemporaryDirectory() as folder:
            memory = memory_of(module, Path(folder))
        row = {
            "language": language,
            "lines": lines_of(language),
            "module_kib": round(module.stat().st_size / 1024, 1),
            "guest_kib": round(memory),
            "us_per_run": round(statistics.median(costs[language]), 2),
        }
        rows.append(row)
        low, high = min(costs[language]), max(costs[language])
        print(f"{language:16}{row['lines']:6}{row['module_kib']:12}{row['guest_kib']:11}{row['us_per_run']:8.2f}{low:7.2f}{high:7.2f}")
    write_result(options.json, {"rows": rows, "late": report_late(list(modules))})


if __name__ == "__main__":
    main()
