"""The one function through which a SIP message reaches a person (log, trace, crash report).

Hidden: what proves that we know the password (Authorization and Proxy-Authorization, whole), keys
of the media (`a=crypto` inline, `k=`, `a=ice-pwd`), passwords in URIs, and digits sent by INFO.
The rest is shown with controls and bidi marks escaped, line by line.
"""

import re
from typing import Final

from offhook.text import printable

HIDDEN: Final = "<hidden>"
MAX_LINE: Final = 1024  # characters of a line shown
MAX_LINES: Final = 400

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_PROOF: Final = re.compile(r"(?i)^((?:proxy-)?authorization\s*:\s*)(\w*)")
_RULES: Final = (
    (re.compile(r"(?i)(\binline\s*:)[^|;\s]*"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)^(k=|a=ice-pwd:|a=key-mgmt:|signal\s*=).*"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\bsips?:[^\s@:;<>\"]{0,256}:)[^\s@<>\"]*(?=@)"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"(?i)(\b(?:response|cnonce|password|passwd|ha1)\s*=\s*)(?:\"[^\"]*\"?|[^\s,;]*)"
        ),
        rf"\1{HIDDEN}",
    ),
)


def redact(message: bytes) -> str:
    """`message` for people: lines joined by a newline, without secrets or control characters."""
    shown: list[str] = []
    proof = False  # inside a header that proves the password; it may be folded over lines
    for line in _LINE_END.split(message, MAX_LINES)[:MAX_LINES]:
        text = line.decode("utf-8", "backslashreplace")
        if proof and text[:1] in (" ", "\t"):
            continue
        match = _PROOF.match(text)
        proof = match is not None
        shown.append(
            printable(f"{match[1]}{match[2]} {HIDDEN}" if match else _hide(text), MAX_LINE)
        )
    return "\n".join(shown)


def redact_text(text: str, limit: int = MAX_LINE) -> str:
    """The same for a piece of text of any origin, on one line."""
    return printable(redact(text.encode("utf-8", "backslashreplace")).replace("\n", " | "), limit)


def _hide(line: str) -> str:
    for pattern, replacement in _RULES:
        line = pattern.sub(replacement, line)
    return line
