"""The leaves of a message as Python's email package sees them, told as `postern mime --json` tells its own."""

import email
import email.header
import email.policy
import hashlib


def decoded_name(part):
    """The name as people read it: Python leaves RFC 2047 words in parameters as they are."""
    name = part.get_filename()
    if name is None:
        return None
    try:
        return str(email.header.make_header(email.header.decode_header(name)))
    except (LookupError, UnicodeError):
        return name


def leaves(raw: bytes):
    """(type, name, sha256) of each leaf, in order."""
    return [
        (part.get_content_type(), decoded_name(part), hashlib.sha256(part.get_payload(decode=True) or b"").hexdigest())
        for part in email.message_from_bytes(raw).walk()
        if not part.is_multipart()
    ]
