import hashlib
from pathlib import Path

import pytest
from conftest import Web
from sedpipe.errors import SedpipeError
from sedpipe.io.web.fetch import fetch_file

CONTENT = b"onset offset\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(web: Web) -> str:
    (web.folder / "list.csv").write_bytes(CONTENT)
    return f"{web.url}/list.csv"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_into_a_new_folder_under_the_requested_name(tmp_path: Path, url: str) -> None:
    target = tmp_path / "sources" / "other-name.csv"
    assert fetch_file(url, target, SHA256) == target
    assert target.read_bytes() == CONTENT
    assert names_in(target.parent) == ["other-name.csv"]


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_an_existing_file_is_not_fetched_again(tmp_path: Path, web: Web, url: str, sha256: str | None) -> None:
    fetch_file(url, tmp_path / "list.csv", sha256)
    (web.folder / "list.csv").unlink()
    fetch_file(url, tmp_path / "list.csv", sha256)
    assert web.asked == ["/list.csv"]


def test_a_file_that_does_not_match_its_checksum_is_fetched_again(tmp_path: Path, url: str) -> None:
    (tmp_path / "list.csv").write_bytes(b"old")
    fetch_file(url, tmp_path / "list.csv", SHA256)
    assert (tmp_path / "list.csv").read_bytes() == CONTENT


def test_a_404_gives_a_one_line_error(tmp_path: Path, web: Web) -> None:
    with pytest.raises(SedpipeError, match=r"^cannot fetch http://.*/gone\.csv: the server answered 404 ") as caught:
        fetch_file(f"{web.url}/gone.csv", tmp_path / "gone.csv")
    assert "--from" in caught.value.hint
    assert names_in(tmp_path) == []


def test_content_with_a_wrong_checksum_is_rejected_and_not_kept(tmp_path: Path, url: str) -> None:
    with pytest.raises(SedpipeError, match=r"^http://.*list\.csv is not what the manifest expects: .*hash"):
        fetch_file(url, tmp_path / "list.csv", "0" * 64)
    assert names_in(tmp_path) == []


def test_content_with_a_wrong_checksum_does_not_replace_an_existing_file(tmp_path: Path, url: str) -> None:
    (tmp_path / "list.csv").write_bytes(b"old")
    with pytest.raises(SedpipeError, match="is not what the manifest expects"):
        fetch_file(url, tmp_path / "list.csv", "0" * 64)
    assert (tmp_path / "list.csv").read_bytes() == b"old"


def test_an_interrupted_transfer_gives_a_one_line_error_and_leaves_no_file(
    tmp_path: Path, web: Web, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim_more(self, keyword, value, send=web.handler.send_header):
        send(self, keyword, str(int(value) + 1) if keyword == "Content-Length" else value)

    monkeypatch.setattr(web.handler, "send_header", claim_more)
    with pytest.raises(SedpipeError, match=r"^cannot fetch http://.*list\.csv: \w+"):
        fetch_file(url, tmp_path / "list.csv")
    assert names_in(tmp_path) == []


def test_an_unreachable_server_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(SedpipeError, match=r"^cannot fetch http://127\.0\.0\.1:1/list\.csv: no connection$"):
        fetch_file("http://127.0.0.1:1/list.csv", tmp_path / "list.csv")


def test_an_unwritable_path_gives_a_one_line_error(tmp_path: Path, url: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SedpipeError, match=r"^cannot write .*list\.csv: (Not a directory|File exists)$") as caught:
        fetch_file(url, tmp_path / "file" / "list.csv")
    assert "--cache" in caught.value.hint
