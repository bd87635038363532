"""What may not leave the phone: everything in a report goes through `Mask.clean`.

Three nets, each for what slips through the one before: secrets known by their value (read from the
files where they live), words that name a secret, and what the journal hides anyway (proofs of the
password in SIP messages, keys of the media).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from offhook.service.redact import HIDDEN, MAX_LINES, redact

SHORTEST: Final = 4
"""Characters of a secret that is looked for by its value: "1" would hide half the report."""
SHORT_NUMBER: Final = 5  # digits; fewer may as well be something else
_KEYS: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*(PRIVATE KEY|OPENSSH)[A-Z0-9 ]*-----.*?(-----END [A-Z0-9 ]*-----|\Z)",
    re.DOTALL,
)
_SSH: Final = re.compile(
    r"((?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) )[A-Za-z0-9+/=]{16,}"
)
_NAME: Final = (
    r"[\"']?(?:[\w.-]*(?:pass(?:word|phrase|wd)|secret|token|psk|private[_-]?key|ha1|wep_key)"
    r"[\w.-]*(?<!_file)|c?nonce)[\"']?"
)
_LINE: Final = re.compile(rf"(?im)^(\s*{_NAME}\s*[=:]\s*)(?![\[{{]?\s*$)\S.*$")
"""A setting on a line of its own: hidden to the end, whatever it is quoted by."""
_WORD: Final = re.compile(
    rf"(?i)((?<![\w.-]){_NAME}\s*[=:]\s*)(\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s,;}}\]]+)"
)
_PARTY: Final = re.compile(r"(\bparty=)(\"[^\"]*\"|\S+)(?:( name=)(\"[^\"]*\"|\S+))?")
"""As `service.journal.call_line` writes them."""
_USER: Final = re.compile(r"(\b(?:sips?|tel):)([^@\s;<>\":,]{1,128})")


@dataclass(slots=True)
class Mask:
    """One report's: what is hidden, and people's numbers by other names if they are to be."""

    secrets: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    """Numbers and hosts that are ours and may be seen."""
    numbers: bool = False
    """Whether numbers and names of callers are masked."""
    _known: dict[str, str] = field(default_factory=dict)

    def people(self, calls: Iterable[Mapping[str, object]]) -> None:
        """Learn whose numbers and names these are, so that they are found anywhere."""
        for call in calls if self.numbers else ():
            for key in ("party", "name"):
                if value := str(call.get(key) or ""):
                    self._stand_in(value)

    def clean(self, text: str) -> str:
        """`text` without what may not leave."""
        for form in _forms(self.secrets):
            text = text.replace(form, HIDDEN)
        text = _SSH.sub(rf"\1{HIDDEN}", _KEYS.sub(f"<private key {HIDDEN}>", text))
        text = _WORD.sub(rf"\1{HIDDEN}", _LINE.sub(rf"\1{HIDDEN}", text))
        return "\n".join(map(self._masked, _redacted(text.expandtabs())))

    def _masked(self, line: str) -> str:
        if not self.numbers:
            return line
        line = _PARTY.sub(self._party, line)
        line = _USER.sub(lambda found: found[1] + self._stand_in(found[2]), line)
        for value in sorted(self._known, key=len, reverse=True):
            if value in line:
                line = _whole(value).sub(self._known[value], line)
        return line

    def _party(self, found: re.Match[str]) -> str:
        told = found[1] + self._stand_in(found[2].strip('"'))
        return told + found[3] + self._stand_in(found[4].strip('"')) if found[3] else told

    def _stand_in(self, value: str) -> str:
        """The same for the same number, so that calls can still be told apart."""
        if value in self.own or not value or value.startswith(("<", "/")):
            return value
        return self._known.setdefault(value, f"<person {len(self._known) + 1}>")


def _whole(value: str) -> re.Pattern[str]:
    """`value` as a word; "600" is a caller's number, but not in "600/second" or "mode=600"."""
    before, after = ("=", "/") if len(value) < SHORT_NUMBER else ("", "")
    return re.compile(rf"(?<![\w.{before}]){re.escape(value)}(?![\w.{after}])")


def _forms(secrets: Iterable[str]) -> list[str]:
    """A secret as it stands, in JSON, and in a URI; longest first."""
    forms = {
        form
        for secret in secrets
        if len(secret) >= SHORTEST
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))
    }
    return sorted(forms, key=len, reverse=True)


def _redacted(text: str) -> Iterator[str]:
    lines = text.split("\n")
    for start in range(0, len(lines), MAX_LINES):
        some = "\n".join(lines[start : start + MAX_LINES])
        yield from redact(some.encode("utf-8", "backslashreplace")).split("\n")
