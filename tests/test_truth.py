import pytest
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.truth import Truth

LABELS = LabelSet(("Dog", "Rain"))
REFERENCE = {"a": [Event(0.0, 0.0, "Dog")], "b": [], "c": [Event(1.0, 2.0, "Rain")]}
TRUTH = Truth(REFERENCE, {"a": 10.0, "b": 4.0, "c": 2.5, "another": 1.0}, LABELS)


def test_an_event_without_times_is_not_located():
    assert TRUTH.is_located
    assert not TRUTH.of(["a", "b"]).is_located


def test_selected_clips_keep_the_requested_order():
    some = TRUTH.of(["c", "a"])
    assert some.clip_ids == ["c", "a"]
    assert some.reference == {"c": REFERENCE["c"], "a": REFERENCE["a"]}
    assert some.labels == LABELS


def test_a_clip_without_reference_or_duration_is_named_in_the_error():
    with pytest.raises(ValueError, match="clip 'd' has probabilities but is not in the reference"):
        TRUTH.of(["a", "d"])
    with pytest.raises(ValueError, match="clip 'b' of the reference has no duration"):
        Truth({"a": [], "b": []}, {"a": 1.0}, LABELS)
