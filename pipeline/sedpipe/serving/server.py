"""The address of a server on this machine, and the loop that answers requests.

- :class:`Server`: listens from its creation, answers while :meth:`Server.run` runs
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sedpipe.errors import SedpipeError
from sedpipe.serving.ear import Ear
from sedpipe.serving.recordings import Recordings

HOST = "127.0.0.1"
"""Local address: other machines cannot reach it."""

_PORTS = range(49152, 65536)
"""Dynamic ports, which are never registered (RFC 6335)."""


class Server:
    """Server that answers only the browser of this machine.

    Parameters
    ----------
    recordings : Recordings
        The folder.
    ear : Ear
        The model.
    port : int
        Port to listen on; 0 for the folder's own port, the same every time, or, if it is taken, any free one.

    Attributes
    ----------
    address : str
        Address of the server, including the secret.

    Raises
    ------
    SedpipeError
        If the port is taken, or starlette and uvicorn are not installed.
    """

    def __init__(self, recordings: Recordings, ear: Ear, port: int = 0) -> None:
        try:
            import uvicorn

            from sedpipe.serving.app import application
            from sedpipe.serving.guard import Guard
        except ModuleNotFoundError as error:
            raise SedpipeError(f"{error.name} is not installed", hint='run `pip install "sedpipe[listen]"`') from error
        self._socket = _listening(port) if port else _listening_on_known_port(recordings.folder)
        found, token = self._socket.getsockname()[1], secrets.token_urlsafe(24)
        self.address = f"http://{HOST}:{found}/{token}/"
        app = Guard(application(recordings, ear, f"/{token}/"), token, found)
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Answer requests until Ctrl-C, which is the usual way to end it and no error, or :meth:`stop`."""
        with self._socket, _ctrl_c_calls(self.stop):
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let :meth:`run` end soon; can be called from any thread."""
        self._server.should_exit = True


@contextmanager
def _ctrl_c_calls(end: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C call ``end``: uvicorn raises the signal again for the handler that was installed before its own."""
    # other threads receive no signals, and a script's background job ignores this one
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: end())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _listening_on_known_port(folder: Path) -> socket.socket:
    """Listen on the port of a folder: browsers store drafts by port, and would not find them at another one."""
    digest = hashlib.sha256(os.fsencode(folder.absolute())).digest()
    try:
        return _listening(_PORTS[int.from_bytes(digest[:8], "big") % len(_PORTS)])
    except SedpipeError:
        return _listening(0)


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        what = f"port {port} is not available: {error.strerror or error}"
        raise SedpipeError(what, hint="choose another with --port") from error
    return listening
