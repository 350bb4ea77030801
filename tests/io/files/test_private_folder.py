import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sedpipe.io.files.private_folder import PrivateFolder

OWNER = """
import sys, time
from sedpipe.io.files.private_folder import PrivateFolder
folder = PrivateFolder()
(folder.path / "cookies.txt").write_text("secret")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Parent of temporary folders, in this process and in those that it starts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def owner() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def grow_old(folder: Path) -> None:
    os.utime(folder, (time.time() - 3600,) * 2)


def test_only_its_owner_may_enter_the_folder_and_closing_deletes_it(place: Path) -> None:
    folder = PrivateFolder()
    assert folder.path.parent == place
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    (folder.path / "deep").mkdir()
    folder.close()
    folder.close()
    assert list(place.iterdir()) == []


def test_folders_of_killed_processes_are_deleted_and_those_of_living_ones_are_kept(place: Path) -> None:
    (dead, left), (living, kept) = owner(), owner()
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert (left / "cookies.txt").read_text() == "secret"
    grow_old(left)
    grow_old(kept)
    try:
        folder = PrivateFolder()
        assert not left.exists()
        assert (kept / "cookies.txt").exists()
        folder.close()
    finally:
        living.communicate("")
    assert not kept.exists()


def test_a_folder_of_another_program_with_a_similar_name_is_kept(place: Path) -> None:
    (place / "sedpipe-benchmark-x").mkdir()
    grow_old(place / "sedpipe-benchmark-x")
    PrivateFolder().close()
    assert (place / "sedpipe-benchmark-x").exists()
