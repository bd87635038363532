"""Debian's sipp as a peer that does word for word what a scenario says.

The scenarios lie in `sipp/`.  Two things are added to sipp's own language, since it cannot include:
`<use part="reply" status="180 Ringing"/>` stands for `sipp/parts/reply.xml`, and `{status}` for a
value given there, by the test or in `DEFAULTS`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from support.ports import taken
from support.process import PATIENCE, Program

SCENARIOS: Final = Path(__file__).with_name("sipp")
DEFAULTS: Final = {
    "body": "empty",
    "branch": "[branch]",
    "direction": "sendrecv",
    "expect": "m=audio",
    "extra": "User-Agent: SIPp",
    "granted": "SIP/2.0 200",
    "retrans": "",
    "talk": "300",
    "version": "1",
}
_USE: Final = re.compile(r"""<use part="([^"]+)"((?:\s+\w+=(?:"[^"]*"|'[^']*'))*)\s*/>""")
_VALUE: Final = re.compile(r"""(\w+)=(?:"([^"]*)"|'([^']*)')""")
_PLACE: Final = re.compile(r"\{(\w+)\}")


def scenario(name: str, values: Mapping[str, str]) -> str:
    """The XML of `sipp/name.xml`, parts and values put in."""
    text = _expand((SCENARIOS / f"{name}.xml").read_text(), {**DEFAULTS, **values})
    ElementTree.fromstring(text.encode("latin-1"))  # noqa: S314  ours; sipp is silent about faults
    return text


def _expand(text: str, values: Mapping[str, str]) -> str:
    filled = _PLACE.sub(lambda found: values[found[1]], text)
    return _USE.sub(lambda found: _part(found[1], found[2], values), filled)


def _part(name: str, given: str, values: Mapping[str, str]) -> str:
    own = {key: double or single for key, double, single in _VALUE.findall(given)}
    return _expand((SCENARIOS / "parts" / f"{name}.xml").read_text(), {**values, **own})


@dataclass(slots=True)
class Sipp:
    """One call by one scenario."""

    name: str
    program: Program
    messages: Path
    errors: Path

    def succeeded(self, patience: float = PATIENCE) -> None:
        """Wait for its end; it must have gone as the scenario says."""
        status = self.program.wait(patience)
        assert status == 0, f"sipp ended with {status}\n{self.story()}"

    def sees(self, text: str, times: int = 1, patience: float = PATIENCE) -> None:
        """Wait until `text` was in so many of its messages, in or out."""
        end = time.monotonic() + patience
        while self._seen().count(text) < times:
            assert time.monotonic() < end, f"never saw {text!r}"
            time.sleep(0.02)

    def _seen(self) -> str:
        return self.messages.read_text("latin-1") if self.messages.exists() else ""

    def story(self) -> str:
        """What it found wrong, and every message it saw."""
        files = [file for file in (self.errors, self.messages) if file.exists()]
        return "\n".join([f"sipp, {self.name}:", *(file.read_text("latin-1") for file in files)])


@contextmanager
def sipp(
    directory: Path,
    name: str,
    port: int,
    to: int,
    *options: str,
    patience: float = PATIENCE,
    **values: str,
) -> Iterator[Sipp]:
    """Play `name` from loopback port `port` with the SIP port `to`; leaving waits for its end."""
    home = directory / f"{name}-{port}-{len(list(directory.iterdir()))}"
    home.mkdir()
    file, messages, errors = home / f"{name}.xml", home / "messages", home / "errors"
    file.write_text(scenario(name, values), "latin-1")
    command = ["sipp", f"127.0.0.1:{to}", "-sf", str(file), "-i", "127.0.0.1", "-p", str(port)]
    command += ["-m", "1", "-nostdin", "-skip_rlimit", "-timeout", f"{patience:.0f}"]
    command += ["-timeout_error", "-trace_err", "-error_file", str(errors)]
    command += ["-trace_msg", "-message_file", str(messages), *options]
    with Program(command, cwd=home) as program:
        one = Sipp(name, program, messages, errors)
        taken(port, program.process)
        try:
            yield one
        except BaseException as error:
            error.add_note(one.story())
            raise
        one.succeeded(patience)
