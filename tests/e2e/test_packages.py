# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md lists the Debian packages of a machine that only runs Sluice."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway import BIN, ROOT

PAGE = ROOT / "docs/operations.md"
# Every Debian has these: apt depends on them.
ALWAYS_THERE = {"libc6", "libcrypt1", "libgcc-s1", "libstdc++6"}
NO_LIBRARY = {"ca-certificates"}


def output(*command) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def libraries(program: Path) -> set[str]:
    """Their paths: those that the program names, not those that they need themselves."""
    names = set(re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", program)))
    paths = dict(re.findall(r"(\S+) => (/\S+)", output("ldd", program)))
    return {paths[name] for name in names if name in paths and "san.so" not in name}


def packages_of(paths: set[str]) -> set[str]:
    # dpkg knows a library by its path before or after the merge of /usr.
    bare = {path.removeprefix("/usr") for path in paths}
    owners = output("dpkg-query", "-S", *bare, *("/usr" + path for path in bare)).splitlines()
    found = {path.removeprefix("/usr"): package for package, path in re.findall(r"(\S+?):.* (\S+)", "\n".join(owners))}
    assert bare <= found.keys(), bare - found.keys()
    return {found[path] for path in bare}


@pytest.mark.skipif(not all(map(shutil.which, ("dpkg-query", "objdump", "ldd"))), reason="needs dpkg and binutils")
def test_the_page_lists_the_packages_that_the_programs_need():
    block = PAGE.read_text().split("## A machine that only runs it")[1].split("```")[1]
    listed = block.replace("\\\n", " ").split("apt-get install --no-install-recommends")[1].splitlines()[0]
    packages = packages_of(libraries(BIN / "sluice-server") | libraries(BIN / "egctl"))
    assert set(listed.split()) - NO_LIBRARY == packages - ALWAYS_THERE
