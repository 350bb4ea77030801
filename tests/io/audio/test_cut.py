import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from encoded import FORMS, Form, clock, encoded, start_error_ms
from sedpipe.failures import FailedClipError, Failure
from sedpipe.io.audio.cut import cut, outlasts

RATE = 44_100
LENGTH_S = 60.0
WEBM, M4A, WAV = FORMS["webm, a cue each 10 s"], FORMS["m4a"], FORMS["wav"]


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return clock(LENGTH_S, RATE)


@pytest.fixture(scope="module")
def recording() -> Callable[[str], bytes]:
    made: dict[str, bytes] = {}

    def make(form: str) -> bytes:
        if form not in made:
            made[form] = encoded(clock(LENGTH_S, FORMS[form].rate), FORMS[form])
        return made[form]

    return make


def failure_of(source: object, start_s: float = 0.0, end_s: float = 10.0, **more: float) -> Failure:
    with pytest.raises(FailedClipError) as caught:
        cut(source, start_s, end_s, RATE, **more)  # type: ignore[arg-type]
    return caught.value.failure


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("start_s", "end_s"), [(0, 10), (0.05, 10.05), (7.123, 17.123), (30, 40), (37.3, 47.3)])
def test_a_cut_starts_within_a_millisecond_and_has_exactly_the_requested_length(
    recording: Callable[[str], bytes], truth: np.ndarray, form: str, start_s: float, end_s: float
) -> None:
    piece = cut(io.BytesIO(recording(form)), start_s, end_s, RATE)
    assert len(piece.samples) == round((end_s - start_s) * RATE)
    assert abs(start_error_ms(piece.samples, truth, start_s)) < 1
    assert (piece.sample_rate, piece.found_rate, piece.channels) == (RATE, FORMS[form].rate, 1)
    assert piece.samples.dtype == np.float32
    assert not piece.is_short


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_past_the_end_is_short_and_has_its_true_length(
    recording: Callable[[str], bytes], truth: np.ndarray, form: str
) -> None:
    piece = cut(io.BytesIO(recording(form)), 55, 65, RATE)
    assert piece.is_short
    assert piece.duration == pytest.approx(5, abs=0.025)  # AAC may drop or add a frame
    assert abs(start_error_ms(piece.samples, truth, 55)) < 1


def test_a_cut_of_a_lossless_file_returns_its_samples_unchanged(tmp_path: Path, truth: np.ndarray) -> None:
    path = tmp_path / "-concat:a|b.wav"
    path.write_bytes(encoded(truth, WAV))
    piece = cut(path, 37.3, 47.3, RATE)
    whole = np.rint(truth * 32_767) / 32_768
    np.testing.assert_allclose(piece.samples, whole[1_644_930:2_085_930], atol=1e-7)


def test_a_resampled_cut_has_no_artefacts_at_its_edges() -> None:
    time_s = np.arange(20 * 48_000) / 48_000
    tone = 0.5 * np.sin(2 * np.pi * 1000 * time_s)
    piece = cut(io.BytesIO(encoded(tone, FORMS["flac"])), 5.5, 15.5, RATE)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * (5.5 + np.arange(441_000) / RATE))
    np.testing.assert_allclose(piece.samples, expected, atol=2e-4)


def test_channels_are_averaged() -> None:
    mono = clock(12, 44_100)
    piece = cut(io.BytesIO(encoded(mono, WAV, channels=2)), 0, 10, RATE)
    assert piece.channels == 2
    np.testing.assert_allclose(piece.samples, mono[:441_000], atol=1e-4)


def shifted(form: Form, seconds: float, step_s: float = 1e9, gap_s: float = 0.0) -> tuple[bytes, np.ndarray]:
    """Return a recording whose timestamps are all ``seconds`` later, with a gap after ``step_s``, and its sound."""
    source = io.BytesIO(encoded(clock(40, form.rate), form))
    target = io.BytesIO()
    with av.open(source) as old, av.open(target, "w", format=form.container, options=form.options) as new:
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(old.streams.audio[0]):
            if packet.pts is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            more_s = seconds + (gap_s if at_s >= step_s else 0)
            packet.pts = packet.dts = packet.pts + round(Fraction(more_s).limit_denominator(1000) / packet.time_base)
            packet.stream = stream
            new.mux(packet)
    return target.getvalue(), clock(40, RATE)


def test_a_gap_in_the_timestamps_becomes_silence() -> None:
    body, truth = shifted(FORMS["webm, a cue each 10 s"], 0, step_s=20, gap_s=0.5)
    piece = cut(io.BytesIO(body), 15, 25, RATE)
    assert len(piece.samples) == 441_000
    assert abs(start_error_ms(piece.samples[: 4 * RATE], truth, 15)) < 1
    assert abs(start_error_ms(piece.samples[-4 * RATE :], truth, 20.5)) < 1  # 21 s in the file, 20.5 s of the sound
    assert np.abs(piece.samples[round(5.05 * RATE) : round(5.45 * RATE)]).max() < 1e-3


def test_times_are_counted_from_the_first_timestamp() -> None:
    body, truth = shifted(FORMS["webm, a cue each 10 s"], 3.0)
    piece = cut(io.BytesIO(body), 12.5, 22.5, RATE)
    assert abs(start_error_ms(piece.samples, truth, 12.5)) < 1


def cut_with_damage(body: bytes) -> np.ndarray:
    """Return the samples from 30 to 40 s of a recording of which 3000 bytes near 33 s are zeros."""
    at = len(body) * 33 // 60
    return cut(io.BytesIO(body[:at] + bytes(3000) + body[at + 3000 :]), 30, 40, RATE).samples


@pytest.mark.parametrize("form", ["webm, no duration, no cues", "m4a", "ogg opus", "flac"])
def test_samples_before_and_after_damaged_packets_stay_in_place(
    recording: Callable[[str], bytes], truth: np.ndarray, form: str
) -> None:
    samples = cut_with_damage(recording(form))
    assert len(samples) == 10 * RATE
    assert abs(start_error_ms(samples[: 2 * RATE], truth, 30)) < 1
    assert abs(start_error_ms(samples[5 * RATE :], truth, 35)) < 1


def test_samples_after_damage_to_an_mp3_are_early_by_what_was_lost_since_it_has_no_timestamps(
    recording: Callable[[str], bytes], truth: np.ndarray
) -> None:
    body = recording("mp3")
    samples, lost_ms = cut_with_damage(body), 3000 / len(body) * LENGTH_S * 1000
    assert abs(start_error_ms(samples[: 2 * RATE], truth, 30)) < 1
    frame_ms = 1152 / RATE * 1000
    assert abs(start_error_ms(samples[5 * RATE :], truth, 35) - lost_ms) < frame_ms


@pytest.mark.parametrize("form", ["webm, a cue each 10 s", "m4a", "wav"])
def test_a_cut_of_less_than_a_second_is_too_short(recording: Callable[[str], bytes], form: str) -> None:
    assert failure_of(io.BytesIO(recording(form)), 59.5, 69.5) == Failure("gone", "too-short")
    assert failure_of(io.BytesIO(recording(form)), 200, 210) == Failure("gone", "too-short")
    assert len(cut(io.BytesIO(recording(form)), 58.9, 68.9, RATE).samples) >= 48_000


@pytest.mark.parametrize("form", ["webm, a cue each 10 s", "m4a", "wav"])
def test_a_silent_recording_is_rejected(form: str) -> None:
    assert failure_of(io.BytesIO(encoded(np.zeros(FORMS[form].rate * 12), FORMS[form]))) == Failure("gone", "silent")


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><html>sorry</html>", bytes(10_000), b"#EXTM3U\nfile:///etc/passwd\n"]
)
def test_content_that_is_not_audio_is_undecodable(body: bytes) -> None:
    assert failure_of(io.BytesIO(body)) == Failure("retryable", "undecodable")


@pytest.mark.parametrize("at_s", [19.99, 25.0])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_in_or_near_a_cut_are_rejected(tmp_path: Path, at_s: float, value: float) -> None:
    samples = np.full(40 * 48_000, 0.1, np.float32)
    samples[round(at_s * 48_000)] = value
    soundfile.write(tmp_path / "a.wav", samples, 48_000, subtype="FLOAT")
    with pytest.raises(FailedClipError, match=r"a\.wav: contains samples that are not finite \(nan or infinity\)$"):
        cut(tmp_path / "a.wav", 20, 30, RATE)


def test_a_playlist_does_not_open_the_files_that_it_names(tmp_path: Path, truth: np.ndarray) -> None:
    (tmp_path / "secret.wav").write_bytes(encoded(truth, WAV))
    (tmp_path / "a.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:70\n#EXTINF:70,\nsecret.wav\n#EXT-X-ENDLIST\n")
    (tmp_path / "a.ffconcat").write_text("ffconcat version 1.0\nfile secret.wav\n")
    for name in ("a.m3u8", "a.ffconcat"):
        assert failure_of(tmp_path / name) == Failure("retryable", "undecodable")


def test_a_video_without_an_audio_track_is_rejected() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    assert failure_of(io.BytesIO(file.getvalue())) == Failure("gone", "no-audio")


def test_a_missing_file_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(FailedClipError, match=r"nothing\.wav: No such file or directory$"):
        cut(tmp_path / "nothing.wav", 0, 10, RATE)


def test_a_cut_reads_only_part_of_a_long_file(tmp_path: Path) -> None:
    class Counting(io.BytesIO):
        read_bytes = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.read_bytes += len(data)
            return data

    for form in ("webm, a cue each 10 s", "m4a, index first", "m4a, fragments"):
        file = Counting(encoded(clock(200, FORMS[form].rate), FORMS[form]))
        cut(file, 100, 110, RATE)
        assert file.read_bytes < 0.3 * len(file.getvalue())


def test_an_exceeded_time_limit_is_a_timeout(recording: Callable[[str], bytes]) -> None:
    assert failure_of(io.BytesIO(recording("mp3")), timeout_s=0.0) == Failure("retryable", "timeout")


def test_a_failure_of_the_source_is_passed_on(recording: Callable[[str], bytes]) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100_000:
                raise FailedClipError("the line is cut", Failure("retryable", "network"))
            return super().read(size)

    assert failure_of(Failing(recording("webm, a cue each 10 s")), 30, 40) == Failure("retryable", "network")


def test_damage_within_a_cut_is_not_mistaken_for_an_early_end() -> None:
    content = bytearray(encoded(clock(LENGTH_S, RATE), FORMS["flac"]))
    first, last = (round(len(content) * second / LENGTH_S) for second in (35, 50))
    content[first:last] = bytes(last - first)
    assert failure_of(io.BytesIO(bytes(content)), 30, 40) == Failure("retryable", "undecodable")
    assert not cut(io.BytesIO(bytes(content)), 10, 20, RATE).is_short


@pytest.mark.parametrize("form", FORMS)
def test_a_recording_outlasts_any_time_before_its_end(tmp_path: Path, form: str) -> None:
    (tmp_path / "a").write_bytes(encoded(clock(20, FORMS[form].rate), FORMS[form]))
    assert [outlasts(tmp_path / "a", seconds) for seconds in (10, 19.9, 20.5)] == [True, True, False]


def test_outlasts_raises_for_a_file_that_is_not_audio(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a dog barks")
    with pytest.raises(FailedClipError, match="cannot be decoded as audio"):
        outlasts(tmp_path / "a", 1)
