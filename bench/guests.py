#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of the flash sale in each language, sold out.

The sales are pipelines of one process with the cookbook's parameters and the same three users, so each
request reads, counts and gets "sold out.". CPU is utime + stime of the process over the round. Rounds go
through all contenders in turn. The load is wrk -t1 -c64, keep-alive. Medians of the ratios of neighbours
in time.

    bench/guests.py [--rounds 7] [--seconds 2] [--json FILE]
"""

from run import ROOT, Arena, Contender, compare, flash_sale_program, free_port

TARGET = 1.15  # a script / AssemblyScript
SCRIPTS = ROOT / "examples" / "scripts"
BASE = "AssemblyScript"


def languages() -> dict[str, str]:
    return {
        BASE: f"code: {flash_sale_program()}",
        "JavaScript": f"code: 'builtin:javascript', script: {SCRIPTS / 'javascript' / 'step6.js'}",
        "Lua": f"code: 'builtin:lua', script: {SCRIPTS / 'lua' / 'step6.lua'}",
    }


def objects(name: str, port: int, code: str) -> str:
    return (
        f"kind: HTTPServer\nname: s-{name}\nport: {port}\nrules: [{{paths: [{{pathPrefix: /, backend: {name}}}]}}]\n---\n"
        f"kind: Pipeline\nname: {name}\nflow: [{{filter: wasm}}, {{filter: mock}}]\nfilters:\n"
        f"- {{name: wasm, kind: WasmHost, maxConcurrency: 2, timeout: 1s, {code},\n"
        "   parameters: {startTime: '2021-08-08T00:00:00+00:00', blockRatio: '0.4', maxPermission: '3'}}\n"
        "- {name: mock, kind: Mock, rules: [{body: buy, code: 200}]}\n---\n"
    )


def add_sales(arena: Arena) -> None:
    api, process = arena.start_sluice("sluice", "--disable-access-log")
    users = "".join(f'id/user{n}: "true"\n' for n in (1, 2, 3))
    for language, code in languages().items():
        name, port = language.lower(), free_port()
        arena.egctl(api, ["apply", "-f", "-"], objects(name, port, code))
        arena.egctl(api, ["wasm", "apply-data", name, "wasm"], users)
        arena.contenders.append(Contender(language, port, process))


def report(contenders: list[Contender]) -> dict:
    rows = []
    base = next(each for each in contenders if each.name == BASE)
    print(f"\n{'':16}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'/ ' + BASE:>18}")
    for each in contenders:
        ratio = each.ratio_to(base)
        rows.append({"name": each.name, "cpu_us_per_request": round(each.median, 2), "ratio": round(ratio, 3)})
        print(f"{each.name:16}{each.median:15.2f}{min(each.micros):8.2f}{max(each.micros):8.2f}{ratio:18.3f}")
    for row in rows:
        if row["name"] != BASE:
            met = "met" if row["ratio"] <= TARGET else "MISSED"
            print(f"{row['name']}: {row['ratio']:.3f}, target <= {TARGET}: {met}")
    return {"rows": rows, "target": TARGET}


if __name__ == "__main__":
    compare(__doc__, 7, "bench-guests.json", add_sales, report)
