"""Colours of the page: legible for everybody, and distinct for those who cannot tell red from green.

Sources: contrast as WCAG 2.2 defines it; protan and deutan vision after Machado, Oliveira and Fernandes (2009),
severity 1; CIE L*a*b* 1976 under D65.
"""

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest

VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
RUNS = tuple(f"run-{k}" for k in range(8))
TOLD_APART = 20
"""Distance in L*a*b*: 2.3 is just noticeable side by side, 20 is clearly another colour across a page."""


def colours(scheme):
    """Return the opaque colours of the style sheet by name."""
    style = files("sedpipe.views").joinpath("templates", "styles", "base.css").read_text(encoding="utf-8")
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    return {name: light if scheme == "light" else dark for name, light, dark in found}


def linear(colour):
    value = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    light, dark = sorted((float(TO_XYZ[1] @ linear(colour)) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    share = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one, other):
    """Return the smallest distance of two colours over the three kinds of vision."""
    seen = [[lab(np.array(matrix) @ linear(colour)) for colour in (one, other)] for matrix in VISION.values()]
    return min(float(np.linalg.norm(a - b)) for a, b in seen)


def test_contrast_and_distance_match_textbook_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.2], abs=0.05)
    assert distance("#808080", "#808080") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_sufficient_contrast_on_every_background(scheme):
    found = colours(scheme)
    for ink in ("ink", "soft", "faint", "truth-ink", "model-ink"):
        for ground in ("paper", "card", "lane"):
            assert contrast(found[ink], found[ground]) >= 4.5, (ink, ground)
    assert contrast(found["warn"], found["warn-paper"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawn_elements_have_sufficient_contrast(scheme):
    found = colours(scheme)
    for name in ("truth", "model", "head", *RUNS):
        assert contrast(found[name], found["card"]) >= 3, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_eight_runs_and_the_reference_are_distinct_even_to_colour_blind_readers(scheme):
    found = colours(scheme)
    pairs = list(combinations(("truth", *RUNS), 2))
    assert len({found[name] for name in ("truth", *RUNS)}) == 9
    assert min((distance(found[a], found[b]), a, b) for a, b in pairs) >= (TOLD_APART,)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_single_run_has_the_colour_of_a_model(scheme):
    found = colours(scheme)
    assert found["run-0"] == found["model"]


def figure_colours(scheme):
    """Return the colours of the figures of ``reproduce``, which stand alone and follow the system's colour scheme."""
    style = files("sedpipe.views").joinpath("templates", "figure.svg").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    part = light if scheme == "light" else dark[: dark.index("\n}")]
    return dict(re.findall(r"--([\w-]+): (#\w{6});", part))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_system_colours_are_legible_and_distinct_from_each_other_reference_and_model(scheme):
    found, page = figure_colours(scheme), colours(scheme)
    assert found.keys() == figure_colours("light").keys()
    assert found["truth"] == page["truth"]
    systems = [found[f"system-{k}"] for k in range(4)]
    for ink in (*systems, *(found[name] for name in ("ink", "soft", "faint", "note"))):
        assert contrast(ink, found["paper"]) >= 4.5, ink
    for one, other in combinations([*systems, page["truth"], page["model"]], 2):
        assert distance(one, other) >= TOLD_APART, (one, other)
