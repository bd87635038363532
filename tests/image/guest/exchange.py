"""The lab exchange, outside the phone: ``-m image.guest.exchange ADDRESS PORT PASSWORDS``."""

import asyncio
import json
import logging
import sys

from offhook.lab.server import Server, Sockets
from offhook.service.entropy import SystemEntropy


def main(address: str, port: int, passwords: str) -> None:
    """Until it is killed."""
    sockets = Sockets.open(address, port)
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("offhook.lab.exchange").info("listening")
    asyncio.run(Server(sockets, json.loads(passwords), SystemEntropy()).run())


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
