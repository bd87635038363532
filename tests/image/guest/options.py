"""Ask a telephone for its abilities: ``options.py OURS ITS_ADDRESS ITS_PORT``; exit 0: answered."""

import socket
import sys

TRIES = 3


def main(ours: str, host: str, port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((ours, 0))
        opened.settimeout(0.7)
        here = f"{ours}:{opened.getsockname()[1]}"
        for number in range(TRIES):
            lines = (
                f"OPTIONS sip:1001@{host}:{port} SIP/2.0",
                f"Via: SIP/2.0/UDP {here};branch=z9hG4bKimg{number};rport",
                "Max-Forwards: 70", f"From: <sip:test@{ours}>;tag=1", f"To: <sip:1001@{host}>",
                f"Call-ID: image-{number}@{ours}", "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
            )  # fmt: skip
            opened.sendto("\r\n".join(lines).encode(), (host, port))
            try:
                if opened.recv(4096).startswith(b"SIP/2.0 "):
                    return 0
            except TimeoutError:
                continue
    return 1


sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
