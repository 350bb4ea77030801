from pathlib import Path

import pytest
from builders import tiny_mixtures
from sedpipe.errors import ManifestError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.open import labels_of, open_dataset
from sedpipe.io.records.dataset import DatasetRecord


def in_cache(root: Path, name: str) -> Dataset:
    dataset = Dataset(root, name)
    dataset.write_record(DatasetRecord(dataset=name, fingerprint="f", labels=("Blackbird",), listed={}))
    return dataset


def test_a_dataset_in_the_cache_is_opened_by_its_name(tmp_path: Path) -> None:
    garden = in_cache(tmp_path, "garden")
    assert open_dataset("garden", tmp_path) == garden
    assert list(labels_of("garden", tmp_path)) == ["Blackbird"]


def test_a_dataset_shipped_with_sedpipe_opens_before_it_is_in_the_cache(tmp_path: Path) -> None:
    assert open_dataset("demo", tmp_path) == Dataset(tmp_path, "demo")
    assert len(labels_of("demo", tmp_path)) == 17


def test_a_toml_opens_the_dataset_that_it_names(tmp_path: Path) -> None:
    assert open_dataset(str(tiny_mixtures(tmp_path, "tiny")), tmp_path) == Dataset(tmp_path, "tiny")


def test_an_unknown_name_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="did you mean 'esc10-fold4'"):
        open_dataset("esc10-fold", tmp_path)


def test_a_relative_path_cannot_lead_out_of_the_cache(tmp_path: Path) -> None:
    in_cache(tmp_path, "garden")
    (tmp_path / "inner").mkdir()
    with pytest.raises(ManifestError):
        open_dataset("../garden", tmp_path / "inner")
