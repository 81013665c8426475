"""DNS: signed and unsigned zones on NSD, and unbound in front of it as a resolver that validates.

    example.test    signed; mail hosts at 127.0.0.x, MX, SRV, CNAME, TLSA for the rig's certificates
    insecure.test   not signed, provably
    bogus.test      signed, and then tampered with: nothing in it validates

`test` itself is signed by us and its key is the trust anchor, so that "provably not signed" is real.
"""

import os
import re
import socket
import subprocess
from pathlib import Path

from .core import Server
from .https import POLICIES
from .process import run, wait_ready


class Dns(Server):
    title = "NSD with signed zones, unbound validating: --dns=127.0.0.1@PORT --dns-anchor=FILE"

    def __init__(self, rig, name="dns"):
        super().__init__(rig, name)
        self.anchor = self.dir / "anchor.key"
        self.user = "nsd" if os.geteuid() == 0 else ""
        self.unbound_user = "unbound" if os.geteuid() == 0 else ""

    @property
    def options(self):
        """What makes postern use this resolver."""
        return [f"--dns=127.0.0.1@{self.port('resolver')}", f"--dns-anchor={self.anchor}"]

    def facts(self):
        return {
            **super().facts(),
            "DNS": f"127.0.0.1@{self.port('resolver')}",
            "DNS_ANCHOR": str(self.anchor),
        }

    def start(self):
        self._write_zones()
        nsd = self.run(["/usr/sbin/nsd", "-d", "-c", self.write("nsd.conf", self._nsd_conf())])
        wait_ready(nsd, lambda: _resolves("example.test", self.port("authority")), "nsd")
        conf = self.write("unbound.conf", self._unbound_conf())
        unbound = self.run(["/usr/sbin/unbound", "-d", "-p", "-c", conf], log=self.dir / "unbound.log")
        wait_ready(unbound, lambda: _resolves("mail.example.test", self.port("resolver")), "unbound")

    def port(self, service):
        if service not in self._ports:
            self._ports[service] = self.rig.ports.take(socket.SOCK_DGRAM)
        return self._ports[service]

    def ask(self, name, kind="A") -> str:
        """drill's whole answer, DNSSEC asked for."""
        argv = ["drill", "-D", "-p", str(self.port("resolver")), "@127.0.0.1", name, kind]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False).stdout

    # zones

    def _write_zones(self):
        anchors = [self._sign("test", _TEST, below=("example.test", "bogus.test"))]
        self.write("insecure.test.zone", _HEAD.format(zone="insecure.test") + _HOSTS)
        self.anchor.write_text(anchors[0])
        _tamper(self.dir / "bogus.test.zone.signed")
        if self.user:
            run(["chown", "-R", f"{self.user}:", self.dir])

    def _sign(self, zone: str, body: str, below=()) -> str:
        """Writes ZONE.zone.signed; returns the DNSKEY record of its key-signing key. Zones below are signed first."""
        secure = "".join(self._sign(child, self._body(child)) and self._ds(child) for child in below)
        self.write(f"{zone}.zone", _HEAD.format(zone=zone) + body + secure)
        keys = []
        for flags in ([], ["-k"]):
            base = run(
                ["ldns-keygen", *flags, "-a", "ECDSAP256SHA256", "-r", "/dev/urandom", zone], cwd=self.dir
            )
            keys.append(base.split()[-1])
        run(
            ["ldns-signzone", "-n", "-o", zone, "-f", f"{zone}.zone.signed", f"{zone}.zone", *keys],
            cwd=self.dir,
        )
        (self.dir / f"{keys[1]}.ds").rename(self.dir / f"{zone}.ds")
        return (self.dir / f"{keys[1]}.key").read_text()

    def _ds(self, zone: str) -> str:
        return (self.dir / f"{zone}.ds").read_text()

    def _body(self, zone: str) -> str:
        return _HOSTS + _BOGUS if zone == "bogus.test" else _HOSTS + _EXAMPLE + _policies() + self._tlsa()

    def _tlsa(self) -> str:
        """TLSA records. A wildcard serves every port, because ours are never the usual ones."""
        pki = self.rig.pki
        good = pki.leaf("server")
        rows = {
            "mail": [good.tlsa(3, 1, 1)],
            "dane-full": [good.tlsa(3, 0, 0)],
            "dane-sha512": [good.tlsa(3, 1, 2)],
            "dane-ca": [pki.authority("root").tlsa(2, 0, 1)],
            "dane-pkix": [good.tlsa(1, 1, 1)],
            "dane-both": [pki.leaf("wildcard").tlsa(1, 1, 1)],
            "dane-rollover": [pki.leaf("rsa").tlsa(3, 1, 1), good.tlsa(3, 1, 1)],
            "dane-wrong": [pki.leaf("rsa").tlsa(3, 1, 1)],
            "dane-unusable": [f"9 9 9 {'00' * 32}"],
            "dane-self-signed": [pki.leaf("self-signed").tlsa(3, 1, 1)],
        }
        lines = [f"{name} IN A 127.0.0.1" for name in rows if name != "mail"]
        lines += [f"*._tcp.{name} IN TLSA {record}" for name, records in rows.items() for record in records]
        return "\n".join(lines) + "\n"

    # configuration

    def _nsd_conf(self) -> str:
        zones = "".join(
            f'zone:\n  name: "{zone}"\n  zonefile: "{zone}.zone{signed}"\n'
            for zone, signed in (
                ("test", ".signed"),
                ("example.test", ".signed"),
                ("bogus.test", ".signed"),
                ("insecure.test", ""),
            )
        )
        return _NSD.format(dir=self.dir, port=self.port("authority"), user=self.user) + zones

    def _unbound_conf(self) -> str:
        return _UNBOUND.format(
            dir=self.dir,
            port=self.port("resolver"),
            authority=self.port("authority"),
            user=self.unbound_user,
            anchor=self.anchor,
        )


def _policies() -> str:
    """Every domain of https.py has a record that promises a policy, and an MX."""
    lines = []
    for domain in POLICIES:
        name = domain.removesuffix("example.test").rstrip(".")
        dot = f".{name}" if name else ""
        lines += [f'_mta-sts{dot} IN TXT "v=STSv1; id=20261121;"', f"mta-sts{dot} IN A 127.0.0.1"]
        lines += [f"{name} IN MX 10 mail"] if name else []
    return "\n".join(lines) + "\n"


def _resolves(name: str, port: int) -> bool:
    """One query for an address, by hand: drill would wait five seconds for a server that is not there yet."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(0.3)
        try:
            peer.connect(("127.0.0.1", port))
            peer.send(query)
            answer = peer.recv(512)
        except OSError:
            return False
    return answer[:2] == query[:2] and answer[3] & 15 == 0


def _tamper(signed: Path):
    """Changes the addresses in a signed zone, and one MX, so that no signature over them fits any more."""
    text = signed.read_text().replace("127.0.0.1", "127.0.0.66")
    text, count = re.subn(r"^(mx\.bogus\.test\.\s.*\sMX\s+)10\b", r"\g<1>11", text, flags=re.MULTILINE)
    assert count == 1
    signed.write_text(text)


_HEAD = """$ORIGIN {zone}.
$TTL 300
@ IN SOA ns.{zone}. hostmaster.{zone}. 1 3600 900 86400 60
@ IN NS ns
ns IN A 127.0.0.1
"""

_TEST = """
example IN NS ns.example
ns.example IN A 127.0.0.1
bogus IN NS ns.bogus
ns.bogus IN A 127.0.0.1
insecure IN NS ns.insecure
ns.insecure IN A 127.0.0.1
"""

# In every zone.
_HOSTS = """
@ IN A 127.0.0.1
@ IN MX 10 mail
mail IN A 127.0.0.1
mail IN AAAA ::1
_imaps._tcp IN SRV 0 1 993 mail
"""

_BOGUS = """
mx IN MX 10 mail
"""

_EXAMPLE = """
@ IN MX 20 backup
@ IN TXT "v=spf1 mx -all"
backup IN A 127.0.0.2
four IN A 127.0.0.1
six IN AAAA ::1
alias IN CNAME mail
chain IN CNAME alias
loop IN CNAME loop2
loop2 IN CNAME loop
dangling IN CNAME nowhere
; nobody listens at 127.0.0.9: a client has to go on to the next address
slow IN A 127.0.0.9
slow IN A 127.0.0.1
refused IN A 127.0.0.9
elsewhere IN A 127.0.0.1
nullmx IN MX 0 .
nullmx-beside IN MX 0 .
nullmx-beside IN MX 10 mail
many-mx IN MX 20 backup
many-mx IN MX 10 mail
many-mx IN MX 30 nowhere
_smtp._tls IN TXT "v=TLSRPTv1; " "rua=mailto:tls@example.test"
_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.test"
autoconfig IN A 127.0.0.1
; a record that is there twice, one that is broken, and two things that look like one record
twice IN TXT "v=spf1 mx -all"
twice IN TXT "v=spf1 a -all"
_dmarc.twice IN TXT "v=DMARC1; p=perhaps"
_mta-sts.twice IN TXT "v=STSv1; id=1;"
_mta-sts.twice IN TXT "v=STSv1; id=2;"
twice IN MX 10 mail
_submissions._tcp IN SRV 0 1 465 mail
_submission._tcp IN SRV 10 1 587 mail
_pop3s._tcp IN SRV 0 1 995 mail
_pop3._tcp IN SRV 0 0 0 .
_imap._tcp IN SRV 10 1 143 mail
xn--mnchen-3ya IN A 127.0.0.1
"""

_NSD = """
server:
  ip-address: 127.0.0.1@{port}
  username: "{user}"
  zonesdir: "{dir}"
  database: ""
  pidfile: ""
  xfrdfile: "{dir}/xfrd.state"
  zonelistfile: "{dir}/zone.list"
  logfile: "{dir}/nsd.log"
  server-count: 1
  hide-version: yes
remote-control:
  control-enable: no
"""

_UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  chroot: ""
  directory: "{dir}"
  username: "{user}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  do-not-query-localhost: no
  do-ip6: no
  access-control: 127.0.0.0/8 allow
  module-config: "validator iterator"
  trust-anchor-file: "{anchor}"
  local-zone: "test." nodefault
  local-zone: "localhost." static
  local-data: "localhost. A 127.0.0.1"
  qname-minimisation: no
  outgoing-range: 64
  val-log-level: 2
remote-control:
  control-enable: no
stub-zone:
  name: "test"
  stub-addr: 127.0.0.1@{authority}
stub-zone:
  name: "example.test"
  stub-addr: 127.0.0.1@{authority}
stub-zone:
  name: "bogus.test"
  stub-addr: 127.0.0.1@{authority}
stub-zone:
  name: "insecure.test"
  stub-addr: 127.0.0.1@{authority}
# Everything else does not exist here: no packet leaves the machine.
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{authority}
"""
