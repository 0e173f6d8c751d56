#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of a server with 5,000 rules, beside the same server with one, and beside nginx.

Half of the paths are exact, half are prefixes. Their backends differ, so Sluice also looks for rules
whose path is near that of the request (docs/rules.md). nginx has the same paths as locations. Each
contender is one kind of request to one server: to the first, the middle and the last rule, and to
none (404). The load is wrk -t1 -c64. Many short rounds go through all contenders in turn, and a ratio is the
median of those of the rounds.

    bench/rules.py [--rules 5000] [--rounds 16] [--seconds 1] [--json FILE]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from run import ROOT, Arena, Contender, measure_in_turns, wait_for_port, write_result

sys.path.append(str(ROOT / "tests" / "e2e"))
from gateway import free_port  # noqa: E402

TARGET = 1.10  # 5,000 rules / one rule
PIPELINES = 8
NGINX = """
worker_processes 1;
daemon off;
pid {folder}/rules.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{one} reuseport;
{one_locations}
    location / {{ return 404; }} }}
  server {{ listen 127.0.0.1:{many} reuseport;
{many_locations}
    location / {{ return 404; }} }}
}}
"""


def path_of(number: int) -> tuple[str, bool]:
    """The path of a rule, and whether it is exact."""
    exact = number % 2 == 0
    return f"/shop/{number % 97}/item-{number}" + ("" if exact else "/"), exact


def rule(number: int) -> str:
    path, exact = path_of(number)
    return f"  - {{{'path' if exact else 'pathPrefix'}: {path}, backend: p{number % PIPELINES}}}\n"


def location(number: int) -> str:
    path, exact = path_of(number)
    return f"    location {'= ' if exact else ''}{path} {{ return 200 ok; }}\n"


def server(name: str, port: int, numbers: range) -> str:
    rules = "".join(rule(number) for number in numbers)
    return f"kind: HTTPServer\nname: {name}\nport: {port}\nrules:\n- paths:\n{rules}---\n"


def pipelines() -> str:
    return "---\n".join(
        f"kind: Pipeline\nname: p{n}\nfilters:\n- {{name: mock, kind: Mock, rules: [{{body: ok, code: 200}}]}}\n"
        for n in range(PIPELINES)
    )


class Asked(Contender):
    """One kind of request to one server."""

    def __init__(self, name: str, port: int, process: subprocess.Popen, path: str, status: int):
        super().__init__(name, port, process)
        self.url = f"http://127.0.0.1:{port}{path}"
        try:
            got = urllib.request.urlopen(self.url).status
        except urllib.error.HTTPError as error:
            got = error.code
        if got != status:
            sys.exit(f"{name}: {self.url} gives {got}, not {status}")

    FAULTS = r"Socket errors:.*"  # 404 is what some of them ask for

    def wrk(self) -> list:
        return [self.url]


def add_contenders(arena: Arena, label: str, one: int, many: int, process: subprocess.Popen, rules: int) -> None:
    def ask(name: str, port: int, number: int) -> None:
        path, exact = path_of(number)
        arena.contenders.append(Asked(f"{label}, {name}", port, process, path if exact else path + "x", 200))

    middle, last = rules // 2 + 1, rules - 1
    ask("1 rule, match", one, last)
    ask(f"{rules} rules, first", many, 0)
    ask(f"{rules} rules, middle", many, middle)
    ask(f"{rules} rules, last", many, last)
    for name, port in (("1 rule", one), (f"{rules} rules", many)):
        arena.contenders.append(Asked(f"{label}, {name}, none", port, process, "/shop/7/none", 404))


def add_sluice(arena: Arena, rules: int) -> None:
    home = arena.folder / "sluice"
    home.mkdir()
    api, one, many = free_port(), free_port(), free_port()
    process = arena.start(
        *(arena.bin / "sluice-server", "--home-dir", home, "--api-addr", f"127.0.0.1:{api}", "--log-dir", "log"),
        "--disable-access-log",
    )
    wait_for_port(api, process)
    servers = server("one", one, range(rules - 1, rules)) + server("many", many, range(rules))
    arena.egctl(api, ["apply", "-f", "-"], servers + pipelines())
    add_contenders(arena, "Sluice", one, many, process, rules)


def add_nginx(arena: Arena, rules: int) -> None:
    one, many = free_port(), free_port()
    text = NGINX.format(
        folder=arena.folder,
        one=one,
        many=many,
        one_locations=location(rules - 1),
        many_locations="".join(location(number) for number in range(rules)),
    )
    configuration = arena.folder / "rules.conf"
    configuration.write_text(text)
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = arena.start(nginx, "-p", arena.folder, "-c", configuration)
    wait_for_port(many, process)
    add_contenders(arena, "nginx", one, many, process, rules)


def report(contenders: list[Contender]) -> dict:
    rows = []
    print(f"\n{'':28}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'/ 1 rule':>10}")
    for each in contenders:
        label, none = each.name.split(",")[0], each.name.endswith("none")
        base = next(c for c in contenders if c.name.startswith(f"{label}, 1 rule") and c.name.endswith("none") == none)
        ratio = each.ratio_to(base)
        rows.append({"name": each.name, "cpu_us_per_request": round(each.median, 2), "ratio_to_one_rule": round(ratio, 3)})
        print(f"{each.name:28}{each.median:15.2f}{min(each.micros):8.2f}{max(each.micros):8.2f}{ratio:10.3f}")
    most = max(row["ratio_to_one_rule"] for row in rows if row["name"].startswith("Sluice"))
    print(f"\nmost of Sluice's ratios: {most:.3f}, target <= {TARGET}: {'met' if most <= TARGET else 'MISSED'}")
    return {"rows": rows, "target": TARGET, "most": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-rules.json")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)  # nginx's workers may run as another user
        arena = Arena(Path(name))
        try:
            add_sluice(arena, arguments.rules)
            add_nginx(arena, arguments.rules)
            measure_in_turns(arena.contenders, arguments.rounds, arguments.seconds)
            result = report(arena.contenders)
        finally:
            arena.stop()
    result |= {"rules": arguments.rules, "rounds": arguments.rounds, "processors": os.cpu_count()}
    write_result(arguments.json, result)


if __name__ == "__main__":
    main()
