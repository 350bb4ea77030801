import os
from pathlib import Path

import pytest
from sedpipe.errors import MissingStageError, SedpipeError, SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, cache_around, find_run, find_run_in_cache, named_run, newest_run, run_address
from some_records import run_record


@pytest.fixture
def cache(tmp_path: Path) -> Dataset:
    """A dataset without runs."""
    return Dataset(tmp_path, "tiny")


def trained(cache: Dataset, name: str, when: int = 0) -> Run:
    """Create a run whose model file has the given modification time in seconds."""
    run = named_run(cache, name)
    run.write_record(run_record(epochs=1))
    run.model_path.write_bytes(b"")
    os.utime(run.model_path, (when, when))
    return run


def test_a_run_is_a_folder_in_its_dataset(cache, tmp_path):
    run = named_run(cache, "small-linear-5x5-seed0")
    assert run.folder == tmp_path / "tiny" / "runs" / "small-linear-5x5-seed0"
    assert run.name == "small-linear-5x5-seed0"
    assert not run.folder.exists()


def test_all_files_of_a_run_lie_in_its_folder(cache, tmp_path):
    run = named_run(cache, "a")
    assert {name: getattr(run, name).relative_to(run.folder).as_posix() for name in dir(run) if name.endswith("_path")
            and isinstance(getattr(run, name), Path)} == {
        "record_path": "run.json", "model_path": "checkpoint.pt", "state_path": "resume.pt", "lock_path": "train.lock",
        "results_lock_path": "results.lock", "curves_path": "tensorboard", "log_path": "log.csv",
    }  # fmt: skip
    of_split = (run.scores_path, run.estimated_path, run.frame_scores_path)
    assert [path("testing").name for path in of_split] == [
        "scores-testing.json", "estimated-testing.tsv", "frame-scores-testing.h5"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "-rf", "a b", "../a", "a/b", "a\\b", "a\n", "ü", "a" * 101])
def test_a_name_that_is_not_a_safe_folder_name_is_refused(cache, name):
    with pytest.raises(SettingsError, match=r"^run .*: expected at most 100 letters, digits"):
        named_run(cache, name)


def test_a_run_is_finished_when_it_has_a_model_and_a_result(cache):
    run = named_run(cache, "a")
    assert run.find_record() is None
    assert not run.is_finished
    run.write_record(run_record())
    run.model_path.write_bytes(b"")
    assert not run.is_finished
    run.write_record(run_record(epochs=0))
    assert run.is_finished
    run.model_path.unlink()
    assert not run.is_finished


@pytest.mark.parametrize("text", ["", "{", "[]", '"a"', "\x00"])
def test_the_error_for_an_unreadable_record_says_what_to_do(cache, text):
    run = named_run(cache, "a")
    run.write_record(run_record())
    run.record_path.write_text(text)
    with pytest.raises(SedpipeError, match=r"run\.json") as caught:
        run.find_record()
    assert caught.value.hint == f"delete {run.folder} and train again"


def test_the_run_with_the_newest_model_is_found(cache):
    trained(cache, "b", when=200)
    trained(cache, "a", when=300)
    trained(cache, "c", when=100)
    named_run(cache, "unfinished").write_record(run_record())
    assert find_run(cache, None).name == "a"


def test_among_models_of_the_same_age_the_last_name_wins(cache):
    for name in "bca":
        trained(cache, name)
    assert find_run(cache, None).name == "c"


def test_a_run_is_found_by_name_and_by_path(cache, tmp_path):
    run = trained(cache, "a")
    assert find_run(cache, "a") == run
    elsewhere = Dataset(tmp_path / "elsewhere", "other")
    assert find_run(elsewhere, str(run.folder)).model_path == run.model_path


def test_without_any_run_the_error_names_the_train_command(cache):
    for wanted in (None, "a"):
        with pytest.raises(MissingStageError) as caught:
            find_run(cache, wanted)
        assert caught.value.hint == f"run `sedpipe train tiny --cache {cache.root}` first"


def test_the_error_for_an_unfinished_or_unknown_run_lists_the_finished_ones(cache):
    trained(cache, "b")
    trained(cache, "a")
    named_run(cache, "unfinished").write_record(run_record())
    for wanted in ("unfinished", "unknown", "no/such/folder"):
        with pytest.raises(MissingStageError, match=f"{wanted} contains no trained model") as caught:
            find_run(cache, wanted)
        assert caught.value.hint == "finished runs: a, b"


def test_the_error_for_an_unknown_run_names_other_runs_with_that_name(cache, tmp_path, monkeypatch):
    theirs = trained(Dataset(tmp_path, "yard"), "h20")
    (tmp_path / "here" / "h20").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    train, elsewhere = "run `sedpipe train tiny", f"the dataset yard has a run of that name, which is {theirs.folder}; "
    with pytest.raises(MissingStageError) as caught:
        find_run(cache, "h20")
    assert caught.value.hint.startswith(elsewhere + train)  # the folder in the working directory contains no model
    Run(Path("h20")).model_path.write_bytes(b"")
    with pytest.raises(MissingStageError) as caught:
        find_run(cache, "h20")
    assert caught.value.hint.startswith(f"the run in the folder h20 here is ./h20; {elsewhere}{train}")
    for meant in ("./h20", str(theirs.folder)):
        assert find_run(cache, meant).model_path.exists()


def test_cache_around_finds_the_cache_of_a_run_or_export_and_none_elsewhere(cache, tmp_path):
    run = trained(cache, "a").folder
    assert cache_around(run) == cache_around(run / "export") == cache_around(run.with_name("export")) == tmp_path
    for elsewhere in (tmp_path / "a", tmp_path / "export", Path("/"), Path("/runs/a"), cache.runs):
        assert cache_around(elsewhere) is None


def test_a_run_of_any_dataset_is_found_by_its_name_and_by_its_path(cache, tmp_path):
    run = trained(cache, "a")
    assert find_run_in_cache(tmp_path, "a") == (cache, run)
    found, same = find_run_in_cache(tmp_path / "elsewhere", str(run.folder))
    assert (found, same.model_path) == (cache, run.model_path)  # in the cache that contains the run
    moved = tmp_path / "moved"
    run.folder.rename(moved)
    assert find_run_in_cache(tmp_path / "other", str(moved)) == (Dataset(tmp_path / "other", "tiny"), Run(moved))
    with pytest.raises(MissingStageError, match="contains no run"):
        find_run_in_cache(tmp_path, f"{tmp_path}/nowhere")


def test_a_name_shared_by_several_runs_is_ambiguous(cache, tmp_path):
    other = Dataset(tmp_path, "other")
    mine, theirs, alone = trained(cache, "a"), trained(other, "a"), trained(other, "b")
    trained(other, "0")
    assert (run_address(other, "0"), run_address(other, "b")) == ("0", "b")
    assert run_address(other, "not begun") == "not begun"
    for dataset, run in ((cache, mine), (other, theirs)):
        assert run_address(dataset, "a") == str(run.folder)
        assert find_run_in_cache(tmp_path, run_address(dataset, "a")) == (dataset, run)
    assert find_run_in_cache(tmp_path, "b") == (other, alone)
    with pytest.raises(MissingStageError, match="several runs are named 'a'") as caught:
        find_run_in_cache(tmp_path, "a")
    assert str(theirs.folder) in caught.value.hint


def test_the_error_for_an_unknown_name_lists_the_existing_runs(cache, tmp_path):
    with pytest.raises(MissingStageError, match="has no run 'a'") as caught:
        find_run_in_cache(tmp_path, "a")
    assert caught.value.hint == "train one first: `sedpipe train DATASET`"
    trained(cache, "b")
    with pytest.raises(MissingStageError) as caught:
        find_run_in_cache(tmp_path, "a")
    assert caught.value.hint == "there are b"


def test_the_newest_run_of_all_datasets_is_found(cache, tmp_path):
    assert newest_run(tmp_path) is None
    trained(cache, "b", when=200)
    other = Dataset(tmp_path, "other")
    newest = trained(other, "a", when=300)
    named_run(cache, "unfinished").write_record(run_record())
    assert newest_run(tmp_path) == (other, newest)


def test_n_epochs_counts_the_lines_of_the_log_below_its_header(cache):
    run = trained(cache, "a")
    assert run.n_epochs == 0
    for text, n_epochs in (("", 0), ("epoch,loss\n", 0), ("epoch,loss\n1,0.5\n2,0.4\n", 2)):
        run.log_path.write_text(text)
        assert run.n_epochs == n_epochs
