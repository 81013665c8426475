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
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._listener.close()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

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
        for one in (writer, up_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(self._carry(reader, up_writer), self._carry(up_reader, writer))
        for one in (writer, up_writer):
            one.close()

    async def _refuse(self, writer):
        if self._refusal:
            writer.write(self._refusal)
            await writer.drain()
        else:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
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
