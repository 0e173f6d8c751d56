#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference-server.md from `sluice-server --sample-config` and `--help`.

    tools/server_reference.py            writes the page if it differs
    tools/server_reference.py --check    says so, and fails
"""

import re
import sys
from dataclasses import dataclass, field

from man_pages import parse
from reference_page import DOCS, cell, code, main, run, table

SOURCE = "the options of the server"
PAGE = DOCS / "reference-server.md"
HEAD = """# Options of the server

`tools/server_reference.py` writes this page from `sluice-server --sample-config` and `--help`.

An option is a flag (`--data-dir`), an environment variable (`EG_DATA_DIR`), and a key of the configuration
file (`data-dir`). A flag takes precedence over a variable, and a variable over the file.
[operations.md](operations.md#options) says how they work together, and has the
[signals and exit codes](operations.md#signals).

*SIGHUP* marks what a [reload of the configuration](operations.md#configuration-reload) puts into force. A
[hot restart](upgrade.md#hot-restart) puts all others into force but `data-dir`.

## Options and keys

"""
ACTIONS = """
## Flags that act and exit

"""
FILE = """
## The configuration file

The file is YAML. `sluice-server --sample-config` prints this one, in which each option has its default:

```text
"""


@dataclass
class Option:
    key: str
    default: str
    meaning: str
    flag: str = ""
    variable: str = ""
    limits: list[str] = field(default_factory=list)
    reload: bool = False


def options(sample: str, limits: dict[str, str]) -> list[Option]:
    found = []
    for paragraph in sample.strip().split("\n\n")[1:]:
        *about, how, setting = [line.removeprefix("#").strip() for line in paragraph.splitlines()]
        key, default = setting.split(": ", 1)
        names, *more = how.split("; ")
        option = Option(key, default.strip('"').replace("[]", "").replace("{}", ""), " ".join(about))
        if flag := re.fullmatch(r"(--\S+), (\S+)", names):
            option.flag, option.variable = flag.groups()
        option.reload = "reload" in more
        option.limits = [word for word in more if word != "reload"] + [limits.get(key, "")]
        found.append(option)
    return found


def row(option: Option) -> list[str]:
    limits = [part for part in option.limits if part]
    choices = [", ".join(code(word) for word in part.split(" or ")) if " or " in part else part for part in limits]
    meaning = cell("; ".join([option.meaning, *choices]))
    names = f"{code(option.flag)}, {code(option.variable)}" if option.flag else "only in the file"
    return [code(option.key), names, code(option.default), "SIGHUP" if option.reload else "", meaning]


def page() -> str:
    sample, help_ = run("sluice-server", "--sample-config"), parse(run("sluice-server", "--help"))
    entries = help_.lists["Options"]
    ranges = {}
    for name, _ in entries:
        if bounds := re.search(r"--([\w-]+) \S*:UINT in \[(\d+) - (\d+)\]", name):
            ranges[bounds[1]] = f"{int(bounds[2]):,} to {int(bounds[3]):,}"
    known = options(sample, ranges)
    text = HEAD + table(["key", "flag and variable", "default", "reload", "meaning"], map(row, known))
    flags = {option.flag for option in known} | {"--config-file"}
    acts = [one for one in entries if not flags & set(re.findall(r"--[\w-]+", one[0].split(" ")[0]))]
    text += ACTIONS + table(["flag", "meaning"], ([code(name.replace(",", ", ")), cell(about)] for name, about in acts))
    name, about = next(one for one in entries if "--config-file" in one[0])
    text += f"\n`-f FILE`, `--config-file FILE` and `EG_CONFIG_FILE` name the configuration file: {about}.\n"
    return text + FILE + sample.strip() + "\n```\n"


def pages():
    yield PAGE, page()


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
