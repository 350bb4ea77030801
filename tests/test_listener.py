import pytest
from sedpipe.listener import clock, seconds_to_go


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 min 0 s"), (59.6, "1 min 0 s"), (723, "12 min 3 s"), (7_290, "2 h 1 min")]
)
def test_a_duration_is_shown_in_two_units(seconds: float, told: str) -> None:
    assert clock(seconds) == told


def test_the_remaining_time_is_the_mean_duration_per_round_of_jobs() -> None:
    assert seconds_to_go([10, 20], n_left=3, jobs=1) == 45
    assert seconds_to_go([10, 20], n_left=3, jobs=2) == 30
    assert seconds_to_go([10], n_left=0, jobs=2) == 0
