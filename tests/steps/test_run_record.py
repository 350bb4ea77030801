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
    """A run that is about to begin."""
    dataset, spec = make_dataset(tmp_path_factory.mktemp("cache")), FeatureSpec(FRONT_END)
    return dataset, describe_run(dataset, SETTINGS, spec, open_splits(dataset, spec, LabelSet(LABELS)))


def begun(folder: Path, record: RunRecord, **settings: object) -> Run:
    """A run that was begun when there were other settings."""
    known = {name: value for name, value in record.settings.as_json().items() if settings.get(name) is not Ellipsis}
    known |= {name: value for name, value in settings.items() if value is not Ellipsis}
    run = Run(folder / "run")
    run.write_record(record.model_copy(update={"settings": RunSettings(**known)}))
    return run


def test_a_new_run_is_written_and_the_same_one_is_gone_on_with(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    assert begin_run(Run(tmp_path / "run"), record, SETTINGS) == record
    assert begin_run(Run(tmp_path / "run"), record, SETTINGS) == record


@pytest.mark.parametrize("name", ["devices", "precision", "recipe", "compiled"])
def test_a_setting_that_did_not_exist_when_a_run_was_begun_makes_it_not_stale(
    described: tuple[Dataset, RunRecord], tmp_path: Path, name: str
) -> None:
    _, record = described
    run = begun(tmp_path, record, **{name: ...})
    assert name not in run.find_record().settings.as_json()
    begin_run(run, record, SETTINGS)


def test_a_setting_of_the_network_or_of_the_training_may_be_new_too(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    network = {key: value for key, value in record.settings.network.items() if key != "input_normalisation"}
    training = {key: value for key, value in record.settings.training.items() if key != "augment"}
    begin_run(begun(tmp_path, record, network=network, training=training), record, SETTINGS)
    with pytest.raises(StaleError, match=r"started with other settings: network\.dropout: there 0\.5, now 0\.2"):
        begin_run(begun(tmp_path, record, network=network | {"dropout": 0.5}), record, SETTINGS)


def test_a_new_setting_with_another_value_than_its_default_is_another_run(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    now = replace(SETTINGS, devices=2)
    asked = record.model_copy(update={"settings": RunSettings(**{**record.settings.as_json(), "devices": 2})})
    with pytest.raises(StaleError, match="devices: there 1, now 2"):
        begin_run(begun(tmp_path, record, devices=...), asked, now)


def test_a_fingerprint_that_nobody_took_then_tells_nothing_and_one_that_was_taken_does(
    described: tuple[Dataset, RunRecord], tmp_path: Path
) -> None:
    _, record = described
    run = Run(tmp_path / "run")
    run.write_record(record.model_copy(update={"data": {k: v for k, v in record.data.items() if k != "reference"}}))
    begin_run(run, record, SETTINGS)
    run.write_record(record.model_copy(update={"data": {**record.data, "reference": "another"}}))
    with pytest.raises(StaleError, match="since then the strong labels of testing changed"):
        begin_run(run, record, SETTINGS)


def test_however_much_differs_the_sentence_stays_one(described: tuple[Dataset, RunRecord], tmp_path: Path) -> None:
    _, record = described
    network = {f"key{k}": "x" * 1000 for k in range(1000)}
    with pytest.raises(StaleError) as caught:
        begin_run(begun(tmp_path, record, network=network), record, SETTINGS)
    assert len(caught.value.message) <= 300


def test_a_run_that_was_begun_with_other_features_says_how_it_was_begun(
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
