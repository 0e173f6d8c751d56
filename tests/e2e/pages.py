# SPDX-License-Identifier: Apache-2.0
"""The examples of the pages in docs, as tests apply them: nothing but their places is replaced."""

import re

import yaml

from gateway import ROOT

BACKEND = "http://127.0.0.1:9095"  # of every page
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def page_of(kind: str) -> str:
    """FileServer -> filter-file-server"""
    return "filter-" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", kind).lower()


def blocks(page: str) -> list[str]:
    return _BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text())


def example(page: str, places: dict[str, str] | None = None) -> list[dict]:
    """The documents of a page's first example. `places`: an address, file or port of the page -> that of the test."""
    text = blocks(page)[0]
    for old, new in (places or {}).items():
        assert old in text, f"{page}: no {old}"
        text = text.replace(old, new)
    return list(yaml.safe_load_all(text))


def steps(text: str) -> list[tuple[str, str]]:
    """Command and output of each `$` line in the console blocks. A command goes on in lines that are indented
    below an open brace, and in a here-document."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        command, output, closes = None, "", None
        for line in block.splitlines(keepends=True):
            if closes is not None:
                command += line
                if re.match(closes, line):
                    closes = None
            elif line.startswith("$ "):
                if command is not None:
                    found.append((command, output))
                command, output = line[2:], ""
                closes = r"END$" if "<<END" in line else r"  \}$" if line.rstrip().endswith("{") else None
            else:
                output += line
        found.append((command, output))
    return found


def expected(output: str) -> re.Pattern:
    return re.compile(".*".join(map(re.escape, output.split("..."))), re.DOTALL)
