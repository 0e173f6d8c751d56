# SPDX-License-Identifier: Apache-2.0
"""Many users on many connections: the load tool beside the server, and what a sale owes them."""

import json
import signal
import subprocess
import threading
from pathlib import Path

from gateway import BIN, DEADLINE, Server, mock, pipeline, wasm, wait_until
from guests import distinct

YES, NO = "buy\n", "sold out.\n"


class Crowd:
    """One run of sluice_load. Users are numbers; what they are called is their business."""

    def __init__(self, port: int, folder: Path, connections: int = 200, users: set[int] | None = None, **options):
        folder.mkdir(parents=True, exist_ok=True)
        self._let_in_file = folder / "let-in"
        self._let_in_file.unlink(missing_ok=True)
        command = [BIN / "sluice_load", str(port), "-c", str(connections), "--let-in", self._let_in_file]
        command += ["--yes", YES, "--no", NO]
        if users is not None:
            (folder / "users").write_text("\n".join(map(str, sorted(users))))
            command += ["--users", folder / "users"]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.report: dict = {}
        self.let_in: set[int] = set()

    def stop(self) -> "Crowd":
        self.process.send_signal(signal.SIGTERM)
        return self.join()

    def join(self) -> "Crowd":
        """Waits until it has ended by itself: all requests answered, or every connection broken."""
        try:
            output, _ = self.process.communicate(timeout=DEADLINE * 3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the load does not end: an answer is missing") from None
        assert self.process.returncode == 0
        self.report = json.loads(output)
        self.let_in = set(map(int, self._let_in_file.read_text().split()))
        return self

    def expect_answers_only(self) -> "Crowd":
        """Everybody got a yes or a no, and nobody a no after his yes."""
        assert self.report["failures"] == {} and self.report["others"] == {}, self.report
        assert self.report["turned_away"] == 0, self.report
        return self


def ask(port: int, folder: Path, **options) -> Crowd:
    return Crowd(port, folder, **options).join()


class Sale:
    """The cookbook's last program with a limit, as pipeline `p`, from a program file of its own."""

    def __init__(self, server: Server, code: Path, limit: int, block_ratio: float = 0, vms: int = 2):
        self.server, self.limit, self.vms = server, limit, vms
        self._code = code.read_bytes()
        self._parameters = {
            "startTime": "2021-08-08T00:00:00",
            "blockRatio": str(block_ratio),
            "maxPermission": str(limit),
        }
        self.program = server.home / "program.wasm"
        self._generation = 0
        self.new_program()
        self.update()

    def new_program(self) -> None:
        """The same to all but the server, which cannot know that."""
        fresh = self.program.with_suffix(".new")
        fresh.write_bytes(distinct(self._code))
        fresh.rename(self.program)

    def update(self) -> None:
        """Another spec that means the same."""
        self._generation += 1
        parameters = {**self._parameters, "generation": str(self._generation)}
        # A minute is a bound, not a measure: nobody may get a 503.
        guest = wasm(self.program, timeout="60s", concurrency=self._vms(), parameters=parameters)
        self.server.apply(pipeline("p", guest, mock(YES)))

    def _vms(self) -> int:
        """Every fourth spec has more of them, or fewer."""
        return self.vms % 10 + 1 if self._generation % 4 == 0 else self.vms

    def reload(self) -> None:
        self.new_program()
        self.server.egctl("wasm", "reload-code")


class Turmoil:
    """Reloads the program and updates the spec of a sale, one after the other, until the block ends."""

    def __init__(self, sale: Sale, may_fail: bool = False):
        self.changes = 0
        self._sale, self._may_fail = sale, may_fail
        self._fault: AssertionError | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Turmoil":
        self._thread.start()
        wait_until(lambda: self.changes > 0 or not self._thread.is_alive(), "the first change is made")
        return self

    def __exit__(self, kind, *_) -> None:
        self._stopping = True
        self._thread.join(DEADLINE * 3)
        if kind is None and self._fault is not None and not self._may_fail:
            raise self._fault

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._sale.reload()
                self._sale.update()
                self.changes += 2
        except AssertionError as fault:
            self._fault = fault


def stored(server, name: str = "p") -> set[int]:
    """The users that the shared data holds."""
    text = server.egctl("wasm", "list-data", name, "wasm").stdout
    keys = [line.partition(":")[0] for line in text.splitlines() if line != "{}"]
    assert all(key.startswith("id/u") for key in keys), text[:500]
    users = {int(key.removeprefix("id/u")) for key in keys}
    assert len(users) == len(keys), "a key is listed twice"
    return users


def expect_let_in_again(port: int, folder: Path, users: set[int]) -> None:
    crowd = ask(port, folder, users=users, connections=min(200, max(1, len(users)))).expect_answers_only()
    assert crowd.let_in == users, "whoever is in stays in"
