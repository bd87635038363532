"""A web server for updates: it can send parts of files, as RAUC asks for them."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")


def serve(directory: Path, port: int) -> None:
    """Serve the files of `directory` on the loopback, as long as the scenario runs."""

    class Files(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = directory / Path(self.path).name
            if not path.is_file():
                self.send_error(404)
                return
            size = path.stat().st_size
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            first = int(asked[1]) if asked else 0
            last = min(int(asked[2] or size - 1), size - 1) if asked else size - 1
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(last - first + 1))
            self.end_headers()
            if body:
                with path.open("rb") as file:
                    file.seek(first)
                    self.wfile.write(file.read(last - first + 1))

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the console is for findings."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Files)
    Thread(target=server.serve_forever, daemon=True).start()
