# SPDX-License-Identifier: Apache-2.0
"""A backend that does what it should not: its `mode` can be changed at any time, also under load."""

import asyncio
import socket
import struct
import threading

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


class Faulty:
    """Modes: `good`; `stall` (takes requests, answers nothing), `reset` (RST instead of an answer), `close`,
    `garbage`, `short` (less than it announced), `trickle` (a byte a second), `half` (stalls within the body).
    kill() closes the listening socket and resets all connections."""

    def __init__(self, mode: str = "good"):
        self.mode = mode
        self.requests = 0
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.port = self._server.sockets[0].getsockname()[1]

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                if not await self._answer(writer):
                    break
        except (OSError, EOFError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        """False if nothing more is to be said on this connection."""
        match self.mode:
            case "good":
                writer.write(GOOD)
                return True
            case "stall":
                await asyncio.sleep(300)
            case "reset":
                reset(writer)
            case "garbage":
                writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n" * 10)
            case "short":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfew")
            case "trickle":
                for byte in GOOD:
                    if writer.is_closing():
                        break
                    writer.write(bytes([byte]))
                    await asyncio.sleep(1)
            case "half":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfew")
                await asyncio.sleep(300)
        return False

    def kill(self) -> None:
        async def kill():
            self._server.close()
            for writer in list(self._writers):
                reset(writer)

        self._run(kill())

    def revive(self) -> None:
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024))

    def close(self) -> None:
        async def cancel():
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.kill()
        self._run(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST."""
    plain = writer.get_extra_info("socket")
    if plain is not None and plain.fileno() >= 0:  # it is not closed already
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
