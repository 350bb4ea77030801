import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.clips import Clip, youtube_clip_id
from sedpipe.errors import SedpipeError
from sedpipe.fates import Fate
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.checksums import sha256_of
from sedpipe.sources.adoption import adopt, name_of

RATE = 44_100


def clip(video_id: str, start_s: float = 30.0, end_s: float = 40.0) -> Clip:
    return Clip(youtube_clip_id(video_id, start_s, end_s), "training", video_id, start_s, end_s, ("Car",))


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise in 16-bit steps, so that a 16-bit file stores exactly these values."""
    values = np.random.default_rng(seed).integers(-8000, 8000, round(seconds * RATE))
    return values / 32_768


def put(path: Path, waveform: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, RATE, subtype="PCM_16")
    return path


def adopted(tmp_path: Path, *clips: Clip, places: tuple[Path, ...] = ()) -> tuple[dict[str, Fate], Dataset]:
    cache = Dataset(tmp_path / "cache", "videos")
    fates = adopt([str(place) for place in places or (tmp_path / "mine",)], clips, clips, cache, 1)
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
def test_a_file_name_gives_the_video_id_and_the_times(filename: str, expected: tuple[str, float, float] | None) -> None:
    assert name_of(filename) == expected


@pytest.mark.parametrize("video_id", ["abCdEfGhIjK", "-5QrBL6MzLg", "YbCdEfGhIjK", "_a-_b-_c-_d"])
def test_a_ready_clip_is_adopted_unchanged(tmp_path: Path, video_id: str) -> None:
    one = clip(video_id)
    put(tmp_path / "mine" / "deep" / f"Y{one.clip_id}.wav", noise(10))
    fates, cache = adopted(tmp_path, one)
    stored, rate = soundfile.read(cache.audio_path(one))
    np.testing.assert_array_equal(stored, noise(10))
    fate = fates[one.clip_id]
    assert (fate.state, fate.reason, fate.duration, fate.sample_rate, fate.channels) == ("ok", "", 10, rate, 1)
    assert fate.sha256 == sha256_of(cache.audio_path(one))


def test_a_clip_is_cut_from_a_whole_video_and_a_ready_clip_is_not_cut_again(tmp_path: Path) -> None:
    whole, ready = clip("abCdEfGhIjK"), clip("bbCdEfGhIjK")
    put(tmp_path / "mine" / "abCdEfGhIjK.flac", noise(60))
    put(tmp_path / "mine" / "bbCdEfGhIjK.flac", noise(10))
    _, cache = adopted(tmp_path, whole, ready)
    np.testing.assert_array_equal(soundfile.read(cache.audio_path(whole))[0], noise(60)[30 * RATE : 40 * RATE])
    np.testing.assert_array_equal(soundfile.read(cache.audio_path(ready))[0], noise(10))


def test_a_clip_that_ends_early_is_kept_with_its_true_length(tmp_path: Path) -> None:
    put(tmp_path / "mine" / "abCdEfGhIjK_30.000_40.000.wav", noise(7))
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"))
    [fate] = fates.values()
    assert (fate.state, fate.reason, fate.duration) == ("ok", "short", 7)


def test_an_intact_copy_is_used_instead_of_a_damaged_one(tmp_path: Path) -> None:
    put(tmp_path / "mine" / "b" / "abCdEfGhIjK_30.000_40.000.wav", noise(10))
    (tmp_path / "mine" / "a").mkdir()
    (tmp_path / "mine" / "a" / "abCdEfGhIjK_30.000_40.000.wav").write_text("no audio")
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"))
    assert [fate.state for fate in fates.values()] == ["ok"]


@pytest.mark.parametrize("kind", ["damaged", "silent", "too short"])
def test_an_unusable_copy_leaves_the_clip_pending_with_a_reason(tmp_path: Path, kind: str) -> None:
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
def test_clips_are_adopted_from_archives_and_no_other_files_remain(tmp_path: Path, kind: str) -> None:
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


def test_intact_members_of_a_truncated_tar_are_adopted_with_a_note(tmp_path: Path) -> None:
    clips = [clip(f"{letter}bCdEfGhIjK") for letter in "abc"]
    archive = tmp_path / "mine.tar"
    with tarfile.open(archive, "w") as opened:
        for seed, one in enumerate(clips):
            path = put(tmp_path / "files" / f"Y{one.clip_id}.wav", noise(10, seed))
            opened.add(path, path.name)
    archive.write_bytes(archive.read_bytes()[:-500_000])
    cache, told = Dataset(tmp_path / "cache", "videos"), []
    fates = list(adopt([str(archive)], clips, clips, cache, 1, told.append))
    assert [(fate.clip_id, fate.state) for fate in fates if fate.state == "ok"] == [
        (one.clip_id, "ok") for one in clips[:2]
    ]
    assert len(told) == 1
    assert "mine.tar" in told[0]
    assert told[0].endswith("what comes before is used")


def test_symlinks_in_a_place_are_followed_and_loops_end(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "abCdEfGhIjK_30.000_40.000.wav", noise(10))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "mine")
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"))
    assert [fate.state for fate in fates.values()] == ["ok"]


def test_an_invalid_place_gives_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    for place in ("nowhere", "text"):
        with pytest.raises(SedpipeError, match=place):
            adopted(tmp_path, clip("abCdEfGhIjK"), places=(tmp_path / place,))


def test_a_whole_video_damaged_after_the_clip_length_is_not_taken_for_a_ready_clip(tmp_path: Path) -> None:
    path = put(tmp_path / "mine" / "abCdEfGhIjK.flac", noise(60))
    content = bytearray(path.read_bytes())
    begin, end = (round(len(content) * seconds / 60) for seconds in (10.3, 11.7))
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)
    one = clip("abCdEfGhIjK")
    _, cache = adopted(tmp_path, one)
    np.testing.assert_array_equal(soundfile.read(cache.audio_path(one))[0], noise(60)[30 * RATE : 40 * RATE])


@pytest.mark.parametrize(("seconds", "begins_s"), [(10.4, 0), (10.5, 0), (10.5 + 1 / RATE, 1), (11.2, 1)])
def test_a_file_up_to_half_a_second_longer_than_its_clip_is_a_ready_clip_and_a_longer_one_is_cut(
    tmp_path: Path, seconds: float, begins_s: int
) -> None:
    put(tmp_path / "mine" / "abCdEfGhIjK.flac", noise(seconds))
    one = clip("abCdEfGhIjK", 1, 11)
    _, cache = adopted(tmp_path, one)
    stored = soundfile.read(cache.audio_path(one))[0]
    np.testing.assert_array_equal(stored, noise(seconds)[begins_s * RATE :][: len(stored)])


def test_a_short_file_that_matches_several_clips_is_not_adopted(tmp_path: Path) -> None:
    put(tmp_path / "mine" / "abCdEfGhIjK.flac", noise(10))
    fates, cache = adopted(tmp_path, clip("abCdEfGhIjK"), clip("abCdEfGhIjK", 50, 60))
    assert [fate.state for fate in fates.values()] == ["pending", "pending"]
    assert all(fate.message.endswith("name it with its times") for fate in fates.values())
    assert not cache.audio_names("training")


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("damaged", [False, True])
def test_an_intact_archive_member_named_with_times_is_preferred(tmp_path: Path, order: int, damaged: bool) -> None:
    one = clip("abCdEfGhIjK")
    timed = put(tmp_path / "timed.wav", noise(10, 1))
    whole = put(tmp_path / "whole.wav", noise(60, 2))
    if damaged:
        timed.write_text("no audio")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        for path, name in [(timed, f"Y{one.clip_id}.wav"), (whole, "abCdEfGhIjK.wav")][::order]:
            packed.write(path, name)
    cache = Dataset(tmp_path / "cache", "videos")
    [fate] = adopt([str(tmp_path / "mine.zip")], [one], [one], cache, 2)
    expected = noise(60, 2)[30 * RATE : 40 * RATE] if damaged else noise(10, 1)
    np.testing.assert_array_equal(soundfile.read(cache.audio_path(one))[0], expected)
    assert fate.sha256 == sha256_of(cache.audio_path(one))


def test_a_damaged_member_is_reported_by_its_escaped_name_in_the_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        packed.writestr("\x1b[2J/abCdEfGhIjK_30.000_40.000.wav", "no audio")
    fates, _ = adopted(tmp_path, clip("abCdEfGhIjK"), places=(tmp_path / "mine.zip",))
    [fate] = fates.values()
    assert fate.message.startswith(f"{tmp_path / 'mine.zip'}: '\\x1b[2J/abCdEfGhIjK_30.000_40.000.wav': cannot be")


def test_members_with_windows_paths_are_found_and_unsafe_ones_are_counted(tmp_path: Path) -> None:
    sound = put(tmp_path / "timed.wav", noise(10))
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        packed.write(sound, "audio\\abCdEfGhIjK_30.000_40.000.wav")
        packed.write(sound, "..\\abCdEfGhIjK_50.000_60.000.wav")
    one, other, told = clip("abCdEfGhIjK"), clip("abCdEfGhIjK", 50, 60), list[str]()
    cache = Dataset(tmp_path / "cache", "videos")
    [fate] = adopt([str(tmp_path / "mine.zip")], [one, other], [one, other], cache, 1, told.append)
    assert (fate.clip_id, fate.state) == (one.clip_id, "ok")
    assert told == [f"{tmp_path / 'mine.zip'}: 1 member passed over (links, devices, names that lead out of it)"]


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:10,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"])
def test_a_playlist_named_like_audio_opens_no_other_file(tmp_path: Path, text: str) -> None:
    secret = put(tmp_path / "secret.wav", noise(10))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "abCdEfGhIjK.wav").write_text(text.format(secret))
    fates, cache = adopted(tmp_path, clip("abCdEfGhIjK"))
    assert [fate.state for fate in fates.values()] == ["pending"]
    assert not cache.audio_names("training")


def test_a_named_pipe_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    os.mkfifo(tmp_path / "mine" / "abCdEfGhIjK_30.000_40.000.wav")
    assert adopted(tmp_path, clip("abCdEfGhIjK"))[0] == {}


def test_an_unwritable_cache_gives_a_one_line_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as packed:
        packed.writestr("abCdEfGhIjK.wav", "never looked at")
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(SedpipeError, match=r"^cannot write .*: (Not a directory|File exists)$"):
        adopted(tmp_path, clip("abCdEfGhIjK"), places=(tmp_path / "mine.zip",))
