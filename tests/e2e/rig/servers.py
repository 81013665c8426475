"""The table of servers: name, and how to make one. To add a server: one file, one row."""

from dataclasses import dataclass
from typing import Callable

from .dns import Dns
from .dovecot import Dovecot
from .kdc import Kdc
from .postfix import Postfix, PostfixCyrus
from .ssh import Socks, Ssh


@dataclass(frozen=True)
class Row:
    make: Callable  # Rig -> Server
    title: str


SERVERS = {
    "dovecot": Row(lambda rig: Dovecot(rig), Dovecot.title),
    "dovecot-cleartext": Row(
        lambda rig: Dovecot(rig, "dovecot-cleartext", cleartext=True), "the same, taking passwords without TLS too"
    ),
    "dovecot-notls": Row(lambda rig: Dovecot(rig, "dovecot-notls", cleartext=True, ssl="no"), "the same, without any TLS"),
    "dovecot-external": Row(
        lambda rig: Dovecot(rig, "dovecot-external", client_certs=True, anonymous=True),
        "the same, with EXTERNAL (client certificates) and ANONYMOUS",
    ),
    "dovecot-gssapi": Row(
        lambda rig: Dovecot(rig, "dovecot-gssapi", kdc=rig.start("kdc")), "the same, with GSSAPI (starts kdc)"
    ),
    "kdc": Row(Kdc, Kdc.title),
    "postfix": Row(lambda rig: Postfix(rig, dovecot=rig.start("dovecot")), Postfix.title),
    "postfix-cyrus": Row(PostfixCyrus, PostfixCyrus.title),
    "ssh": Row(Ssh, Ssh.title),
    "socks": Row(Socks, Socks.title),
    "dns": Row(Dns, Dns.title),
}
