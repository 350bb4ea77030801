from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import write_tone
from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.fates import Fate
from sedpipe.io.audio.survey import Survey
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.load import load_manifest
from sedpipe.sources.access import Access
from sedpipe.sources.converting import Conversion, convert
from sedpipe.sources.folder import FolderSource
from sedpipe.sources.source import SplitRows

TEN_LINES = """name = "garden"
kind = "folder"
labels = ["Blackbird", "Air horn, truck horn"]
[splits.training]
audio = "audio"
weak = "training.tsv"
[splits.testing]
audio = "audio"
weak = "testing.csv"
strong = "events.tsv"
"""


def garden(tmp_path: Path, training: str, testing: str = "", events: str = "") -> Path:
    (tmp_path / "garden.toml").write_text(TEN_LINES)
    (tmp_path / "training.tsv").write_text(training)
    (tmp_path / "testing.csv").write_text(testing)
    (tmp_path / "events.tsv").write_text(events)
    return tmp_path / "garden.toml"


def source_of(path: Path, *, jobs: int = 1) -> tuple[FolderSource, Dataset]:
    manifest = load_manifest(str(path))
    assert isinstance(manifest, FolderManifest)
    cache = Dataset(path.parent / "cache", manifest.name)
    return FolderSource(manifest, cache, Access(jobs=jobs)), cache


def resolved(path: Path) -> dict[str, SplitRows]:
    return {rows.split: rows for rows in source_of(path)[0].resolve()}


def fates(path: Path, *, jobs: int = 1) -> tuple[dict[str, Fate], dict[str, np.ndarray]]:
    """Return the fate of each clip of the training list, and the samples of the stored clips."""
    source, cache = source_of(path, jobs=jobs)
    clips = next(iter(source.resolve())).clips
    found = {fate.clip_id: fate for fate in source.fetch(clips)}
    audio = {clip.clip_id: cache.audio_path(clip) for clip in clips if cache.audio_path(clip).exists()}
    return found, {clip_id: soundfile.read(path)[0] for clip_id, path in audio.items()}


def test_a_ten_line_toml_and_lists_define_a_dataset(tmp_path: Path) -> None:
    rows = resolved(
        garden(
            tmp_path,
            'filename\tevent_labels\na.wav\tBlackbird,Air horn, truck horn\nsub/b.ogg\t\na.wav\tBlackbird\n',
            'c.mp3,"Air horn, truck horn"\nd.wav,\n',
            "c.mp3\t0.5\t2\tAir horn, truck horn\nc.mp3\t3\t4\tAir horn, truck horn\n",
        )
    )  # fmt: skip
    assert list(rows) == ["training", "testing"]
    training = [(clip.clip_id, clip.source, clip.labels) for clip in rows["training"].clips]
    assert training == [("a", "a.wav", ("Blackbird", "Air horn, truck horn")), ("sub/b", "sub/b.ogg", ())]
    assert rows["training"].reference is None
    events = [Event(0.5, 2, "Air horn, truck horn"), Event(3, 4, "Air horn, truck horn")]
    assert rows["testing"].reference == {"c": events, "d": []}  # d has no events
    assert rows["testing"].listed == 2


def test_a_weak_label_without_a_row_in_the_strong_list_is_an_error(tmp_path: Path) -> None:
    weak, events = "a.wav\tBlackbird\n", "c.mp3\t0.5\t2\tBlackbird\n"
    with pytest.raises(ListFormatError, match=r"'d\.wav' has the weak label 'Blackbird' but no event") as caught:
        resolved(garden(tmp_path, weak, "c.mp3,Blackbird\nd.wav,Blackbird\n", events))
    assert "onset and offset 0" in caught.value.hint
    rows = resolved(garden(tmp_path, weak, "c.mp3,Blackbird\nd.wav,Blackbird\n", events + "d.wav\t0\t0\tBlackbird\n"))
    assert rows["testing"].reference == {"c": [Event(0.5, 2, "Blackbird")], "d": [Event(0, 0, "Blackbird")]}


def test_any_format_rate_and_number_of_channels_becomes_mono_at_44100_hz(tmp_path: Path) -> None:
    listed = ["mono.wav", "sub/slow.ogg", "song.mp3", "stereo.flac"]
    path = garden(tmp_path, "".join(f"{name}\tBlackbird\n" for name in listed))
    write_tone(tmp_path / "audio" / "mono.wav", 10, 1000)
    write_tone(tmp_path / "audio" / "sub" / "slow.ogg", 3, 1000, sample_rate=22_050)
    write_tone(tmp_path / "audio" / "song.mp3", 4, 1000, sample_rate=48_000)
    time = np.arange(5 * 44_100) / 44_100
    tone = 0.1 * np.sin(2 * np.pi * 1000 * time)
    soundfile.write(tmp_path / "audio" / "stereo.flac", np.stack([2 * tone, 0 * tone], axis=1), 44_100)
    found, audio = fates(path)
    assert {clip_id: (fate.state, fate.reason) for clip_id, fate in found.items()} == dict.fromkeys(audio, ("ok", ""))
    told = {clip_id: (fate.sample_rate, fate.channels) for clip_id, fate in found.items()}
    assert told == {"mono": (44_100, 1), "sub/slow": (22_050, 1), "song": (48_000, 1), "stereo": (44_100, 2)}
    seconds = {clip_id: len(samples) / 44_100 for clip_id, samples in audio.items()}
    assert seconds == pytest.approx({"mono": 10, "sub/slow": 3, "song": 4, "stereo": 5}, abs=0.06)  # MP3 adds padding
    assert {clip_id: fate.duration for clip_id, fate in found.items()} == pytest.approx(seconds)
    for samples in audio.values():
        inner = samples[22_050:88_200]
        assert samples.ndim == 1
        assert np.sqrt(np.mean(inner**2)) == pytest.approx(0.1 / np.sqrt(2), rel=0.02)
        assert np.abs(np.fft.rfft(inner)).argmax() * 44_100 / len(inner) == pytest.approx(1000, abs=1)


def test_a_recording_longer_than_a_clip_without_event_times_is_refused(
    tmp_path: Path,
) -> None:
    path = garden(tmp_path, "long.wav\tBlackbird\nexact.wav\tBlackbird\nlittle.wav\tBlackbird\n")
    for name, seconds in (("long", 12.0), ("exact", 10.0), ("little", 10.06)):
        write_tone(tmp_path / "audio" / f"{name}.wav", seconds, 500)
    found, audio = fates(path)
    assert (found["long"].state, found["long"].reason) == ("retryable", "too-long")
    assert found["long"].message.startswith(f"{tmp_path}/audio/long.wav: 12.0 s long, longer than clips of 10 s: ")
    assert all(way in found["long"].message for way in ('long = "windows"', 'long = "inherit"', "clip_s"))
    assert (found["exact"].state, found["exact"].reason) == ("ok", "")
    assert (found["little"].state, found["little"].reason) == ("ok", "cut")
    assert found["little"].message == "10.060 s long: the last 0.060 s are left out"
    whole, _ = soundfile.read(tmp_path / "audio" / "little.wav")
    assert audio["little"].tolist() == whole[:441_000].tolist()
    assert list(audio) == ["exact", "little"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_unusable_recordings_get_a_reason_and_the_others_are_converted(tmp_path: Path, jobs: int) -> None:
    names = ["missing", "empty", "text", "nothing", "nan", "silent", "inverted", "good"]
    path = garden(tmp_path, "".join(f"{name}.wav\tBlackbird\n" for name in names))
    folder = tmp_path / "audio"
    write_tone(folder / "good.wav", 1, 500)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("a blackbird sings")
    soundfile.write(folder / "nothing.wav", np.zeros(0), 44_100)
    soundfile.write(folder / "nan.wav", np.array([0.1, np.nan]), 44_100, subtype="FLOAT")
    soundfile.write(folder / "silent.wav", np.zeros(44_100), 44_100)
    tone = 0.1 * np.sin(np.arange(44_100))
    soundfile.write(folder / "inverted.wav", np.stack([tone, -tone], axis=1), 44_100)
    found, audio = fates(path, jobs=jobs)
    assert {name: fate.message.removeprefix(f"{folder / name}.wav: ") for name, fate in found.items()} == {
        "missing": "no such file",
        "empty": "the file is empty (0 bytes)",
        "text": "cannot be decoded as audio",
        "nothing": "contains no audio (0 samples)",
        "nan": "contains samples that are not finite (nan or infinity)",
        "silent": "silent",
        "inverted": "its channels cancel each other, and their mean is almost silent (is one of them inverted?): "
        "use one channel only",
        "good": "",
    }
    assert {name: (fate.state, fate.reason) for name, fate in found.items()} == {
        "missing": ("retryable", "missing"),
        "empty": ("retryable", "undecodable"),
        "text": ("retryable", "undecodable"),
        "nothing": ("retryable", "too-short"),
        "nan": ("retryable", "undecodable"),
        "silent": ("retryable", "silent"),
        "inverted": ("retryable", "channels-cancel"),
        "good": ("ok", ""),
    }  # `gone` is for audio that nobody can get any more
    assert list(audio) == ["good"]


def test_events_of_an_unlisted_clip_give_a_one_line_error(tmp_path: Path) -> None:
    path = garden(
        tmp_path, "a.wav\tBlackbird\n", "c.wav,Blackbird\n", "c.wav\t0\t1\tBlackbird\ne.wav\t0\t1\tBlackbird\n"
    )
    with pytest.raises(ListFormatError, match=r"events\.tsv: 'e\.wav' has events but is not listed in .*testing\.csv"):
        resolved(path)


def test_an_unknown_label_is_reported_with_file_and_line(tmp_path: Path) -> None:
    path = garden(tmp_path, "a.wav\tBlackbird\nb.wav\tBlackbrid\n")
    with pytest.raises(ListFormatError, match=r"training\.tsv:2: label 'Blackbrid' .* \(did you mean 'Blackbird'\?\)$"):
        resolved(path)


@pytest.mark.parametrize("filename", ["../a.wav", "sub/../../a.wav"])
def test_a_list_cannot_name_a_file_outside_its_folder(tmp_path: Path, filename: str) -> None:
    with pytest.raises(ListFormatError, match=r"training\.tsv:1: found .*, expected a file name, without"):
        resolved(garden(tmp_path, f"{filename}\tBlackbird\n"))


def test_an_absolute_path_is_taken_relative_to_the_folder_of_recordings(tmp_path: Path) -> None:
    (clip,) = resolved(garden(tmp_path, "/etc/a.wav\tBlackbird\n"))["training"].clips
    assert clip.source == "etc/a.wav"


def test_a_missing_recording_is_not_replaced_by_its_namesake_in_another_folder(tmp_path: Path) -> None:
    path = garden(tmp_path, "site1/a.wav\tBlackbird\nsite2/a.wav\t\n")
    write_tone(tmp_path / "audio" / "site1" / "a.wav", 1.0, 440.0)
    for _ in range(2):  # the second time, known recordings are remembered
        rows = resolved(path)["training"]
        assert [(clip.clip_id, clip.labels) for clip in rows.clips] == [("site1/a", ("Blackbird",)), ("site2/a", ())]
        assert rows.missing == [(tmp_path / "audio" / "site2" / "a.wav").as_posix()]


def test_a_recording_whose_audio_name_is_too_long_fails_and_others_are_converted(tmp_path: Path) -> None:
    long = "\N{CJK UNIFIED IDEOGRAPH-97F3}" * 83 + "ab"  # 251 bytes: short enough with .wav, too long with .flac
    path = garden(tmp_path, f"{long}.wav\tBlackbird\nshort.wav\tBlackbird\n")
    for name in (long, "short"):
        write_tone(tmp_path / "audio" / f"{name}.wav", 1, 500)
    source, cache = source_of(path)
    found = {fate.clip_id: fate for fate in source.fetch(next(iter(source.resolve())).clips)}
    assert (found[long].state, found[long].reason) == ("retryable", "name-too-long")
    assert "File name too long (256 bytes in one name" in found[long].message
    assert found["short"].state == "ok"
    assert cache.audio_names("training") == {"short.flac"}


def test_a_file_that_is_not_audio_is_undecodable_even_if_its_name_is_too_long(tmp_path: Path) -> None:
    recording, target = tmp_path / "text.wav", tmp_path / f"{'n' * 252}.flac"
    recording.write_text("a blackbird sings")
    seen = Survey(recording.stat().st_size, recording.stat().st_mtime_ns)
    clip = Clip("n" * 252, "training", "text.wav", 0.0, 10.0, ("Blackbird",))
    (fate,) = convert(Conversion(recording, seen, ((clip, target),), ClipFormat()))
    assert (fate.state, fate.reason) == ("retryable", "undecodable")
