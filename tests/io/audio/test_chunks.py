"""What headers claim compared with what files contain: every kind of mismatch that has been seen."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.chunks import find_samples, mended
from sedpipe.io.audio.cut import cut, outlasts
from sedpipe.io.audio.waveforms import Recording

RATE = 16_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * RATE)
KINDS = {"wav": "RIFF", "rf64": "RF64", "w64": "W64", "aiff": "AIFF", "caf": "CAF"}


def written(kind: str, samples: np.ndarray = NOISE, subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind.upper(), subtype=subtype)
    return file.getvalue()


def place_of(content: bytes) -> tuple[int, int]:
    """Return the offset of the header's byte count and that of the first sample."""
    [(begin, _)] = find_samples(io.BytesIO(content)).spans  # type: ignore[union-attr]
    kind = content[:4]
    if kind == b"riff":
        return begin - 8, begin
    if kind == b"RF64":
        return content.index(b"ds64") + 16, begin
    return begin - {b"FORM": 12, b"caff": 12}.get(kind, 4), begin


def claiming(content: bytes, n_bytes: int) -> bytes:
    """Return the same file with another byte count in its header, encoded as its format requires."""
    at, _ = place_of(content)
    form, more = {b"RIFF": ("<I", 0), b"RF64": ("<Q", 0), b"FORM": (">I", 8), b"caff": (">q", 4), b"riff": ("<Q", 24)}[
        content[:4]
    ]
    number = struct.pack(form, n_bytes + more)
    return content[:at] + number + content[at + len(number) :]


def heard(path: Path) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return samples and remarks of a file read in blocks; a cut must give the same."""
    recording = Recording(path)
    blocks = np.concatenate(list(recording.blocks()))
    piece = cut(path, 0.0, 5.0, RATE)
    np.testing.assert_array_equal(piece.samples, blocks)
    assert list(piece.remarks) == recording.remarks
    assert outlasts(path, len(blocks) / RATE - 0.01)
    assert not outlasts(path, len(blocks) / RATE + 0.01)
    return blocks, recording.remarks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_correct_header_is_trusted(tmp_path: Path, kind: str, subtype: str) -> None:
    content = written(kind, subtype=subtype)
    samples = find_samples(io.BytesIO(content))
    assert samples is not None
    assert samples.is_as_claimed
    assert samples.kind == KINDS[kind]
    assert samples.n_bytes == samples.claimed == len(NOISE) * {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}[subtype]
    (tmp_path / "a").write_bytes(content)
    assert heard(tmp_path / "a")[1] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_all_samples_after_an_unfinished_header_are_used(tmp_path: Path, kind: str, share: float) -> None:
    (tmp_path / "a").write_bytes(claiming(written(kind), round(share * len(NOISE)) * 2))
    blocks, remarks = heard(tmp_path / "a")
    np.testing.assert_allclose(blocks, NOISE, atol=1e-4)
    assert remarks == [("header", f"its header says {3 * share:.1f} s, 3.0 s are there: all of them are used")]


@pytest.mark.parametrize("kind", KINDS)
def test_missing_samples_are_reported_as_truncation(tmp_path: Path, kind: str) -> None:
    content = written(kind)
    (tmp_path / "a").write_bytes(content[: place_of(content)[1] + 2 * RATE])
    blocks, remarks = heard(tmp_path / "a")
    np.testing.assert_allclose(blocks, NOISE[:RATE], atol=1e-4)
    assert remarks == [("truncated", "its header says 3.0 s, 1.0 s are there")]


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("wav", 0xFFFFFFFF), ("wav", 0xFFFFFFFF - 36), ("wav", 0xFFFFF000), ("wav", 0x7FFFF000), ("wav", 0x7FFFEFFE),
        ("wav", 0x7FFFFFFF), ("wav", 0x80000000), ("wav", 0x7FFFFF00), ("aiff", 0xFFFFFFF7), ("aiff", 0x7EFFFFFC),
        ("caf", -5), ("w64", 2**63 - 49), ("rf64", 2**64 - 1),
    ],
)  # fmt: skip
def test_a_placeholder_for_the_length_of_a_stream_gives_no_remark(tmp_path: Path, kind: str, claim: int) -> None:
    (tmp_path / "a").write_bytes(claiming(written(kind), claim))
    blocks, remarks = heard(tmp_path / "a")
    np.testing.assert_allclose(blocks, NOISE, atol=1e-4)
    assert remarks == []


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("wav", 2_500_000_000), ("wav", 0x7FFF8000), ("wav", 0xFFFF8000), ("wav", 4_000_000_000),
        ("aiff", 2_500_000_000), ("rf64", 3_000_000_000), ("rf64", 0xFFFFFFFF), ("rf64", 5_000_000_000),
        ("w64", 5_000_000_000),
    ],
)  # fmt: skip
def test_a_truncated_file_of_gigabytes_is_not_mistaken_for_a_stream(tmp_path: Path, kind: str, claim: int) -> None:
    (tmp_path / "a").write_bytes(claiming(written(kind), claim))
    blocks, remarks = heard(tmp_path / "a")
    np.testing.assert_allclose(blocks, NOISE, atol=1e-4)
    assert remarks == [("truncated", f"its header says {claim / 2 / RATE:,.1f} s, 3.0 s are there")]


@pytest.mark.parametrize("kind", KINDS)
def test_all_parts_of_concatenated_files_are_read_in_order(tmp_path: Path, kind: str) -> None:
    content = written(kind, NOISE[: 2 * RATE])
    if kind == "w64":
        content += bytes(-len(content) % 8)
    if kind == "wav":
        content += b"LIST\x04\0\0\0INFO"
    (tmp_path / "a").write_bytes(content + written(kind, NOISE[2 * RATE :]))
    blocks, remarks = heard(tmp_path / "a")
    np.testing.assert_allclose(blocks, NOISE, atol=1e-4)
    assert remarks == [("joined", "2 files joined into one: all of them are used")]


@pytest.mark.parametrize(
    "after", [b"LIST\x04\x00\x00\x00INFO", b"TAG" + bytes(125), b"ID3\x03" + bytes(5000), bytes(60)]
)
def test_metadata_after_the_samples_is_not_read_as_audio(tmp_path: Path, after: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(written("wav") + after)
    blocks, remarks = heard(tmp_path / "a.wav")
    assert len(blocks) == len(NOISE)
    assert remarks == []


def test_a_wav_longer_than_four_gigabytes_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "wrapped.wav"
    content = written("wav", NOISE[:RATE])
    path.write_bytes(content)
    with path.open("r+b") as file:  # a hole, then two samples: the header has the low 32 bits of the byte count
        file.seek(2**32 + len(content) - 4)
        file.write(NOISE[:2].astype("<f2").tobytes())
    with path.open("rb") as file:
        samples = find_samples(file)
        assert samples is not None
        assert (samples.claimed, samples.n_bytes) == (2 * RATE, 2 * RATE + 2**32)
        [(name, sentence)] = samples.remarks
        assert name == "header"
        assert sentence == "its header says 1.0 s, 134,218.7 s are there: all of them are used"
        with soundfile.SoundFile(mended(file, samples)) as read:
            assert (read.format, read.frames) == ("RF64", RATE + 2**31)
            assert read.read(RATE) == pytest.approx(NOISE[:RATE], abs=1e-4)
    assert cut(path, 0.25, 1.0, RATE).samples == pytest.approx(NOISE[RATE // 4 : RATE], abs=1e-4)
    with pytest.raises(FailedClipError, match="silent"):
        cut(path, 134_000.0, 134_001.0, RATE)
    assert outlasts(path, 134_218.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\xff\xff\xff\xffWAVEdata\x10\0\0\0",
        b"FORM\0\0\0\0AIFFSSND\0\0\0\0",
        b"caff\0\1\0\0",
        b"RF64\xff\xff\xff\xffWAVEds64\x04\0\0\0\0\0\0\0",
    ],
)
def test_no_samples_are_located_in_a_malformed_file(content: bytes) -> None:
    assert find_samples(io.BytesIO(content)) is None


def test_a_file_with_only_a_header_has_no_samples() -> None:
    samples = find_samples(io.BytesIO(written("wav", NOISE[:0])))
    assert samples is not None
    assert (samples.n_bytes, samples.is_as_claimed, samples.remarks) == (0, True, ())


def test_an_appended_file_of_another_format_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(written("wav") + written("wav", subtype="PCM_24"))
    blocks, remarks = heard(tmp_path / "a")
    assert len(blocks) == len(NOISE)
    assert remarks == [("joined", "it is followed by another file of another format, which is not used")]
