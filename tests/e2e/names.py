# SPDX-License-Identifier: Apache-2.0
"""Names and name servers of a process of its own: /etc/hosts and /etc/resolv.conf in a mount namespace."""

import socket
import struct
import subprocess
import threading
from pathlib import Path

LOOK = 0.05  # seconds between looks at the end
HEAD = 12  # bytes of a DNS message before its question


def namespace(files: dict[str, Path]) -> list[str] | None:
    """A command that runs another one with these files in place of those in /etc; None where that is not allowed."""
    mounts = " && ".join(f"mount --bind {file} {place}" for place, file in files.items())
    inside = ["sh", "-c", f'{mounts} && exec "$@"', "sh"]
    for options in (["-m"], ["-r", "-m"]):
        try:
            done = subprocess.run(["unshare", *options, *inside, "true"], capture_output=True, timeout=30)
        except OSError:
            return None
        if done.returncode == 0:
            return ["unshare", *options, *inside]
    return None


class NameServer:
    """Answers with the addresses of the names in `known`, that no other name is there, or not at all."""

    def __init__(self, address: str, known: dict[str, str] | None = None, silent: bool = False):
        self.known, self.silent = known or {}, silent
        self.asked: set[str] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._socket.settimeout(LOOK)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                question, client = self._socket.recvfrom(1500)
            except TimeoutError:
                continue
            labels, at = [], HEAD
            while size := question[at]:
                labels.append(question[at + 1 : at + 1 + size].decode())
                at += 1 + size
            end = at + 5
            (kind,) = struct.unpack(">H", question[at + 1 : at + 3])
            name = ".".join(labels)
            self.asked.add(name)
            if not self.silent:
                self._socket.sendto(self._answer(question[:2], question[HEAD:end], name, kind), client)

    def _answer(self, number: bytes, question: bytes, name: str, kind: int) -> bytes:
        address = self.known.get(name)
        has_address = address is not None and kind == 1
        head = number + (b"\x81\x80" if address else b"\x81\x83") + struct.pack(">4H", 1, int(has_address), 0, 0)
        if not has_address:
            return head + question
        return head + question + b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 5, 4) + socket.inet_aton(address)
