"""`[ssh]`: whose keys may log in.  Public keys are no secret; a private one here is a mistake."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from offhook.service.schema import Reader
from offhook.text import printable

TYPES: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa",
)  # fmt: skip
MAX_KEYS: Final = 16
SHORTEST_RSA: Final = 2048  # bits

_REMEDY: Final = 'Copy the line of the file that ends in .pub, whole: "ssh-ed25519 AAAA… you@home"'


@dataclass(frozen=True, slots=True)
class Key:
    """One public key."""

    kind: str
    blob: bytes
    comment: str

    @property
    def line(self) -> str:
        """For authorized_keys."""
        body = base64.b64encode(self.blob).decode()
        return f"{self.kind} {body} {self.comment}".rstrip()

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen -l shows it."""
        body = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"SHA256:{body} {self.comment} ({self.kind})"


class BadKeyError(ValueError):
    """What is wrong with a key."""


def read(table: Reader) -> tuple[Key, ...]:
    """The table; empty: nobody may log in."""
    keys = [*_keys(table)]
    table.finish()
    if len({key.blob for key in keys}) < len(keys):
        table.fault("keys", "holds a key twice", "Delete one of the two.")
    return tuple(keys)


def _keys(table: Reader) -> Iterator[Key]:
    lines = table.texts("keys", (), r"[^\r\n]{0,8192}", "one line in quotes", MAX_KEYS)
    one = table.text("key", "", most=8192)
    for name, line in [("key", one), *(("keys", line) for line in lines)]:
        if not line.strip():
            continue
        try:
            yield parse(line.strip())
        except BadKeyError as error:
            table.fault(name, str(error), _REMEDY)


def parse(line: str) -> Key:
    """One line of a .pub file.  Raises `BadKeyError`."""
    if "PRIVATE KEY" in line:
        raise BadKeyError("is a private key, which must never leave your computer")
    kind, _, rest = line.partition(" ")
    body, _, comment = rest.strip().partition(" ")
    if kind not in TYPES:
        raise BadKeyError(f"begins with no known kind of key ({', '.join(TYPES)})")
    try:
        blob = base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BadKeyError("is damaged: its second word is no base64") from error
    fields = [*_fields(blob)]
    if len(fields) < 2 or fields[0] != kind.encode() or b"".join(map(_field, fields)) != blob:
        raise BadKeyError("is damaged: a part of it is missing")
    if kind == "ssh-rsa" and int.from_bytes(fields[-1], "big").bit_length() < SHORTEST_RSA:
        raise BadKeyError(f"is an RSA key of less than {SHORTEST_RSA} bits")
    return Key(kind, blob, printable(comment.strip()))


def _fields(blob: bytes) -> Iterator[bytes]:
    """RFC 4251 §5: strings, each behind its length."""
    while len(blob) >= 4:
        size = int.from_bytes(blob[:4], "big")
        yield blob[4 : 4 + size]
        blob = blob[4 + size :]


def _field(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def authorized(keys: tuple[Key, ...]) -> str:
    """The file that sshd reads."""
    head = "# Made from offhook.toml on the card; change it there.\n"
    return head + "".join(f"{key.line}\n" for key in keys)
