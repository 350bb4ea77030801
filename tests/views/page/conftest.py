"""Pages of runs whose names are hostile."""

from pathlib import Path

import pytest
from hostile_run import make_hostile_run
from sedpipe.io.cache.dataset import Dataset
from sedpipe.stages.report import report


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_hostile_run(tmp_path_factory.mktemp("made") / "cache")


@pytest.fixture(scope="session")
def pages(cache: Dataset) -> dict[str, Path]:
    """The pages of one run and of a comparison of two."""
    return {
        "run": Path(report(["run"], cache.root).path),
        "comparison": Path(report(["run", "other"], cache.root).path),
    }
