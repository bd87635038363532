"""Ask a telephone for its abilities, and wait for nothing: ``knock.py OURS ITS_ADDRESS PORT``."""

import socket
import sys


def main(ours: str, host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((ours, 0))
        here = f"{ours}:{opened.getsockname()[1]}"
        lines = (
            f"OPTIONS sip:1001@{host}:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bKknock;rport",
            "Max-Forwards: 70", f"From: <sip:test@{ours}>;tag=1", f"To: <sip:1001@{host}>",
            f"Call-ID: knock@{ours}", "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
        )  # fmt: skip
        opened.sendto("\r\n".join(lines).encode(), (host, port))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
