"""Damaged files of every kind through the real readers: a value, or one short sentence; never a traceback.

``python benchmarks/fuzz.py`` reads some thousand more of each.
"""

import shutil
from pathlib import Path

import pytest
from fuzz.surfaces import MADE, SURFACES, Surface, told

N_INPUTS, N_SLOW_INPUTS = 24, 3
SEED = "suite"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first edition left behind, whole but for the file that is damaged."""
    return Path(shutil.copytree(MADE, tmp_path_factory.mktemp("fuzz") / "made"))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_whatever_was_done_to_a_file_it_is_read_or_refused_in_a_sentence(surface: Surface, folder: Path) -> None:
    n_inputs = N_SLOW_INPUTS if surface.is_slow else N_INPUTS
    bad = {seed: found for seed in range(n_inputs) if not (found := told(surface, folder, f"{SEED}-{seed}")).is_fine}
    assert not bad


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_the_whole_file_is_read(surface: Surface, folder: Path) -> None:
    assert told(surface, folder, None).outcome == "read"
    assert {path.name for path in folder.rglob("*")} >= {path.name for path in MADE.rglob("*")}
