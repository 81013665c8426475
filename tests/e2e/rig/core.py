"""The Rig: a scratch directory, a certificate authority, users, and the servers started so far."""

import atexit
import os
import shutil
import signal
import tempfile
from functools import cached_property
from pathlib import Path

from .pki import Pki
from .ports import Ports
from .process import Process, Reaper, RigError
from .users import Users

HOST = "localhost"  # what certificates, URLs and Kerberos names say
MAIL_HOST = "mail.example.test"  # the same machine by the name that only our DNS knows


class Rig:
    """Owns everything it starts. Close it (or leave its `with` block) to stop it all; the reaper is the safety net."""

    def __init__(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="postern-rig-"))
        self.scratch.chmod(0o755)  # servers drop to users of their own and must get in
        self.users = Users()
        self.ports = Ports()
        self.reaper = Reaper(self.scratch)
        self.on_secret = lambda secret: None  # told of each secret made on the way (tokens)
        self._servers = {}
        self._owner = os.getpid()
        atexit.register(self.close)

    @cached_property
    def pki(self) -> Pki:
        return Pki(self.directory("pki"))

    def directory(self, name: str, owner: str = None) -> Path:
        """A directory of the scratch area, made on first use; given to `owner` when running as root."""
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        if owner and os.geteuid() == 0:
            shutil.chown(path, owner)
        return path

    def running(self, name: str) -> list:
        """That server, if it was started; nothing is started here."""
        return [self._servers[name]] if name in self._servers else []

    def start(self, name: str):
        """The server of that name (see servers.py), started unless it runs already."""
        if name not in self._servers:
            from .servers import SERVERS

            if name not in SERVERS:
                raise RigError(f"no server is called '{name}'; there are: {', '.join(sorted(SERVERS))}")
            self._servers[name] = self.launch(SERVERS[name].make(self))
        return self._servers[name]

    def launch(self, server: "Server"):
        """Starts a server that is not in the table (a variant that one test wants). Stopped with the rest."""
        self._servers.setdefault(server, server)
        try:
            server.start()
        except BaseException:
            self._servers.pop(server)
            server.stop()
            raise
        return server

    def close(self):
        """Stops the servers, newest first, and removes the scratch directory. Safe to call twice."""
        if os.getpid() != self._owner or self.reaper is None:
            return
        servers = list(dict.fromkeys(reversed(list(self._servers.values()))))
        for server in servers:
            server.ask_to_stop()  # all at once, so that their farewells overlap
        for server in servers:
            server.stop()
        self._servers.clear()
        self.reaper.close()
        self.reaper = None
        self.ports.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """What every server has: a directory, processes, ports by service name, and facts for people who want to connect.

    A subclass sets `title` and fills in start(); it takes ports by `self.port("imaps")` and starts programs by
    `self.run(argv)`.
    """

    title = ""  # "Dovecot: POP3, IMAP, ..." for those who list servers

    def __init__(self, rig: Rig, name: str):
        self.rig = rig
        self.name = name
        self.dir = rig.directory(name)
        self.log = self.dir / "log"
        self._ports = {}
        self._processes = []

    def start(self):
        raise NotImplementedError

    def ask_to_stop(self):
        for process in self._processes:
            process.ask_to_stop()

    def stop(self):
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()

    def run(
        self, argv, *, log: Path = None, env=None, cwd=None, stop_signal=signal.SIGTERM, **more
    ) -> Process:
        process = Process(
            self.rig.reaper,
            argv,
            log or self.log,
            env=env,
            cwd=cwd or self.dir,
            stop_signal=stop_signal,
            **more,
        )
        self._processes.append(process)
        return process

    def port(self, service: str) -> int:
        """The port of a service, chosen when first asked for."""
        if service not in self._ports:
            self._ports[service] = self.rig.ports.take()
        return self._ports[service]

    def url(self, scheme: str, user: str = None, host: str = HOST) -> str:
        who = f"{user}@" if user else ""
        return f"{scheme}://{who}{host}:{self.port(scheme)}"

    def facts(self) -> dict:
        """What a client needs to know, as environment variables without their RIG_ prefix."""
        ports = {
            f"{service.upper().replace('-', '_')}_PORT": str(port) for service, port in self._ports.items()
        }
        return {"HOST": HOST, "CA_FILE": str(self.rig.pki.ca_file), **ports}

    def write(self, name: str, text, mode: int = 0o644, owner: str = None) -> Path:
        """Writes a file of this server's directory."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        if owner and os.geteuid() == 0:
            shutil.chown(path, owner)
        return path
