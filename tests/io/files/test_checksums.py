import hashlib
import subprocess
from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.files.checksums import read_checksums, sha256_of


def test_output_of_sha256sum_is_read(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "clip.wav").write_bytes(b"one")
    (tmp_path / "b.wav").write_bytes(b"two")
    try:
        said = subprocess.check_output(["sha256sum", "./a folder/clip.wav", "./b.wav"], cwd=tmp_path)
    except FileNotFoundError:
        pytest.skip("no sha256sum here")
    (tmp_path / "list").write_bytes(said)
    assert read_checksums(tmp_path / "list") == {
        "a folder/clip.wav": hashlib.sha256(b"one").hexdigest(), "b.wav": hashlib.sha256(b"two").hexdigest()
    }  # fmt: skip
    assert sha256_of(tmp_path / "b.wav") == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize(
    "line", [f"{'0' * 64}  ../outside", f"{'0' * 64}  a/../../b", f"{'0' * 64}  /etc/passwd", f"{'0' * 63}  a", "", "a"]
)
def test_invalid_lines_and_paths_that_leave_the_folder_are_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list"
    path.write_text(f"{'1' * 64}  ./fine\n{line}\n")
    if not line:
        assert list(read_checksums(path)) == ["fine"]
        return
    with pytest.raises(ListFormatError, match=r"list:2: found .*expected '<64 hex digits>  \./path'"):
        read_checksums(path)


def test_a_path_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"{'1' * 64}  ./a\n{'2' * 64}  a\n")
    with pytest.raises(ListFormatError, match=r"list:2: 'a' is listed twice"):
        read_checksums(tmp_path / "list")
