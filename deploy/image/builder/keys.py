"""The keys that sign updates: they belong to whoever makes the images, and never lie in the repo.

A directory holds ``ca.pem`` (what phones trust; several certificates while keys are changed),
``signer.pem`` (the certificate that signs, then any between it and the CA) and ``signer.key``.
``KEYS=DIR`` names it; without that a development set is made on first use, and says so everywhere.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.say import BuildError, say
from builder.toolbox import Tree

DEVELOPMENT: Final = "Offhook DEVELOPMENT"
"""Begins the names of development certificates; the keyring of a phone that trusts one shows it."""
_VALID_FROM: Final = "20200101000000Z"  # before any clock a phone may start with
_VALID_UNTIL: Final = "20991231235959Z"
_CERTIFICATE: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n"
)
_EXTENSIONS: Final = """\
[req]
distinguished_name = name
prompt = no
string_mask = utf8only
[name]
O = Offhook
CN = {name}
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """One directory of keys, as checked by `find`."""

    directory: Path
    development: bool

    @property
    def ca(self) -> Path:
        """What phones trust."""
        return self.directory / "ca.pem"

    @property
    def signer(self) -> Path:
        """The certificate that signs, then those between it and the CA."""
        return self.directory / "signer.pem"

    @property
    def key(self) -> Path:
        """The secret."""
        return self.directory / "signer.key"


def default_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where development keys lie."""
    base = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "offhook" / "keys"


def find(tools: Tree, environment: Mapping[str, str] = os.environ) -> Keys:
    """The keys to use: $KEYS, or the development set, made when there is none.

    Raises `BuildError` when they cannot sign what a phone with their CA would take.
    """
    given = environment.get("KEYS")
    directory = Path(given).resolve() if given else default_directory(environment)
    if not given and not directory.exists():
        make_development(tools, directory)
    for name in ("ca.pem", "signer.pem", "signer.key"):
        if not (directory / name).is_file():
            raise BuildError(f"{directory} has no {name}; deploy/README.md says how to make keys")
    keys = Keys(directory, DEVELOPMENT in keyring(tools, directory / "ca.pem"))
    _check(tools, keys)
    if keys.development:
        say(f"  keys       DEVELOPMENT keys ({directory}): not for phones that others rely on")
    return keys


def make_development(tools: Tree, directory: Path) -> None:
    """A CA and a signer for trials.  The CA's own key is not kept: a new set costs nothing."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700)
    mark = secrets.token_hex(4)
    (directory / "ca.cnf").write_text(_EXTENSIONS.format(name=f"{DEVELOPMENT} CA {mark}"))
    (directory / "signer.cnf").write_text(_EXTENSIONS.format(name=f"{DEVELOPMENT} {mark}"))
    valid = ["-not_before", _VALID_FROM, "-not_after", _VALID_UNTIL]
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]

    def openssl(*words: str) -> None:
        tools.run(["sh", "-c", 'umask 077; exec openssl "$@"', "openssl", *words],
                  paths=[directory], cwd=directory)  # fmt: skip

    for name, by in (("ca", ()), ("signer", ("-CA", "ca.pem", "-CAkey", "ca.key"))):
        openssl("req", "-x509", "-config", f"{name}.cnf", "-extensions", name, *new_key, *valid,
                *by, "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    for name in ("ca.key", "ca.cnf", "signer.cnf"):
        (directory / name).unlink()
    _give_to_caller(directory)
    say(f"  keys       made DEVELOPMENT keys in {directory}: {DEVELOPMENT} {mark}")


def _give_to_caller(directory: Path) -> None:
    """Who called sudo owns the keys."""
    owner, group = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if owner and group:
        for path in (directory, *directory.iterdir()):
            os.chown(path, int(owner), int(group))


def certificates(path: Path) -> list[str]:
    """The certificates in a PEM file, and nothing else that may lie in it."""
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    found = _CERTIFICATE.findall(text)
    if not found:
        raise BuildError(f"{path} holds no certificate in PEM form")
    return found


def keyring(tools: Tree, ca: Path) -> str:
    """What a phone trusts: the certificates of `ca`, each under its subject.

    Raises `BuildError` when there is none.
    """
    parts = []
    for certificate in certificates(ca):
        subject = tools.run(
            ["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"], text=certificate
        )
        parts.append(f"# {subject.strip()}\n{certificate}")
    return "\n".join(parts)


def _check(tools: Tree, keys: Keys) -> None:
    if keys.key.stat().st_mode & 0o077:
        raise BuildError(f"Others may read {keys.key}: chmod 600 {keys.key}")
    tools.run(
        ["openssl", "verify", "-purpose", "codesign", "-CAfile", keys.ca,
         "-untrusted", keys.signer, keys.signer],
        paths=[keys.directory],
    )  # fmt: skip
