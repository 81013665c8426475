"""Port numbers that nobody else has: taken below the kernel's ephemeral range, held by a lock while the Rig lives.

Asking the kernel for a free port and closing it again lets an outgoing connection, or a parallel test worker, take it
before the server does.
"""

import errno
import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 20000, 32000


class Ports:
    def __init__(self):
        self._directory = os.path.join(tempfile.gettempdir(), f"postern-rig-ports-{os.getuid()}")
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        self._locks = []

    def take(self, kind: int = socket.SOCK_STREAM) -> int:
        while True:
            port = random.randrange(FIRST, LAST)
            if self._lock(port) and _free(port, kind):
                return port

    def close(self):
        for lock in self._locks:
            os.close(lock)
        self._locks.clear()

    def _lock(self, port: int) -> bool:
        lock = os.open(os.path.join(self._directory, str(port)), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._locks.append(lock)
        return True


def _free(port: int, kind: int) -> bool:
    """Free on all of IPv4 and IPv6, as UDP too when `kind` says datagrams (DNS and Kerberos want both)."""
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for one_kind in {kind, socket.SOCK_STREAM}:
            try:
                with socket.socket(family, one_kind) as probe:
                    if family == socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind((address, port))
            except OSError as error:
                if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                    continue
                return False
    return True
