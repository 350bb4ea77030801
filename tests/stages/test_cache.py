import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from leftovers import leftover_name
from rights import unreadable
from sedpipe.errors import SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.files.locks import hold
from sedpipe.io.files.owners import temporary_name
from sedpipe.reports.machine import CacheReport, PruneReport
from sedpipe.shards import Shard
from sedpipe.stages.cache import choose, list_cache, prune
from sedpipe.steps.feature_plan import FeatureFolder
from sedpipe.views.terminal.machine import cache_lines
from some_records import run_record
from tiny_dataset import FRONT_END, NAME, make_dataset

FEATURES = f"{NAME}/features/{FeatureSpec(FRONT_END).fingerprint}"


@pytest.fixture
def cache(tmp_path: Path) -> Dataset:
    """A dataset with features, audio of one split, a finished run, an unfinished one, and a leftover."""
    made = make_dataset(tmp_path / "cache")
    for path, content in {
        "audio/training/a.flac": b"12345",
        "audio/training/b.flac": b"123",
        "runs/done/checkpoint.pt": b"weights",
        "features/.tmp-0/training.h5": b"half",
    }.items():
        (made.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (made.folder / path).write_bytes(content)
    named_run(made, "done").write_record(run_record(epochs=1))
    named_run(made, "begun").write_record(run_record())
    return made


def age(folder: Path, days: float) -> None:
    then = time.time() - days * 86_400
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then), follow_symlinks=False)


def freed(cache: Dataset, *names: str) -> PruneReport:
    return prune(cache.root, choose(list_cache(cache.root).items, names))


def by_name(report: CacheReport) -> dict[str, tuple[str, int, int]]:
    return {item.name: (item.kind, item.bytes, item.files) for item in report.items}


def test_everything_that_can_be_freed_is_listed_with_its_size(cache: Dataset) -> None:
    report = list_cache(cache.root)
    size = sum(path.stat().st_size for path in (cache.root / FEATURES).iterdir())
    begun, done = (named_run(cache, name).record_path.stat().st_size for name in ("begun", "done"))
    assert by_name(report) == {
        FEATURES: ("features", size, 3),
        f"{NAME}/features/.tmp-0": ("leftover", 4, 1),
        f"{NAME}/audio/training": ("audio", 8, 2),
        f"{NAME}/runs/begun": ("run", begun, 1),
        f"{NAME}/runs/done": ("run", done + 7, 2),
    }
    assert report.bytes == size + 4 + 8 + begun + done + 7
    assert list_cache(cache.root, "another").items == list_cache(cache.root / "nowhere").items == []


def test_features_are_listed_with_their_parameters_and_listing_does_not_count_as_use(cache: Dataset) -> None:
    age(cache.root / FEATURES, days=10)
    for _ in range(2):
        [features] = [item for item in list_cache(cache.root).items if item.kind == "features"]
        assert features.parameters["n_mels"] == 16
        assert features.parameters["dtype"] == "float16"
        assert time.time() - (cache.root / FEATURES / "training.h5").stat().st_atime > 9 * 86_400


def test_items_can_be_chosen_by_time_since_last_use(cache: Dataset) -> None:
    age(cache.runs / "done", days=40)
    items = list_cache(cache.root).items
    assert [item.name for item in choose(items, [], unused_days=30)] == [f"{NAME}/runs/done"]
    assert choose(items, [], kinds=["audio"], unused_days=30) == []
    assert choose(items, [], unused_days=1e300) == []
    assert [item.kind for item in choose(items, [], kinds=["audio", "features"])] == ["features", "audio"]


def test_an_unknown_name_gives_an_error_with_a_suggestion(cache: Dataset) -> None:
    items = list_cache(cache.root).items
    with pytest.raises(SettingsError, match=r"'tiny/runs/doen' is not .*did you mean 'tiny/runs/done'"):
        choose(items, ["tiny/runs/doen"])
    with pytest.raises(SettingsError, match="nothing was named to delete"):
        choose(items, [])
    for name in ("../cache", "tiny/../tiny/runs/done", os.fspath(cache.runs / "done")):
        with pytest.raises(SettingsError, match="is not in the cache"):
            choose(items, [name])


def test_only_the_chosen_items_are_freed(cache: Dataset) -> None:
    report = freed(cache, FEATURES, f"{NAME}/runs/done", f"{NAME}/audio/training")
    assert report.kept == {}
    assert len(report.freed) == 3
    assert report.bytes == sum(item.bytes for item in report.freed)
    assert {item.name for item in list_cache(cache.root).items} == {f"{NAME}/features/.tmp-0", f"{NAME}/runs/begun"}
    assert cache.clips_path.exists()


@pytest.mark.parametrize("shard", [None, Shard(2, 3)])
def test_features_that_another_process_is_writing_are_kept(cache: Dataset, shard: Shard | None) -> None:
    folder = FeatureFolder(cache.root / FEATURES)
    with hold(folder.lock(shard), "x", ""):
        report = freed(cache, FEATURES)
    assert report.freed == []
    assert report.kept[FEATURES].startswith(f"another process is writing {FEATURES}")
    assert folder.store("training").exists()
    assert len(freed(cache, FEATURES).freed) == 1


def test_audio_that_is_being_downloaded_is_kept(cache: Dataset) -> None:
    with hold(cache.folder / "ledger.lock", "x", ""):
        assert freed(cache, f"{NAME}/audio/training").freed == []
    assert len(freed(cache, f"{NAME}/audio/training").freed) == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [(f"{NAME}/runs/begun", "is not finished"), (f"{NAME}/features/.tmp-0", "a process is writing")],
)
def test_unfinished_work_is_kept_until_it_has_been_untouched_for_an_hour(cache: Dataset, name: str, told: str) -> None:
    assert told in freed(cache, name).kept[name]
    age(cache.root / name, days=0.1)
    assert len(freed(cache, name).freed) == 1
    assert not (cache.root / name).exists()


@pytest.mark.parametrize("has_files", [True, False])
def test_a_killed_run_is_freed_and_a_failed_attempt_does_not_reset_its_age(cache: Dataset, has_files: bool) -> None:
    run = named_run(cache, "begun")
    run.lock_path.write_bytes(b"")  # as a killed process leaves it; its results were never requested
    if not has_files:
        run.record_path.unlink()
    age(run.folder, days=90)
    run.lock_path.touch()  # as a process does that checks whether the lock is held
    [item] = choose(list_cache(cache.root).items, [], ["run"], unused_days=30)
    assert item.name == f"{NAME}/runs/begun"
    with hold(run.lock_path, "training", ""):
        assert "another process is writing" in prune(cache.root, [item]).kept[item.name]
    if has_files:  # the process that was refused has left a lock there
        assert choose(list_cache(cache.root).items, [], ["run"], unused_days=30)[0].name == item.name
    assert [freed.name for freed in prune(cache.root, [item]).freed] == [item.name]
    assert not run.folder.exists()


def test_files_being_written_are_kept_and_leftovers_of_killed_processes_freed(cache: Dataset) -> None:
    ours, theirs = cache.folder / "features" / temporary_name(), cache.folder / "features" / leftover_name()
    for path in (ours, theirs):
        path.mkdir()
    names = [path.relative_to(cache.root).as_posix() for path in (ours, theirs)]
    assert len(freed(cache, names[1]).freed) == 1
    assert "a process is writing" in freed(cache, names[0]).kept[names[0]]
    assert ours.exists()


def test_any_prune_finishes_the_deletions_of_an_interrupted_one(cache: Dataset) -> None:
    begun = [cache.folder / place / leftover_name() for place in (".", "features", "audio", "runs")]
    for path in begun:
        path.mkdir()
    ours = cache.folder / "features" / temporary_name()
    ours.mkdir()
    assert prune(cache.root, []).freed == []
    assert not any(path.exists() for path in begun)
    assert ours.exists()


def test_a_run_whose_results_are_being_written_is_kept(cache: Dataset) -> None:
    name = f"{NAME}/runs/done"
    with hold(cache.root / name / "results.lock", "testing", ""):
        assert "another process is writing" in freed(cache, name).kept[name]


def test_links_are_neither_followed_nor_freed(cache: Dataset, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "precious").write_bytes(b"0123456789")
    (cache.folder / "audio" / "testing").symlink_to(outside)
    (cache.root / "linked-dataset").symlink_to(cache.folder)
    (cache.folder / "audio" / "training" / "c.flac").symlink_to(outside / "precious")
    (cache.folder / "audio" / "training" / "more").symlink_to(outside)
    listed = {item.name: item for item in list_cache(cache.root).items}
    assert not any(name.startswith("linked-dataset") for name in listed)
    assert listed[f"{NAME}/audio/testing"].link == os.fspath(outside)
    assert listed[f"{NAME}/audio/testing"].bytes == 0
    assert listed[f"{NAME}/audio/training"].bytes == 8
    report = freed(cache, f"{NAME}/audio/testing", f"{NAME}/audio/training")
    assert [item.name for item in report.freed] == [f"{NAME}/audio/training"]
    assert "is a link" in report.kept[f"{NAME}/audio/testing"]
    assert (outside / "precious").read_bytes() == b"0123456789"
    assert (outside / "deep").is_dir()


def test_a_linked_folder_is_listed_as_a_link_and_kept(cache: Dataset, tmp_path: Path) -> None:
    (cache.folder / "runs").rename(tmp_path / "elsewhere")
    (cache.folder / "runs").symlink_to(tmp_path / "elsewhere")
    assert {item.name for item in list_cache(cache.root).items if item.kind == "run"} == {f"{NAME}/runs"}
    assert freed(cache, f"{NAME}/runs").freed == []
    assert (tmp_path / "elsewhere" / "done").is_dir()


def test_hard_linked_audio_does_not_count_towards_the_size(cache: Dataset, tmp_path: Path) -> None:
    os.link(cache.folder / "audio" / "training" / "a.flac", tmp_path / "original.flac")
    assert by_name(list_cache(cache.root))[f"{NAME}/audio/training"] == ("audio", 3, 2)


def test_a_damaged_store_is_listed_and_can_be_freed(cache: Dataset) -> None:
    for store in (cache.root / FEATURES).glob("*.h5"):
        store.write_bytes(b"no HDF5")
    [item] = [item for item in list_cache(cache.root).items if item.kind == "features"]
    assert item.parameters == {}
    assert len(freed(cache, FEATURES).freed) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
def test_an_unreadable_run_is_reported_and_kept(cache: Dataset) -> None:
    run = named_run(cache, "done").folder
    with unreadable(run):
        [item] = [item for item in list_cache(cache.root).items if item.name == f"{NAME}/runs/done"]
        assert item.unreadable == f"cannot read {run}: Permission denied"
        assert cache_lines(CacheReport([item], 0))[0].endswith(item.unreadable)
        assert prune(cache.root, [item]).kept[item.name].startswith(item.unreadable)
    assert (run / "checkpoint.pt").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
def test_an_unreadable_dataset_is_reported_and_kept(cache: Dataset) -> None:
    with unreadable(cache.folder):
        [item] = list_cache(cache.root).items
        assert item.unreadable == f"cannot read {cache.folder}: Permission denied"
        report = prune(cache.root, choose(list_cache(cache.root).items, [], ["features"]))
    assert (report.freed, list(report.kept)) == ([], [NAME])
    assert (cache.folder / "features").exists()


@pytest.mark.parametrize("name", ["begun", "done"])
def test_an_item_freed_by_another_process_is_reported_without_an_exception(cache: Dataset, name: str) -> None:
    items = choose(list_cache(cache.root).items, [f"{NAME}/runs/{name}"])
    shutil.rmtree(cache.folder / "runs" / name)
    report = prune(cache.root, items)
    assert report.freed == []
    assert "No such file or directory" in report.kept[f"{NAME}/runs/{name}"]
    assert not (cache.folder / "runs" / name).exists()
