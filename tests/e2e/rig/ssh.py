"""OpenSSH: a server to hop over, keys with and without a passphrase, an agent, and SOCKS5 by `ssh -D`."""

import os
import pwd
import re
from pathlib import Path

from .core import Server
from .process import answers, run, wait_ready


class Ssh(Server):
    title = "OpenSSH server on two ports (for two hops), key and agent"

    def __init__(self, rig, name="ssh"):
        super().__init__(rig, name)
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.key = self.dir / "id"  # opens the door
        self.locked_key = self.dir / "id_locked"  # the same, but asks for users.key_passphrase first
        self.known_hosts = self.dir / "known_hosts"
        self.wrong_known_hosts = self.dir / "known_hosts.wrong"  # has another key for this host
        self.config = self.dir / "config"  # for `ssh -F`: host "hop", and "second-hop" behind it

    @property
    def hop(self) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port('ssh')}"

    @property
    def second_hop(self) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port('ssh-second')}"

    def options(self, key=None, known_hosts=None):
        """What `ssh -o` needs in order to use only our files."""
        return [
            f"IdentityFile={key or self.key}",
            "IdentitiesOnly=yes",
            f"UserKnownHostsFile={known_hosts or self.known_hosts}",
            "GlobalKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=yes",
            "BatchMode=yes",
        ]

    def agent_environment(self) -> dict:
        """An agent that holds the locked key, opened."""
        socket = self.dir / "agent"
        if not socket.exists():
            agent = self.run(["ssh-agent", "-D", "-a", socket], log=self.dir / "agent.log")
            wait_ready(agent, socket.exists, "ssh-agent")
            ask = self.write("askpass", f"#!/bin/sh\necho '{self.rig.users.key_passphrase}'\n", 0o700)
            more = {"SSH_AUTH_SOCK": str(socket), "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
            run(["ssh-add", self.locked_key], env={**os.environ, **more})
        return {"SSH_AUTH_SOCK": str(socket)}

    def facts(self):
        return {
            **super().facts(),
            "SSH_HOP": self.hop,
            "SSH_CONFIG": str(self.config),
            "SSH_KEY": str(self.key),
        }

    def start(self):
        for key, passphrase in (
            (self.key, ""),
            (self.locked_key, self.rig.users.key_passphrase),
            ("host", ""),
            ("other", ""),
        ):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "rig", "-f", self.dir / key])
        public = [path.with_suffix(".pub").read_text() for path in (self.key, self.locked_key)]
        authorized = self.write("authorized_keys", "".join(public), 0o600)
        self._write_known_hosts(self.known_hosts, "host")
        self._write_known_hosts(self.wrong_known_hosts, "other")
        ports = {"port": self.port("ssh"), "second": self.port("ssh-second")}
        self.write("config", _CLIENT.format(user=self.user, options="\n  ".join(self.options()), **ports))
        config = self.write("sshd_config", _SERVER.format(dir=self.dir, authorized=authorized, **ports))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(
                mode=0o755, exist_ok=True
            )  # compiled in; sshd refuses to start without it
        process = self.run(["/usr/sbin/sshd", "-D", "-e", "-f", config])
        for service in ("ssh", "ssh-second"):
            wait_ready(process, answers(self.port(service), b"SSH-2.0-"), self.name)

    def _write_known_hosts(self, path, key):
        public = " ".join((self.dir / f"{key}.pub").read_text().split()[:2])
        hosts = [
            f"[{host}]:{port}"
            for host in ("127.0.0.1", "localhost")
            for port in (self.port("ssh"), self.port("ssh-second"))
        ]
        path.write_text("".join(f"{host} {public}\n" for host in hosts))

    def forwarded(self):
        """Where the server says it has forwarded connections to, as (host, port): proof that a hop was used."""
        found = re.findall(r"server_request_direct_tcpip: .*target (\S+) port (\d+)", self.log.read_text())
        return [(host, int(port)) for host, port in found]


class Socks(Server):
    title = "a SOCKS5 proxy: ssh -D (starts ssh)"

    def __init__(self, rig, name="socks"):
        super().__init__(rig, name)
        self.ssh = rig.start("ssh")

    def start(self):
        listen = f"127.0.0.1:{self.port('socks5')}"
        process = self.run(["ssh", "-N", "-F", self.ssh.config, "-D", listen, "hop"])
        wait_ready(process, answers(self.port("socks5")), self.name)


_SERVER = """
Port {port}
Port {second}
ListenAddress 127.0.0.1
ListenAddress ::1
HostKey {dir}/host
PidFile none
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding yes
PrintMotd no
MaxStartups 200
LogLevel DEBUG1
"""

_CLIENT = """
Host hop
  HostName 127.0.0.1
  Port {port}
Host second-hop
  HostName 127.0.0.1
  Port {second}
  ProxyJump hop
Host *
  User {user}
  {options}
"""
