"""Bare TLS servers: `openssl s_server` in odd moods, and gnutls-serv. s_server serves one client after the other."""

import subprocess

from .core import Server
from .process import answers, wait_ready


class OpensslServer(Server):
    """`openssl s_server ARGS`. What clients send ends up in `log`; say() types a line to the client."""

    title = "openssl s_server"

    def __init__(self, rig, name, *args, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)
        self._args = args
        self._process = None

    def start(self):
        self._process = self.run(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port('tls')}", *self._files(), *self._args],
            stdin=subprocess.PIPE,
        )
        wait_ready(self._process, lambda: b"ACCEPT" in self.log.read_bytes(), self.name)

    def _files(self):
        return ["-cert", self.cert.cert_file, "-key", self.cert.key_file, "-cert_chain", self.cert.chain_file]

    def say(self, text: str):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()


def only(version: str):
    """s_server arguments for one TLS version ("1", "1_1", "1_2", "1_3"); the old ones need weak ciphers allowed."""
    return [f"-tls{version}", "-cipher", "ALL:@SECLEVEL=0"]


class GnutlsServer(Server):
    """gnutls-serv, echoing lines. It can only listen on every address."""

    title = "gnutls-serv --echo, TLS 1.2 and 1.3"

    def __init__(self, rig, name="gnutls", *args, priority="NORMAL", cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)
        self._args = args
        self._priority = priority

    def start(self):
        files = [f"--x509certfile={self.cert.chain_file}", f"--x509keyfile={self.cert.key_file}"]
        more = [
            f"--x509cafile={self.rig.pki.ca_file}",
            "--disable-client-cert",
            f"--priority={self._priority}",
        ]
        process = self.run(
            ["gnutls-serv", "--echo", f"--port={self.port('tls')}", *files, *more, *self._args]
        )
        wait_ready(process, answers(self.port("tls")), self.name)
