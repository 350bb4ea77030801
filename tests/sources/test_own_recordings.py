"""A folder dataset from its TOML to its store: lengths, rates, names, and what changes between two runs."""

import os
import threading
import time
import unicodedata
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from encoded import clock
from sedpipe.errors import SedpipeError
from sedpipe.events import Event
from sedpipe.fates import Fate
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.ledger import Ledger, read_ledgers
from sedpipe.io.files.one_place import Disk
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.lists.events import read_stored_events
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.listener import Listener
from sedpipe.reports.data import DownloadReport
from sedpipe.shards import Shard
from sedpipe.sources.looking import look_at_splits
from sedpipe.stages.download import DownloadOptions, download

HEAD = 'name = "own"\nkind = "folder"\nlabels = ["Bird", "Car"]\n'
NO_TESTING = (
    "own has no [splits.testing], which early stopping and the choice of thresholds need: nothing can be trained on it"
)
"""The first note, before anything is converted."""
RATE = 16_000
SOUND = clock(60.0, RATE)


class Notes(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


class Own:
    """A folder with lists, a TOML and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, Dataset(folder / "cache", "own")
        self.rows: dict[str, str] = {}

    def record(self, name: str, seconds: float, rate: int = RATE, seed: int = 0, labels: str = "Bird") -> None:
        path = self.folder / "recordings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = SOUND if rate == RATE and not seed else clock(seconds, rate, seed)
        soundfile.write(path, sound[: round(seconds * rate)], rate)
        self.rows[name] = labels

    def run(self, settings: str = "", events: str = "", jobs: int = 1) -> tuple[DownloadReport, list[str]]:
        notes = Notes()
        report = download(self.manifest(settings, events), self.cache.root, jobs=jobs, listener=notes)
        assert notes.lines.pop(0) == NO_TESTING
        return report, notes.lines

    def manifest(self, settings: str = "", events: str = "") -> Manifest:
        rows = "".join(f"{name}\t{label}\n" for name, label in self.rows.items())
        (self.folder / "weak.tsv").write_text(f"filename\tevent_label\n{rows}")
        strong = ""
        if events:
            (self.folder / "strong.tsv").write_text(f"filename\tonset\toffset\tevent_label\n{events}")
            strong = 'strong = "strong.tsv"\n'
        text = f'{HEAD}{settings}[splits.training]\naudio = "recordings"\nweak = "weak.tsv"\n{strong}'
        (self.folder / "own.toml").write_text(text)
        return load_manifest(str(self.folder / "own.toml"))

    @property
    def audio(self) -> dict[str, tuple[float, int]]:
        """Seconds and rate of stored clips."""
        infos = {
            name: soundfile.info(self.cache.audio_dir("training") / name) for name in self.cache.audio_names("training")
        }
        return {name.removesuffix(".flac"): (round(info.duration, 3), info.samplerate) for name, info in infos.items()}

    @property
    def times(self) -> dict[str, int]:
        return {name: state[1] for name, state in self.cache.audio_files("training").items()}

    @property
    def fates(self) -> dict[str, tuple[str, str]]:
        return {key[1]: (entry.fate.state, entry.fate.reason) for key, entry in read_ledgers(self.cache.folder).items()}


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_long_recording_becomes_windows_with_matching_audio_labels_and_events(own: Own, jobs: int) -> None:
    own.record("long.wav", 25.5)
    own.record("short.wav", 4.0, labels="Car")
    events = "long.wav\t8\t12\tBird\nlong.wav\t24\t31\tCar\nlong.wav\t40\t41\tCar\nshort.wav\t0\t2\tCar\n"
    report, notes = own.run(events=events, jobs=jobs)
    names = ["long@0.000-10.000", "long@10.000-20.000", "long@20.000-25.500", "short"]
    assert report.splits["training"].ok == report.splits["training"].listed == 4
    assert own.audio == dict(zip(names, [(10.0, 44_100), (10.0, 44_100), (5.5, 44_100), (4.0, 44_100)], strict=True))
    clips = own.cache.read_clips()["training"]
    assert [(clip.clip_id, clip.labels) for clip in clips] == list(
        zip(names, [("Bird",), ("Bird",), ("Car",), ("Car",)], strict=True)
    )
    truth = read_stored_events(own.cache.reference_path("training"))
    found = {name: [(e.onset, e.offset, e.label) for e in events] for name, events in truth.items()}
    assert found == {
        names[0]: [(8, 10, "Bird")],
        names[1]: [(0, 2, "Bird")],
        names[2]: [(4, 5.5, "Car")],
        "short": [(0, 2, "Car")],
    }
    whole, _ = soundfile.read(own.folder / "recordings" / "long.wav")
    second, rate = soundfile.read(own.cache.audio_dir("training") / f"{names[1]}.flac")
    heard = np.interp(np.arange(10 * RATE) / RATE, np.arange(len(second)) / rate, second)
    assert np.corrcoef(heard, whole[10 * RATE : 20 * RATE])[0, 1] > 0.97
    assert notes == [
        "training: 1 recording longer than 10 s, cut into windows that are labelled with the events in them: 4 clips "
        "in all",
        "training: 1 event after the end of the recording dropped",
        "training: 1 event truncated at the end of the recording",
        "training: 1 recording whose weak labels and events contradict each other: 'long.wav' has Bird, and events of "
        "Bird, Car",
    ]


def test_pieces_that_inherit_labels_are_reported_counted_and_marked(own: Own) -> None:
    own.record("long.wav", 25.5)
    _, notes = own.run('long = "inherit"\n')
    assert own.fates == dict.fromkeys(own.audio, ("ok", "inherited"))
    assert len(own.audio) == 3
    assert {clip.labels for clip in own.cache.read_clips()["training"]} == {("Bird",)}
    assert notes == [
        "training: 1 labelled recording longer than 10 s, cut into 3 pieces that inherit the labels, whether they "
        "sound in them or not: 3 clips in all"
    ]


def test_a_refused_recording_is_reported_and_leaves_no_audio(own: Own) -> None:
    own.record("long.wav", 25.5)
    own.record("short.wav", 4.0)
    report, notes = own.run()
    assert own.fates == {"long": ("retryable", "too-long"), "short": ("ok", "")}
    assert list(own.audio) == ["short"]
    assert report.splits["training"].retryable == 1
    assert notes == [
        'training: 1 recording longer than 10 s refused (\'long.wav\'): choose long = "windows" or "inherit", or a '
        "larger clip_s"
    ]
    own.run("clip_s = 30\n")
    assert own.audio == {"long": (25.5, 44_100), "short": (4.0, 44_100)}


@pytest.mark.parametrize(("clip_s", "rate"), [(3, 96_000), (30, 8_000), (0.5, 22_050)])
def test_clips_have_the_length_and_rate_set_in_the_toml(own: Own, clip_s: float, rate: int) -> None:
    own.record("a.wav", 2 * clip_s)
    own.run(f'clip_s = {clip_s}\nsample_rate = {rate}\nlong = "inherit"\n')
    assert list(own.audio.values()) == [(clip_s, rate)] * 2
    record = own.cache.read_record()
    assert (record.clip_s, record.sample_rate) == (clip_s, rate)


def test_the_native_rate_is_the_most_common_rate_of_the_files(own: Own) -> None:
    for number, rate in enumerate((8_000, 8_000, 22_050, 48_000)):
        own.record(f"{number}.wav", 2.0, rate, seed=number + 1)
    own.run('sample_rate = "native"\n')
    assert set(own.audio.values()) == {(2.0, 8_000)}
    assert own.cache.read_record().sample_rate == 8_000


def test_changing_clip_length_or_rate_reconverts_all_audio_and_changing_long_none(own: Own) -> None:
    own.record("a.wav", 20.0)
    own.run("sample_rate = 8000\n", events="a.wav\t1\t2\tBird\n")
    before = own.times
    own.run('sample_rate = 8000\nlong = "inherit"\n', events="a.wav\t1\t2\tBird\n")
    assert own.times == before
    own.run("sample_rate = 16000\n", events="a.wav\t1\t2\tBird\n")
    assert set(own.audio.values()) == {(10.0, 16_000)}
    own.run("sample_rate = 16000\nclip_s = 5\n", events="a.wav\t1\t2\tBird\n")
    assert len(own.audio) == 4


def test_a_silent_labelled_window_is_refused_and_its_neighbours_are_kept(own: Own) -> None:
    own.record("a.wav", 30.0)
    sound, rate = soundfile.read(own.folder / "recordings" / "a.wav")
    sound[10 * rate : 20 * rate] = 0
    soundfile.write(own.folder / "recordings" / "a.wav", sound, rate)
    own.run('long = "inherit"\n')
    assert own.fates["a@10.000-20.000"] == ("retryable", "silent")
    assert sorted(own.audio) == ["a@0.000-10.000", "a@20.000-30.000"]


def test_silence_is_a_valid_clip_only_if_it_has_no_labels(own: Own) -> None:
    own.record("a.wav", 20.0)
    sound, rate = soundfile.read(own.folder / "recordings" / "a.wav")
    sound[10 * rate :] = 0
    soundfile.write(own.folder / "recordings" / "a.wav", sound, rate)
    own.record("b.wav", 5.0, labels="")
    soundfile.write(own.folder / "recordings" / "b.wav", np.zeros(5 * rate), rate)
    own.run(events="a.wav\t1\t2\tBird\n")
    assert own.fates == {"a@0.000-10.000": ("ok", ""), "a@10.000-20.000": ("ok", "silent"), "b": ("ok", "silent")}
    own.record("b.wav", 5.0, labels="Bird")
    soundfile.write(own.folder / "recordings" / "b.wav", np.zeros(5 * rate), rate)
    own.run(events="a.wav\t1\t2\tBird\na.wav\t12\t13\tBird\nb.wav\t1\t2\tBird\n")
    assert own.fates["a@10.000-20.000"] == own.fates["b"] == ("retryable", "silent")
    assert list(own.audio) == ["a@0.000-10.000"]


@pytest.mark.parametrize("ledger", ["of today", "of before", "lost"])
def test_a_silent_window_is_remembered_as_silent_despite_other_remarks(own: Own, ledger: str) -> None:
    own.record("a.wav", 20.05)  # the last 0.05 s are no window: the remark about them goes to every window
    sound, rate = soundfile.read(own.folder / "recordings" / "a.wav")
    sound[10 * rate :] = 0
    soundfile.write(own.folder / "recordings" / "a.wav", sound, rate)
    own.run(events="a.wav\t1\t2\tBird\n")
    quiet = "a@10.000-20.000"
    assert own.fates == {"a@0.000-10.000": ("ok", "cut"), quiet: ("ok", "silent")}
    told = read_ledgers(own.cache.folder)["training", quiet].fate
    assert told.message == "silent: nothing can be heard in it; 20.050 s long: the last 0.050 s are left out"
    if ledger == "of before":  # it listed the silence last, and took the first remark as the reason
        cut, silence = reversed(told.message.split("; "))
        with Ledger(own.cache.folder) as written:
            written.record(replace(told, reason="cut", message=f"{cut}; {silence}"))
    elif ledger == "lost":
        (own.cache.folder / "ledger.sqlite").unlink()
        own.run(events="a.wav\t1\t2\tBird\n")
        assert own.fates[quiet] == ("ok", "silent")
        (own.cache.folder / "ledger.sqlite").unlink()
    own.run(events="a.wav\t1\t2\tBird\na.wav\t12\t13\tBird\n")
    assert own.fates[quiet] == ("retryable", "silent")
    assert list(own.audio) == ["a@0.000-10.000"]


def test_the_same_name_in_two_folders_gives_two_clips_with_their_own_events(own: Own) -> None:
    own.record("monday/a.wav", 3.0)
    own.record("tuesday/a.wav", 5.0, seed=1, labels="Car")
    own.run(events="monday/a.wav\t1\t2\tBird\ntuesday/a.wav\t3\t4\tCar\n")
    assert own.audio == {"monday/a": (3.0, 44_100), "tuesday/a": (5.0, 44_100)}
    truth = read_stored_events(own.cache.reference_path("training"))
    assert {name: events[0].label for name, events in truth.items()} == {"monday/a": "Bird", "tuesday/a": "Car"}


def test_recordings_with_slightly_different_names_are_found_and_counted(own: Own) -> None:
    own.record(unicodedata.normalize("NFD", "V\u00f6gel.wav"), 2.0)
    own.record("crow.WAV", 2.0, seed=1)
    own.rows = {"V\u00f6gel.wav": "Bird", "crow": "Bird"}
    report, notes = own.run(events="crow.wav\t0\t1\tBird\nV\u00f6gel\t0\t1\tBird\n")
    assert report.splits["training"].ok == 2
    assert sorted(own.audio) == ["V\u00f6gel", "crow"]
    assert "training: 2 recordings with a slightly different name in the list" in notes


def test_missing_recordings_are_listed_and_stay_retryable(own: Own) -> None:
    own.record("here.wav", 2.0)
    own.rows |= {"her.wav": "Bird", "there.wav": "Bird"}
    report, notes = own.run()
    assert report.missing == {"training": [f"{own.folder}/recordings/{name}" for name in ("her.wav", "there.wav")]}
    assert own.fates == {"here": ("ok", ""), "her": ("retryable", "missing"), "there": ("retryable", "missing")}
    assert any("2 of 3 recordings not there" in note and "'her.wav', 'there.wav'" in note for note in notes)


def test_a_changed_label_reconverts_no_audio(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 15.0, seed=1)
    own.run(events="a.wav\t0\t1\tBird\nb.wav\t0\t1\tBird\n")
    before = own.times
    own.rows["a.wav"] = "Car"
    _, notes = own.run(events="a.wav\t0\t1\tCar\nb.wav\t11\t12\tBird\n")
    assert own.times == before
    assert notes[0] == "own has changed: its lists are read again, audio that still fits is kept"
    labels = {clip.clip_id: clip.labels for clip in own.cache.read_clips()["training"]}
    assert labels == {"a": ("Car",), "b@0.000-10.000": (), "b@10.000-15.000": ("Bird",)}


@pytest.mark.parametrize(("label", "events"), [("Brid", ""), ("Bird", "c.wav\t0\t1\tBird\n")])
def test_an_invalid_list_leaves_the_dataset_unchanged(own: Own, label: str, events: str) -> None:
    own.record("a.wav", 2.0)
    own.run()
    before = own.cache.clips_path.read_bytes(), own.cache.read_record()
    own.rows["b.wav"] = label
    with pytest.raises(SedpipeError, match=r"Brid|c\.wav"):
        own.run(events=events)
    assert (own.cache.clips_path.read_bytes(), own.cache.read_record()) == before


def test_a_replaced_recording_is_converted_again_even_into_other_windows(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 15.0, seed=1)
    own.run('long = "inherit"\n')
    before = own.times
    own.record("b.wav", 12.0, seed=2)
    _, notes = own.run('long = "inherit"\n')
    assert own.audio == {"a": (2.0, 44_100), "b@0.000-10.000": (10.0, 44_100), "b@10.000-12.000": (2.0, 44_100)}
    assert own.times["a.flac"] == before["a.flac"]
    assert own.times["b@0.000-10.000.flac"] != before["b@0.000-10.000.flac"]
    assert "training: 1 recording that changed, to be converted again: 'b.wav'" in notes
    assert not any("changed" in note for note in own.run('long = "inherit"\n')[1])


def test_a_recording_with_only_a_new_modification_time_is_not_reconverted(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.run()
    before = own.times
    os.utime(own.folder / "recordings" / "a.wav", (1, 1))
    assert own.run()[1] == []
    assert own.times == before


def test_a_deleted_recording_is_reported_each_time_and_its_clips_are_kept(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 15.0, seed=1)
    own.run('long = "inherit"\n')
    before = own.times
    (own.folder / "recordings" / "b.wav").unlink()
    for _ in range(2):
        report, notes = own.run('long = "inherit"\n')
        assert own.times == before
        assert report.missing == {"training": [f"{own.folder}/recordings/b.wav"]}
        assert "training: 1 recording no longer there; clips made before are kept: 'b.wav'" in notes
        assert report.splits["training"].ok == 3


def test_an_added_recording_is_reported_until_listed_and_then_converted_alone(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.run()
    before = own.times
    own.record("b.wav", 2.0, seed=1)
    listed = own.rows.pop("b.wav")
    assert own.run()[1] == ["1 recording below 'recordings' in no list: 'b.wav'"]
    own.rows["b.wav"] = listed
    own.run()
    assert sorted(own.audio) == ["a", "b"]
    assert own.times["a.flac"] == before["a.flac"]


def test_a_recording_that_is_no_longer_listed_leaves_no_audio(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 2.0, seed=1)
    own.run()
    del own.rows["b.wav"]
    own.run()
    assert list(own.audio) == ["a"]


def test_two_recordings_with_the_same_clip_name_give_a_one_line_error(own: Own) -> None:
    own.record("a.wav", 12.0)
    own.record("a@0.000-10.000.wav", 2.0, seed=1)
    with pytest.raises(SedpipeError, match=r"^own: 2 clips of training would be named 'a@0\.000-10\.000'$"):
        own.run('long = "inherit"\n')


@pytest.mark.parametrize(
    ("names", "disk", "is_refused"),
    [
        (("-abc", "Y-abc"), Disk(), True),
        (("-x/a", "Y-x/a"), Disk(), True),
        (("Y-abc", "abc"), Disk(), False),
        (("A", "a"), Disk(), False),
        (("A", "a"), Disk(ignores_case=True), True),
        (("site/a", "Site/a"), Disk(ignores_case=True), True),
    ],
)
def test_two_recordings_that_would_share_an_audio_file_are_refused(
    own: Own, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str], disk: Disk, is_refused: bool
) -> None:
    monkeypatch.setattr("sedpipe.io.files.one_place.disk_of", lambda _: disk)
    for seed, name in enumerate(names):
        own.record(f"{name}.wav", 2.0 + seed, seed=seed)
    if not is_refused:
        own.run()
        assert sorted(seconds for seconds, _ in own.audio.values()) == [2.0, 3.0]
        return
    both = " and ".join(repr(name) for name in names)
    with pytest.raises(SedpipeError, match=f"^own: clips {both} of training would share the audio file ") as caught:
        own.run()
    assert caught.value.hint.startswith("rename one of their recordings")
    assert not own.audio


def test_training_recordings_without_strong_rows_get_events_without_times(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 2.0, seed=1)
    _, notes = own.run(events="a.wav\t0\t1\tBird\n")
    truth = read_stored_events(own.cache.reference_path("training"))
    assert truth == {"a": [Event(0.0, 1.0, "Bird")], "b": [Event(0.0, 0.0, "Bird")]}
    assert [event.is_located for events in truth.values() for event in events] == [True, False]
    assert notes == [
        "training: 1 recording with weak labels but no row in the strong list ('b.wav'): when these sound is not known"
    ]


def of_first_edition(own: Own, clips: dict[str, str]) -> None:
    """Make a cache of the first edition: flat names, no table of recordings; ``clips``: ``clip_id`` -> listed name."""
    own.run()
    rows = own.cache.read_clips()["training"]
    by_source = {clip.source: clip for clip in rows}
    (own.cache.folder / "recordings.tsv").unlink()
    made = []
    for clip_id, name in clips.items():
        clip = by_source[name]
        old = own.cache.audio_path(clip)
        renamed = replace(clip, clip_id=clip_id)
        old.rename(own.cache.audio_path(renamed))
        made.append(renamed)
    write_clips(own.cache.clips_path, made)
    (own.cache.folder / "ledger.sqlite").unlink()
    record = own.cache.read_record()
    own.cache.write_record(
        DatasetRecord(
            dataset="own", fingerprint=record.fingerprint, labels=record.labels, listed={"training": len(made)}
        )
    )


def test_names_and_audio_of_a_first_edition_cache_are_kept(own: Own) -> None:
    own.record("sub/a.wav", 2.0)
    own.record("b.wav", 2.0, seed=1)
    of_first_edition(own, {"a": "sub/a.wav", "b": "b.wav"})
    before = own.times
    own.record("sub/c.wav", 2.0, seed=2)
    own.run()
    assert sorted(own.audio) == ["a", "b", "sub/c"]
    assert {name: own.times[name] for name in before} == before
    own.record("b.wav", 3.0, seed=3)
    own.run()
    assert own.audio["b"] == (3.0, 44_100)
    assert own.times["a.flac"] == before["a.flac"]


def test_truncated_first_edition_clips_are_reported_and_remade_on_request(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 9.0, seed=1)
    of_first_edition(own, {"a": "a.wav", "b": "b.wav"})
    with Ledger(own.cache.folder) as ledger:
        ledger.record(Fate("training", "a", "ok"))
        ledger.record(Fate("training", "b", "ok", "cut", "12.0 s long: only the first 10 s are used"))
    before = own.times
    _, notes = own.run()
    assert own.times == before
    assert notes == [
        "1 clip of own made by an earlier version, with the beginning of a longer recording but the labels of all of "
        'it: set long = "windows" or "inherit" in the TOML to make them again'
    ]
    own.record("b.wav", 12.0, seed=1)
    os.utime(own.folder / "recordings" / "b.wav", ns=(before["b.flac"] - 10**9,) * 2)
    own.run('long = "inherit"\n')
    assert own.audio == {"a": (2.0, 44_100), "b@0.000-10.000": (10.0, 44_100), "b@10.000-12.000": (2.0, 44_100)}
    assert own.times["a.flac"] == before["a.flac"]


def test_a_recording_newer_than_its_first_edition_audio_is_converted_again(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.record("b.wav", 2.0, seed=1)
    of_first_edition(own, {"a": "a.wav", "b": "b.wav"})
    before = own.times
    own.record("b.wav", 3.0, seed=2)
    os.utime(own.folder / "recordings" / "b.wav", ns=(before["b.flac"] + 10**9,) * 2)
    own.run()
    assert own.audio == {"a": (2.0, 44_100), "b": (3.0, 44_100)}
    assert own.times["a.flac"] == before["a.flac"]


def parts_of(own: Own, number: int) -> list[DownloadOptions]:
    return [DownloadOptions(shard=Shard(index, number)) for index in range(1, number + 1)]


def test_a_shard_still_reading_the_lists_keeps_audio_made_by_another_shard(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(6):
        own.record(f"{seed}.wav", 2.0, seed=seed)
    manifest, parts, notes = own.manifest(), parts_of(own, 2), Notes()
    with ThreadPoolExecutor(1) as pool:
        fast: list[Future[DownloadReport]] = []

        def looks_slowly(*given: object) -> object:
            if not fast:
                fast.append(pool.submit(download, manifest, own.cache.root, options=parts[0], listener=notes))
                while len(notes.lines) < 2 and not fast[0].done():
                    time.sleep(0.01)
            return look_at_splits(*given)  # type: ignore[arg-type]

        monkeypatch.setattr("sedpipe.sources.folder.look_at_splits", looks_slowly)
        download(manifest, own.cache.root, options=parts[1])
        assert fast[0].result().stopped is None
    assert len(own.audio) == 6
    assert notes.lines[1:] == ["another process is reading the lists of own: waiting until it is done"]


def test_shards_that_start_together_produce_the_whole_dataset(own: Own) -> None:
    for seed in range(8):
        own.record(f"{seed}.wav", 2.0, seed=seed)
    manifest, together = own.manifest('clip_s = 1.0\nsample_rate = "native"\nlong = "inherit"\n'), threading.Barrier(4)

    def bring(options: DownloadOptions) -> None:
        together.wait()
        download(manifest, own.cache.root, options=options)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bring, parts_of(own, 4)))
    assert set(own.audio.values()) == {(1.0, RATE)}
    assert len(own.audio) == 16
    assert set(own.fates.values()) == {("ok", "inherited")}


@pytest.mark.parametrize("audio", ["own/audio/training", "own/audio", "own", "link"])
def test_recordings_in_the_audio_folder_of_the_cache_are_refused_and_kept(tmp_path: Path, audio: str) -> None:
    mine = tmp_path / "own" / "audio" / "training" / "a.flac"  # --cache . beside a folder named like the dataset
    mine.parent.mkdir(parents=True)
    soundfile.write(mine, SOUND[:RATE], RATE)
    (tmp_path / "link").symlink_to(mine.parent)
    below = mine.relative_to(tmp_path / audio).as_posix() if audio != "link" else "a.flac"
    (tmp_path / "weak.tsv").write_text(f"{below}\tBird\n")
    (tmp_path / "own.toml").write_text(f'{HEAD}[splits.training]\naudio = "{audio}"\nweak = "weak.tsv"\n')
    for _ in range(2):  # the second run finds what the first one left behind
        with pytest.raises(SedpipeError, match=r"the recordings of own lie in .*, where sedpipe stores and deletes"):
            download(load_manifest(str(tmp_path / "own.toml")), tmp_path)
    assert mine.exists()


def test_a_folder_that_sedpipe_did_not_create_is_refused_and_kept(own: Own) -> None:
    own.record("a.wav", 2.0)
    strange = own.cache.audio_dir("training") / "copy.flac"
    strange.parent.mkdir(parents=True)
    soundfile.write(strange, SOUND[:RATE], RATE)
    for _ in range(2):
        with pytest.raises(SedpipeError, match=r"own/audio contains files, and nothing says that sedpipe made them"):
            own.run()
    assert strange.exists()


def test_a_list_that_would_be_overwritten_is_refused(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.manifest()
    own.cache.folder.mkdir(parents=True)
    (own.folder / "weak.tsv").rename(own.cache.clips_path)
    toml = own.folder / "own.toml"
    toml.write_text(toml.read_text().replace("weak.tsv", "cache/own/clips.tsv"))
    with pytest.raises(SedpipeError, match=r"clips\.tsv is a list of own, and would be overwritten"):
        download(load_manifest(str(toml)), own.cache.root)
    assert own.cache.clips_path.read_text() == "filename\tevent_label\na.wav\tBird\n"


def test_only_files_of_the_kind_that_sedpipe_writes_are_deleted_among_clips(own: Own) -> None:
    own.record("a.wav", 2.0)
    own.run()
    for name in ("of no clip.flac", "added by hand.wav"):
        (own.cache.audio_dir("training") / name).write_bytes(b"")
    own.run()
    assert own.cache.audio_names("training") == {"a.flac", "added by hand.wav"}
