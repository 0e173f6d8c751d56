# SPDX-License-Identifier: Apache-2.0
"""The commands of the pages: found in their blocks, and typed into one shell for each page, as a reader has."""

import contextlib
import functools
import os
import re
import selectors
import signal
import subprocess
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from gateway import ROOT, sanitizer_environment, wait_until

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)
_SHELL = ("bash", "sh", "shell", "console")
_FILE = re.compile(r"(?:#|//|--) (?P<name>[~./\w-]*[./][\w.-]+)\n")
_INCOMPLETE = re.compile(r"unexpected end of file|unexpected EOF|here-document .* delimited by end-of-file")
_FOLDERS = (".", "docs", "sdk", "sdk/*", "examples/*", "packaging", "packaging/*", "src", "tests/guests", "bench")
# What a page leaves running, as a reader does in another terminal.
SERVER = re.compile(
    r"(?:\S*/)?sluice-server(?! --(?:check|help|version|print-config|sample-config|hash-|signal-))|python3 \w+\.py$"
)
ENDLESS = re.compile(r"egctl (?:top|wasm watch|logs -f|get)\b")
COMMAND_SECONDS = 600.0  # a bound on what hangs: a compiler on a busy machine takes minutes


def pages() -> list[str]:
    found = {page for folder in _FOLDERS for page in ROOT.glob(f"{folder}/*.md")}
    return sorted(str(page.relative_to(ROOT)) for page in found)


@dataclass(frozen=True)
class Command:
    page: str
    line: int
    text: str
    output: str | None  # None: the page does not show it

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_server(self) -> bool:
        return SERVER.match(self.text) is not None and not self.output

    @property
    def is_endless(self) -> bool:
        flags = self.text.split("#")[0].split()
        return (
            ENDLESS.match(self.text) is not None
            and "--once" not in flags
            and (flags[1] != "get" or "-w" in flags)
            and "|" not in flags
        )


@dataclass(frozen=True)
class Block:
    """A file or objects that the page shows."""

    page: str
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The first line of a file may be a comment that is its name."""
        match = _FILE.match(self.text)
        return match["name"] if match else None

    @property
    def content(self) -> str:
        return self.text[self.text.index("\n") + 1 :] if self.file else self.text


@functools.cache
def steps_of(page: str) -> tuple[Command | Block, ...]:
    """Commands, and blocks in YAML and other languages, in the order of the page."""
    text = (ROOT / page).read_text()
    found: list[Command | Block] = []
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 2
        content = textwrap.dedent(fence["text"])
        if fence["language"] in _SHELL:
            found += _commands(page, line, content)
        else:
            assert not content.startswith("$ "), f"{page}:{line}: commands stand in a block of bash, sh or console"
            if fence["language"]:
                found.append(Block(page, line, fence["language"], content))
    return tuple(found)


def commands_of(page: str) -> list[Command]:
    return [step for step in steps_of(page) if isinstance(step, Command)]


def _commands(page: str, first: int, text: str) -> list[Command]:
    lines = text.splitlines(keepends=True)
    transcript = lines[0].startswith("$ ")
    found, at = [], 0
    while at < len(lines):
        if not transcript and re.match(r"\s*(?:#.*)?$", lines[at]):
            at += 1
            continue
        start, command = at, lines[at].removeprefix("$ ") if transcript else lines[at]
        at += 1
        while at < len(lines) and _incomplete(command):
            command += lines[at]
            at += 1
        output = None
        if transcript:
            output = ""
            while at < len(lines) and not lines[at].startswith("$ "):
                output += lines[at]
                at += 1
        found.append(Command(page, first + start, command.rstrip("\n"), output))
    return found


def _incomplete(command: str) -> bool:
    if command.endswith("\\\n"):
        return True
    if not re.search(r"[{('\"|<]|\b(?:do|then)\b|&&$", command):
        return False  # most are, and need no look
    done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
    return _INCOMPLETE.search(done.stderr) is not None


class Shell:
    _END = "-- end of the output --"

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder = folder
        self.process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={**os.environ, **sanitizer_environment(), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        os.set_blocking(self.process.stdout.fileno(), False)

    def run(self, command: str) -> tuple[str, int]:
        """What it prints, and its exit code."""
        end = time.monotonic() + COMMAND_SECONDS
        self.process.stdin.write(f'{command}\necho "{self._END}$?"\n'.encode())
        self.process.stdin.flush()
        seen = b""
        finished = re.compile(rb"(.*)" + self._END.encode() + rb"(\d+)\n\Z", re.DOTALL)
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            while not (match := finished.match(seen)):
                if not ready.select(max(0.0, end - time.monotonic())):
                    raise AssertionError(f"it still runs after {COMMAND_SECONDS:.0f} s, and printed:\n{seen.decode()}")
                more = self.process.stdout.read()
                if not more:
                    raise AssertionError(f"the shell has ended:\n{seen.decode()}")
                seen += more
        return match[1].decode(errors="replace").replace("\r\n", "\n"), int(match[2])

    def start(self, command: str, until) -> tuple[str, int]:
        """In the background, until `until(its output so far)` holds. It goes on. Returns its output and number."""
        number, _ = self.run("echo $((++started))")
        file = self.folder / f".background{number.strip()}"
        without_comment = re.sub(r"\s+#\s.*$", "", command, flags=re.MULTILINE)
        pid, _ = self.run(f"{{ {without_comment}\n}} >{file} 2>&1 </dev/null & echo $!")
        pid = int(pid.split()[-1])

        def reached() -> bool:
            text = file.read_text(errors="replace") if file.exists() else ""
            if until(text):
                return True
            alive, _ = self.run(f"kill -0 {pid} 2>&1")
            assert not alive, f"it has ended:\n{text}"
            return False

        wait_until(reached, f"{command} has begun", COMMAND_SECONDS)
        return file.read_text(errors="replace"), pid

    def end(self, pid: int) -> None:
        """Of what start() began: a subshell with the command as its child."""
        self.run(f"pkill -TERM -P {pid}; kill {pid} 2>/dev/null; wait {pid} 2>/dev/null")

    def close(self) -> None:
        self.process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # what the page leaves in the background
        self.process.wait()
        self.process.stdout.close()
