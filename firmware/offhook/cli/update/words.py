"""What RAUC says, in words that tell what to do."""

import re
from collections.abc import Iterable
from typing import Final

CLOCK: Final = (
    "A certificate is judged by the clock: is it right?  offhook doctor.  If it is: the server's "
    "certificate is not from an authority this phone knows; fetch the file another way."
)
_MEANINGS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (
            r"compatible mismatch: expected '([^']*)' but bundle manifest has '([^']*)'",
            "The bundle is for {1}, this phone is {0}.  Get the bundle for this phone.",
        ),
        (
            r"version mismatch: expected at least '([^']*)' but bundle manifest has '([^']*)'",
            "The bundle is version {1}; this phone goes back to nothing older than {0}.",
        ),
        (
            r"expected at least '([^']*)' but bundle manifest has no version",
            "The bundle has no version; this phone takes none older than {0}.",
        ),
        (
            r"already processing|another installation|installation already in progress",
            "Another update is running: offhook update --status",
        ),
        (
            r"SSL|TLS|peer certificate|certificate problem|certificate (?:has )?expired"
            r"|certificate is not yet valid",
            f"The server's certificate was refused.  {CLOCK}",
        ),
        (
            r"signature verification failed|verify (?:x509 cert|error)|self.signed certificate"
            r"|unable to get (?:local )?issuer|CMS_verify|signer certificate",
            "The signature is not of whoever makes this phone's images.  Get the bundle from them; "
            "a phone with a development key takes only bundles signed with that key.",
        ),
        (
            r"slot \((\d+) bytes\) is too small for image \((\d+) bytes\)",
            "The new system ({1} bytes) does not fit into its slot ({0} bytes): write the new "
            "image to a card instead.",
        ),
        (
            r"(?:couldn't|could not) resolve|name or service not known",
            "The server's name is not known here: offhook doctor (dns).",
        ),
        (
            r"(?:couldn't|could not|failed to) connect|connection refused|timed? ?out|unreachable"
            r"|server not responding",
            "The server does not answer: offhook doctor (network); is the address right?",
        ),
        (
            r"http (?:error|response) (?:code )?(\d+)|not found: http",
            "The server has no such file (HTTP {0}): is the address right?",
        ),
        (
            r"range request|no support for range|incomplete http response",
            "The server cannot send parts of a file (HTTP range); fetch the file another way.",
        ),
        (
            r"invalid (?:bundle )?(?:identifier|magic)|no valid cms|signature size|is too small"
            r"|not a (?:valid )?bundle|failed to parse signature",
            "This is no bundle, or only a part of one: fetch it again, and compare its checksum.",
        ),
        (
            r"verity|input/output error|verification of .* failed|hash mismatch|superblock"
            r"|pre-install handler",
            "The bundle is damaged: fetch it again.  If it stays so, the card or stick is.",
        ),
        (
            r"still mounted|already mounted",
            "The other slot is mounted; unmount it: findmnt /dev/disk/offhook-root-*",
        ),
        (
            r"no space left",
            "The data partition is full: offhook doctor (disk).",
        ),
        (
            r"/dev/mapper/control|device.mapper|nbd device|netlink",
            "The kernel that runs cannot open bundles: sudo modprobe -a dm_verity nbd",
        ),
        (
            r"d-bus|was not provided by any|rejected send|connection is closed",
            "RAUC's service does not answer: systemctl status rauc",
        ),
    )
)  # fmt: skip


def meaning(said: Iterable[str]) -> str:
    """The first explanation that fits, from the last words back; empty when none is known."""
    lines = [line for line in said if line.strip()]
    for line in reversed(lines):
        for pattern, words in _MEANINGS:
            if found := pattern.search(line):
                return words.format(*(group or "404" for group in found.groups()))
    return ""
