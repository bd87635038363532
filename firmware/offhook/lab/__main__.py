"""`make run`: the telephone on a simulated board, an exchange to call, and a drawn desk phone."""

import argparse
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from offhook.lab.desk import HOST
from offhook.lab.desk import PORT as DESK_PORT
from offhook.lab.household import USERS, Household, has_sound, new_passwords
from offhook.lab.server import PORT as SIP_PORT
from offhook.lab.server import Sockets
from offhook.lab.services import SERVICES
from offhook.lab.session import Session
from offhook.service.config import ConfigError
from offhook.service.entropy import SystemEntropy
from offhook.service.where import NotOursError, lab_socket

COMMANDS = (
    ("offhook status", "what the telephone is doing"),
    ("offhook dial 600", "as if the handset were lifted and 600 dialled"),
    ("offhook answer, offhook hangup", "a call"),
    ("offhook key 5, offhook hook up", "keys and handset"),
    ("offhook calls", "the call log"),
    ("offhook trace", "SIP messages as they pass"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C."""
    chosen = _parser().parse_args(arguments)
    _log_exchange()
    household = Household(chosen.directory.resolve(), chosen.socket, new_passwords())
    try:
        with _listener(chosen.port) as page:
            sockets = Sockets.open(port=chosen.sip_port)
            sound = not chosen.silent and has_sound()
            session = Session(household, sockets, page, SystemEntropy(), sound, _greet)
            return session.run()
    except KeyboardInterrupt:
        return 0  # Ctrl-C before the telephone was up
    except (OSError, ConfigError) as error:
        print(f"The lab cannot start: {error}", file=sys.stderr)
        if isinstance(error, NotOursError):
            return 1
        print('Other ports:  make run ARGS="--port 0 --sip-port 0"  (0: any)', file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m offhook.lab", description=__doc__)
    parser.add_argument("--port", type=_port, default=DESK_PORT, help="of the drawn phone's page")
    parser.add_argument("--sip-port", type=_port, default=SIP_PORT, help="of the lab exchange")
    parser.add_argument("--silent", action="store_true", help="leave the sound card alone")
    parser.add_argument(
        "--directory", type=Path, default=Path("build/lab"), help="for settings and call log"
    )
    parser.add_argument("--socket", type=Path, default=lab_socket(), help="control socket")
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _listener(port: int) -> socket.socket:
    """The page's socket, bound before anything starts."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise OSError(f"port {port} of {HOST}: {error.strerror}") from error
    return listener


def _log_exchange() -> None:
    """One line per event of the exchange, on standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("exchange  %(message)s"))
    log = logging.getLogger("offhook.lab")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def _greet(session: Session) -> None:
    address, port = session.exchange.sockets.address, session.page.getsockname()[1]
    print(f"\n  The drawn telephone:  http://{HOST}:{port}/")
    print(f"  Its sound:            {'your sound card' if session.sound else 'no card: silent'}\n")
    print("  Lift the handset and dial")
    for number, service in SERVICES.items():
        print(f"    {number}   {service.words}")
    print("\n  or, from a second terminal (.venv/bin/…)")
    for command, words in COMMANDS:
        print(f"    {command:30}   {words}")
    print(f"\n  A second telephone may register at {address}:")
    for user in USERS[1:]:
        print(f"    user {user}, password {session.household.passwords[user]}")
    print("\n  Ctrl-C ends it all.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
