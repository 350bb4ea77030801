import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from leftovers import left_by_a_killed_process, leftover_name
from sedpipe.io.files import owners
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.owners import is_abandoned, temporary_name

HOUR_S = 3600

WRITES = """
import sys, time
from pathlib import Path
from sedpipe.io.files.atomic import write_atomically
with write_atomically(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("half", flush=True)
    sys.stdin.readline()
    temporary.write_text("whole")
"""


def writing(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Return a process in the middle of writing ``a.txt``, and its unfinished file."""
    command = [sys.executable, "-c", WRITES, str(folder / "a.txt")]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "half\n"
    [temporary] = folder.iterdir()
    return writer, temporary


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_temporary_names_are_unique_and_keep_the_suffix() -> None:
    names = {temporary_name(".h5") for _ in range(100)}
    assert len(names) == 100
    assert all(Path(name).suffix == ".h5" for name in names)


@pytest.mark.skipif(os.name != "posix", reason="nobody can be asked whether a process is alive")
def test_a_file_that_another_process_is_writing_is_not_removed(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(tmp_path / "a.txt")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "half\n"
    [temporary] = tmp_path.iterdir()
    age(temporary, 10 * HOUR_S)
    remove_leftovers(tmp_path)
    assert temporary.exists()
    writer.communicate("\n")
    assert (tmp_path / "a.txt").read_text() == "whole"


@pytest.mark.skipif(os.name != "posix", reason="nobody can be asked whether a process is alive")
def test_the_file_of_a_killed_process_is_abandoned_even_before_the_process_is_reaped(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(tmp_path / "a.txt")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "half\n"
    [temporary] = tmp_path.iterdir()
    writer.kill()
    while not is_abandoned(temporary):  # the process is a zombie until it is waited for
        time.sleep(0.01)
    writer.communicate()
    assert is_abandoned(temporary)


@pytest.mark.parametrize("name", [".tmp-0123456789abcdef.h5", ".tmp-ffffffff-1-ffffffff.h5"])
def test_files_without_owner_or_from_elsewhere_count_as_work_in_progress_for_an_hour(tmp_path: Path, name: str) -> None:
    for path in (tmp_path / name, tmp_path / "folder" / name):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
        assert not is_abandoned(path)
        age(path, 2 * HOUR_S)
        assert is_abandoned(path)


def test_old_files_of_other_programs_with_similar_names_are_kept(tmp_path: Path) -> None:
    own = tmp_path / ".tmp-0123456789abcdef.h5"
    strange = [tmp_path / name for name in (".tmp-thesis.docx", ".tmp-0", ".tmp-0123456789abcdefg", ".tmp-ffffffff-1")]
    for path in (own, *strange):
        path.write_bytes(b"")
        age(path, 48 * HOUR_S)
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(strange)


def test_the_age_of_a_folder_is_that_of_its_newest_file(tmp_path: Path) -> None:
    folder = tmp_path / ".tmp-0123456789abcdef"
    folder.mkdir()
    (folder / "0.wav").write_bytes(b"unpacked")
    age(folder, 2 * HOUR_S)
    assert not is_abandoned(folder)


def test_a_name_of_this_process_is_not_abandoned(tmp_path: Path) -> None:
    assert not is_abandoned(tmp_path / temporary_name())
    assert is_abandoned(left_by_a_killed_process(tmp_path))


def test_the_place_in_a_name_differs_between_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    here = owners._place()
    owners._place.cache_clear()
    monkeypatch.setattr("platform.node", lambda: "another machine")
    try:
        assert owners._place() != here
    finally:
        owners._place.cache_clear()
    assert leftover_name().startswith(".tmp-")
