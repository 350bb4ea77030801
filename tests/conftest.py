"""What every test has: no network but this machine, and the way to data that is not part of the project."""

import os
import socket
from pathlib import Path

import pytest

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """A test that reaches beyond this machine fails."""
    connect = socket.socket.connect

    def connect_to_loopback(self, address):
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public data that is kept outside the project; tests that ask for it skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SEDPIPE_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("no test data: set SEDPIPE_TEST_DATA to a folder with dcase2017-task4/ and esc10/")
    return folder
