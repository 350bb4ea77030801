"""Fixtures of all tests: no network beyond this machine, and access to data that is not part of the project."""

import os
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import Browser, find_browser
from hypothesis import settings

# How long an example takes depends on what else the machine does. A profile of another name, if loaded, stays.
settings.register_profile("default", deadline=None)

collect_ignore = ["first_edition/make.py"]  # it imports the first edition

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Make a test fail if it tries to reach another machine."""
    connect = socket.socket.connect

    def connect_to_loopback(self, address):
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_disks() -> Iterator[None]:
    """Do not force written files to disk: they outlive a killed process anyway, and no test turns the power off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public data that is kept outside the project; tests that need it are skipped if it is missing."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SEDPIPE_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("no test data: set SEDPIPE_TEST_DATA to a folder with dcase2017-task4/ and esc10/")
    return folder


class Web:
    """A server on this machine: the folder that it serves, its address, and the paths that were requested."""

    def __init__(self, folder: Path, url: str, handler: type[SimpleHTTPRequestHandler], asked: list[str]) -> None:
        self.folder = folder
        self.url = url
        self.handler = handler
        self.asked = asked


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A web server on this machine, for tests that fetch something."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path_factory.mktemp("web")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

        def log_request(self, code="-", size="-"):
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield Web(folder, f"http://127.0.0.1:{server.server_port}", Handler, asked)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium is installed: the page was not opened")
    with Browser(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """A page that no test has used before."""
    chromium.begin_anew()
    return chromium
