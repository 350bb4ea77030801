import csv
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from leftovers import left_by_a_killed_process
from own_dataset import CONFIG, Own
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.features.logmel import LogMelConfig, empty_bands
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache import audio_checksums
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.files.locks import hold
from sedpipe.listener import Listener
from sedpipe.reports.data import FeatureCounts, PlannedCounts
from sedpipe.shards import Shard
from sedpipe.stages import features
from sedpipe.stages.features import explain_features, extract_features
from sedpipe.steps.feature_plan import FeatureFolder

needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
quiet_fork = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path / "cache", training=5, testing=2)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "CLIPS_PER_SHARD", 2)


def times(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*")}


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def failed(own: Own) -> list[list[str]]:
    with (own.features / "training.failed.tsv").open(encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t"))


def test_the_store_contains_log_mel_features_of_every_clip_in_list_order(own: Own) -> None:
    own.record_audio(own.clips[1], seed=9, seconds=10)
    own.extract()
    own.assert_right(own.clips[:5])
    assert FeatureFile(own.store()).n_frames.tolist() == [15, 500, 15, 15, 15]
    assert FeatureFile(own.store()).n_samples.tolist() == [13_230, 441_000, 13_230, 13_230, 13_230]
    assert FeatureFile(own.store("testing")).clip_ids == ["testing-0", "testing-1"]


def test_the_store_can_be_read_with_h5py_alone(own: Own) -> None:
    own.extract()
    with h5py.File(own.cache.folder / "features" / FeatureSpec(CONFIG).fingerprint / "training.h5") as file:
        assert {name: (dataset.shape, str(dataset.dtype)) for name, dataset in file.items()} == {
            "features": ((5, 500, 80), "float16"),
            "clip_id": ((5,), "object"),
            "n_frames": ((5,), "int32"),
            "n_samples": ((5,), "int64"),
            "audio_sha256": ((5,), "|S64"),
            "checksum": ((5,), "uint32"),
        }
        assert dict(file.attrs) == FeatureSpec(CONFIG).parameters


def test_the_report_counts_computed_and_reused_clips(own: Own) -> None:
    report = own.extract()
    assert (report.stage, report.dataset, report.fingerprint) == ("features", "own", FeatureSpec(CONFIG).fingerprint)
    assert report.splits == {
        "training": FeatureCounts(clips=5, computed=5, reused=0, failed=0, damaged=0),
        "testing": FeatureCounts(clips=2, computed=2, reused=0, failed=0, damaged=0),
    }
    assert report.clips_per_second == pytest.approx(7 / report.seconds)


def test_a_second_run_computes_nothing_and_changes_nothing(own: Own) -> None:
    own.extract()
    before = times(own.root)
    report = own.extract()
    assert {split: counts.reused for split, counts in report.splits.items()} == {"training": 5, "testing": 2}
    assert times(own.root) == before


def test_touched_but_unchanged_audio_is_not_recomputed(own: Own) -> None:
    own.extract()
    before = own.store().stat().st_mtime_ns
    for clip in own.clips:
        os.utime(own.cache.audio_path(clip), ns=(1, 1))
    assert own.counts() == (0, 5, 0)
    assert own.store().stat().st_mtime_ns == before


def test_only_changed_audio_is_recomputed(own: Own) -> None:
    own.extract()
    own.record_audio(own.clips[2], seed=99)
    before = own.store("testing").stat().st_mtime_ns
    assert own.counts() == (1, 4, 0)
    own.assert_right(own.clips[:5])
    assert own.store("testing").stat().st_mtime_ns == before


def test_only_added_clips_are_computed_and_stored_in_list_order(own: Own) -> None:
    own.extract()
    new = own.clip("training", 77)
    own.list_clips([new, *own.clips])
    own.record_audio(new, seed=77)
    assert own.counts() == (1, 5, 0)
    own.assert_right([new, *own.clips[:5]])


def test_clips_that_lose_their_audio_or_row_are_dropped_without_recomputing(own: Own) -> None:
    own.extract()
    own.cache.audio_path(own.clips[1]).unlink()
    assert own.counts() == (0, 4, 0)
    own.assert_right([own.clips[0], *own.clips[2:5]])
    own.list_clips(own.clips[2:])
    assert own.counts() == (0, 3, 0)
    own.assert_right(own.clips[2:5])


def test_reordering_the_clips_recomputes_nothing(own: Own) -> None:
    own.extract()
    own.list_clips(own.clips[4::-1])
    assert own.counts() == (0, 5, 0)
    own.assert_right(own.clips[4::-1])


@pytest.mark.usefixtures("small_shards")
def test_the_number_of_workers_and_the_history_do_not_change_the_stored_bytes(own: Own, tmp_path: Path) -> None:
    own.extract()
    parallel = Own(tmp_path / "parallel", training=5, testing=2)
    parallel.extract(jobs=2)
    assert parallel.stores() == own.stores()
    own.record_audio(own.clips[3], seed=99)
    own.extract()
    own.record_audio(own.clips[3], seed=3)
    assert own.counts() == (1, 4, 0)
    assert own.stores() == parallel.stores()
    assert sorted(own.stores()) == ["testing.h5", "training.h5"]


@pytest.mark.usefixtures("small_shards")
def test_clips_with_identical_audio_are_all_stored(own: Own) -> None:
    for clip in own.clips:
        own.record_audio(clip, seed=0)
    assert own.counts() == (5, 0, 0)
    own.assert_right(own.clips[:5])


def die_at(root: Path, nth: int) -> None:
    """Extract features; kill this process right before the ``nth`` file appears under its name; 0: never."""
    replace, n_files = os.replace, 0

    def count(source: Path, target: Path) -> None:
        nonlocal n_files
        n_files += 1
        if n_files == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        if nth == 0:
            time.sleep(0.02)  # so that a kill at a random moment interrupts the run on a fast machine too
        replace(source, target)

    os.replace = count
    extract_features(Dataset(root, "own"), FeatureSpec(CONFIG))


def in_a_child(root: Path, nth: int = 0) -> multiprocessing.process.BaseProcess:
    child = multiprocessing.get_context("fork").Process(target=die_at, args=(root, nth))
    child.start()
    return child


@needs_fork
@quiet_fork
@pytest.mark.usefixtures("small_shards")
def test_extraction_killed_before_any_file_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    undisturbed = Own(tmp_path / "undisturbed", training=5, testing=2)
    undisturbed.extract()
    died, nth, n_computed = True, 0, []
    while died:
        nth += 1
        own = Own(tmp_path / str(nth), training=5, testing=2)
        child = in_a_child(own.root, nth)
        child.join()
        died = child.exitcode == -signal.SIGKILL
        n_computed.append(sum(counts.computed for counts in own.extract().splits.values()))
        assert own.stores() == undisturbed.stores()
        assert not list(own.root.rglob(".tmp-*"))
    assert len(n_computed) > 8
    assert n_computed == sorted(n_computed, reverse=True)  # what was computed before is not computed again
    assert (n_computed[0], n_computed[-1]) == (7, 0)


@needs_fork
@quiet_fork
@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("seed", range(2))
def test_extraction_killed_at_random_moments_resumes_to_the_same_bytes(tmp_path: Path, seed: int) -> None:
    undisturbed = Own(tmp_path / "undisturbed", training=9, testing=4)
    undisturbed.extract()
    own, moments = Own(tmp_path / "own", training=9, testing=4), random.Random(seed)
    n_killed = 0
    for _ in range(6):
        child = in_a_child(own.root)
        time.sleep(moments.uniform(0, 0.12))
        child.kill()
        child.join()
        n_killed += child.exitcode != 0
    assert n_killed > 1
    own.extract()
    assert own.stores() == undisturbed.stores()
    assert not list(own.root.rglob(".tmp-*"))


@pytest.mark.usefixtures("small_shards")
def test_shards_merged_before_an_interruption_are_removed(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(features, "write_failed", interrupt)
        with pytest.raises(KeyboardInterrupt):
            own.extract()
    assert len(list(own.features.rglob("*.h5"))) == 3 + 1 + 1
    before = own.store().stat().st_mtime_ns
    assert own.counts() == (0, 5, 0)
    assert own.store().stat().st_mtime_ns == before
    assert sorted(path.name for path in own.features.rglob("*.h5")) == ["testing.h5", "training.h5"]
    assert not (own.features / "training.shards").exists()


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("seed", range(6))
def test_audio_that_has_changed_since_its_shard_was_written_is_recomputed(
    own: Own, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(features, "merge", interrupt)
        with pytest.raises(KeyboardInterrupt):
            own.extract()
    own.record_audio(own.clips[0], seed=100 + seed)
    assert own.counts() == (1, 4, 0)
    own.assert_right(own.clips[:5])


def test_undecodable_audio_is_listed_as_failed_and_does_not_stop_the_others(own: Own) -> None:
    broken = own.cache.audio_path(own.clips[2])
    broken.write_text("no audio")
    listener, told = Listener(), []
    listener.say = told.append
    assert own.counts(listener=listener) == (4, 0, 1)
    kept = [clip for clip in own.clips[:5] if clip is not own.clips[2]]
    own.assert_right(kept)
    assert failed(own) == [["clip_id", "reason"], ["training-2", f"{broken}: cannot be decoded as audio"]]
    again = f"delete that file and run `sedpipe download own --cache {own.root}`"
    told_of = f"{broken}: cannot be decoded as audio; to have its audio made again, {again}"
    assert told == [f"training: training-2 failed: {told_of}"]
    before = times(own.features)
    assert own.counts() == (0, 4, 1)
    assert times(own.features) == before
    own.record_audio(own.clips[2], seed=2)
    assert own.counts() == (1, 4, 0)
    own.assert_right(own.clips[:5])
    assert failed(own) == [["clip_id", "reason"]]


def test_empty_mel_bands_are_reported_only_once(own: Own) -> None:
    many = replace(CONFIG, n_mels=512)
    empty = len(empty_bands(many))
    told: list[str] = []
    for _ in range(2):
        listener = Listener()
        listener.say = told.append
        extract_features(Dataset(own.root, "own"), FeatureSpec(many), listener=listener)
    assert told == [
        f"{empty} of 512 mel bands hold no sound: the spectrum has a value every 21.5 Hz, and none lies in them; "
        "ask for fewer bands (--n-mels), or for a larger n_fft (--front-end FILE)"
    ]


def test_audio_that_becomes_undecodable_loses_its_features(own: Own) -> None:
    own.extract()
    own.cache.audio_path(own.clips[2]).write_text("no audio")
    assert own.counts() == (0, 4, 1)
    own.assert_right([clip for clip in own.clips[:5] if clip is not own.clips[2]])


def test_a_split_without_decodable_audio_is_empty(own: Own) -> None:
    for clip in own.clips[5:]:
        own.cache.audio_path(clip).write_text("no audio")
    assert own.extract().splits["testing"] == FeatureCounts(clips=2, computed=0, reused=0, failed=2, damaged=0)
    assert FeatureFile(own.store("testing")).clip_ids == []


def test_features_of_other_parameters_have_their_own_folder(own: Own) -> None:
    own.extract()
    before = times(own.features)
    full = own.extract(dtype="float32")
    few = extract_features(Dataset(own.root, "own"), FeatureSpec(LogMelConfig(n_mels=40)))
    assert times(own.features) == before
    assert len({full.fingerprint, few.fingerprint, own.features.name}) == 3
    assert FeatureFile(own.cache.features_dir(full.fingerprint) / "training.h5").read_features([0]).dtype == np.float32
    assert FeatureFile(own.cache.features_dir(few.fingerprint) / "training.h5").read_features([0]).shape[2] == 40


def test_features_copied_to_the_folder_of_other_parameters_are_recomputed(own: Own) -> None:
    own.extract()
    floored = FeatureSpec(LogMelConfig(floor=1e-6))  # of the same shape, so that only the parameters differ
    shutil.copytree(own.features, own.cache.features_dir(floored.fingerprint))
    copied = own.cache.features_dir(floored.fingerprint) / "training.h5"
    with pytest.raises(DamagedStoreError, match=r"training\.h5: it contains features with other parameters than its"):
        FeatureFile(copied).read(0)
    assert extract_features(Dataset(own.root, "own"), floored).splits["training"].computed == 5
    assert FeatureFile(copied).read(0).features.min() >= -60


def test_before_download_the_error_names_download(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match=r"^own is not in .* yet$") as caught:
        extract_features(Dataset(tmp_path, "own"), FeatureSpec(CONFIG))
    assert caught.value.hint == f"run `sedpipe download own --cache {tmp_path}` first"


def test_without_any_audio_the_error_names_download(own: Own) -> None:
    for clip in own.clips:
        own.cache.audio_path(clip).unlink()
    with pytest.raises(MissingStageError, match=r"^no clip of own has audio$") as caught:
        own.extract()
    assert caught.value.hint == f"run `sedpipe download own --cache {own.cache.root}` first"


def test_an_unwritable_cache_gives_an_error(own: Own) -> None:
    (own.cache.folder / "features").write_text("")
    with pytest.raises(SedpipeError, match=r"^cannot write .*: (Not a directory|File exists)$"):
        own.extract()


def test_renamed_audio_keeps_its_features(own: Own) -> None:
    own.extract()
    renamed = own.clip("training", 70)
    own.cache.audio_path(own.clips[3]).rename(own.cache.audio_path(renamed))
    now = [*own.clips[:3], renamed, own.clips[4]]
    own.list_clips([*now, *own.clips[5:]])
    assert own.counts() == (0, 5, 0)
    own.assert_right(now)


def test_audio_that_moves_to_another_split_keeps_its_features(own: Own) -> None:
    own.extract()
    moved = replace(own.clips[1], split="testing")
    own.cache.audio_path(own.clips[1]).rename(own.cache.audio_path(moved))
    own.list_clips([own.clips[0], *own.clips[2:5], *own.clips[5:], moved])
    report = own.extract()
    assert {split: counts.computed for split, counts in report.splits.items()} == {"training": 0, "testing": 0}
    assert FeatureFile(own.store("testing")).clip_ids == ["testing-0", "testing-1", "training-1"]
    own.assert_right([own.clips[0], *own.clips[2:5]])


def test_unchanged_audio_is_not_read_again_and_touched_audio_only_once(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(path: Path) -> str:
        read.append(path.stem)
        return sha256_of(path)

    monkeypatch.setattr(audio_checksums, "sha256_of", noted)
    own.extract()
    assert sorted(read) == sorted(clip.clip_id for clip in own.clips)
    read.clear()
    own.extract()
    assert read == []
    os.utime(own.cache.audio_path(own.clips[2]), ns=(1, 1))
    own.extract()
    own.extract()
    assert read == ["training-2"]


def test_explain_gives_the_reasons_and_writes_nothing(own: Own) -> None:
    own.cache.audio_path(own.clips[0]).write_text("no audio")
    fresh = explain_features(Dataset(own.root, "own"), FeatureSpec(CONFIG))
    assert fresh.splits["training"] == PlannedCounts(clips=5, reused=0, missing=5)
    [group] = fresh.reasons["training"]
    assert (group.reason, group.clips, len(group.examples)) == ("no features with these parameters", 5, 3)
    assert not own.features.exists()
    own.extract()
    own.record_audio(own.clips[2], seed=99)
    os.utime(own.cache.audio_path(own.clips[4]), ns=(1, 1))
    new = own.clip("training", 9)
    own.record_audio(new, seed=9, seconds=0.5)
    own.list_clips([*own.clips, new])
    before = times(own.root)
    told = explain_features(Dataset(own.root, "own"), FeatureSpec(CONFIG))
    assert times(own.root) == before
    assert {group.reason: group.examples for group in told.reasons["training"]} == {
        "its audio could not be used last time": ["training-0"],
        "its audio has changed": ["training-2"],
        "its audio is new": ["training-9"],
    }
    assert "cannot be decoded as audio" in told.reasons["training"][0].detail
    assert told.reasons["testing"] == []
    assert own.counts() == (2, 3, 1)


def test_explain_says_how_existing_features_differ(own: Own) -> None:
    own.extract()
    told = explain_features(Dataset(own.root, "own"), FeatureSpec(LogMelConfig(n_mels=40), "float32"))
    assert told.reasons["testing"][0].detail == f"{own.features.name} has n_mels 80, not 40, dtype float16, not float32"


def test_compression_is_kept_and_can_be_changed_without_recomputing(own: Own) -> None:
    own.extract()
    plain = own.stores()
    assert own.counts(compression="gzip") == (0, 5, 0)
    file = FeatureFile(own.store())
    assert file.compression == "gzip"
    assert own.store().stat().st_size < len(plain["training.h5"]) / 2
    own.assert_right(own.clips[:5])
    own.record_audio(own.clips[0], seed=50)
    assert own.counts() == (1, 4, 0)
    assert FeatureFile(own.store()).compression == "gzip"
    own.record_audio(own.clips[0], seed=0)
    assert own.counts(compression="none") == (1, 4, 0)
    assert own.stores() == plain


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_the_last_shard_of_a_job_merges_to_the_same_bytes(tmp_path: Path, order: tuple[int, ...]) -> None:
    alone = Own(tmp_path / "alone", training=9, testing=4)
    alone.cache.audio_path(alone.clips[4]).write_text("no audio")
    alone.extract()
    own = Own(tmp_path / "own", training=9, testing=4)
    own.cache.audio_path(own.clips[4]).write_text("no audio")
    reports = [own.extract(shard=Shard(index, 3)) for index in order]
    assert [report.waiting > 0 for report in reports] == [True, True, False]
    assert sum(report.splits["training"].clips for report in reports) == 9
    assert sum(report.splits["training"].computed for report in reports) == 8
    assert sum(report.splits["training"].failed for report in reports) == 1
    assert own.stores() == alone.stores()
    assert len(failed(own)) == 2
    assert not list(own.features.glob("*.shards"))
    assert not list(own.features.glob("*.failed-*"))
    again = own.extract(shard=Shard(1, 3))
    assert sum(counts.computed for counts in again.splits.values()) == 0


@pytest.mark.usefixtures("small_shards")
def test_a_run_without_shard_completes_an_abandoned_sharded_job(tmp_path: Path) -> None:
    alone, own = (Own(tmp_path / name, training=9, testing=4) for name in ("alone", "own"))
    alone.extract()
    made = sum(counts.computed for counts in own.extract(shard=Shard(2, 3)).splits.values())
    assert 0 < made < 13
    assert not own.store().exists()
    report = own.extract()
    assert sum(counts.reused for counts in report.splits.values()) == made
    assert own.stores() == alone.stores()
    assert own.extract(shard=Shard(2, 3)).waiting == 0


def test_two_processes_cannot_make_the_same_features_at_a_time(own: Own) -> None:
    own.extract()
    folder = FeatureFolder(own.features)
    with hold(folder.lock(), "testing", ""):
        for shard in (None, Shard(1, 2)):
            with pytest.raises(SedpipeError, match=r"^another process is making these features") as caught:
                own.extract(shard=shard)
            assert "--shard" in caught.value.hint
    with hold(folder.lock(Shard(1, 2)), "testing", ""):
        for shard in (None, Shard(1, 2)):
            with pytest.raises(SedpipeError, match=r"^another process is making these features"):
                own.extract(shard=shard)
        own.extract(shard=Shard(2, 2))


def test_leftovers_are_removed_only_when_no_other_shard_is_running(own: Own) -> None:
    own.extract()
    folder = FeatureFolder(own.features)
    folder.shards("training").mkdir()
    leftover = left_by_a_killed_process(folder.shards("training"), ".h5")
    with hold(folder.lock(Shard(1, 2)), "testing", ""):
        own.extract(shard=Shard(2, 2))
        assert leftover.exists()
    own.extract()
    assert not leftover.parent.exists()


def test_features_survive_the_deletion_of_their_audio(own: Own) -> None:
    own.extract()
    before = own.stores()
    for clip in own.clips[5:]:
        own.cache.audio_path(clip).unlink()
    assert own.extract().splits["testing"].clips == 0
    assert own.stores() == before
    for clip in own.clips[:5]:
        own.cache.audio_path(clip).unlink()
    with pytest.raises(MissingStageError, match="no clip of own has audio"):
        own.extract()
    assert own.stores() == before


def test_a_worker_without_the_cache_or_with_another_version_is_refused(tmp_path: Path) -> None:
    folder = FeatureFolder(tmp_path / FeatureSpec(CONFIG).fingerprint)
    with pytest.raises(SedpipeError, match=r"^the worker on .* does not see ") as caught:
        features._check_worker(folder, FeatureSpec(CONFIG).fingerprint)
    assert "--cache" in caught.value.hint
    folder.path.mkdir()
    features._check_worker(folder, FeatureSpec(CONFIG).fingerprint)
    with pytest.raises(SedpipeError, match=r"^the worker on .* has another version of sedpipe$"):
        features._check_worker(folder, "0123456789abcdef")


def sedpipe_features(root: Path, before: str = "", jobs: int = 1) -> subprocess.Popen[str]:
    """Start the stage in a separate process, with shards of two clips; ``before``: lines of code to run first."""
    code = f"""
import sys
from pathlib import Path
from sedpipe.errors import SedpipeError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.shards import Shard
from sedpipe.stages import features
features.CLIPS_PER_SHARD = 2
{before}
try:
    features.extract_features(Dataset(Path({os.fspath(root)!r}), "own"), FeatureSpec(), jobs={jobs})
except SedpipeError as error:
    sys.exit(f"{{error.message}}; {{error.hint}}")
"""
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes here")
@pytest.mark.parametrize(("limit", "where"), [(100_000, r"training\.shards/\w+\.h5"), (400_000, r"training\.h5")])
def test_a_full_disk_gives_a_one_line_error_and_loses_nothing(tmp_path: Path, limit: int, where: str) -> None:
    undisturbed, own = (Own(tmp_path / name, training=7, testing=2) for name in ("undisturbed", "own"))
    undisturbed.extract()
    run = sedpipe_features(own.root, f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))")
    said = run.communicate()[1]
    assert run.returncode == 1
    assert re.search(rf"^cannot write \S*{where}: File too large; free some space, or .*--cache$", said, re.MULTILINE)
    assert "Traceback" not in said
    assert not list(own.root.rglob(".tmp-*"))
    n_kept = 0 if "shards" in where else 9
    assert sum(counts.reused for counts in own.extract().splits.values()) == n_kept
    assert own.stores() == undisturbed.stores()


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 here")
def test_workers_that_outlive_their_parent_do_no_harm(tmp_path: Path) -> None:
    undisturbed, own = (Own(tmp_path / name, training=24, testing=4) for name in ("undisturbed", "own"))
    assert sedpipe_features(undisturbed.root, jobs=2).wait() == 0
    n_interrupted = 0
    for n_shards in (1, 4):
        run = sedpipe_features(own.root, jobs=2)
        while run.poll() is None and len(list(own.features.glob("training.shards/[!.]*.h5"))) < n_shards:
            time.sleep(0.002)
        n_interrupted += run.poll() is None
        run.kill()
        run.wait()
    assert n_interrupted == 2
    assert sedpipe_features(own.root, jobs=2).wait() == 0
    assert own.stores() == undisturbed.stores()
    assert not list(own.root.rglob(".tmp-*"))
