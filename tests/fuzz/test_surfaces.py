"""Damaged files and mistyped commands of every kind give a value or a short one-line error from the real readers.

``python benchmarks/fuzz.py`` tries thousands more of each.
"""

import pytest

from fuzz.ground import make
from fuzz.surface import Ground, Surface
from fuzz.surfaces import SURFACES

N_INPUTS, N_SLOW_INPUTS = 4, 2
SEED = "suite"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(make(tmp_path_factory.mktemp("fuzz") / "ground"))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_damaged_input_is_read_or_refused_with_a_one_line_error(surface: Surface, ground: Ground) -> None:
    n_inputs = N_SLOW_INPUTS if surface.is_slow else N_INPUTS
    bad = {seed: found for seed in range(n_inputs) if not (found := ground.told(surface, f"{SEED}-{seed}")).is_fine}
    assert not bad


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_an_intact_input_is_read(surface: Surface, ground: Ground) -> None:
    assert ground.told(surface, None).outcome == "read"
