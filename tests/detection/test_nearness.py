import numpy as np
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.nearness import CURVE_POINTS, Glance, Peak, glance_at, nearness
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

LABELS = LabelSet(("Car", "Dog", "Owl", "Rain"))
GRID = FrameGrid(1000, 100)  # frames of a tenth of a second
POINT = PostProcessing(0.5, min_duration_s=(0.0, 0.5, 0.0, 0.0), gate=(0.0, 0.0, 0.6, 0.0))


def glance(point: PostProcessing = POINT, scale: float = 1.0) -> Glance:
    """Return a glance: a car for two seconds, a dog too short, an owl below the gate, rain just below the threshold."""
    probs = np.full((100, 4), 0.05)
    probs[40:60, 0], probs[20, 1], probs[30, 2], probs[70:90, 3] = 0.9, 0.95, 0.8, 0.4
    probs, clip_probs = scale * probs, np.full((100, 4), 0.5)
    events = decode_events(probs, LABELS, point, GRID, clip_probs=clip_probs)
    return glance_at(probs, clip_probs, events, LABELS, point, GRID)


def test_a_near_miss_is_reported_with_what_suppressed_it() -> None:
    told = {miss.label: miss for miss in glance().nearest}
    assert {label: miss.why for label, miss in told.items()} == {"Dog": "rules", "Owl": "gate", "Rain": "threshold"}
    assert (told["Owl"].peak, told["Owl"].at, told["Owl"].clip, told["Owl"].gate) == (0.8, 3.0, 0.5, 0.6)
    assert (told["Rain"].peak, told["Rain"].at, told["Rain"].threshold) == (0.4, 7.0, 0.5)


def test_the_nearest_miss_comes_first_and_a_distant_one_appears_only_alone() -> None:
    assert [miss.label for miss in glance().nearest] == ["Dog", "Owl", "Rain"]
    assert [miss.label for miss in glance(PostProcessing(0.85)).nearest] == ["Owl"]
    assert [miss.label for miss in glance(scale=0.1).nearest] == ["Dog"]  # nothing was found, and nothing is near


def test_the_curve_of_an_event_is_high_inside_and_low_around_it() -> None:
    found = glance()
    [curve] = found.curves
    assert len(curve) == CURVE_POINTS
    inside = [value == 0.9 for value in curve]
    assert inside == sorted(inside[:12]) + sorted(inside[12:], reverse=True)
    assert (curve[0], curve[-1]) == (0.05, 0.05)
    assert found.peaks == {"Car": Peak(0.9, 4.0), "Dog": Peak(0.95, 2.0), "Owl": Peak(0.8, 3.0), "Rain": Peak(0.4, 7.0)}


def test_a_recording_of_one_frame_has_curves_and_an_empty_one_has_no_near_miss() -> None:
    point = POINT.changed(gate=0.0)
    events = decode_events(np.full((1, 4), 0.9), LABELS, point, GRID, clip_probs=np.ones((1, 4)))
    found = glance_at(np.full((1, 4), 0.9), np.ones((1, 4)), events, LABELS, point, GRID)
    assert found.curves == [(0.9,) * CURVE_POINTS] * 3  # no event of Dog: it is shorter than the minimum duration
    none = glance_at(np.zeros((0, 4)), np.zeros((0, 4)), [], LABELS, POINT, GRID)
    assert (none.curves, none.nearest, none.peaks["Dog"]) == ([], [], Peak(0.0, 0.0))


def test_a_curve_holds_maxima_over_the_event_and_a_quarter_of_its_length_on_each_side() -> None:
    g, grid = np.random.default_rng(0), FrameGrid(1000, 125)
    probs = g.random((100, 4)).round(4)
    # an event of four seconds with one second on either side has 48 frames
    [curve] = glance_at(probs, probs, [Event(2.5, 6.5, "Dog")], LABELS, POINT, grid).curves
    assert curve == tuple(probs[12:60, 1].reshape(CURVE_POINTS, 2).max(axis=1).tolist())
    # the margin is at least half a second
    [curve] = glance_at(probs, probs, [Event(2.5, 4.5, "Dog")], LABELS, POINT, grid).curves
    assert curve == tuple(probs[16:40, 1].tolist())


def test_nearness_is_finite_for_a_threshold_and_a_gate_of_zero() -> None:
    assert nearness(0.5, threshold=0.0, clip=0.9, gate=0.0) == 500.0


def test_reported_probabilities_have_four_decimals() -> None:
    probs = np.full((3, 4), 0.123456)
    [miss] = glance_at(probs, probs, [], LABELS, PostProcessing(0.5), GRID).nearest
    assert (miss.peak, miss.clip) == (0.1235, 0.1235)
