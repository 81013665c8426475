"""Real servers for tests, the demo and the guide: private instances on loopback, stopped by whoever started them.

    with Rig() as rig:
        imap = rig.start("dovecot")          # started once, the second call returns the same one
        imap.port("imaps"), rig.pki.ca_file, rig.users.alice.password

A server is one file here and one row in servers.py. As a program: see __main__.py.
"""

from .core import Rig
from .process import RigError
from .users import User

__all__ = ["Rig", "RigError", "User"]
