from dataclasses import asdict

import numpy as np
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.clip_scores import clip_based_scores
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.metrics.undefined import undefined


def test_exactly_the_scores_that_are_none_have_a_reason():
    scores = segment_based_scores({"a": [Event(0, 1, "Car")]}, {}, {"a": 10.0}, LabelSet(("Bus", "Car")))
    reasons = undefined(asdict(scores))
    assert reasons["overall.precision"] == "nothing was estimated"
    assert reasons["per_class.Bus.f1"] == "the reference has none"
    assert reasons.keys() == {
        "overall.precision",
        "per_class.Car.precision",
        *(f"per_class.Bus.{name}" for name, value in asdict(scores.per_class["Bus"]).items() if value is None),
    }


def test_macro_precision_is_undefined_without_a_reference_whatever_was_estimated():
    scores = clip_based_scores(np.array([[0.9, 0.1]]), np.zeros((1, 2)))
    reasons = undefined(asdict(scores))
    assert "micro.precision" not in reasons
    assert reasons["macro.precision"] == "the reference has none"
    nothing = undefined(asdict(clip_based_scores(np.array([[0.1, 0.1]]), np.ones((1, 2)))))
    assert nothing == {"micro.precision": "nothing was estimated"}
