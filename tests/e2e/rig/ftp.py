"""ProFTPD with AUTH TLS."""

import grp
import os
import pwd

from .core import Server
from .process import answers, run, wait_ready


class Ftp(Server):
    title = "ProFTPD: FTP with AUTH TLS"

    def __init__(self, rig, name="ftp", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)
        self.owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())

    def facts(self):
        alice = self.rig.users.alice
        return {**super().facts(), "USER": alice.name, "PASSWORD": alice.password}

    def start(self):
        alice = self.rig.users.alice
        home = self.rig.directory(f"{self.name}/home", self.owner.pw_name)
        hashed = run(["openssl", "passwd", "-6", alice.password]).strip()
        ids = f"{self.owner.pw_uid}:{self.owner.pw_gid}"
        self.write("passwd", f"{alice.name}:{hashed}:{ids}::{home}:/bin/false\n", 0o600)
        config = self.write(
            "proftpd.conf",
            _CONFIG.format(
                dir=self.dir,
                port=self.port("ftp"),
                user=self.owner.pw_name,
                group=grp.getgrgid(self.owner.pw_gid).gr_name,
                cert=self.cert.chain_file,
                key=self.cert.key_file,
            ),
        )
        process = self.run(["/usr/sbin/proftpd", "-n", "-c", config])
        wait_ready(process, answers(self.port("ftp"), b"220"), self.name)


_CONFIG = """
ServerType standalone
ServerName "rig"
DefaultAddress 127.0.0.1
SocketBindTight on
Port {port}
User {user}
Group {group}
UseIPv6 off
UseReverseDNS off
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile {dir}/passwd
PidFile {dir}/pid
ScoreboardFile {dir}/scoreboard
DelayEngine off
WtmpLog off
TransferLog none
SystemLog {dir}/system.log
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
TLSEngine on
TLSRequired auth
TLSProtocol TLSv1.2 TLSv1.3

TLSECCertificateFile {cert}
TLSECCertificateKeyFile {key}
TLSLog {dir}/tls.log
TLSOptions NoSessionReuseRequired
"""
