"""A browser for all tests of pages, and the pages of a hostile run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, find_browser
from hostile_run import make_hostile_run
from sedpipe.io.cache.dataset import Dataset
from sedpipe.stages.report import report


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium is installed: the page was not opened")
    with Browser(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_hostile_run(tmp_path_factory.mktemp("made") / "cache")


@pytest.fixture(scope="session")
def pages(cache: Dataset) -> dict[str, Path]:
    """Of one run, and of two."""
    return {
        "run": Path(report(["run"], cache.root).path),
        "comparison": Path(report(["run", "other"], cache.root).path),
    }
