#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request with an access log of JSON lines, beside one of text, and beside none.

Each contender is a process of its own with one Mock, since the format belongs to the process. The log goes to
a file. CPU is utime + stime of all threads of the process over the round, so the writer of the log is part of
it. Rounds go through all contenders in turn. The load is wrk -t1 -c64, keep-alive. Medians of the ratios of
neighbours in time.

    bench/access_log.py [--rounds 7] [--seconds 2] [--json FILE]
"""

from run import Arena, Contender, compare, free_port, wait_for_port

TARGET = 1.05  # json / text
OBJECTS = """
kind: HTTPServer
name: shop
port: {port}
overload: {{target: 1h}}
rules: [{{paths: [{{pathPrefix: /api/items, backend: mock}}]}}]
---
kind: Pipeline
name: mock
filters: [{{name: mock, kind: Mock, rules: [{{body: ok, code: 200}}]}}]
"""
LOGS = {"none": ["--disable-access-log"], "text": [], "json": ["--log-format", "json"]}


class Logged(Contender):
    def wrk(self) -> list:
        return [f"http://127.0.0.1:{self.port}/api/items/4711?colour=red&size=42"]


def add_contender(arena: Arena, name: str) -> None:
    api, process = arena.start_sluice(name, *LOGS[name])
    port = free_port()
    arena.egctl(api, ["apply", "-f", "-"], OBJECTS.format(port=port))
    wait_for_port(port, process)
    arena.contenders.append(Logged(name, port, process))


def add_contenders(arena: Arena) -> None:
    for log in LOGS:
        add_contender(arena, log)


def report(contenders: list[Contender]) -> dict:
    by_name = {each.name: each for each in contenders}
    rows = []
    print(f"\n{'':8}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'/ none':>9}{'/ text':>9}")
    for each in contenders:
        ratios = [each.ratio_to(by_name[base]) for base in ("none", "text")]
        row = {"name": each.name, "cpu_us_per_request": round(each.median, 2)}
        rows.append(row | {f"ratio_to_{base}": round(its, 3) for base, its in zip(("none", "text"), ratios)})
        print(f"{each.name:8}{each.median:15.2f}{min(each.micros):8.2f}{max(each.micros):8.2f}{ratios[0]:9.3f}{ratios[1]:9.3f}")
    ratio = by_name["json"].ratio_to(by_name["text"])
    print(f"\njson / text: {ratio:.3f}, target <= {TARGET}: {'met' if ratio <= TARGET else 'MISSED'}")
    return {"rows": rows, "target": TARGET, "ratio": round(ratio, 3)}


if __name__ == "__main__":
    compare(__doc__, 7, "bench-access-log.json", add_contenders, report)
