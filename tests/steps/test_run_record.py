from dataclasses import replace
from pathlib import Path

import pytest
from sedpipe.errors import StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run
from sedpipe.io.records.run import RunRecord, RunSettings
from sedpipe.labels import LabelSet
from sedpipe.stages.train import open_splits
from sedpipe.steps.run_record import begin_run, check_same_features, describe_run
from tiny_dataset import FRONT_END, LABELS, SETTINGS, make_dataset


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, RunRecord]:
    """A dataset, and the record of a run that is about to start on it."""
    dataset, spec = make_dataset(tmp_path_factory.mktemp("cache")), FeatureSpec(FRONT_END)
    return dataset, describe_run(dataset, SETTINGS, spec, open_splits(dataset, spec, LabelSet(LABELS)))


def begun(folder: Path, record: RunRecord, **settings: object) -> Run:
    """Return a run that was started with other settings; ``...`` stands for a setting that did not exist then."""
    known = {name: value for name, value in record.settings.as_json().items() if settings.get(name) is not Ellipsis}
    known |= {name: value for name, value in settings.items() if value is not Ellipsis}
    run = Run(folder / "run")
    run.write_record(record.model_copy(update={"settings": RunSettings(**known)}))
    return run


def test_a_new_run_is_recorded_and_the_same_run_is_resumed(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    assert begin_run(Run(tmp_path / "run"), record, SETTINGS) == record
    assert begin_run(Run(tmp_path / "run"), record, SETTINGS) == record


@pytest.mark.parametrize("name", ["devices", "precision", "recipe", "compiled"])
def test_a_setting_added_after_a_run_was_started_does_not_make_it_stale(
    described: tuple[Dataset, RunRecord], tmp_path: Path, name: str
) -> None:
    _, record = described
    run = begun(tmp_path, record, **{name: ...})
    assert name not in run.find_record().settings.as_json()
    begin_run(run, record, SETTINGS)


def test_an_added_network_or_training_setting_does_not_make_a_run_stale(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    network = {key: value for key, value in record.settings.network.items() if key != "input_normalisation"}
    training = {key: value for key, value in record.settings.training.items() if key != "augment"}
    begin_run(begun(tmp_path, record, network=network, training=training), record, SETTINGS)
    with pytest.raises(StaleError, match=r"started with other settings: network\.dropout: there 0\.5, now 0\.2"):
        begin_run(begun(tmp_path, record, network=network | {"dropout": 0.5}), record, SETTINGS)


def test_an_added_setting_that_differs_from_its_default_makes_a_run_stale(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    now = replace(SETTINGS, devices=2)
    asked = record.model_copy(update={"settings": RunSettings(**{**record.settings.as_json(), "devices": 2})})
    with pytest.raises(StaleError, match="devices: there 1, now 2"):
        begin_run(begun(tmp_path, record, devices=...), asked, now)


def test_a_missing_fingerprint_is_ignored_but_a_different_one_makes_a_run_stale(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    run = Run(tmp_path / "run")
    run.write_record(record.model_copy(update={"data": {k: v for k, v in record.data.items() if k != "reference"}}))
    begin_run(run, record, SETTINGS)
    run.write_record(record.model_copy(update={"data": {**record.data, "reference": "another"}}))
    with pytest.raises(StaleError, match="since then the strong labels of testing changed"):
        begin_run(run, record, SETTINGS)


def test_the_error_message_stays_short_however_many_settings_differ(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    network = {f"key{k}": "x" * 1000 for k in range(1000)}
    with pytest.raises(StaleError) as caught:
        begin_run(begun(tmp_path, record, network=network), record, SETTINGS)
    assert len(caught.value.message) <= 300


def test_the_error_for_a_run_with_other_features_quotes_its_command(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    run = Run(tmp_path / "cache" / "tiny" / "runs" / "run")
    spec = FeatureSpec(FRONT_END)
    check_same_features(run, FeatureSpec(FRONT_END, "float32"))
    words = ("train", "garden.toml", "--encoder", "yamnet", "--preset", "head")
    run.write_record(record.model_copy(update={"command": words}))
    check_same_features(run, spec)
    with pytest.raises(StaleError, match=r"^run run was started with other features$") as caught:
        check_same_features(run, FeatureSpec(FRONT_END, "float32"))
    begun = f"sedpipe train garden.toml --encoder yamnet --preset head --cache {tmp_path / 'cache'}"
    assert caught.value.hint.startswith(f"repeat the options of `{begun}`, name another run")
