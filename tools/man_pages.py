#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the man pages of sluice-server and of egctl and its commands, out of their --help.

    tools/man_pages.py BIN OUT      BIN: folder of the programs; OUT/man1 and OUT/man8 get the pages

help2man joins the lines of examples, and knows no commands below commands.
"""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

LISTS = ("Positionals", "Options", "Commands", "Older forms")
# Of every command; egctl(1) has them.
EVERYWHERE = re.compile(r"^(Everywhere: .*|egctl help COMMAND says more\..*)$")

SERVER = r"""
.SH SIGNALS
.TP
SIGTERM, SIGINT
Stop: the ports refuse new connections, requests in flight finish (\-\-drain\-timeout). A second signal ends
the process at once.
.TP
SIGHUP
Open the log files again, and read the configuration file again.
.TP
SIGUSR2
Hot restart: a new process takes over, and no request fails.
.SH EXIT STATUS
.TP
0
A clean stop, or a completed hot restart.
.TP
1
The process could not start, and standard error has the reason; or a hot restart has failed for good.
.TP
255
A second signal to stop.
.SH FILES
.TP
/etc/sluice/sluice.yaml
The configuration file of the package.
.TP
sluice.pid
In \-\-home\-dir: the number of the process that serves.
.SH SEE ALSO
.BR egctl (1)
"""


@dataclass
class Help:
    about: list[str]
    usage: str
    lists: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    footer: list[str] = field(default_factory=list)


def closed(text: str) -> bool:
    """False for a name that is longer than its column, and goes on in it: [0 - 1024]."""
    return text.count("[") == text.count("]") and text.count("(") == text.count(")")


def parse(text: str) -> Help:
    """The form that CLI11 gives a help: about, usage, lists of two columns, footer."""
    above, _, below = text.strip("\n").partition("Usage: ")
    usage, *lines = below.splitlines()
    page = Help(above.strip().splitlines(), usage)
    column = next(line.index("Print this help") for line in lines if "Print this help" in line)
    entries = None
    for line in lines:
        heading = line.removesuffix(":")
        if line.endswith(":") and heading in LISTS and not page.footer:
            entries = page.lists.setdefault(heading, [])
        elif entries is not None and line.startswith("  "):
            name, rest = line[2:], ""
            if line[column - 1 : column] == " " and closed(line[:column]):
                name, rest = line[2:column].strip(), line[column:].strip()
            if name:
                entries.append((" ".join(name.split()), rest))
            else:
                last, start = entries[-1]
                entries[-1] = (last, f"{start} {rest}".strip())
        elif not line.strip() and not page.footer:
            entries = None
        else:
            entries = None
            page.footer.append(line)
    return page


def escape(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("^", r"\(ha").replace("~", r"\(ti")
    return r"\&" + text if text.startswith(".") else text


def prose(lines: list[str]) -> list[str]:
    """Lines as they are if they are indented; the others flow."""
    out, verbatim = [], False
    for line in lines:
        if line.startswith(" ") != verbatim:
            out.append(".fi" if verbatim else ".PP\n.nf")
            verbatim = not verbatim
        if line.strip():
            out.append(escape(line))
        elif not verbatim:
            out.append(".PP")
    return out + ([".fi"] if verbatim else [])


def name_of(entry: str) -> str:
    """A command without its aliases."""
    return entry.split(",")[0].strip()


def section(heading: str, entries: list[tuple[str, str]]) -> list[str]:
    out = [f".SH {heading.upper()}"]
    for name, text in entries:
        out += [".TP", rf"\fB{escape(name)}\fR", escape(text) or r"\&"]
    return out


def page_of(name: str, number: int, version: str, help_: Help) -> list[str]:
    about = help_.about[0].removeprefix(f"{name}: ").removeprefix(f"{name} ")
    subject = name.replace(" ", "-")
    out = [
        f'.TH {subject.upper()} {number} "" "{version}" "Sluice"',
        ".SH NAME",
        rf"{escape(subject)} \- {escape(about.rstrip('.'))}",
        ".SH SYNOPSIS",
        rf"\fB{escape(name)}\fR{escape(help_.usage.removeprefix(name))}",
    ]
    if more := prose(help_.about[1:]):
        out += [".SH DESCRIPTION", *more]
    for heading, entries in help_.lists.items():
        out += section("arguments" if heading == "Positionals" else heading, entries)
    if footer := prose([line for line in help_.footer if not EVERYWHERE.match(line)]):
        out += [".SH NOTES", *footer]
    return out


def run(*command: str | Path) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def below(page: Help, heading: str = "Commands") -> list[str]:
    """The commands below a command, without their aliases."""
    return [name_of(entry) for entry, _ in page.lists.get(heading, [])]


class Pages:
    def __init__(self, programs: Path, out: Path):
        self.programs, self.out = programs, out
        self.version = run(programs / "sluice-server", "--version").strip().replace("sluice-server", "Sluice")

    def write(self, name: str, number: int, lines: list[str]) -> None:
        path = self.out / f"man{number}" / f"{name.replace(' ', '-')}.{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('.\\" SPDX-License-Identifier: Apache-2.0\n' + "\n".join(lines) + "\n")

    def server(self) -> None:
        page = parse(run(self.programs / "sluice-server", "--help"))
        self.write("sluice-server", 8, page_of("sluice-server", 8, self.version, page) + SERVER.strip().splitlines())

    def command(self, words: list[str]) -> None:
        """The page of a command, and those of the commands below it."""
        page = parse(run(self.programs / "egctl", *words, "--help"))
        name = " ".join(["egctl", *words])
        others = [f".BR {escape(name.replace(' ', '-') + '-' + word)} (1)" for word in below(page)]
        if words:
            others.append(f".BR {escape('-'.join(['egctl', *words[:-1]]))} (1)")
        else:
            others.append(r".BR sluice\-server (8)")
        see = [other + "," for other in others[:-1]] + others[-1:]
        self.write(name, 1, [*page_of(name, 1, self.version, page), ".SH SEE ALSO", *see])
        for word in below(page):
            self.command([*words, word])


def main(programs: str, out: str) -> None:
    pages = Pages(Path(programs), Path(out))
    pages.server()
    pages.command([])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
