"""Free UDP ports on loopback."""

import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

PATIENCE: Final = 10.0  # seconds a program may take to open its port


def free_ports(count: int, span: int = 1) -> list[int]:
    """`count` even ports, each with the `span` - 1 ports after it free, by asking the kernel."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = _bind(held, 0)
            if port is None or port % 2 or port in found:
                continue
            if all(_bind(held, port + above) for above in range(1, span)):
                found.append(port)
        return found


def taken(port: int, by: "subprocess.Popen[str]") -> None:
    """Return once somebody listens on `port`, or the program that should has ended."""
    end = time.monotonic() + PATIENCE
    while by.poll() is None and f":{port:04X} " not in Path("/proc/net/udp").read_text():
        assert time.monotonic() < end, f"nobody opened port {port}"
        time.sleep(0.005)


def _bind(held: ExitStack, port: int) -> int | None:
    sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        return None
    bound: int = sock.getsockname()[1]
    return bound
