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
    """A cache that tests only read."""
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
    """Return the status, and check that nothing changes."""
    before = {path: path.stat().st_mtime_ns for path in cache_dir.rglob("*")}
    report = status(Dataset(cache_dir, "tiny"))
    assert {path: path.stat().st_mtime_ns for path in cache_dir.rglob("*")} == before
    return report


def words(report: StatusReport) -> list[str]:
    """Return the next command, split as a shell would, without its ``--cache``."""
    sedpipe, *found, cache, _ = shlex.split(report.next)
    assert (sedpipe, cache) == ("sedpipe", "--cache")
    return found


def row(listed: int, ok: int) -> Tally:
    """Return the counts of a split in which ``ok`` clips have audio and none failed."""
    return Tally(listed, ok, gone=0, blocked=0, retryable=0, pending=listed - ok, reasons={})


def exported(cache: Dataset) -> dict[str, dict[str, str]]:
    """Return the exported rows with the state of each clip, by ``clip_id``."""
    path = cache.root / "clips.tsv"
    n_rows = export_clips(cache, path)
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert len(rows) == n_rows
    return {row[1]: dict(zip(header, row, strict=True)) for row in rows}


def test_exported_clip_states_match_the_counts(downloaded: Path) -> None:
    cache = Dataset(downloaded, "tiny")
    with Ledger(cache.folder) as ledger:
        ledger.keep_only([(split, f"{split}-00000") for split in ("training", "testing", "evaluation")])
        ledger.record(Fate("testing", "testing-00000", "blocked", "geo", "not in your country"))
    with Ledger(cache.folder, Shard(1, 2)) as ledger:  # from earlier: the clip is no longer listed
        ledger.record(Fate("training", "unlisted", "gone", "removed"))
    (cache.audio_dir("evaluation") / "evaluation-00000.flac").unlink()
    told = exported(cache)
    assert {clip_id: (row["state"], row["reason"]) for clip_id, row in told.items()} == {
        "training-00000": ("ok", ""),
        "training-00001": ("ok", ""),  # in no ledger, but its audio exists
        "testing-00000": ("ok", ""),  # blocked, but its audio exists
        "evaluation-00000": ("pending", ""),  # ok, but its audio is missing
    }
    attempts = {clip_id: row["attempts"] for clip_id, row in told.items()}
    assert attempts == {"training-00000": "1", "training-00001": "0", "testing-00000": "2", "evaluation-00000": "1"}
    assert told["testing-00000"]["message"] == ""
    counts = status(cache).stages.download
    assert sum(one.ok for one in counts.values()) == 3
    assert sum(one.pending for one in counts.values()) == 1


def test_untried_clips_are_exported_as_pending(downloaded: Path) -> None:
    cache = Dataset(downloaded, "tiny")
    shutil.rmtree(cache.folder / "audio")
    (cache.folder / "ledger.sqlite").unlink()
    assert {(row["state"], row["attempts"]) for row in exported(cache).values()} == {("pending", "0")}
    assert len(exported(cache)) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
@pytest.mark.parametrize("is_trained", [True, False])
def test_status_of_a_read_only_cache_includes_its_unfinished_run(featured: Path, is_trained: bool) -> None:
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


def test_download_is_next_for_an_empty_cache_with_the_given_toml(tmp_path: Path) -> None:
    following = command("download", "tiny", cache=tmp_path)
    assert status(Dataset(tmp_path, "tiny")) == StatusReport("tiny", Stages(), following)
    report = status(Dataset(tmp_path, "tiny"), address="my sets/tiny.toml")
    assert report.next == f"sedpipe download 'my sets/tiny.toml' --cache {tmp_path}"
    assert list(tmp_path.iterdir()) == []


def test_after_download_features_is_next(downloaded: Path) -> None:
    report = look(downloaded)
    assert report.stages.download == {
        "training": row(2, 2),
        "testing": row(1, 1),
        "evaluation": row(1, 1),
    }
    assert report.stages.features == {}
    assert words(report) == ["features", "tiny"]


def test_temporary_audio_files_are_not_counted(downloaded: Path) -> None:
    path = downloaded / "tiny" / "audio" / "training" / "training-00001.flac"
    path.rename(path.with_name(".tmp-0123.flac"))
    assert look(downloaded).stages.download["training"] == row(2, 1)


def test_a_record_that_lists_too_few_clips_gives_an_error(downloaded: Path) -> None:
    path = downloaded / "tiny" / "dataset.json"
    record = json.loads(path.read_text())
    record["listed"]["training"] = 1
    path.write_text(json.dumps(record))
    with pytest.raises(SedpipeError, match=r"of the 2 clips of training in clips.tsv it lists 1"):
        look(downloaded)


def test_classes_are_counted_on_request(downloaded: Path) -> None:
    assert look(downloaded).classes == {}
    before = status(Dataset(downloaded, "tiny"), classes=True).classes["training"]
    clips = Dataset(downloaded, "tiny").read_clips()["training"]
    for label, counts in before.items():
        listed = sum(label in clip.labels for clip in clips)
        assert counts == ClassTally(listed, ok=listed)
    Dataset(downloaded, "tiny").audio_path(clips[0]).unlink()
    after = status(Dataset(downloaded, "tiny"), classes=True).classes["training"]
    assert {label for label in before if after[label].ok < before[label].ok} == set(clips[0].labels)


def test_after_features_train_is_next(featured: Path) -> None:
    report = look(featured)
    assert report.stages.features == {
        FEATURES: {
            "training": StoredCounts(clips=2, failed=0),
            "testing": StoredCounts(clips=1, failed=0),
            "evaluation": StoredCounts(clips=1, failed=0),
        }
    }
    assert words(report) == ["train", "tiny"]


def test_features_is_next_if_audio_has_changed_since(featured: Path) -> None:
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


def test_features_of_a_removed_split_are_not_shown(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    record = cache.read_record()
    listed = {split: n for split, n in record.listed.items() if split != "evaluation"}
    cache.write_record(record.model_copy(update={"listed": listed}))
    write_clips(cache.clips_path, [clip for split in listed for clip in cache.read_clips()[split]])
    stages = look(featured).stages
    assert (list(stages.download), list(stages.features[FEATURES])) == (list(listed), ["testing", "training"])


def test_after_train_score_is_next_for_unscored_runs(featured: Path) -> None:
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


def test_score_on_testing_or_predict_is_next_if_strong_labels_are_missing(
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


def test_train_is_next_if_the_only_run_has_zero_epochs(featured: Path) -> None:
    cache = Dataset(featured, "tiny")
    Run(cache.runs / "untrained").write_record(run_record(epochs=0))
    Run(cache.runs / "untrained").model_path.write_bytes(b"")
    assert words(look(featured)) == ["train", "tiny"]


def test_a_table_shows_the_state_of_each_cell(featured: Path) -> None:
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


def test_each_cell_shows_its_own_number_of_epochs(featured: Path) -> None:
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


def test_a_table_without_a_record_counts_its_finished_cells(featured: Path) -> None:
    table = Table(Dataset(featured, "tiny").folder / "tables" / "older")
    table.write_cell("linear-5x5-seed0", cell_of("linear", (5, 5), 0, {}))
    grid = look(featured).stages.reproduce["older"]
    assert (grid.all, grid.done) == (1, 1)


@pytest.mark.parametrize(
    "content", ["half", "[]", '{"runs": {"a": "../../b"}, "epochs": 1}', '{"runs": {"a": "b"}}', '{"runs": 3}']
)
def test_a_damaged_table_gives_an_error(featured: Path, content: str) -> None:
    table = Table(Dataset(featured, "tiny").folder / "tables" / "older")
    table.note_failure("a", "x")
    table.record_path.write_text(content)
    with pytest.raises(SedpipeError, match=r"table\.json|--run"):
        look(featured)


def test_download_is_next_if_no_clip_has_audio(featured: Path) -> None:
    for path in featured.rglob("*.flac"):
        path.unlink()
    assert words(look(featured)) == ["download", "tiny"]


def test_a_damaged_store_is_reported_and_features_is_next(featured: Path) -> None:
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
