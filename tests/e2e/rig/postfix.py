"""Postfix: SMTP with STARTTLS (as on 25 and 587) and TLS from the start (465), in a private instance.

Mail for example.test goes to Dovecot by LMTP, so that bob finds it by IMAP; everything else is discarded: nothing leaves
the machine. SASL is Dovecot's, or Cyrus' (postfix-cyrus), which brings NTLM and SCRAM-SHA-512.
"""

import os
import signal

from .core import MAIL_HOST, Server
from .process import NeedsRoot, RigError, answers, run, wait_ready

CYRUS_MECHANISMS = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512"


class Postfix(Server):
    title = "SMTP, submission(s); SASL by Dovecot (starts dovecot)"

    def __init__(self, rig, name="postfix", *, cert="server", dovecot=None, settings=""):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)
        self.dovecot = dovecot
        self.settings = settings

    @property
    def queue(self):
        return self.dir / "queue"

    def queued(self) -> int:
        """How many messages wait in the queue."""
        return run(["postqueue", "-c", self.dir, "-j"]).count('"queue_id"')

    def facts(self):
        alice = self.rig.users.alice
        return {**super().facts(), "USER": alice.name, "PASSWORD": alice.password}

    def start(self):
        if os.geteuid() != 0:
            raise NeedsRoot("Postfix can only be started by root")
        for directory, owner in (("queue", None), ("data", "postfix")):
            self.rig.directory(f"{self.name}/{directory}", owner)
        self.write("main.cf", self._main())
        self.write("master.cf", self._master())
        # Closing its pipe makes Postfix' foreground mode give up, so the log goes through a file of its own.
        process = self.run(
            ["postfix", "-c", self.dir, "start-fg"], env=self._environment(), stop_signal=signal.SIGTERM
        )
        try:
            for service in ("smtp", "submission", "cleartext"):
                wait_ready(process, answers(self.port(service), b"220 "), f"{self.name} {service}")
        except RigError as error:
            process.log = self.dir / "mail.log"
            raise RigError(f"{error}\n{process.log_tail()}") from error

    def _environment(self):
        return {"PATH": os.environ["PATH"] + ":/usr/sbin", "LANG": "C"}

    def _sasl(self) -> str:
        return f"smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {self.dovecot.auth_socket}\n"

    def _deliver(self) -> str:
        return f"lmtp:unix:{self.dovecot.lmtp_socket}" if self.dovecot else "discard:"

    def _main(self) -> str:
        return _MAIN.format(
            dir=self.dir,
            host=MAIL_HOST,
            cert=self.cert.pem_file,
            ca=self.rig.pki.ca_file,
            deliver=self._deliver(),
            sasl=self._sasl(),
            settings=self.settings,
        )

    def _master(self) -> str:
        return _MASTER.format(
            smtp=self.port("smtp"),
            submission=self.port("submission"),
            submissions=self.port("submissions"),
            cleartext=self.port("cleartext"),
        )


class PostfixCyrus(Postfix):
    title = f"the same with Cyrus SASL: {CYRUS_MECHANISMS}"

    def __init__(self, rig, name="postfix-cyrus", **more):
        super().__init__(rig, name, **more)

    def _sasl(self) -> str:
        database = self.dir / "sasldb2"
        for user in (self.rig.users.alice, self.rig.users.juergen, self.rig.users.quoted):
            run(["saslpasswd2", "-c", "-p", "-f", database, "-u", MAIL_HOST, user.name], input=user.password)
        database.chmod(0o644)
        self.write(
            "sasl/smtpd.conf",
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
            f"sasldb_path: {database}\nmech_list: {CYRUS_MECHANISMS}\nlog_level: 4\n",
        )
        return (
            f"smtpd_sasl_type = cyrus\nsmtpd_sasl_path = smtpd\ncyrus_sasl_config_path = {self.dir}/sasl\n"
            f"smtpd_sasl_local_domain = {MAIL_HOST}\n"
        )


_MAIN = """
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/mail.log
maillog_file_prefixes = /tmp, {dir}
inet_interfaces = 127.0.0.1, [::1]
inet_protocols = all
myhostname = {host}
mydomain = example.test
myorigin = example.test
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:all
virtual_transport = {deliver}
default_transport = discard:
relay_transport = discard:
message_size_limit = 20480000
smtputf8_enable = yes
disable_vrfy_command = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8, [::1]
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
anvil_rate_time_unit = 1s
service_throttle_time = 1s
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 100
smtpd_tls_chain_files = {cert}
smtpd_tls_CAfile = {ca}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options =
{sasl}
{settings}
"""

_MASTER = """
127.0.0.1:{smtp}        inet  n - n - - smtpd
[::1]:{smtp}            inet  n - n - - smtpd
127.0.0.1:{submission}  inet  n - n - - smtpd
    -o smtpd_tls_security_level=encrypt -o smtpd_tls_ask_ccert=yes
[::1]:{submission}      inet  n - n - - smtpd
    -o smtpd_tls_security_level=encrypt -o smtpd_tls_ask_ccert=yes
127.0.0.1:{submissions} inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
[::1]:{submissions}     inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{cleartext}   inet  n - n - - smtpd -o smtpd_tls_security_level=none -o smtpd_tls_auth_only=no
pickup    unix  n - n 60   1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
verify    unix  - - n -    1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -    - proxymap
smtp      unix  - - n -    - smtp
relay     unix  - - n -    - smtp
showq     unix  n - n -    - showq
error     unix  - - n -    - error
retry     unix  - - n -    - error
discard   unix  - - n -    - discard
local     unix  - n n -    - local
virtual   unix  - n n -    - virtual
lmtp      unix  - - n -    - lmtp
anvil     unix  - - n -    1 anvil
scache    unix  - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
