"""A site on this machine that serves audio as planned, faults included, and counts the requests.

Addresses are ``/watch/<id>.<ext>``; the plan's :class:`Page` determines the response. Tests and
``benchmarks/download.py`` run the real yt-dlp against it.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath

MEDIA_TYPES = {
    ".webm": "audio/webm",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")

FAULTS = ("ok", "404", "403", "429", "500", "stall", "truncated", "html", "reset", "drip")
"""Behaviours of a page; a number is an HTTP status."""

WAITED_FOR = ("stall", "drip")
"""Faults that only a timeout ends; all others may take as long as a busy machine needs."""


@dataclass
class Page:
    """The response of a path.

    Parameters
    ----------
    body : bytes
        Content of the file.
    fault : str
        One of ``FAULTS``.
    ranges : bool
        Whether the server supports range requests.
    hides_length : bool
        Whether the server does not send the length of the file.
    heals_after : int, optional
        Number of requests after which the fault is over.
    """

    body: bytes = b""
    fault: str = "ok"
    ranges: bool = True
    hides_length: bool = False
    heals_after: int | None = None


@dataclass
class Site:
    """The server: its plan, and its counts of requests and of bytes sent, by path."""

    url: str
    plan: dict[str, Page] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)

    def add(self, path: str, body: bytes = b"", fault: str = "ok", **more: object) -> str:
        """Put a page at ``/watch/<path>`` and return its address."""
        self.plan[f"/watch/{path}"] = Page(body, fault, **more)  # type: ignore[arg-type]
        return f"{self.url}/watch/{path}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.site.asked[path] += 1
        page = self.site.plan.get(path)
        if page is None:
            self._say(404, b"not here")
            return
        healed = page.heals_after is not None and self.site.asked[path] > page.heals_after
        fault = "ok" if healed else page.fault
        if fault.isdecimal():
            self._say(int(fault), b"no")
        elif fault == "html":
            self._say(200, b"<!doctype html><html><body>log in to this network</body></html>", "text/html")
        elif fault == "reset":
            self._reset()
        else:
            self._serve(path, page, fault)

    def _serve(self, path: str, page: Page, fault: str) -> None:
        first, last, total = 0, len(page.body) - 1, len(page.body)
        wanted = _RANGE.fullmatch(self.headers.get("Range", "")) if page.ranges else None
        if wanted:
            first = int(wanted[1])
            last = min(last, int(wanted[2])) if wanted[2] else last
            if first > last:
                self._say(416, b"")
                return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", MEDIA_TYPES.get(PurePosixPath(path).suffix, "application/octet-stream"))
        if page.hides_length:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(last - first + 1))
        if page.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{'*' if page.hides_length else total}")
        self.end_headers()
        if self.command != "HEAD":
            self._send(path, page.body[first : last + 1], first, total, fault)

    def _send(self, path: str, body: bytes, first: int, total: int, fault: str) -> None:
        """Send a part of the file; faults begin in its middle, after its header, as they do in reality."""
        healthy = len(body) if fault == "ok" else max(0, total // 3 - first)
        with suppress(ConnectionError):
            for at in range(0, min(healthy, len(body)), 1 << 16):
                self.wfile.write(body[at : min(at + (1 << 16), healthy)])
            self.site.sent[path] += min(healthy, len(body))
            if healthy >= len(body):
                return
            self.close_connection = True
            if fault == "stall":
                self.site.closing.wait(60)
            elif fault == "drip":
                for byte in body[healthy:]:
                    self.wfile.write(bytes([byte]))
                    if self.site.closing.wait(0.1):
                        return

    def _say(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def handle(self) -> None:
        with suppress(ConnectionError, ValueError):
            super().handle()

    def finish(self) -> None:
        with suppress(ConnectionError, ValueError, OSError):
            super().finish()


@contextmanager
def site() -> Iterator[Site]:
    """Run a site with an empty plan."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    running = Site(f"http://127.0.0.1:{server.server_port}")
    handler.site = running  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.closing.set()
        time.sleep(0)
        server.shutdown()
        server.server_close()
        thread.join()
