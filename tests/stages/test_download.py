import csv
import hashlib
import itertools
import json
import multiprocessing
import random
import re
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import recorded_mixtures, recordings, tiny_mixtures, write_tone
from conftest import Web
from leftovers import left_by_a_killed_process
from sedpipe.clips import Clip
from sedpipe.errors import SedpipeError
from sedpipe.fates import Fate
from sedpipe.io.audio.store import write_flac
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.ledger import Ledger, read_ledgers
from sedpipe.io.lists.clips import read_clips
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.listener import Listener
from sedpipe.reports import as_json
from sedpipe.reports.data import DownloadReport
from sedpipe.shards import Shard
from sedpipe.sources.source import FetchStoppedError, Source, SplitRows
from sedpipe.stages.download import DownloadOptions, download
from sedpipe.stages.status import status
from sedpipe.steps.tally import Listed

NOWHERE = "http://127.0.0.1:1/none.zip"
COUNTS = {"training": 3, "testing": 2, "evaluation": 2}
OK = {"gone": 0, "blocked": 0, "retryable": 0, "pending": 0}


class Notes(Listener):
    """A listener that records the lines it receives."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


OFFLINE = DownloadOptions(limit=0)


def run(
    toml: Path, cache: Path, *places: Path | str, jobs: int = 1, options: DownloadOptions | None = None
) -> DownloadReport:
    return download(load_manifest(str(toml)), cache, [str(place) for place in places], jobs=jobs, options=options)


def content(folder: Path) -> dict[str, bytes]:
    """Return checksums of all files below a folder, hidden ones too, but without ledgers and paths of manifests."""

    def told(path: Path) -> bytes:
        if path.name != "dataset.json":
            return path.read_bytes()
        record = json.loads(path.read_text())
        return json.dumps({key: value for key, value in record.items() if key != "manifest"}).encode()

    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(told(path)).digest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("ledger")
    }


def times(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*")}


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def problems(cache: Path, name: str) -> list[list[str]]:
    """Return split, clip, state and message of each clip that has a message."""
    fates = [entry.fate for entry in read_ledgers(Dataset(cache, name).folder).values()]
    return sorted([fate.split, fate.clip_id, fate.state, fate.message] for fate in fates if fate.message)


def counts_of(report: DownloadReport) -> dict[str, dict[str, int]]:
    """Return the counts of each split, without the reasons."""
    return {
        split: {state: count for state, count in as_json(counts).items() if state != "reasons"}
        for split, counts in report.splits.items()
    }


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the manifest ``tiny-tiny.toml`` and its dataset in ``cache``; tests only read it."""
    folder = tmp_path_factory.mktemp("made_once")
    run(tiny_mixtures(folder, "tiny", 3, 2), folder / "cache")
    return folder


@pytest.fixture
def tiny(made_once: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The manifest and the cache of a copy of ``made_once``, modification times included."""
    shutil.copytree(made_once, tmp_path / "tiny")
    return tmp_path / "tiny" / "tiny-tiny.toml", tmp_path / "tiny" / "cache"


# mixtures of synthesised recordings


def test_every_clip_is_stored_as_ten_seconds_of_mono_flac(made_once: Path) -> None:
    cache = Dataset(made_once / "cache", "tiny")
    clips = read_clips(cache.clips_path)
    assert len(clips) == 7
    for clip in clips:
        info = soundfile.info(cache.audio_path(clip))
        assert (info.format, info.subtype) == ("FLAC", "PCM_16")
        assert (info.frames, info.samplerate, info.channels) == (441_000, 44_100, 1)
    assert len(list((cache.folder / "audio").rglob("*.*"))) == 7


def test_clip_list_and_reference_agree(made_once: Path) -> None:
    cache = Dataset(made_once / "cache", "tiny")
    by_split = cache.read_clips()
    assert {split: len(clips) for split, clips in by_split.items()} == COUNTS
    for split, clips in by_split.items():
        events = read_event_list(cache.reference_path(split))
        assert list(events) == [clip.clip_id for clip in clips]
        for clip in clips:
            assert {event.label for event in events[clip.clip_id]} == set(clip.labels) != set()


def test_the_cache_contains_only_the_documented_files(made_once: Path) -> None:
    names = {path.relative_to(made_once / "cache").as_posix() for path in (made_once / "cache").glob("*/*")}
    assert names == {
        "tiny/audio",
        "tiny/clips.tsv",
        "tiny/dataset.json",
        "tiny/ledger.lock",
        "tiny/ledger.sqlite",
        "tiny/reference-evaluation.tsv",
        "tiny/reference-testing.tsv",
        "tiny/reference-training.tsv",
        "tiny/rows.lock",
    }


def test_the_report_counts_clips_by_split(tmp_path: Path) -> None:
    report = run(tiny_mixtures(tmp_path, "few", 2, 1), tmp_path / "cache")
    assert (report.stage, report.dataset) == ("download", "few")
    assert counts_of(report) == {
        "training": {"listed": 2, "ok": 2, **OK},
        "testing": {"listed": 1, "ok": 1, **OK},
        "evaluation": {"listed": 1, "ok": 1, **OK},
    }
    assert 0 < report.seconds < 60


def test_a_second_run_changes_nothing_and_reports_the_same_counts(tiny: tuple[Path, Path]) -> None:
    toml, cache = tiny
    before = times(cache)
    report = run(toml, cache)
    assert times(cache) == before
    assert {split: counts.ok for split, counts in report.splits.items()} == COUNTS


def test_a_dry_run_counts_clips_and_writes_nothing(tmp_path: Path) -> None:
    manifest = load_manifest(str(tiny_mixtures(tmp_path, "tiny")))
    report = download(manifest, tmp_path / "cache", dry_run=True)
    assert report.splits == {"training": Listed(6), "testing": Listed(3), "evaluation": Listed(3)}
    assert not (tmp_path / "cache").exists()


def test_deleted_audio_is_made_again_and_the_rest_is_kept(tiny: tuple[Path, Path]) -> None:
    toml, cache = tiny
    expected, before = content(cache), times(cache / "tiny" / "audio")
    for name in ("training/training-00002.flac", "testing/testing-00000.flac"):
        (cache / "tiny" / "audio" / name).unlink()
    run(toml, cache)
    assert content(cache) == expected
    files = {name for name in differing(before, times(cache / "tiny" / "audio")) if name.endswith(".flac")}
    assert files == {"training/training-00002.flac", "testing/testing-00000.flac"}


@pytest.mark.parametrize("name", ["clips.tsv", "dataset.json", "reference-testing.tsv"])
def test_a_deleted_metadata_file_is_written_again(tiny: tuple[Path, Path], name: str) -> None:
    toml, cache = tiny
    expected = content(cache)
    (cache / "tiny" / name).unlink()
    run(toml, cache)
    assert content(cache) == expected


def test_a_changed_manifest_is_reported_and_its_audio_made_again(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    toml, cache = tiny
    toml.write_text(toml.read_text().replace("seed = 2\n", "seed = 5\n"))
    listener = Notes()
    download(load_manifest(str(toml)), cache, listener=listener)
    assert listener.lines == ["tiny has changed since its audio was made: making it again"]
    run(toml, tmp_path / "fresh")
    assert content(cache) == content(tmp_path / "fresh")


def test_only_one_shard_deletes_the_audio_of_a_changed_manifest(
    tiny: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml, cache = tiny
    toml.write_text(toml.read_text().replace("seed = 2\n", "seed = 5\n"))
    manifest, notes, other = load_manifest(str(toml)), Notes(), list[Future[DownloadReport]]()
    parts = [DownloadOptions(shard=Shard(index, 2)) for index in (1, 2)]
    with ThreadPoolExecutor(1) as pool:

        def removes_late(folder: Path) -> None:
            if not other:
                other.append(pool.submit(download, manifest, cache, options=parts[0], listener=notes))
                while not notes.lines and not other[0].done():
                    time.sleep(0.01)
            shutil.rmtree(folder)

        monkeypatch.setattr("sedpipe.stages.download._remove", removes_late)
        download(manifest, cache, options=parts[1])
        other[0].result()
    assert notes.lines == ["another process is reading the lists of tiny: waiting until it is done"]
    assert sum(len(Dataset(cache, "tiny").audio_names(split)) for split in COUNTS) == 7


def test_clips_dropped_from_a_manifest_leave_no_audio_behind(tiny: tuple[Path, Path]) -> None:
    toml, cache = tiny
    run(tiny_mixtures(toml.parent, "tiny", 2, 1), cache)
    assert sum(path.suffix == ".flac" for path in cache.rglob("*")) == 4


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("killed_at", ["_resolve", "_write_rows", "write_event_list", "_bring", "tally"])
@pytest.mark.parametrize("before", ["nothing", "other rules", "a file missing"])
def test_a_download_interrupted_at_any_step_is_completed_by_the_next(
    tiny: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, killed_at: str, before: str
) -> None:
    toml, cache = tiny
    expected = content(cache)
    if before == "nothing":
        shutil.rmtree(cache)
    if before == "other rules":
        rules = toml.read_text()
        toml.write_text(rules.replace("seed = 2\n", "seed = 5\n"))
        run(toml, cache)
        toml.write_text(rules)
    if before == "a file missing":
        (cache / "tiny" / "audio" / "training" / "training-00001.flac").unlink()

    def interrupt(*_: object, **__: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(f"sedpipe.stages.download.{killed_at}", interrupt)
        with pytest.raises(Interrupted):
            run(toml, cache)
    report = run(toml, cache)
    assert content(cache) == expected
    assert {split: counts.ok for split, counts in report.splits.items()} == COUNTS


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("seed", range(2))
def test_a_download_killed_at_random_moments_resumes_to_the_same_bytes(
    made_once: Path, tmp_path: Path, seed: int
) -> None:
    toml, moments = made_once / "tiny-tiny.toml", random.Random(seed)
    n_killed, cache = 0, tmp_path / "cache"
    for _ in range(8):
        child = multiprocessing.get_context("fork").Process(target=run, args=(toml, cache))
        child.start()
        time.sleep(moments.uniform(0, 0.1))
        child.kill()
        child.join()
        n_killed += child.exitcode != 0
        files = list(cache.rglob("*.flac"))
        for path in files:
            if not path.name.startswith("."):
                assert soundfile.info(path).frames == 441_000
        done = status(Dataset(cache, "tiny")).stages.download
        assert sum(counts.ok for counts in done.values()) <= len(files)
    assert n_killed > 0
    report = run(toml, cache)
    assert content(cache) == content(made_once / "cache")
    assert sum(counts.ok for counts in report.splits.values()) == 7


def test_leftovers_of_a_killed_process_are_removed(tiny: tuple[Path, Path]) -> None:
    toml, cache = tiny
    expected = content(cache)
    left_by_a_killed_process(cache / "tiny" / "audio" / "testing", ".flac")
    (cache / "tiny" / "audio" / "testing" / "testing-00001.flac").unlink()
    run(toml, cache)
    assert content(cache) == expected


# mixtures of existing recordings


@pytest.fixture
def beeps(tmp_path: Path) -> tuple[Path, Path]:
    """A manifest of mixtures, and the folder with their recordings."""
    folder = recordings(tmp_path / "recordings")
    return recorded_mixtures(tmp_path, folder, NOWHERE), folder


def zip_of(folder: Path, path: Path, top: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.wav")):
            archive.write(file, top + file.relative_to(folder).as_posix())
        archive.writestr("../evil", b"evil")
    return path


def test_folder_archive_and_network_give_the_same_clips(beeps: tuple[Path, Path], tmp_path: Path, web: Web) -> None:
    toml, folder = beeps
    archive = zip_of(folder, tmp_path / "mine.zip", "ESC-10-master/")
    shutil.copy(archive, web.folder / "esc.zip")
    (tmp_path / "web").mkdir()
    caches = [tmp_path / name for name in "abc"]
    reports = [
        run(toml, caches[0], folder),
        run(toml, caches[1], archive),
        run(recorded_mixtures(tmp_path / "web", folder, f"{web.url}/esc.zip"), caches[2]),
    ]
    assert [report.splits for report in reports] == [reports[0].splits] * 3
    assert counts_of(reports[0])["training"] == {"listed": 8, "ok": 8, **OK}
    records = [json.loads((cache / "beeps" / "dataset.json").read_text()) for cache in caches]
    first, *others = [content(cache / "beeps") | {"dataset.json": b""} for cache in caches]
    assert all(other == first for other in others)
    assert all(record | {"manifest": ""} == records[0] | {"manifest": ""} for record in records)
    assert not (tmp_path / "evil").exists()
    assert web.asked == ["/esc.zip"]


def test_a_damaged_recording_is_reported_and_its_mixtures_are_dropped(beeps: tuple[Path, Path], tmp_path: Path) -> None:
    toml, folder = beeps
    run(toml, tmp_path / "whole", folder)
    damaged = folder / "001 - Low tone" / "1-2.wav"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-2])
    listener = Notes()
    report = download(load_manifest(str(toml)), tmp_path / "cache", [str(folder)], listener=listener)
    gone = report.splits["training"].gone
    assert 0 < gone < 8
    assert counts_of(report)["training"] == {"listed": 8, "ok": 8 - gone, **OK, "gone": gone}
    assert report.splits["testing"].ok == 3
    assert listener.lines == [
        f"{damaged} is damaged (its sha256 is not the listed one): mixtures that draw it are dropped"
    ]
    rows = problems(tmp_path / "cache", "beeps")
    assert [row[2:] for row in rows] == [["gone", "recording 001 - Low tone/1-2.wav is missing or damaged"]] * gone
    kept, complete = content(tmp_path / "cache" / "beeps" / "audio"), content(tmp_path / "whole" / "beeps" / "audio")
    assert kept.items() < complete.items()
    assert len(complete) - len(kept) == gone

    again = download(load_manifest(str(toml)), tmp_path / "cache", [str(folder)])
    assert (again.splits, problems(tmp_path / "cache", "beeps")) == (report.splits, rows)
    damaged.write_bytes(whole)
    assert counts_of(run(toml, tmp_path / "cache", folder))["training"] == {"listed": 8, "ok": 8, **OK}
    assert content(tmp_path / "cache") == content(tmp_path / "whole")


def test_a_missing_fold_makes_its_split_unavailable(beeps: tuple[Path, Path], tmp_path: Path) -> None:
    toml, folder = beeps
    for path in folder.rglob("3-*.wav"):
        path.unlink()
    listener = Notes()
    report = download(load_manifest(str(toml)), tmp_path / "cache", [str(folder)], listener=listener)
    assert listener.lines == ["evaluation is unavailable: no recording of fold 3 was found"]
    assert counts_of(report)["evaluation"] == {"listed": 3, "ok": 0, **OK, "pending": 3}
    assert counts_of(report)["testing"] == {"listed": 3, "ok": 3, **OK}
    assert not Dataset(tmp_path / "cache", "beeps").reference_path("evaluation").exists()


def test_a_fold_that_goes_missing_later_does_not_change_its_split(beeps: tuple[Path, Path], tmp_path: Path) -> None:
    toml, folder = beeps
    shutil.copytree(folder, tmp_path / "copy")
    run(toml, tmp_path / "cache", tmp_path / "copy")
    before, ledger = content(tmp_path / "cache"), read_ledgers(tmp_path / "cache" / "beeps")
    for path in (tmp_path / "copy").rglob("3-*.wav"):
        path.unlink()
    lost = sorted(Dataset(tmp_path / "cache", "beeps").audio_dir("training").glob("*.flac"))[0]
    lost.unlink()
    listener = Notes()
    report = download(load_manifest(str(toml)), tmp_path / "cache", [str(tmp_path / "copy")], listener=listener)
    assert listener.lines == [
        "evaluation is unavailable: no recording of fold 3 was found",
        "evaluation: not available now, so it stays as it was (3 clips)",
    ]
    assert counts_of(report)["evaluation"] == {"listed": 3, "ok": 3, **OK}
    assert content(tmp_path / "cache") == before
    assert read_ledgers(tmp_path / "cache" / "beeps").keys() == ledger.keys()


def test_a_recording_that_goes_missing_later_does_not_change_finished_mixtures(
    beeps: tuple[Path, Path], tmp_path: Path
) -> None:
    toml, folder = beeps
    run(toml, tmp_path / "cache", folder)
    before = content(tmp_path / "cache")
    (folder / "001 - Low tone" / "1-2.wav").unlink()
    sorted(Dataset(tmp_path / "cache", "beeps").audio_dir("testing").glob("*.flac"))[0].unlink()
    listener = Notes()
    report = download(load_manifest(str(toml)), tmp_path / "cache", [str(folder)], listener=listener)
    assert counts_of(report)["training"] == {"listed": 8, "ok": 8, **OK}
    assert content(tmp_path / "cache") == before
    missing, kept = listener.lines
    assert missing == "recording '001 - Low tone/1-2.wav' was not found: mixtures that draw it are dropped"
    assert re.fullmatch(r"training: audio that is there is kept \([1-7] mixtures?\)", kept)


def test_a_folder_without_recordings_gives_an_error(beeps: tuple[Path, Path], tmp_path: Path) -> None:
    toml, _ = beeps
    (tmp_path / "empty").mkdir()
    with pytest.raises(SedpipeError, match=r"^beeps: no clip can be made \(training is unavailable: no ") as caught:
        run(toml, tmp_path / "cache", tmp_path / "empty")
    assert caught.value.hint == "name a place that has it with --from"


def test_unusable_sources_give_an_error_and_leave_the_cache_unchanged(
    tiny: tuple[Path, Path], tmp_path: Path, web: Web
) -> None:
    folder = recordings(tmp_path / "recordings")
    (tmp_path / "no-archive.zip").write_text("no archive")
    (web.folder / "esc.zip").write_text("no archive")
    _, cache = tiny
    before = content(cache)
    for place, message in (
        (tmp_path / "no-archive.zip", "is neither a folder nor a zip or tar archive"),
        (tmp_path / "nowhere", "there is no such folder or archive"),
        (f"{web.url}/esc.zip", "is not an archive"),
        (f"{web.url}/gone.zip", "the server answered 404"),
    ):
        with pytest.raises(SedpipeError, match=message):
            run(recorded_mixtures(tmp_path, folder, NOWHERE, name="tiny"), cache, place)
    assert differing(before, {name: sha for name, sha in content(cache).items() if "sources" not in name}) == set()


# a user's own recordings

GARDEN = """name = "garden"
kind = "folder"
labels = ["Blackbird"]
[splits.training]
audio = "{training}"
weak = "training.tsv"
[splits.testing]
audio = "{testing}"
weak = "testing.tsv"
strong = "events.tsv"
"""


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    (tmp_path / "garden.toml").write_text(GARDEN.format(training="audio", testing="audio"))
    (tmp_path / "training.tsv").write_text("short.wav\tBlackbird\nlong.wav\tBlackbird\nbroken.wav\tBlackbird\n")
    (tmp_path / "testing.tsv").write_text("seen.wav\tBlackbird\n")
    (tmp_path / "events.tsv").write_text("seen.wav\t0.5\t1\tBlackbird\n")
    for name, seconds in (("short", 3.0), ("long", 10.05), ("seen", 2.0)):
        write_tone(tmp_path / "audio" / f"{name}.wav", seconds, 500)
    (tmp_path / "audio" / "broken.wav").write_text("a blackbird sings")
    return tmp_path / "garden.toml"


def test_own_recordings_with_a_problem_get_a_message(garden: Path, tmp_path: Path) -> None:
    report = run(garden, tmp_path / "cache")
    assert counts_of(report) == {
        "training": {"listed": 3, "ok": 2, **OK, "retryable": 1},
        "testing": {"listed": 1, "ok": 1, **OK},
    }
    expected = [
        ["training", "broken", "retryable", f"{tmp_path}/audio/broken.wav: cannot be decoded as audio"],
        ["training", "long", "ok", "10.050 s long: the last 0.050 s are left out"],
    ]
    assert problems(tmp_path / "cache", "garden") == expected
    run(garden, tmp_path / "cache")
    assert problems(tmp_path / "cache", "garden") == expected


def test_a_repaired_recording_is_added_and_the_others_are_kept(garden: Path, tmp_path: Path) -> None:
    run(garden, tmp_path / "cache")
    before = times(tmp_path / "cache")
    write_tone(tmp_path / "audio" / "broken.wav", 2, 500)
    assert counts_of(run(garden, tmp_path / "cache"))["training"] == {"listed": 3, "ok": 3, **OK}
    changed = differing(before, times(tmp_path / "cache"))
    assert {name for name in changed if name.endswith(".flac")} == {"garden/audio/training/broken.flac"}


def test_a_mistake_in_a_list_is_reported_until_it_is_corrected(garden: Path, tmp_path: Path) -> None:
    run(garden, tmp_path / "cache")
    right = (tmp_path / "events.tsv").read_text()
    (tmp_path / "events.tsv").write_text(right + "unseen.wav\t0\t1\tBlackbird\n")
    for _ in range(2):
        with pytest.raises(SedpipeError, match=r"events\.tsv: 'unseen.wav' has events but is not listed in "):
            run(garden, tmp_path / "cache")
    assert status(Dataset(tmp_path / "cache", "garden")).next == f"sedpipe download garden --cache {tmp_path / 'cache'}"
    (tmp_path / "events.tsv").write_text(right)
    assert counts_of(run(garden, tmp_path / "cache"))["testing"] == {"listed": 1, "ok": 1, **OK}


def test_the_same_name_in_two_splits_gives_an_error(garden: Path, tmp_path: Path) -> None:
    garden.write_text(GARDEN.format(training="audio", testing="audio/other"))
    write_tone(tmp_path / "audio" / "other" / "short.wav", 2, 500)
    (tmp_path / "testing.tsv").write_text("short.wav\tBlackbird\n")
    (tmp_path / "events.tsv").write_text("short.wav\t0\t1\tBlackbird\n")
    for _ in range(2):
        with pytest.raises(SedpipeError, match=r"^garden: clip 'short' is listed in training and in testing$"):
            run(garden, tmp_path / "cache")


def test_empty_lists_give_an_error(garden: Path, tmp_path: Path) -> None:
    for name in ("training.tsv", "testing.tsv", "events.tsv"):
        (tmp_path / name).write_text("")
    with pytest.raises(SedpipeError, match=r"^garden: no clip can be made \(its lists are empty\)$") as caught:
        run(garden, tmp_path / "cache")
    assert caught.value.hint == "list recordings in its splits"


# excerpts of videos


@pytest.fixture
def videos(tmp_path: Path, web: Web) -> Path:
    """A dataset of three excerpts of videos, whose lists are on a local server."""
    return listed_videos(tmp_path, web, "".join(f"{letter * 11},0.000,10.000,Car,/m/0k4j\n" for letter in "abc"))


def listed_videos(tmp_path: Path, web: Web, rows: str) -> Path:
    (web.folder / "list.csv").write_text(rows)
    sha256 = hashlib.sha256(rows.encode()).hexdigest()
    path = tmp_path / "videos.toml"
    path.write_text(
        f'name = "videos"\nkind = "youtube"\nlabels = ["Car"]\nlists = "{web.url}/"\n[mids]\n"Car" = "/m/0k4j"\n'
        f'[splits.training]\nclips = {{ path = "list.csv", sha256 = "{sha256}" }}\n'
    )
    return path


def test_audio_is_adopted_clip_by_clip_from_one_folder_after_another(videos: Path, tmp_path: Path) -> None:
    counts = []
    for letter in "ab":
        write_tone(tmp_path / letter / f"Y{letter * 11}_0.000_10.000.wav", 10, 500)
        counts.append(counts_of(run(videos, tmp_path / "cache", tmp_path / letter, options=OFFLINE))["training"])
    assert counts == [
        {"listed": 3, "ok": 1, **OK, "pending": 2},
        {"listed": 3, "ok": 2, **OK, "pending": 1},
    ]
    assert problems(tmp_path / "cache", "videos") == []


def test_an_ambiguous_recording_stays_ambiguous_when_one_of_its_clips_has_audio(tmp_path: Path, web: Web) -> None:
    """Even if the two clips belong to different shards."""
    rows = "".join(f"aaaaaaaaaaa,{start},{start + 10},Car,/m/0k4j\n" for start in (0, 30))
    toml = listed_videos(tmp_path, web, rows)
    write_tone(tmp_path / "mine" / "aaaaaaaaaaa.wav", 10, 500)
    write_tone(tmp_path / "timed" / "aaaaaaaaaaa_0_10.wav", 10, 700)
    shards = [Shard(index, 8) for index in range(1, 9)]
    for shard in shards:
        run(toml, tmp_path / "parts", tmp_path / "mine", options=DownloadOptions(limit=0, shard=shard))
    clip_ids = ["aaaaaaaaaaa_0.000_10.000", "aaaaaaaaaaa_30.000_40.000"]
    assert len({shard for shard in shards for clip_id in clip_ids if shard.holds(clip_id)}) == 2
    run(toml, tmp_path / "cache", tmp_path / "timed", options=OFFLINE)
    report = run(toml, tmp_path / "cache", tmp_path / "mine", options=OFFLINE)
    assert counts_of(report)["training"] == {"listed": 2, "ok": 1, **OK, "pending": 1}
    assert not (tmp_path / "parts" / "videos" / "audio").exists()
    assert [row[1] for row in problems(tmp_path / "parts", "videos")] == clip_ids
    assert all("could be any of several clips" in row[3] for row in problems(tmp_path / "parts", "videos"))


def told(cache: Path) -> list[tuple[object, ...]]:
    """Return what the ledgers record about each clip, without the times of attempts."""
    fates = [entry.fate for _, entry in sorted(read_ledgers(cache / "videos").items())]
    return [(fate.clip_id, fate.state, fate.reason, fate.duration, fate.sha256) for fate in fates]


def test_lost_ledger_rows_are_restored_from_stored_audio(videos: Path, tmp_path: Path) -> None:
    write_tone(tmp_path / "mine" / "aaaaaaaaaaa_0.000_10.000.wav", 10, 500)
    write_tone(tmp_path / "mine" / "bbbbbbbbbbb_0.000_10.000.wav", 6, 500)
    report = run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE)
    before = told(tmp_path / "cache")
    assert [row[2:4] for row in before] == [("", 10.0), ("short", 6.0)]
    (tmp_path / "cache" / "videos" / "ledger.sqlite").unlink()
    again = run(videos, tmp_path / "cache", options=OFFLINE)
    assert told(tmp_path / "cache") == before
    assert again.splits == report.splits


def test_lost_ledger_rows_are_restored_if_every_clip_has_audio(videos: Path, tmp_path: Path) -> None:
    for letter in "abc":
        write_tone(tmp_path / "mine" / f"{letter * 11}_0.000_10.000.wav", 10, 500)
    run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE)
    before = told(tmp_path / "cache")
    (tmp_path / "cache" / "videos" / "ledger.sqlite").unlink()
    run(videos, tmp_path / "cache", options=OFFLINE)
    assert told(tmp_path / "cache") == before


def test_audio_of_videos_survives_a_change_of_the_manifest(videos: Path, tmp_path: Path) -> None:
    write_tone(tmp_path / "mine" / "aaaaaaaaaaa_0.000_10.000.wav", 10, 500)
    run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE)
    text = videos.read_text()
    videos.write_text(text.replace('["Car"]', '["Car", "Bus"]').replace("[splits", '"Bus" = "/m/01bjv"\n[splits'))
    listener = Notes()
    report = download(load_manifest(str(videos)), tmp_path / "cache", options=OFFLINE, listener=listener)
    assert "videos has changed: its lists are read again, audio that still fits is kept" in listener.lines
    assert counts_of(report)["training"] == {"listed": 3, "ok": 1, **OK, "pending": 2}
    assert json.loads((tmp_path / "cache" / "videos" / "dataset.json").read_text())["labels"] == ["Car", "Bus"]


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_sample_rate_that_differs_from_stored_audio_is_refused_without_changes(
    videos: Path, tmp_path: Path, rate: int
) -> None:
    write_tone(tmp_path / "mine" / "aaaaaaaaaaa_0.000_10.000.wav", 10, 500)
    run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE)
    before, text = content(tmp_path / "cache"), videos.read_text()
    videos.write_text(f"sample_rate = {rate}\n{text}")
    for _ in range(2):
        with pytest.raises(SedpipeError, match=f"sample_rate is {rate} Hz, and 1 clip in .* is of 44100 Hz") as caught:
            run(videos, tmp_path / "cache", options=OFFLINE)
        assert caught.value.hint.startswith("set sample_rate = 44100 ")
        assert content(tmp_path / "cache") == before
    videos.write_text(f"sample_rate = 44100\n{text}")
    assert counts_of(run(videos, tmp_path / "cache", options=OFFLINE))["training"]["ok"] == 1
    shutil.rmtree(tmp_path / "cache" / "videos" / "audio")
    videos.write_text(f"sample_rate = {rate}\n{text}")
    assert counts_of(run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE))["training"]["ok"] == 1
    [path] = (tmp_path / "cache" / "videos" / "audio").rglob("*.flac")
    assert soundfile.info(path).samplerate == rate


def test_an_interrupted_change_is_not_mistaken_for_another_sample_rate(videos: Path, tmp_path: Path) -> None:
    """A record without clips says nothing about the sample rate: the audio does."""
    text = videos.read_text()
    videos.write_text(f"sample_rate = 16000\n{text}")
    write_tone(tmp_path / "mine" / "aaaaaaaaaaa_0.000_10.000.wav", 10, 500)
    run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE)
    record = tmp_path / "cache" / "videos" / "dataset.json"
    told = json.loads(record.read_text())
    record.write_text(
        json.dumps({key: told[key] for key in ("dataset", "labels")} | {"fingerprint": "x", "listed": {}})
    )
    assert counts_of(run(videos, tmp_path / "cache", options=OFFLINE))["training"]["ok"] == 1


def test_crawl_results_of_a_split_survive_the_loss_of_its_list(videos: Path, tmp_path: Path, web: Web) -> None:
    rows = "".join(f"{letter * 11},0.000,10.000,Car,/m/0k4j\n" for letter in "defg")
    (web.folder / "more.csv").write_text(rows)
    sha256 = hashlib.sha256(rows.encode()).hexdigest()
    with videos.open("a") as file:
        file.write(f'[splits.evaluation]\nclips = {{ path = "more.csv", sha256 = "{sha256}" }}\n')
    for letter in "ad":
        write_tone(tmp_path / "mine" / f"{letter * 11}_0.000_10.000.wav", 10, 500)
    before = counts_of(run(videos, tmp_path / "cache", tmp_path / "mine", options=OFFLINE))
    cache = Dataset(tmp_path / "cache", "videos")
    with Ledger(cache.folder) as ledger:
        for _ in range(3):
            ledger.record(Fate("evaluation", "eeeeeeeeeee_0.000_10.000", "blocked", "bot", "told so"))
        ledger.record(Fate("evaluation", "fffffffffff_0.000_10.000", "gone", "private"))
        # of a clip without a row
        ledger.record(Fate("evaluation", "ggggggggggg_0.000_10.000", "gone", "private"))
    known, stored = read_ledgers(cache.folder), content(cache.folder)
    for path in (cache.sources / "videos" / "more.csv", web.folder / "more.csv"):
        path.unlink()
    for _ in range(2):
        listener = Notes()
        report = download(load_manifest(str(videos)), tmp_path / "cache", options=OFFLINE, listener=listener)
        assert counts_of(report) == before | {"evaluation": {"listed": 4, "ok": 1, **OK, "gone": 2, "blocked": 1}}
        assert content(cache.folder) == stored
        assert read_ledgers(cache.folder) == known
        assert listener.lines[-1] == "evaluation: not available now, so it stays as it was (4 clips)"
    videos.write_text(
        videos.read_text().replace('["Car"]', '["Car", "Bus"]').replace("[mids]", '[mids]\n"Bus" = "/m/1"')
    )
    report = run(videos, tmp_path / "cache", options=OFFLINE)
    assert read_ledgers(cache.folder) == known
    assert sorted(cache.read_clips()) == ["training"]  # the current list is unknown
    assert counts_of(report)["evaluation"] == {"listed": 4, "ok": 1, **OK, "gone": 2, "blocked": 1}
    (web.folder / "more.csv").write_text(rows)
    run(videos, tmp_path / "cache", options=OFFLINE)
    assert read_ledgers(cache.folder) == known
    assert len(cache.read_clips()["evaluation"]) == 4


def test_official_lists_are_resolved_and_audio_adopted(tmp_path: Path, shared_data: Path, web: Web) -> None:
    text = load_manifest("dcase2017-task4").path.read_text()
    old = next(line for line in text.splitlines() if line.startswith("lists = "))
    (tmp_path / "task4.toml").write_text(text.replace(old, f'lists = "{web.url}/"'))
    lists = shared_data / "dcase2017-task4"
    with (lists / "testing_set.csv").open(encoding="utf-8") as file:
        for row in itertools.islice(csv.reader(file), 2):
            clip_id = f"{row[0]}_{float(row[1]):.3f}_{float(row[2]):.3f}"
            write_tone(tmp_path / "audio" / f"Y{clip_id}.wav", 10, 500)
    listener = Notes()
    report = download(
        load_manifest(str(tmp_path / "task4.toml")),
        tmp_path / "cache",
        [str(lists), str(tmp_path / "audio")],
        options=OFFLINE,
        listener=listener,
    )
    assert counts_of(report) == {
        "training": {"listed": 51_172, "ok": 0, **OK, "pending": 51_172},
        "testing": {"listed": 488, "ok": 2, **OK, "pending": 486},
        "evaluation": {"listed": 0, "ok": 0, **OK},
    }
    assert [line.split(":")[0] for line in listener.lines] == ["evaluation is unavailable"]
    cache = Dataset(tmp_path / "cache", "dcase2017-task4")
    assert {split: len(clips) for split, clips in cache.read_clips().items()} == {"training": 51_172, "testing": 488}
    assert sorted(path.name for path in cache.folder.glob("reference-*")) == ["reference-testing.tsv"]


# the cache


def test_an_unwritable_cache_gives_an_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(SedpipeError, match=r"^cannot write .*/tiny/ledger\.lock: (Not a directory|File exists)$"):
        run(tiny_mixtures(tmp_path, "tiny"), tmp_path / "cache")


def test_audio_that_cannot_be_deleted_gives_an_error(tiny: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    toml, cache = tiny
    toml.write_text(toml.read_text().replace("seed = 2\n", "seed = 5\n"))
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    for _ in range(2):
        with pytest.raises(SedpipeError, match=r"^cannot delete .*audio$"):
            run(toml, cache)


# which clips are attempted, and when a run ends early


class Fake(Source):
    """A source of clips whose outcomes are set beforehand."""

    is_local = False

    def __init__(self, cache: Dataset, states: dict[str, str], stop: bool = False) -> None:
        self.cache, self.states, self.stop = cache, states, stop
        self.asked: list[str] = []

    def resolve(self) -> Iterator[SplitRows]:
        clips = [Clip(f"{letter}_0.000_10.000", "training", letter, 0, 10, ("Car",)) for letter in self.states]
        yield SplitRows("training", len(clips), clips)

    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        for clip in clips:
            self.asked.append(clip.source)
            if self.states[clip.source] == "ok":
                write_flac(self.cache.audio_path(clip), np.zeros(44_100), 44_100)
            yield Fate(clip.split, clip.clip_id, self.states[clip.source], "told", "a reason")
            if self.stop:
                raise FetchStoppedError("enough", hint="wait")


@pytest.fixture
def faked(videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake(Dataset(tmp_path / "cache", "videos"), {"a": "gone", "b": "blocked", "c": "retryable", "d": "ok"})
    monkeypatch.setattr("sedpipe.stages.download.open_source", lambda *_: fake)
    return fake


def asked(fake: Fake, videos: Path, **options: object) -> list[str]:
    fake.asked.clear()
    run(videos, fake.cache.root, options=DownloadOptions(**options))  # type: ignore[arg-type]
    return fake.asked


def test_settled_clips_are_retried_only_on_request(faked: Fake, videos: Path) -> None:
    assert sorted(asked(faked, videos)) == ["a", "b", "c", "d"]
    assert asked(faked, videos) == ["c"]
    assert sorted(asked(faked, videos, retry=("gone",))) == ["a", "c"]
    assert sorted(asked(faked, videos, retry=("blocked",))) == ["b", "c"]
    assert asked(faked, videos) == ["c"]
    assert asked(faked, videos) == []  # after five attempts
    assert sorted(asked(faked, videos, retry=("all",))) == ["a", "b", "c"]


def test_a_pending_result_does_not_change_what_is_known_about_a_clip(faked: Fake, videos: Path) -> None:
    asked(faked, videos)
    before = read_ledgers(faked.cache.folder)
    faked.states |= dict.fromkeys("abce", "pending")
    assert sorted(asked(faked, videos, retry=("all",))) == ["a", "b", "c", "e"]
    after = read_ledgers(faked.cache.folder)
    new = after.pop(("training", "e_0.000_10.000"))
    assert after == before
    assert (new.fate.state, new.fate.reason, new.attempts) == ("pending", "told", 0)
    assert asked(faked, videos) == ["c", "e"]


def test_limit_bounds_the_number_of_attempts_and_untried_clips_come_first(faked: Fake, videos: Path) -> None:
    faked.states["a"] = "retryable"
    assert asked(faked, videos, limit=2) == ["a", "b"]
    assert asked(faked, videos, limit=2) == ["c", "d"]
    assert asked(faked, videos, limit=0) == []


def test_shards_are_disjoint_and_status_includes_all_of_them(faked: Fake, videos: Path, tmp_path: Path) -> None:
    parts = [asked(faked, videos, shard=Shard(index, 3)).copy() for index in (1, 2, 3)]
    assert sorted(itertools.chain(*parts)) == ["a", "b", "c", "d"]
    assert len(list(faked.cache.folder.glob("ledger-*-of-3.sqlite"))) == 3
    counts = status(Dataset(tmp_path / "cache", "videos")).stages.download["training"]
    expected = {"listed": 4, "ok": 1, "gone": 1, "blocked": 1, "retryable": 1, "pending": 0, "reasons": {"told": 4}}
    assert as_json(counts) == expected


def test_clips_that_are_no_longer_listed_are_not_counted(faked: Fake, videos: Path) -> None:
    for index in (1, 2):
        asked(faked, videos, shard=Shard(index, 2))
    entries = read_ledgers(faked.cache.folder)
    del faked.states["a"], faked.states["c"]
    (faked.cache.folder / "dataset.json").unlink()  # its lists are read again
    report = run(videos, faked.cache.root)
    assert counts_of(report)["training"] == {"listed": 2, "ok": 1, **OK, "blocked": 1}
    assert {key: entries[key] for key in read_ledgers(faked.cache.folder)} == read_ledgers(faked.cache.folder)


def test_status_ignores_unlisted_clips_in_the_open_ledger_of_a_shard(faked: Fake, videos: Path) -> None:
    asked(faked, videos)
    with Ledger(faked.cache.folder, Shard(1, 2)) as ledger:
        ledger.record_all([Fate("training", f"old-{number}", "retryable", "told") for number in range(5)])
        counts = status(Dataset(faked.cache.root, "videos")).stages.download["training"]
    assert as_json(counts) == {"listed": 4, "ok": 1, "gone": 1, "blocked": 1, "retryable": 1, "pending": 0} | {
        "reasons": {"told": 4}
    }


def test_a_clip_found_gone_after_its_audio_was_deleted_is_settled(faked: Fake, videos: Path) -> None:
    for index in (1, 2):
        asked(faked, videos, shard=Shard(index, 2))
    for path in faked.cache.folder.glob("ledger-*.sqlite"):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE clips SET last_try = '2026-01-01T00:00:00+00:00'")
    shutil.rmtree(faked.cache.folder / "audio")
    faked.states["d"] = "gone"
    assert sorted(asked(faked, videos)) == ["c", "d"]
    assert asked(faked, videos) == ["c"]


def test_a_stopped_download_keeps_its_results_and_reports_why(faked: Fake, videos: Path) -> None:
    faked.stop = True
    report = run(videos, faked.cache.root)
    assert report.stopped == "enough: wait"
    assert counts_of(report)["training"] == {"listed": 4, "ok": 0, **OK, "gone": 1, "pending": 3}


def test_a_clip_whose_audio_was_deleted_is_fetched_again(faked: Fake, videos: Path) -> None:
    asked(faked, videos)
    shutil.rmtree(faked.cache.folder / "audio")
    assert sorted(asked(faked, videos)) == ["c", "d"]
