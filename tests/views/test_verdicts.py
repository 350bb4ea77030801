from dataclasses import replace

import pytest
from sedpipe.metrics.comparison import Difference
from sedpipe.views.verdicts import verdict

SEEN = Difference(
    -0.05, (-0.08, -0.02), 0.99, seeds=5, recordings=80, p=0.001, p_holm=0.012, smallest=0.04, outcome="better"
)
UNSEEN = Difference(
    0.01, (-0.02, 0.04), 0.4, seeds=5, recordings=80, p=0.6, p_holm=1.0, smallest=0.05, outcome="not distinguishable"
)


@pytest.mark.parametrize(
    ("found", "in_percent", "told"),
    [
        (SEEN, False, "better: -0.050 (95 % CI: -0.080 to -0.020, p 0.001; Holm-corrected 0.012)"),
        (SEEN, True, "better: -5.0 points (95 % CI: -8.0 to -2.0, p 0.001; Holm-corrected 0.012)"),
        (
            UNSEEN,
            False,
            "not distinguishable: +0.010 (95 % CI: -0.020 to +0.040, p 0.6; Holm-corrected 1); "
            "with these seeds, only a difference above 0.050 would have been significant",
        ),
        (
            replace(SEEN, recordings=0),
            False,
            "better over seeds: -0.050 (95 % CI: -0.080 to -0.020, p 0.001; Holm-corrected 0.012)",
        ),
        (
            replace(UNSEEN, seeds=2, smallest=2.9),
            True,
            "not distinguishable: +1.0 points (95 % CI: -2.0 to +4.0, p 0.6; Holm-corrected 1); "
            "with so few seeds, no difference would have been significant",
        ),
        (Difference(0.1, (0.05, 0.2), 1.0), True, "+10.0 points (95 % CI: +5.0 to +20.0)"),
        (
            Difference(0.1, None, 0.5, seeds=3, recordings=80, outcome="not distinguishable"),
            False,
            "not distinguishable: +0.100; these seeds and recordings are too few to see any difference",
        ),
        (
            Difference(
                0.0,
                (0.0, 0.0),
                0.5,
                seeds=3,
                recordings=80,
                p=1.0,
                p_holm=1.0,
                smallest=0.0,
                outcome="not distinguishable",
            ),
            False,
            "not distinguishable: +0.000 (95 % CI: +0.000 to +0.000, p 1; Holm-corrected 1); the same in every seed",
        ),
        (
            Difference(0.1, (0.0, 0.2), 0.9, p=0.04, outcome="one seed"),
            False,
            "+0.100 (95 % CI: +0.000 to +0.200, p 0.04)",
        ),
    ],
)
def test_every_outcome_has_its_wording(found: Difference, in_percent: bool, told: str) -> None:
    assert verdict(found, in_percent=in_percent) == told
