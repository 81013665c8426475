"""The table of servers: name, and how to make one. To add a server: one file, one row."""

from dataclasses import dataclass
from typing import Callable

from .binding import BindingPeer
from .chat import Irc, Xmpp
from .databases import Mysql, Postgres
from .dns import Dns
from .dovecot import Dovecot
from .ftp import Ftp
from .https import Https
from .kdc import Kdc
from .ldap import Ldap
from .news import News
from .oauth import Oauth
from .postfix import Postfix, PostfixCyrus
from .ssh import Socks, Ssh
from .tls import GnutlsServer, OpensslServer, only


@dataclass(frozen=True)
class Row:
    make: Callable  # Rig -> Server
    title: str


SERVERS = {
    "dovecot": Row(lambda rig: Dovecot(rig), Dovecot.title),
    "dovecot-cleartext": Row(
        lambda rig: Dovecot(rig, "dovecot-cleartext", cleartext=True),
        "the same, taking passwords without TLS too",
    ),
    "dovecot-notls": Row(
        lambda rig: Dovecot(rig, "dovecot-notls", cleartext=True, ssl="no"), "the same, without any TLS"
    ),
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
    "https": Row(Https, Https.title),
    "tls-1.0": Row(lambda rig: OpensslServer(rig, "tls-1.0", *only("1")), "openssl s_server, TLS 1.0 only"),
    "tls-1.1": Row(lambda rig: OpensslServer(rig, "tls-1.1", *only("1_1")), "openssl s_server, TLS 1.1 only"),
    "tls-1.2": Row(lambda rig: OpensslServer(rig, "tls-1.2", *only("1_2")), "openssl s_server, TLS 1.2 only"),
    "tls-1.3": Row(lambda rig: OpensslServer(rig, "tls-1.3", *only("1_3")), "openssl s_server, TLS 1.3 only"),
    "tls-www": Row(
        lambda rig: OpensslServer(rig, "tls-www", "-www"),
        "openssl s_server -www: HTTPS that tells about the TLS",
    ),
    "tls-staple": Row(
        lambda rig: OpensslServer(rig, "tls-staple", "-status_file", rig.pki.ocsp(rig.pki.leaf())),
        "openssl s_server with a stapled OCSP response",
    ),
    "tls-revoked": Row(
        lambda rig: OpensslServer(
            rig,
            "tls-revoked",
            "-status_file",
            rig.pki.ocsp(rig.pki.leaf("revoked"), "revoked"),
            cert="revoked",
        ),
        "the same, the response says revoked",
    ),
    "tls-client-cert": Row(
        lambda rig: OpensslServer(
            rig, "tls-client-cert", "-Verify", "2", "-verify_return_error", "-CAfile", rig.pki.ca_file
        ),
        "openssl s_server that demands a client certificate",
    ),
    "gnutls": Row(GnutlsServer, GnutlsServer.title),
    "binding-exporter": Row(
        lambda rig: BindingPeer(rig, "binding-exporter", "tls-exporter"),
        "submission with SCRAM-*-PLUS by tls-exporter (TLS 1.3)",
    ),
    "binding-end-point": Row(
        lambda rig: BindingPeer(rig, "binding-end-point", "tls-server-end-point"),
        "the same by tls-server-end-point",
    ),
    "binding-unique": Row(
        lambda rig: BindingPeer(rig, "binding-unique", "tls-unique", tls="1.2"),
        "the same by tls-unique (TLS 1.2)",
    ),
    "binding-none": Row(
        lambda rig: BindingPeer(rig, "binding-none", "none"), "the same without any: only plain SCRAM"
    ),
    "ldap": Row(Ldap, Ldap.title),
    "xmpp": Row(Xmpp, Xmpp.title),
    "irc": Row(Irc, Irc.title),
    "ftp": Row(Ftp, Ftp.title),
    "postgres": Row(Postgres, Postgres.title),
    "mysql": Row(Mysql, Mysql.title),
    "news": Row(News, News.title),
    "oauth": Row(Oauth, Oauth.title),
}
