"""The people of the test world, and every secret of theirs (secrets.py looks for them in what Postern writes)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class User:
    name: str
    password: str
    plain: bool = True  # the server knows the password itself, as CRAM-MD5, DIGEST-MD5, APOP and SCRAM need

    @property
    def maildir(self) -> str:
        """A directory name that every file system and configuration language can take."""
        return self.name.encode().hex() if not self.name.isascii() else self.name.replace(" ", "_")


class Users:
    """Each password is a string that occurs nowhere else, so that finding it anywhere is a leak."""

    alice = User(
        "alice", "Wonder7land-rabbit"
    )  # a mailbox with messages; the one to use unless a test says why not
    bob = User("bob", "Build3r-tobermory")  # an empty mailbox
    juergen = User("jürgen", "Gr\u00fc\u00dfe-aus-K\u00f6ln5")  # 8-bit, both
    quoted = User("carol", 'sp ace "quote" back\\slash {5}')  # everything IMAP must quote
    long = User("longfellow", "hiawatha" * 25)  # 200 bytes
    hashed = User(
        "harry", "Marauders9map-solemnly", plain=False
    )  # stored as a hash: no APOP, CRAM-MD5, DIGEST-MD5, SCRAM
    certified = User("alice.cert", "Unus3d-as-a-certificate-is-enough")  # logs in by client certificate

    def all(self):
        return [self.alice, self.bob, self.juergen, self.quoted, self.long, self.hashed, self.certified]

    # Secrets that are not a user's.
    oauth_secret = "hs256-Key-for-tokens-4-the-rig-0123456789"
    kdc_master = "Kdc-master-Key-9-cerberus"
    key_passphrase = "Op3n-sesame-key-phrase"
    pkcs12_password = "Pkcs12-Cont4iner-phrase"
    wrong = "Wr0ng-password-of-nobody"

    def secrets(self):
        return [user.password for user in self.all()] + [
            self.oauth_secret,
            self.kdc_master,
            self.key_passphrase,
            self.pkcs12_password,
            self.wrong,
        ]
