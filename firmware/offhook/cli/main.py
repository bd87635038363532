"""`offhook`: what a technician types over SSH.

Exit codes: 0 done, 1 refused or a problem found, 2 wrong arguments, 3 offhookd does not answer,
4 not allowed.
"""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from offhook.cli import show
from offhook.cli.client import Client, ClientError
from offhook.cli.ladder import Ladder
from offhook.service.config import DEFAULT_PATH
from offhook.service.config_check import check
from offhook.service.control_protocol import OUTPUTS, Json
from offhook.service.where import control_socket

Draw = Callable[[Mapping[str, Json]], Iterator[str]]
"""Turns what came into lines to print."""
OWN: Final[Mapping[str, tuple[str, str]]] = {
    "doctor": ("doctor", "one page: what is wrong with this phone, and what to do"),
    "logs": ("logs", "what the phone wrote down, by call and severity"),
    "report": ("report", "one file for whoever is asked for help, secrets masked"),
    "update": ("update", "install a signed bundle into the other slot, or look how that went"),
    "factory-reset": (
        "factory_reset",
        "forget settings, password, calls, keys and journal",
    ),
    "apply": ("apply", "check the file, restart the phone with it, wait until it is registered"),
}
"""Commands that look at the machine, not only at the phone: module, which is loaded when it is
wanted, and help."""
PLAIN: Final = frozenset({"report", "factory-reset"})
"""Commands with no answer for machines."""
_JSON: Final = "print the answer as JSON"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    chosen = _parser(words).parse_args(words)
    try:
        return _run(chosen)
    except ClientError as error:
        print(error, file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 0  # the way to end `trace`
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0  # the way `offhook trace | head` ends


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("offhook", description="Look at the telephone and drive it.")
    parser.add_argument("--json", action="store_true", help=_JSON)
    parser.add_argument(
        "--socket", type=Path, default=control_socket(), metavar="PATH", help="another telephone's"
    )
    both = argparse.ArgumentParser(add_help=False)  # `offhook status --json` works as well
    both.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=_JSON)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        parents = [] if name in PLAIN else [both]
        return commands.add_parser(name, help=text, description=text, parents=parents)

    command("status", "the telephone at a glance")
    command("dial", "call a number").add_argument("number")
    command("answer", "answer the call that rings")
    command("hangup", "end, cancel or reject what is going on")
    command("key", "press a key").add_argument("key", help="0-9 * # or a function")
    hook = command("hook", "lift the handset or put it down")
    hook.add_argument("position", choices=("up", "down"))
    calls = command("calls", "the call log, newest first")
    calls.add_argument("-n", dest="limit", type=int, default=20, metavar="N", help="how many (20)")
    trace = command("trace", "SIP messages as they pass, as a ladder")
    trace.add_argument("-v", dest="whole", action="store_true", help="show the messages whole")
    for name in OWN:
        if name != "apply":
            _own(command(name, OWN[name][1]), name, arguments)
    command("test", "try a part").add_argument("output", choices=OUTPUTS)
    config = commands.add_parser("config", help="the settings").add_subparsers(
        dest="what", required=True, metavar="show|check|apply"
    )
    config.add_parser("show", help="those in use, secrets masked", parents=[both])
    file = config.add_parser("check", help="every problem of a settings file", parents=[both])
    file.add_argument("file", type=Path, nargs="?", default=DEFAULT_PATH)
    _own(config.add_parser("apply", help=OWN["apply"][1]), "apply", arguments)
    return parser


def _own(parser: argparse.ArgumentParser, name: str, arguments: Sequence[str]) -> None:
    """A command whose module says all about it; loaded for who asks, as a Pi takes its time."""
    if name not in arguments:
        return
    part = import_module(f"offhook.cli.{OWN[name][0]}")
    parser.description = textwrap.fill(part.MORE, 90)
    parser.set_defaults(run=part.command)
    if hasattr(part, "arguments"):
        part.arguments(parser)


def _run(chosen: argparse.Namespace) -> int:
    if own := getattr(chosen, "run", None):
        return int(own(chosen))
    if chosen.command == "config" and chosen.what == "check":
        return _check(chosen.file, as_json=chosen.json)
    client = Client.connect(chosen.socket)
    try:
        return _talk(client, chosen)
    finally:
        client.close()


def _talk(client: Client, chosen: argparse.Namespace) -> int:
    result = client.ask(chosen.command, **_request(chosen))
    if chosen.command == "trace":
        _follow(client, "trace", _as_json if chosen.json else Ladder(chosen.whole).rungs)
    elif chosen.command == "test" and chosen.output == "keys":
        print("Press keys and move the hook; Ctrl-C ends.", file=sys.stderr)
        _follow(client, "keys", _as_json if chosen.json else show.contacts)
    elif chosen.json:
        print(json.dumps(result, indent=2))
    elif text := _text(chosen.command, result):
        print(text)
    return 0


def _request(chosen: argparse.Namespace) -> dict[str, Json]:
    match chosen.command:
        case "dial":
            return {"number": chosen.number}
        case "key":
            return {"key": chosen.key}
        case "hook":
            return {"lifted": chosen.position == "up"}
        case "calls":
            return {"limit": chosen.limit}
        case "test":
            return {"output": chosen.output}
        case _:
            return {}


def _text(command: str, result: Mapping[str, Json]) -> str:
    match command:
        case "status":
            return show.status(result)
        case "calls":
            return show.calls(result.get("calls"))
        case "config":
            return "\n".join(show.settings(result.get("config")))
        case _:
            return ""


def _follow(client: Client, topic: str, draw: Draw) -> None:
    for line in client.lines():
        message = line.get(topic)
        if isinstance(message, Mapping):
            for text in draw(message):
                print(text, flush=True)


def _as_json(message: Mapping[str, Json]) -> Iterator[str]:
    yield json.dumps(message)


def _check(file: Path, *, as_json: bool) -> int:
    problems = check(file)
    if as_json:
        names = ("file", "key", "value", "what", "remedy")
        print(
            json.dumps(
                [{name: getattr(each, name) for name in names} for each in problems], indent=2
            )
        )
    elif not problems:
        print(f"{file}: good.")
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
    return 1 if problems else 0
