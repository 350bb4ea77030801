from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from encoded import FORMS, clock, encoded, start_error_ms
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.blocks import track_blocks
from sedpipe.io.audio.container import open_track
from sedpipe.io.audio.cut import cut
from sedpipe.io.audio.level import Level
from sedpipe.io.audio.losses import Losses


def in_blocks(path: Path) -> tuple[int, np.ndarray]:
    with path.open("rb") as file, open_track(file, str(path)) as track:
        first, blocks = zip(*track_blocks(track, str(path), Level(), Losses()), strict=True)
    return first[0].rate, np.concatenate(blocks)


@pytest.mark.parametrize("form", FORMS)
def test_joined_blocks_equal_a_cut_of_the_whole_recording(tmp_path: Path, form: str) -> None:
    path = tmp_path / "recording"
    path.write_bytes(encoded(clock(5.37, FORMS[form].rate), FORMS[form]))
    rate, joined = in_blocks(path)
    whole = cut(path, 0.0, 50.0, rate).samples
    assert len(whole) - 0.025 * rate < len(joined) <= len(whole)
    np.testing.assert_array_equal(joined, whole[: len(joined)])
    assert abs(len(joined) / rate - 5.37) < 0.001 or form == "m4a, fragments"


def with_gap(path: Path, before_s: float, gap_s: float, after_s: float) -> None:
    """Write a WebM file whose timestamps jump, as after an interruption of a stream."""
    samples = np.rint(32_767 * clock(before_s + after_s, 48_000)).astype(np.int16)
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        encoder_at = 0
        for at in range(0, len(samples), 960):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + 960], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            for packet in stream.encode(frame):
                if encoder_at >= before_s * 50:
                    packet.pts += round(gap_s * 1 / packet.time_base)
                    packet.dts = packet.pts
                encoder_at += 1
                container.mux(packet)


def test_a_timestamp_gap_becomes_silence_of_the_same_length(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    with_gap(path, before_s=10, gap_s=1.0, after_s=10)
    rate, joined = in_blocks(path)
    truth = clock(20, 48_000)
    assert abs(len(joined) / rate - 21) < 0.1
    assert abs(start_error_ms(joined[: 5 * rate], truth, 0, rate)) < 1
    assert abs(start_error_ms(joined[15 * rate : 19 * rate], truth, 14, rate)) < 1
    assert np.abs(joined[round(10.2 * rate) : round(10.8 * rate)]).max() == 0
    np.testing.assert_array_equal(joined, cut(path, 0.0, 50.0, rate).samples[: len(joined)])


def test_a_recording_with_a_large_gap_is_rejected_however_long_the_gap_claims_to_be(
    tmp_path: Path,
) -> None:
    with_gap(tmp_path / "a.webm", before_s=2, gap_s=2.0, after_s=2)
    with pytest.raises(FailedClipError, match=r"33 % of it is missing or damaged"):
        in_blocks(tmp_path / "a.webm")
    with_gap(tmp_path / "b.webm", before_s=2, gap_s=1e6, after_s=2)
    with pytest.raises(FailedClipError, match="a gap of 1000000 s"):
        in_blocks(tmp_path / "b.webm")


def test_a_block_contains_only_a_few_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.write_bytes(encoded(clock(20, FORMS["m4a"].rate), FORMS["m4a"]))
    with path.open("rb") as file, open_track(file, str(path)) as track:
        assert max(len(block) for _, block in track_blocks(track, str(path), Level(), Losses())) <= 8 * 2048


def test_a_long_gap_comes_in_small_blocks_and_a_recording_that_is_almost_all_gap_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    with_gap(path, before_s=1, gap_s=100.0, after_s=1)
    lengths: list[int] = []
    with path.open("rb") as file, open_track(file, str(path)) as track, pytest.raises(FailedClipError, match="missing"):
        lengths.extend(len(block) for _, block in track_blocks(track, str(path), Level(), Losses()))
    assert max(lengths) <= 2**20 < sum(lengths)


def test_gaps_longer_than_the_total_limit_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.io.audio.blocks._MOST_GAPS_S", 0.5)
    path = tmp_path / "a.webm"
    with_gap(path, before_s=10, gap_s=1.0, after_s=10)
    with pytest.raises(FailedClipError, match="of it are missing"):
        in_blocks(path)
