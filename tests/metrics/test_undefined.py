from dataclasses import asdict

from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.metrics.undefined import undefined


def test_every_score_that_is_none_has_a_reason_and_no_other_has():
    scores = segment_based_scores({"a": [Event(0, 1, "Car")]}, {}, {"a": 10.0}, LabelSet(("Bus", "Car")))
    reasons = undefined(asdict(scores))
    assert reasons["overall.precision"] == "nothing was estimated"
    assert reasons["per_class.Bus.f1"] == "the reference has none"
    assert reasons.keys() == {
        "overall.precision",
        "per_class.Car.precision",
        *(f"per_class.Bus.{name}" for name, value in asdict(scores.per_class["Bus"]).items() if value is None),
    }
