"""A web server on loopback for tests: with or without ranges, with a signature to check, and one that breaks off."""

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SIGNATURE = "X-Amz-Signature=0123456789planted0secret"


class Handler(BaseHTTPRequestHandler):
    """Serves what its server was given."""

    server: "Server"  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        self.server.requests.append(format % args)

    def _answer(self, *, with_body: bool) -> None:
        address = urlsplit(self.path)
        name = address.path
        if name.startswith("/moved/"):
            self._head(302, {"Location": name.removeprefix("/moved") + "?" + address.query, "Content-Length": "0"})
        elif name not in self.server.files:
            self._head(404, {"Content-Length": "0"})
        elif name.startswith("/signed/") and address.query != SIGNATURE:
            self._head(403, {"Content-Length": "0"})
        else:
            self._send(self.server.files[name], with_body=with_body)

    def _send(self, content: bytes, *, with_body: bool) -> None:
        asked = self.headers.get("Range") if self.server.has_ranges else None
        first, last = 0, len(content) - 1
        if asked:
            start, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
        if first >= self.server.breaks_at:
            self._head(500, {"Content-Length": "0"})
            return
        headers = {"Content-Length": str(last - first + 1)}
        if self.server.has_ranges:
            headers |= {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{len(content)}"}
        self._head(206 if asked else 200, headers)
        if with_body:
            self.wfile.write(content[first : last + 1])

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    """`files` maps paths to contents; from byte `breaks_at` of a file on it answers with an error."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes], *, has_ranges: bool = True, breaks_at: int = 1 << 60) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.has_ranges = has_ranges
        self.breaks_at = breaks_at
        self.requests: list[str] = []

    @property
    def address(self) -> str:
        """The address of its root, without a slash."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served(
    files: Mapping[str, bytes], *, has_ranges: bool = True, breaks_at: int = 1 << 60
) -> Generator[Server, None, None]:
    """A running server."""
    server = Server(files, has_ranges=has_ranges, breaks_at=breaks_at)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
