import hashlib
from collections.abc import Iterator
from pathlib import Path

import loopback
import pytest
from sedpipe.errors import SedpipeError
from sedpipe.io.web.resumed import PIECE, fetch_resumed

OTHERWISE = "run `sedpipe encoders fetch ears --from FILE`"

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site() -> Iterator[loopback.Site]:
    with loopback.site() as running:
        yield running


def fetch(url: str, folder: Path, content: bytes = CONTENT) -> bytes:
    path = fetch_resumed(
        url, folder / "ears.tflite", len(content), hashlib.sha256(content).hexdigest(), otherwise=OTHERWISE
    )
    assert [one.name for one in folder.iterdir()] == ["ears.tflite"]
    return path.read_bytes()


def test_a_file_is_downloaded_completely(tmp_path: Path, site: loopback.Site) -> None:
    assert fetch(site.add("a.bin", CONTENT), tmp_path) == CONTENT


def test_an_interrupted_transfer_resumes_where_it_stopped(tmp_path: Path, site: loopback.Site) -> None:
    assert fetch(site.add("a.bin", CONTENT, "truncated", heals_after=1), tmp_path) == CONTENT
    assert site.sent["/watch/a.bin"] <= len(CONTENT) + PIECE
    assert site.asked["/watch/a.bin"] == 2


def test_a_partial_file_left_by_a_killed_process_is_resumed(tmp_path: Path, site: loopback.Site) -> None:
    (tmp_path / "ears.tflite.part").write_bytes(CONTENT[:700_000])
    assert fetch(site.add("a.bin", CONTENT), tmp_path) == CONTENT
    assert site.sent["/watch/a.bin"] == len(CONTENT) - 700_000


def test_a_partial_file_is_replaced_if_the_server_does_not_support_ranges(tmp_path: Path, site: loopback.Site) -> None:
    (tmp_path / "ears.tflite.part").write_bytes(CONTENT[:700_000])
    assert fetch(site.add("a.bin", CONTENT, ranges=False), tmp_path) == CONTENT


def test_a_complete_partial_file_needs_no_request(tmp_path: Path, site: loopback.Site) -> None:
    (tmp_path / "ears.tflite.part").write_bytes(CONTENT)
    assert fetch(site.add("a.bin", CONTENT), tmp_path) == CONTENT
    assert not site.asked


@pytest.mark.parametrize("other", [CONTENT[:-1] + b"x", CONTENT[:-5], CONTENT + b"more", b""])
def test_unexpected_content_is_rejected_and_leaves_no_file(tmp_path: Path, site: loopback.Site, other: bytes) -> None:
    with pytest.raises(SedpipeError, match="is not the file that was expected") as caught:
        fetch_resumed(site.add("a.bin", other), tmp_path / "ears.tflite", len(CONTENT), SHA256, otherwise=OTHERWISE)
    assert OTHERWISE in caught.value.hint
    assert list(tmp_path.iterdir()) == []  # a partial file would be resumed by the next call


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path, site: loopback.Site) -> None:
    with pytest.raises(SedpipeError, match="is not the file that was expected"):
        fetch_resumed(site.add("a.bin", CONTENT * 64), tmp_path / "ears.tflite", 1000, SHA256, otherwise=OTHERWISE)
    assert site.sent["/watch/a.bin"] < 32 * len(CONTENT)


@pytest.mark.parametrize(("fault", "why"), [("404", "the server answered 404"), ("reset", "no connection")])
def test_a_failing_server_gives_a_one_line_error(tmp_path: Path, site: loopback.Site, fault: str, why: str) -> None:
    with pytest.raises(SedpipeError, match=rf"^cannot fetch http://.*a\.bin: {why}"):
        fetch_resumed(
            site.add("a.bin", CONTENT, fault), tmp_path / "ears.tflite", len(CONTENT), SHA256, otherwise=OTHERWISE
        )


def test_bytes_received_before_a_disconnect_are_kept_for_the_next_call(tmp_path: Path, site: loopback.Site) -> None:
    url = site.add("a.bin", CONTENT, "truncated")
    with pytest.raises(SedpipeError, match="cannot fetch") as caught:
        fetch_resumed(url, tmp_path / "ears.tflite", len(CONTENT), SHA256, otherwise=OTHERWISE)
    assert "to resume" in caught.value.hint
    kept = (tmp_path / "ears.tflite.part").stat().st_size
    assert 0 < kept < len(CONTENT)
    site.plan["/watch/a.bin"].fault = "ok"
    assert fetch(url, tmp_path) == CONTENT
