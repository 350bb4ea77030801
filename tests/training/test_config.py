import pytest
from sedpipe.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"supervision": "strong"}, "supervision must be one of weak, mixed, got 'strong'"),
        ({"order": "random"}, "order must be one of"),
        ({"schedule": "linear"}, "schedule must be one of constant, cosine, step, plateau, got 'linear'"),
        ({"smoothing": "labels"}, "smoothing must be one of binary, classes, got 'labels'"),
        ({"decay_epochs": 0}, "decay_epochs must be positive and decay_factor in"),
        ({"decay_factor": 1.0}, "decay_epochs must be positive and decay_factor in"),
        ({"averaging": 1.0}, "must be in"),
        ({"epochs": -1}, "must not be negative"),
        ({"learning_rate": 0.0}, "learning_rate must be between 0 and 1"),
    ],
)
def test_values_out_of_range_are_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        TrainingConfig(**change)


def test_weak_labels_alone_are_the_default() -> None:
    assert TrainingConfig().supervision == "weak"
