"""A proxy in front of a server, for what the server itself cannot be told: how often one may come, and how far away it is.

    with Proxy(dovecot.port("imaps"), limit=13) as proxy:
        postern.run("check", f"imaps://localhost:{proxy.port}")
        proxy.connections, proxy.refused

`rtt` delays everything by half of it each way, and the first bytes of a connection by a whole one more: the handshake of
TCP itself, which happens before a proxy hears of it.
"""

import asyncio
import socket
import struct
import threading
import time


class Proxy:
    def __init__(self, to_port: int, *, rtt: float = 0, limit: int = 0, window: float = 60, refusal: bytes = b""):
        """At most `limit` connections in `window` seconds (0: any number); the others are told `refusal`, or reset."""
        self._to_port = to_port
        self._rtt, self._limit, self._window, self._refusal = rtt, limit, window, refusal
        self._starts = []
        self.connections = 0  # that were let through
        self.refused = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._tasks = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def drop(self):
        """Breaks off the connections there are; new ones may come."""
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in self._tasks])

    def _run(self):
        self._loop.run_until_complete(self._serve_until_stopped())

    async def _serve_until_stopped(self):
        server = await asyncio.start_server(self._take, sock=self._listener)
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, reader, writer):
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_too_much(self) -> bool:
        now = time.monotonic()
        self._starts = [start for start in self._starts if now - start < self._window]
        if self._limit and len(self._starts) >= self._limit:
            return True
        self._starts.append(now)
        return False

    async def _serve(self, reader, writer):
        if self._is_too_much():
            self.refused += 1
            await self._refuse(writer)
            return
        self.connections += 1
        await asyncio.sleep(self._rtt)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(self._carry(reader, up_writer), self._carry(up_reader, writer))
        finally:
            for one in (writer, up_writer):
                one.close()

    async def _refuse(self, writer):
        try:
            if self._refusal:
                writer.write(self._refusal)
                await writer.drain()
            else:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # it has left by itself
        writer.close()

    async def _carry(self, reader, writer):
        """One way; what is on its way does not hold up what comes behind it."""
        while True:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            if self._rtt:
                self._loop.call_later(self._rtt / 2, self._deliver, writer, data)
            else:
                self._deliver(writer, data)
            if not data:
                await asyncio.sleep(self._rtt / 2)
                return

    @staticmethod
    def _deliver(writer, data: bytes):
        try:
            if data:
                writer.write(data)
            else:
                writer.write_eof()
        except (OSError, RuntimeError):
            pass
