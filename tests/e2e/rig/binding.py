"""An independent judge of channel bindings: peers/binding_peer.c, a submission server around Cyrus SASL."""

from pathlib import Path

from .core import MAIL_HOST, Server
from .process import answers, run, wait_ready

SOURCE = Path(__file__).with_name("peers") / "binding_peer.c"


class BindingPeer(Server):
    """Offers SCRAM-SHA-1, -256 and -512, with and without -PLUS; users alice and jürgen."""

    title = "submission with SCRAM-*-PLUS (Cyrus SASL)"

    def __init__(self, rig, name, binding, *, tls="1.3", implicit=False, cert="server"):
        super().__init__(rig, name)
        self.binding, self.tls, self.implicit = binding, tls, implicit
        self.scheme = "submissions" if implicit else "submission"
        self.cert = rig.pki.leaf(cert)

    def outcomes(self):
        """One line an authentication: "SCRAM-SHA-256-PLUS over TLSv1.3 with tls-exporter: ok"."""
        return self.log.read_text().splitlines()

    def start(self):
        database = self.dir / "sasldb2"
        for user in (self.rig.users.alice, self.rig.users.juergen):
            run(["saslpasswd2", "-c", "-p", "-f", database, "-u", MAIL_HOST, user.name], input=user.password)
        mode = "implicit" if self.implicit else "starttls"
        port = self.port(self.scheme)
        process = self.run(
            [_program(self.rig), port, self.cert.pem_file, database, self.binding, mode, self.tls]
        )
        wait_ready(process, answers(port, b"" if self.implicit else b"220 "), self.name)


def _program(rig) -> Path:
    """Compiled once for a rig."""
    program = rig.directory("peers") / "binding_peer"
    if not program.exists():
        flags = ["-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror"]
        run(["cc", *flags, "-o", program, SOURCE, "-lssl", "-lcrypto", "-lsasl2"])
    return program
