import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from rights import without_power
from sedpipe.errors import SedpipeError
from sedpipe.io.files.locks import hold, hold_if_free, is_held, wait_for


def test_another_attempt_to_hold_a_lock_fails_with_what_its_holder_is_doing(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "a.lock"
    assert not is_held(path)
    with hold(path, "baking", hint="wait for the bread"):
        assert is_held(path)
        again = hold(path, "baking", hint="wait for the bread")
        with pytest.raises(SedpipeError, match=r"^another process is baking \(.*a\.lock\)$") as caught:
            again.__enter__()
        assert caught.value.hint == "wait for the bread"
    assert not is_held(path)
    with wait_for(path):
        assert is_held(path)
        with hold_if_free(path) as is_ours:
            assert not is_ours
    with hold_if_free(path) as is_ours:
        assert is_ours
        assert is_held(path)
    assert not is_held(path)


def test_a_killed_process_releases_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    code = f"""
from pathlib import Path
from sedpipe.io.files.locks import hold
with hold(Path({os.fspath(path)!r}), "x", ""):
    print("held", flush=True)
    input()
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "held\n"
    assert is_held(path)
    other.kill()
    other.communicate()
    assert not is_held(path)


def test_the_callback_is_called_only_if_the_lock_has_to_be_waited_for(tmp_path: Path) -> None:
    path, told = tmp_path / "a.lock", []
    with wait_for(path, lambda: told.append("at once")):
        pass
    held = hold(path, "baking", "")
    held.__enter__()

    def free() -> None:
        told.append("waiting")
        held.__exit__(None, None, None)

    with wait_for(path, free):
        assert is_held(path)
    assert told == ["waiting"]


def test_a_disk_without_lock_support_blocks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: FileLock, **_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    inside = False
    with hold(tmp_path / "a.lock", "x", ""), wait_for(tmp_path / "a.lock"):
        inside = True
    assert inside


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_without_system_locks_a_file_serves_as_the_lock_and_counts_as_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unknown)
    path = tmp_path / "a.lock"
    assert not is_held(path)
    with hold(path, "x", ""):
        assert is_held(path)
    assert not is_held(path)


def test_an_unwritable_folder_gives_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    held = hold(tmp_path / "file" / "a.lock", "x", "")
    with pytest.raises(SedpipeError, match=r"^cannot write .*a\.lock: (Not a directory|File exists)$"):
        held.__enter__()


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
@pytest.mark.parametrize(("mode", "is_known"), [(0o444, True), (0, False)])
def test_locks_in_a_read_only_cache_are_checked_without_writing_to_it(
    tmp_path: Path, mode: int, is_known: bool
) -> None:
    path = tmp_path / "cache" / "a.lock"
    with hold(path, "baking", ""):
        path.chmod(mode)
        path.parent.chmod(0o555)
        os.utime(path, (1, 1))
        with without_power():
            assert is_held(path) == is_known
    with without_power():
        assert not is_held(path)
        assert not is_held(path.with_name("b.lock"))
    path.parent.chmod(0o755)
    assert path.stat().st_mtime == 1


def test_checking_whether_a_lock_is_held_does_not_keep_others_from_taking_it(tmp_path: Path) -> None:
    path, stop = tmp_path / "a.lock", threading.Event()
    path.write_text("")

    def ask() -> None:
        while not stop.is_set():
            is_held(path)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    n_held = 0
    try:
        for _ in range(50):
            with hold(path, "baking", ""):
                n_held += 1
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert n_held == 50
