#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A backup of a sale that lets people in as fast as it can, and its restoration elsewhere.

The program writes two keys for each user who is let in. The file must hold a moment of the sale: both keys of a user or
none, everybody who was let in before the backup began, nobody who was not let in. The gateway to which it is restored
goes on, and never exceeds the limit.

    bench/backup.py [--before 50000] [--seconds 10] [--connections 500] [--json FILE]
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import BIN, ROOT, free_port, wait_for_port

RATE_TARGET = 10_000  # permits a second, while the file is written
YES, NO = "buy\n", "sold out.\n"
SALE = """
kind: HTTPServer
name: shop
port: {port}
rules:
- paths:
  - backend: sale
---
kind: Pipeline
name: sale
filters:
- name: rule
  kind: WasmHost
  code: builtin:javascript
  timeout: 10s
  parameters: {{max: "{limit}"}}
  script: |
    let most;
    export function init() {{ most = parameter.integer("max"); }}
    export function run() {{
      const user = request.getHeader("Authorization");
      if (cluster.getString("id/" + user) === "") {{
        if (cluster.countKey("id/") >= most) {{
          response.setBody("sold out.\\n");
          return 1;
        }}
        cluster.putString("id/" + user, "1");
        cluster.putString("copy/" + user, "1");
      }}
      response.setBody("buy\\n");
      return 2;
    }}
"""


class Gateway:
    def __init__(self, folder: Path):
        folder.mkdir()
        self.folder, self.api = folder, free_port()
        log = open(folder / "server.log", "w")
        command = [BIN / "sluice-server", "--home-dir", folder, "--api-addr", f"127.0.0.1:{self.api}"]
        self.process = subprocess.Popen([*command, "--disable-access-log"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for_port(self.api, self.process)

    def egctl(self, *arguments: str, text: str = "") -> str:
        command = [BIN / "egctl", "--server", f"127.0.0.1:{self.api}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"egctl {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def users(self) -> tuple[set[str], set[str]]:
        """Those with the first key, and those with the second one."""
        file = self.folder / "data.jsonl"
        self.egctl("wasm", "export-data", "sale", "rule", str(file))
        keys = [json.loads(line).get("key", "") for line in file.read_text().splitlines()]
        return tuple({key.removeprefix(prefix) for key in keys if key.startswith(prefix)} for prefix in ("id/", "copy/"))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def begin_load(port: int, first: int, connections: int, let_in: Path, *bound: str) -> subprocess.Popen:
    command = [BIN / "sluice_load", str(port), "--yes", YES, "--no", NO, "--first", str(first), "--let-in", let_in]
    return subprocess.Popen([*command, "-c", str(connections), *bound], stdout=subprocess.PIPE, text=True)


def end_load(load: subprocess.Popen, let_in: Path) -> tuple[dict, list[int]]:
    report = json.loads(load.communicate()[0])
    if load.returncode != 0 or report["others"] or report["failures"]:
        sys.exit(f"the load: {report}")
    return report, [int(line) for line in let_in.read_text().split()]


def check(fault: bool, what: str, wrong: list[str]) -> None:
    if fault:
        wrong.append(what)


def measure(folder: Path, arguments) -> dict:
    port, limit = free_port(), 100_000_000
    sale, elsewhere = Gateway(folder / "sale"), Gateway(folder / "elsewhere")
    wrong: list[str] = []
    try:
        sale.egctl("apply", "-f", "-", text=SALE.format(port=port, limit=limit))
        load = begin_load(port, 0, arguments.connections, folder / "before", "-n", str(arguments.before))
        _, before = end_load(load, folder / "before")
        load = begin_load(port, arguments.before, arguments.connections, folder / "during", "-s", str(arguments.seconds))
        time.sleep(arguments.seconds / 4)
        begin = time.perf_counter()
        sale.egctl("backup", "create", "-f", str(folder / "shop.backup"))
        create_s = time.perf_counter() - begin
        check(load.poll() is not None, "the backup took longer than the load", wrong)
        report, during = end_load(load, folder / "during")
        sale.stop()

        begin = time.perf_counter()
        elsewhere.egctl("backup", "restore", "-f", str(folder / "shop.backup"))
        restore_s = time.perf_counter() - begin
        saved, copies = elsewhere.users()
        check(saved != copies, f"{len(saved ^ copies)} users have one key of two", wrong)
        early, all_users = ({f"u{number}" for number in numbers} for numbers in (before, before + during))
        check(not early <= saved, f"{len(early - saved)} users let in before the backup are not in it", wrong)
        check(not saved <= all_users, f"{len(saved - all_users)} users of the backup were never let in", wrong)

        limit = len(saved) + 1000
        elsewhere.egctl("apply", "-f", "-", text=SALE.format(port=port, limit=limit))
        load = begin_load(port, 1_000_000_000, 50, folder / "after", "-n", "3000")
        _, after = end_load(load, folder / "after")
        check(len(after) != 1000, f"{len(after)} of the 1,000 places that were left were given", wrong)
    finally:
        sale.stop()
        elsewhere.stop()
    return {
        "permits_per_second": round(len(during) / arguments.seconds),
        "answers_per_second": report["answers_per_second"],
        "users_saved": len(saved),
        "create_s": round(create_s, 2),
        "restore_s": round(restore_s, 2),
        "file_bytes": (folder / "shop.backup").stat().st_size,
        "wrong": wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "backup.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        result = measure(Path(folder), arguments)
    arguments.json.write_text(json.dumps(result, indent=2))
    size = result["file_bytes"] / 1e6
    print(f"permits a second meanwhile    {result['permits_per_second']:>10,}   target {RATE_TARGET:,}")
    print(f"users in the file             {result['users_saved']:>10,}   {size:.1f} MB")
    print(f"to create it                  {result['create_s']:>10} s")
    print(f"to restore it                 {result['restore_s']:>10} s")
    print("a moment of the sale, none over: " + ("yes" if not result["wrong"] else "NO: " + "; ".join(result["wrong"])))
    sys.exit(bool(result["wrong"]))


if __name__ == "__main__":
    main()
