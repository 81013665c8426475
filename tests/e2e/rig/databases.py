"""PostgreSQL and MariaDB: their TLS begins with a few bytes of their own."""

import os
from pathlib import Path

from .core import Server
from .process import answers, run, wait_ready


def _as(user: str):
    """The words in front of a command that must not run as root."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if os.geteuid() == 0 else []


class Postgres(Server):
    title = "PostgreSQL, TLS only; user alice, database postgres"

    def __init__(self, rig, name="postgres", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)

    def facts(self):
        alice = self.rig.users.alice
        return {**super().facts(), "USER": alice.name, "PASSWORD": alice.password}

    def start(self):
        # Debian keeps the programs of every version in a directory of its own.
        programs = max(Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"
        data = self.rig.directory(f"{self.name}/data", "postgres")
        data.chmod(0o700)
        secret = self.write("password", self.rig.users.alice.password + "\n", 0o600, owner="postgres")
        key = self.write("key.pem", self.cert.key_file.read_bytes(), 0o600, owner="postgres")
        hba = self.write("pg_hba.conf", "hostssl all all all scram-sha-256\n", owner="postgres")
        user = _as("postgres")
        locale = ["--no-locale", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        run([*user, programs / "initdb", "-D", data, "-U", "alice", f"--pwfile={secret}", *locale], cwd="/")
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": self.cert.chain_file,
            "ssl_key_file": key,
            "hba_file": hba,
            "fsync": "off",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = self.run(
            [*user, programs / "postgres", "-D", data, "-p", self.port("postgres"), *words], cwd="/"
        )
        wait_ready(process, lambda: b"ready to accept connections" in self.log.read_bytes(), self.name)


class Mysql(Server):
    title = "MariaDB with TLS; user alice"

    def __init__(self, rig, name="mysql", *, cert="server"):
        super().__init__(rig, name)
        self.cert = rig.pki.leaf(cert)

    def facts(self):
        alice = self.rig.users.alice
        return {**super().facts(), "USER": alice.name, "PASSWORD": alice.password}

    def start(self):
        alice = self.rig.users.alice
        data = self.rig.directory(f"{self.name}/data", "mysql")
        key = self.write("key.pem", self.cert.key_file.read_bytes(), 0o600, owner="mysql")
        user = _as("mysql")
        words = ["--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve"]
        run([*user, "mariadb-install-db", "--no-defaults", f"--datadir={data}", *words], cwd=data)
        first = self.write(
            "init.sql",
            f"CREATE USER '{alice.name}'@'%' IDENTIFIED BY '{alice.password}' REQUIRE SSL;\n",
            0o600,
            owner="mysql",
        )
        options = [
            "--bind-address=127.0.0.1",
            f"--port={self.port('mysql')}",
            f"--datadir={data}",
            f"--socket={data}/socket",
            f"--pid-file={data}/pid",
            f"--ssl-cert={self.cert.chain_file}",
            f"--ssl-key={key}",
            f"--ssl-ca={self.rig.pki.ca_file}",
            f"--init-file={first}",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=8M",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        process = self.run([*user, "mariadbd", "--no-defaults", *options], cwd=data)
        wait_ready(process, answers(self.port("mysql")), self.name)
