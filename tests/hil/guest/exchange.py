"""The lab exchange inside the simulated board's machine, on its loopback network.

python -m hil.guest.exchange PASSWORDS      prints a line for each of its events
"""

import asyncio
import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from hil.guest.patience import wait_for
from offhook.lab.server import PORT, Server, Sockets
from offhook.service.entropy import SystemEntropy

LOG: Final = Path("/run/exchange.log")
PASSWORDS: Final = {"1001": "one-for-the-phone", "1002": "another"}


def main(passwords: str) -> None:
    """Until it is killed."""
    sockets = Sockets.open(port=PORT)
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("offhook.lab.exchange").info("listening")
    asyncio.run(Server(sockets, json.loads(passwords), SystemEntropy()).run())


@dataclass(slots=True)
class LabExchange:
    """The scenario's hold on it."""

    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls) -> Self:
        """Returns once it listens."""
        command = [sys.executable, "-u", "-m", "hil.guest.exchange", json.dumps(PASSWORDS)]
        with LOG.open("wb") as log:
            exchange = cls(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        wait_for("the exchange", lambda: "listening" in exchange.log)
        return exchange

    @property
    def log(self) -> str:
        """All that it said."""
        return LOG.read_text()

    def said(self, text: str) -> int:
        """How many of its lines have this text."""
        return sum(text in line for line in self.log.splitlines())

    @property
    def complaints(self) -> list[str]:
        """What the phones did wrong."""
        return [line for line in self.log.splitlines() if not line.startswith("INFO ")]


if __name__ == "__main__":
    main(sys.argv[1])
