#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Applies each YAML file of a folder to a server of its own objects, and says which it accepts.

Not a test: it is for configurations that people have. Server files (without a `kind`) are read by
`sluice-server --print-config`.

    tests/compat/measure.py FOLDER [--only 001 002 ...] [--json FILE]
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from gateway import BIN, Server  # noqa: E402


def outcome_of_options(file: Path) -> tuple[bool, str]:
    done = subprocess.run([BIN / "sluice-server", "--print-config", "-f", file], capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def outcome_of_objects(server: Server, file: Path) -> tuple[bool, str]:
    done = server.egctl("apply", "-f", str(file), check=False)
    for name in re.findall(r"^\w+ (\S+) (?:created|updated|unchanged)", done.stdout, re.MULTILINE):
        server.egctl("object", "delete", name, check=False)
    return done.returncode == 0, done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    outcomes = {}
    with tempfile.TemporaryDirectory() as home:
        server = Server(Path(home)).start()
        try:
            for file in sorted(arguments.folder.glob("*.yaml")):
                if arguments.only and file.stem not in arguments.only:
                    continue
                objects = re.search(r"^kind:", file.read_text(), re.MULTILINE)
                accepted, words = outcome_of_objects(server, file) if objects else outcome_of_options(file)
                outcomes[file.stem] = {"accepted": accepted, "server_file": not objects, "words": words.strip()}
                print(f"{file.stem} {'accepted' if accepted else 'REFUSED'}", *words.strip().splitlines()[:3], sep="\n    ")
        finally:
            server.stop()
    for label, kind in (("objects", False), ("server files", True)):
        its = [one["accepted"] for one in outcomes.values() if one["server_file"] == kind]
        print(f"{label}: {sum(its)} of {len(its)} accepted")
    if arguments.json:
        arguments.json.write_text(json.dumps(outcomes, indent=1))


if __name__ == "__main__":
    main()
