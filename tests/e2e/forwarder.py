# SPDX-License-Identifier: Apache-2.0
"""Carries TCP connections to another port, and delivers late what it was given, or swallows the answers."""

import asyncio
import socket
import threading

from gateway import DEADLINE, wait_until

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9  # bytes
DATA, HEADERS, RST_STREAM, SETTINGS, PING = 0, 1, 3, 4, 6
ACK = 1  # flag of SETTINGS and PING
MARK = 7  # of the forwarder's own connections: netfilter must not send them back to it


def asks(sent: bytes) -> bool:
    """True: the peer answers these frames of HTTP/2. A request that its client has recalled, such as a question that
    has no answer in time, need not be answered."""
    place = len(PREFACE) if sent.startswith(PREFACE) else 0
    requests, recalled = set(), set()
    while place + FRAME_HEAD <= len(sent):
        length, kind, flags = int.from_bytes(sent[place : place + 3]), sent[place + 3], sent[place + 4]
        stream = int.from_bytes(sent[place + 5 : place + FRAME_HEAD])
        if kind in (SETTINGS, PING) and not flags & ACK:
            return True
        if kind in (HEADERS, DATA):
            requests.add(stream)
        elif kind == RST_STREAM:
            recalled.add(stream)
        place += FRAME_HEAD + length
    return bool(requests - recalled)


class _Pair:
    """A client's connection and its own to the target."""

    def __init__(self) -> None:
        self.client: asyncio.StreamWriter | None = None
        self.target: asyncio.StreamWriter | None = None
        self.held = bytearray()  # of the client, not yet sent on
        self.answered = 0  # bytes of the target since the last delivery


class Forwarder:
    def __init__(self, port: int, host: str = "127.0.0.1", mark: int = 0):
        self._target, self._mark = (host, port), mark
        self._holding = self._swallowing = False
        self._pairs: list[_Pair] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(DEADLINE)

    @property
    def endpoints(self) -> list[str]:
        """As an Etcd has them."""
        return [f"127.0.0.1:{self.port}"]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair()
        pair.client = writer
        self._pairs.append(pair)
        own = socket.socket()
        own.setblocking(False)
        try:
            if self._mark:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, self._mark)
            await self._loop.sock_connect(own, self._target)
            answers, pair.target = await asyncio.open_connection(sock=own)
        except OSError:
            own.close()
            writer.transport.abort()
            return
        await asyncio.gather(self._requests(pair, reader), self._answers(pair, answers))

    async def _requests(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(65536):
                if self._holding or pair.held:
                    pair.held += data
                elif not pair.target.is_closing():
                    pair.target.write(data)
        except OSError:
            pass
        if not pair.held:
            pair.target.close()

    async def _answers(self, pair: _Pair, answers: asyncio.StreamReader) -> None:
        try:
            while data := await answers.read(65536):
                pair.answered += len(data)
                if not self._swallowing and not pair.client.is_closing():
                    pair.client.write(data)
        except OSError:
            pass
        pair.client.close()

    def _call(self, function) -> None:
        asyncio.run_coroutine_threadsafe(self._do(function), self._loop).result(DEADLINE)

    @staticmethod
    async def _do(function) -> None:
        function()

    def held(self) -> bytes:
        return b"".join(bytes(pair.held) for pair in list(self._pairs))

    def hold(self, until: bytes | None = None) -> None:
        """What clients send stays here from now on. `until`: waits until it has these bytes."""
        self._holding = True
        if until is not None:
            wait_until(lambda: until in self.held(), f"something with {until!r} is sent")

    def swallow(self) -> None:
        """Answers of the target get lost."""
        self._swallowing = True

    def reset(self) -> None:
        """Breaks the connections of all clients; those to the target stay if something is held for them. New ones
        are carried."""

        def do() -> None:
            self._holding = self._swallowing = False
            for pair in self._pairs:
                pair.client.transport.abort()

        self._call(do)

    def deliver(self, connections: int | None = None) -> None:
        """What is held, or that of the oldest connections, over those it was meant for. Waits until each connection
        that asks for something has an answer."""
        late = [pair for pair in self._pairs if pair.held][:connections]
        asking = [pair for pair in late if asks(pair.held)]
        assert asking, "something that is held is answered"

        def do() -> None:
            for pair in late:
                pair.answered = 0
                pair.target.write(bytes(pair.held))
                pair.held.clear()

        self._call(do)
        wait_until(lambda: all(pair.answered > 0 for pair in asking), "what comes late is answered")

    def close(self) -> None:
        async def end() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(DEADLINE)
