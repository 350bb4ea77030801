import json
import shlex
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from builders import tiny_mixtures
from rights import without_power
from sedpipe.commands import command
from sedpipe.errors import SedpipeError
from sedpipe.fates import Fate
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.ledger import Ledger
from sedpipe.io.cache.runs import Run
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.locks import hold
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.manifests.load import load_manifest
from sedpipe.reports import as_json
from sedpipe.reports.data import Progress, Stages, StatusReport, StoredCounts
from sedpipe.shards import Shard
from sedpipe.stages.download import download
from sedpipe.stages.features import extract_features
from sedpipe.stages.status import export_clips, overview, status
from sedpipe.steps.tally import ClassTally, Tally
from sedpipe.views.terminal.data import status_lines
from some_records import cell_of, run_record, table_record

FEATURES = FeatureSpec(LogMelConfig()).fingerprint


@pytest.fixture(scope="module")
def downloaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache, for reading only."""
    folder = tmp_path_factory.mktemp("status")
    download(load_manifest(str(tiny_mixtures(folder, "tiny", 2, 1))), folder / "cache")
    return folder / "cache"


@pytest.fixture
def downloaded(downloaded_once: Path, tmp_path: Path) -> Path:
    shutil.copytree(downloaded_once, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def featured(downloaded: Path) -> Path:
    extract_features(Dataset(downloaded, "tiny"), FeatureSpec(LogMelConfig()))
    return downloaded


def look(cache_dir: Path) -> StatusReport:
    """The status, which changes nothing."""
    before = {path: path.stat().st_mtime_ns for path in cache_dir.rglob("*")}
    report = status(Dataset(cache_dir, "tiny"))
    assert {path: path.stat().st_mtime_ns for path in cache_dir.rglob("*")} == before
    return report


def words(report: StatusReport) -> list[str]:
    """The command to run next, as a shell takes it apart, without the cache that it names."""
    sedpipe, *found, cache, _ = shlex.split(report.next)
    assert (sedpipe, cache) == ("sedpipe", "--cache")
    return found


def row(listed: int, ok: int) -> Tally:
    """Counts of a split of which some audio is there and nothing failed."""
    return Tally(listed, ok, gone=0, blocked=0, retryable=0, pending=listed - ok, reasons={})


def exported(cache: Dataset) -> dict[str, dict[str, str]]:
    """The table of the state of each clip, by ``clip_id``."""
    path = cache.root / "clips.tsv"
    n_rows = export_clips(cache, path)
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert len(rows) == n_rows
    return {row[1]: dict(zip(header, row, strict=True)) for row in rows}


def test_the_exported_states_are_those_that_are_counted_clip_by_clip(downloaded: Path) -> None:
    cache = Dataset(downloaded, "tiny")
    with Ledger(cache.folder) as ledger:
        ledger.keep_only([(split, f"{split}-00000") for split in ("training", "testing", "evaluation")])
        ledger.record(Fate("testing", "testing-00000", "blocked", "geo", "not in your country"))
    with Ledger(cache.folder, Shard(1, 2)) as ledger:  # of another time: it is listed no longer
        ledger.record(Fate("training", "unlisted", "gone", "removed"))
    (cache.audio_dir("evaluation") / "evaluation-00000.flac").unlink()
    told = exported(cache)
    assert {clip_id: (row["state"], row["reason"]) for clip_id, row in told.items()} == {
        "training-00000": ("ok", ""),
        "training-00001": ("ok", ""),  # in no ledger, but there
        "testing-00000": ("ok", ""),  # blocked, but there
        "evaluation-00000": ("pending", ""),  # ok, but not there
    }
    attempts = {clip_id: row["attempts"] for clip_id, row in told.items()}
    assert attempts == {"training-00000": "1", "training-00001": "0", "testing-00000": "2", "evaluation-00000": "1"}
    assert told["testing-00000"]["message"] == ""
    counts = status(cache).stages.download
    assert sum(one.ok for one in counts.values()) == 3
    assert sum(one.pending for one in counts.values()) == 1


def test_clips_that_nobody_tried_are_exported_as_pending(downloaded: Path) -> None:
    cache = Dataset(downloaded, "tiny")
    shutil.rmtree(cache.folder / "audio")
    (cache.folder / "ledger.sqlite").unlink()
    assert {(row["state"], row["attempts"]) for row in exported(cache).values()} == {("pending", "0")}
    assert len(exported(cache)) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
@pytest.mark.parametrize("is_trained", [True, False])
def test_a_colleagues_cache_that_may_only_be_read_is_told_with_the_run_that_is_trained_there(
    featured: Path, is_trained: bool
) -> None:
    run = Run(Dataset(featured, "tiny").runs / "begun")
    run.write_record(run_record().model_copy(update={"command": ("train", "tiny", "--run", "begun")}))
    with hold(run.lock_path, "training", "") if is_trained else nullcontext():
        run.lock_path.touch()
        for path in (featured, *featured.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)
        with without_power():
            report = look(featured)
            (told,) = overview(featured).datasets
    assert words(report) == (["train", "tiny"] if is_trained else ["train", "tiny", "--run", "begun"])
    assert told.stages.train == report.stages.train == {"begun": Progress(False, 0)}


def test_of_nothing_the_next_is_download_by_the_address_of_the_dataset(tmp_path: Path) -> None:
    following = command("download", "tiny", cache=tmp_path)
    assert status(Dataset(tmp_path, "tiny")) == StatusReport("tiny", Stages(), following)
    report = status(Dataset(tmp_path, "tiny"), address="my sets/tiny.toml")
    assert report.next == f"sedpipe download 'my sets/tiny.toml' --cache {tmp_path}"
    assert list(tmp_path.iterdir()) == []


def test_after_download_the_next_is_features(downloaded: Path) -> None:
    report = look(downloaded)
    assert report.stages.download == {
        "training": row(2, 2),
        "testing": row(1, 1),
        "evaluation": row(1, 1),
    }
    assert report.stages.features == {}
    assert words(report) == ["features", "tiny"]


def test_audio_is_counted_only_where_it_is_there(downloaded: Path) -> None:
    path = downloaded / "tiny" / "audio" / "training" / "training-00001.flac"
    path.rename(path.with_name(".tmp-0123.flac"))
    assert look(downloaded).stages.download["training"] == row(2, 1)


def test_a_record_that_lists_fewer_clips_than_there_are_is_damaged(downloaded: Path) -> None:
    path = downloaded / "tiny" / "dataset.json"
    record = json.loads(path.read_text())
    record["listed"]["training"] = 1
    path.write_text(json.dumps(record))
    with pytest.raises(SedpipeError, match=r"of the 2 clips of training in clips.tsv it lists 1"):
        look(downloaded)


def test_classes_are_counted_where_asked_for(downloaded: Path) -> None:
    assert look(downloaded).classes == {}
    before = status(Dataset(downloaded, "tiny"), classes=True).classes["training"]
    clips = Dataset(downloaded, "tiny").read_clips()["training"]
    for label, counts in before.items():
        listed = sum(label in clip.labels for clip in clips)
        assert counts == ClassTally(listed, ok=listed)
    Dataset(downloaded, "tiny").audio_path(clips[0]).unlink()
    after = status(Dataset(downloaded, "tiny"), classes=True).classes["training"]
    assert {label for label in before if after[label].ok < before[label].ok} == set(clips[0].labels)


def test_after_features_the_next_is_train(featured: Path) -> None:
    report = look(featured)
    assert report.stages.features == {
        FEATURES: {
            "training": StoredCounts(clips=2, failed=0),
            "testing": StoredCounts(clips=1, failed=0),
            "evaluation": StoredCounts(clips=1, failed=0),
        }
    }
    assert words(report) == ["train", "tiny"]


def test_features_are_next_where_audio_was_made_again_since(featured: Path) -> None:
    name = next((featured / "tiny" / "audio" / "training").iterdir())
    name.write_bytes(name.read_bytes()[:-1])
    report = look(featured)
    assert report.next.startswith("sedpipe features tiny")
    [stored] = report.stages.features.values()
    assert stored["training"] == StoredCounts(clips=2, failed=0, changed=1)
    assert (
        f"features: {FEATURES}: evaluation 1 clip, testing 1 clip, training 2 clips (1 with audio files written "
        in ("\n".join(status_lines(report)))
    )


def test_features_of_a_split_that_the_dataset_has_no_more_are_not_told(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    record = cache.read_record()
    listed = {split: n for split, n in record.listed.items() if split != "evaluation"}
    cache.write_record(record.model_copy(update={"listed": listed}))
    write_clips(cache.clips_path, [clip for split in listed for clip in cache.read_clips()[split]])
    stages = look(featured).stages
    assert (list(stages.download), list(stages.features[FEATURES])) == (list(listed), ["testing", "training"])


def test_after_train_the_next_is_score_of_the_runs_that_lack_it(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    for name, is_finished in (("first", True), ("second", True), ("third", False)):
        run = Run(cache.runs / name)
        run.write_record(run_record(epochs=2 if is_finished else None))
        run.log_path.write_text("epoch,loss\n0,0.5\n1,0.4\n")
        if is_finished:
            run.model_path.write_bytes(b"")
    report = look(featured)
    assert report.stages.train == {
        "first": Progress(finished=True, epochs=2),
        "second": Progress(finished=True, epochs=2),
        "third": Progress(finished=False, epochs=2),
    }
    assert words(report) == ["score", "tiny", "--run", "first"]
    for split in ("evaluation", "testing"):
        Run(cache.runs / "first").scores_path(split).write_text("{}")
    report = look(featured)
    assert report.stages.score == {"first": ["evaluation", "testing"], "second": [], "third": []}
    assert words(report) == ["score", "tiny", "--run", "second"]
    Run(cache.runs / "second").scores_path("evaluation").write_text("{}")
    assert words(look(featured)) == ["report", "second"]
    (cache.root / "other" / "runs" / "second").mkdir(parents=True)
    assert words(look(featured)) == ["report", str(cache.runs / "second")]


def test_without_evaluation_a_run_is_scored_on_testing_and_without_truth_it_predicts(
    featured: Path,
) -> None:
    cache = Dataset(featured, "tiny")
    run = Run(cache.runs / "first")
    run.write_record(run_record(epochs=2))
    run.log_path.write_text("epoch,loss\n0,0.5\n1,0.4\n")
    run.model_path.write_bytes(b"")
    cache.reference_path("evaluation").unlink()
    assert words(look(featured)) == ["score", "tiny", "--run", "first", "--split", "testing"]
    cache.reference_path("testing").unlink()
    heard = str(cache.audio_dir("evaluation"))
    assert words(look(featured)) == ["predict", heard, "--dataset", "tiny", "--model", "first"]


def test_a_run_of_no_epochs_is_no_training(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    Run(cache.runs / "untrained").write_record(run_record(epochs=0))
    Run(cache.runs / "untrained").model_path.write_bytes(b"")
    assert words(look(featured)) == ["train", "tiny"]


def test_a_table_tells_what_each_cell_has_come_to(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    table = Table(cache.folder / "tables" / "table2-small")
    names = [f"linear-5x5-seed{seed}" for seed in range(5)]
    runs = {name: f"table2-small-paper-8-{name}" for name in names}
    table.write_record(table_record(8, runs))
    for seed, n_epochs in ((0, 8), (1, 3), (2, 2), (3, 1)):
        run = Run(cache.runs / runs[names[seed]])
        run.write_record(run_record())
        run.log_path.write_text("epoch,loss\n" + "1,0.5\n" * n_epochs)
    table.write_cell(names[0], cell_of("linear", (5, 5), 0, {}))
    table.note_failure(names[3], "the loss is nan")
    with hold(Run(cache.runs / runs[names[1]]).lock_path, "training", ""):
        report = look(featured)
        grid = report.stages.reproduce["table2-small"]
    counts = {key: value for key, value in as_json(grid).items() if key != "cells"}
    assert counts == {"all": 5, "done": 1, "under_way": 1, "begun": 1, "failed": 1, "missing": 1}
    assert as_json(grid.cells) == {
        names[0]: {"state": "done", "run": runs[names[0]]},
        names[1]: {"state": "under_way", "run": runs[names[1]], "epochs": 3, "of": 8},
        names[2]: {"state": "begun", "run": runs[names[2]], "epochs": 2, "of": 8},
        names[3]: {
            "state": "failed", "run": runs[names[3]], "epochs": 1, "of": 8, "reason": "the loss is nan",
        },
        names[4]: {"state": "missing", "run": runs[names[4]]},
    }  # fmt: skip
    lines = status_lines(report)
    assert [line for line in lines if "table2" in line] == [
        "reproduce: table2-small: 1 of 5 cells done",
        "reproduce: table2-small: linear-5x5-seed1 running, 3 of 8 epochs",
        "reproduce: table2-small: linear-5x5-seed2 stopped after 2 of 8 epochs",
        "reproduce: table2-small: linear-5x5-seed3 failed after 1 of 8 epochs: the loss is nan",
    ]  # the runs of its cells have no lines of their own


def test_of_a_table_whose_systems_differ_in_epochs_each_cell_tells_its_own(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    runs = {f"{name}-seed0": f"table3-15min-{name}-seed0" for name in ("small", "surrey", "wang")}
    Table(cache.folder / "tables" / "table3-15min").write_record(table_record(0, runs))
    for name, epochs in (("small", 12), ("surrey", "many")):
        run, begun = Run(cache.runs / f"table3-15min-{name}-seed0"), run_record()
        settings = begun.settings.model_copy(update={"training": {"epochs": epochs}})
        run.write_record(begun.model_copy(update={"settings": settings}))
        run.log_path.write_text("epoch,loss\n1,0.5\n")
    assert [line for line in status_lines(look(featured)) if "table3" in line] == [
        "reproduce: table3-15min: 0 of 3 cells done",
        "reproduce: table3-15min: small-seed0 stopped after 1 of 12 epochs",
        "reproduce: table3-15min: surrey-seed0 stopped after 1 of 0 epochs",
    ]


def test_a_table_without_record_tells_what_is_done(featured: Path) -> None:
    table = Table(Dataset(featured, "tiny").folder / "tables" / "older")
    table.write_cell("linear-5x5-seed0", cell_of("linear", (5, 5), 0, {}))
    grid = look(featured).stages.reproduce["older"]
    assert (grid.all, grid.done) == (1, 1)


@pytest.mark.parametrize(
    "content", ["half", "[]", '{"runs": {"a": "../../b"}, "epochs": 1}', '{"runs": {"a": "b"}}', '{"runs": 3}']
)
def test_a_damaged_table_is_a_sentence(featured: Path, content: str) -> None:
    table = Table(Dataset(featured, "tiny").folder / "tables" / "older")
    table.note_failure("a", "x")
    table.record_path.write_text(content)
    with pytest.raises(SedpipeError, match=r"table\.json|--run"):
        look(featured)


def test_clips_without_any_audio_call_for_download(featured: Path) -> None:
    for path in featured.rglob("*.flac"):
        path.unlink()
    assert words(look(featured)) == ["download", "tiny"]


def test_a_damaged_store_is_told_among_the_others_and_calls_for_features(featured: Path) -> None:
    store = featured / "tiny" / "features" / FEATURES / "training.h5"
    store.write_bytes(b"half")
    report = look(featured)
    stored = report.stages.features[FEATURES]
    assert stored["training"].unreadable.startswith(f"cannot read {store}: ")
    assert "run `sedpipe features" in stored["training"].unreadable
    assert (stored["training"].clips, stored["testing"].clips, stored["testing"].unreadable) == (0, 1, "")
    assert words(report) == ["features", "tiny"]
    extract_features(Dataset(featured, "tiny"), FeatureSpec(LogMelConfig()))
    assert words(look(featured)) == ["train", "tiny"]
