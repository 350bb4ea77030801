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


def test_a_file_arrives_whole(tmp_path: Path, site: loopback.Site) -> None:
    assert fetch(site.add("a.bin", CONTENT), tmp_path) == CONTENT


def test_a_transfer_that_breaks_off_goes_on_where_it_was(tmp_path: Path, site: loopback.Site) -> None:
    assert fetch(site.add("a.bin", CONTENT, "truncated", heals_after=1), tmp_path) == CONTENT
    assert site.sent["/watch/a.bin"] <= len(CONTENT) + PIECE
    assert site.asked["/watch/a.bin"] == 2


def test_what_a_killed_process_left_is_gone_on_with(tmp_path: Path, site: loopback.Site) -> None:
    (tmp_path / "ears.tflite.part").write_bytes(CONTENT[:700_000])
    assert fetch(site.add("a.bin", CONTENT), tmp_path) == CONTENT
    assert site.sent["/watch/a.bin"] == len(CONTENT) - 700_000


def test_a_server_without_ranges_is_asked_for_all_again(tmp_path: Path, site: loopback.Site) -> None:
    (tmp_path / "ears.tflite.part").write_bytes(CONTENT[:700_000])
    assert fetch(site.add("a.bin", CONTENT, ranges=False), tmp_path) == CONTENT


def test_a_killed_process_may_have_left_all_of_it(tmp_path: Path, site: loopback.Site) -> None:
    (tmp_path / "ears.tflite.part").write_bytes(CONTENT)
    assert fetch(site.add("a.bin", CONTENT), tmp_path) == CONTENT
    assert not site.asked


@pytest.mark.parametrize("other", [CONTENT[:-1] + b"x", CONTENT[:-5], CONTENT + b"more", b""])
def test_another_file_is_refused_and_nothing_of_it_is_kept(tmp_path: Path, site: loopback.Site, other: bytes) -> None:
    with pytest.raises(SedpipeError, match=r"is not the file that was expected|cannot fetch") as caught:
        fetch_resumed(site.add("a.bin", other), tmp_path / "ears.tflite", len(CONTENT), SHA256, otherwise=OTHERWISE)
    assert OTHERWISE in caught.value.hint
    assert not (tmp_path / "ears.tflite").exists()


def test_no_more_is_read_than_the_file_has(tmp_path: Path, site: loopback.Site) -> None:
    with pytest.raises(SedpipeError, match="is not the file that was expected"):
        fetch_resumed(site.add("a.bin", CONTENT * 64), tmp_path / "ears.tflite", 1000, SHA256, otherwise=OTHERWISE)
    assert site.sent["/watch/a.bin"] < 32 * len(CONTENT)


@pytest.mark.parametrize(("fault", "why"), [("404", "the server answered 404"), ("reset", "no connection")])
def test_a_server_that_does_not_deliver_is_a_sentence(
    tmp_path: Path, site: loopback.Site, fault: str, why: str
) -> None:
    with pytest.raises(SedpipeError, match=rf"^cannot fetch http://.*a\.bin: {why}"):
        fetch_resumed(
            site.add("a.bin", CONTENT, fault), tmp_path / "ears.tflite", len(CONTENT), SHA256, otherwise=OTHERWISE
        )


def test_what_came_before_a_broken_connection_is_kept_for_the_next_call(tmp_path: Path, site: loopback.Site) -> None:
    url = site.add("a.bin", CONTENT, "truncated")
    with pytest.raises(SedpipeError, match="cannot fetch") as caught:
        fetch_resumed(url, tmp_path / "ears.tflite", len(CONTENT), SHA256, otherwise=OTHERWISE)
    assert "to resume" in caught.value.hint
    kept = (tmp_path / "ears.tflite.part").stat().st_size
    assert 0 < kept < len(CONTENT)
    site.plan["/watch/a.bin"].fault = "ok"
    assert fetch(url, tmp_path) == CONTENT
