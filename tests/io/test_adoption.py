import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.clips import Clip, youtube_clip_id
from pipeline.errors import SedpipeError
from pipeline.fates import Fate
from pipeline.io.adoption import adopt, name_of
from pipeline.io.cache import DatasetCache
from pipeline.io.checksums import sha256_of

RATE = 44_100


def clip(video_id: str, start_s: float = 30.0, end_s: float = 40.0) -> Clip:
    return Clip(youtube_clip_id(video_id, start_s, end_s), "training", video_id, start_s, end_s, ("Car",))


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Steps of 16 bit, so that a file of them holds just these values."""
    values = np.random.default_rng(seed).integers(-8000, 8000, round(seconds * RATE))
    return values / 32_768


def put(path: Path, waveform: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, RATE, subtype="PCM_16")
    return path


def adopted(tmp_path: Path, *clips: Clip, places: tuple[Path, ...] = ()) -> tuple[dict[str, Fate], DatasetCache]:
    cache = DatasetCache(tmp_path / "cache", "videos")
    fates = adopt([str(place) for place in places or (tmp_path / "mine",)], clips, cache, 1)
    return {fate.clip_id: fate for fate in fates}, cache


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("Y-5QrBL6MzLg_60.000_70.000.wav", ("-5QrBL6MzLg", 60, 70)),
        ("-5QrBL6MzLg_60.000_70.000.m4a", ("-5QrBL6MzLg", 60, 70)),
        ("YbCdEfGhIjK_0.000_10.000.wav", ("YbCdEfGhIjK", 0, 10)),
        ("YYbCdEfGhIjK_0_10.ogg", ("YbCdEfGhIjK", 0, 10)),
        ("a_b_c_d_e_f_30_40.wav", ("a_b_c_d_e_f", 30, 40)),
        ("abCdEfGhIjK.flac", ("abCdEfGhIjK", None, None)),
        ("abCdEfGhIjK_30.webm", ("abCdEfGhIjK", 30, None)),
        ("holiday.wav", None),
        ("abCdEfGhIjKl.wav", None),
    ],
)
def test_a_file_name_tells_the_video_and_the_times(filename: str, expected: tuple[str, float, float] | None) -> None:
    assert name_of(filename) == expected


@pytest.mark.parametrize("video_id", ["abCdEfGhIjK", "-5QrBL6MzLg", "YbCdEfGhIjK", "_a-_b-_c-_d"])
def test_a_ready_clip_is_taken_as_it_is(tmp_path: Path, video_id: str) -> None:
    one = clip(video_id)
    put(tmp_path / "mine" / "deep" / f"Y{one.clip_id}.wav", noise(10))
    fates, cache = adopted(tmp_path, one)
    stored, rate = soundfile.read(cache.audio_path(one))
    np.testing.assert_array_equal(stored, noise(10))
    fate = fates[one.clip_id]
    assert (fate.state, fate.reason, fate.duration, fate.sample_rate, fate.channels) == ("ok", "", 10, rate, 1)
    assert fate.sha256 == sha256_of(cache.audio_path(one))


def test_a_clip_is_cut_out_of_a_whole_video_and_a_ready_one_is_not_cut_twice(tmp_path: Path) -> None:
    whole, ready = clip("abCdEfGhIjK"), clip("bbCdEfGhIjK")
    put(tmp_path / "mine" / "abCdEfGhIjK.flac", noise(60))
    put(tmp_path / "mine" / "bbCdEfGhIjK.flac", noise(10))
    _, cache = adopted(tmp_path, whole, ready)
    np.testing.assert_array_equal(soundfile.read(cache.audio_path(whole))[0], noise(60)[30 * RATE : 40 * RATE])
    np.testing.assert_array_equal(soundfile.read(cache.audio_path(ready))[0], noise(10))


def test_what_ends_early_is_kept_with_its_length(tmp_path: Path) -> None:
    put(tmp_path / "mine" / "abCdEfGhIjK_30.000_40.000.wav", noise(7))
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"))
    [fate] = fates.values()
    assert (fate.state, fate.reason, fate.duration) == ("ok", "short", 7)


def test_a_damaged_copy_gives_way_to_a_whole_one(tmp_path: Path) -> None:
    put(tmp_path / "mine" / "b" / "abCdEfGhIjK_30.000_40.000.wav", noise(10))
    (tmp_path / "mine" / "a").mkdir()
    (tmp_path / "mine" / "a" / "abCdEfGhIjK_30.000_40.000.wav").write_text("no audio")
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"))
    assert [fate.state for fate in fates.values()] == ["ok"]


@pytest.mark.parametrize("kind", ["damaged", "silent", "too short"])
def test_what_cannot_be_used_stays_pending_with_the_reason(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine" / "abCdEfGhIjK_30.000_40.000.wav"
    put(path, {"damaged": noise(1), "silent": np.zeros(10 * RATE), "too short": noise(0.5)}[kind])
    if kind == "damaged":
        path.write_text("no audio")
    fates, cache = adopted(tmp_path, clip("abCdEfGhIjK"))
    [fate] = fates.values()
    assert (fate.state, fate.reason) == ("pending", "damaged-copy")
    assert str(path) in fate.message
    assert not cache.audio_names("training")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_archives_are_looked_through_and_leave_nothing_behind(tmp_path: Path, kind: str) -> None:
    clips = [clip(f"{letter}bCdEfGhIjK") for letter in "abc"]
    paths = [put(tmp_path / "files" / f"Y{one.clip_id}.wav", noise(10, seed)) for seed, one in enumerate(clips)]
    paths[2].write_text("no audio")
    archive = tmp_path / f"mine.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for path in paths:
                packed.write(path, f"audio/{path.name}")
            packed.writestr("../evil", b"evil")
    else:
        with tarfile.open(archive, "w:gz") as opened:
            for path in paths:
                opened.add(path, f"audio/{path.name}")
    fates, cache = adopted(tmp_path, *clips, places=(archive,))
    assert [fates[one.clip_id].state for one in clips] == ["ok", "ok", "pending"]
    for seed, one in enumerate(clips[:2]):
        np.testing.assert_array_equal(soundfile.read(cache.audio_path(one))[0], noise(10, seed))
    assert {path.name for path in cache.folder.iterdir()} == {"audio"}
    assert not (tmp_path / "evil").exists()


def test_links_of_the_user_are_followed_once(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "abCdEfGhIjK_30.000_40.000.wav", noise(10))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "mine")
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"))
    assert [fate.state for fate in fates.values()] == ["ok"]


def test_a_place_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    for place in ("nowhere", "text"):
        with pytest.raises(SedpipeError, match=place):
            adopted(tmp_path, clip("abCdEfGhIjK"), places=(tmp_path / place,))
