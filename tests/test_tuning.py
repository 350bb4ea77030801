from dataclasses import asdict
from itertools import product

import numpy as np
import pytest

from pipeline.events import Event
from pipeline.frames import FrameGrid
from pipeline.labels import LabelSet
from pipeline.metrics.sed_eval_scores import official_segment_based_scores
from pipeline.metrics.segment_based import segment_based_scores
from pipeline.postprocess import PostProcessing, decode_events, encode_activity
from pipeline.tuning import OPERATING_POINTS, Candidates, tune

LABELS = LabelSet(("Bus", "Car", "Train"))
GRID = FrameGrid(44100, 882).subsampled(4)
FEW = Candidates((0.3, 0.5, 0.7), (0.0, 0.24, 0.88), (0.0, 0.32))


@pytest.fixture(scope="module")
def split():
    """Noisy probabilities of 30 clips, a third of them shorter than 10 s."""
    g = np.random.default_rng(0)
    clip_ids = [f"clip{n}" for n in range(30)]
    durations = {clip_id: 10.0 if n % 3 else float(g.uniform(0.5, 9.9)) for n, clip_id in enumerate(clip_ids)}
    reference = {clip_id: some_events(g, durations[clip_id]) for clip_id in clip_ids}
    truth = np.array([encode_activity(reference[clip_id], LABELS, GRID, 125) for clip_id in clip_ids])
    probs = 1 / (1 + np.exp(-(3 * truth - 1.5 + g.normal(0, 1.5, truth.shape))))
    n_frames = np.array([-(-round(durations[clip_id] * 44100) // 3528) for clip_id in clip_ids])
    return probs.astype(np.float32), clip_ids, reference, durations, n_frames


def some_events(g: np.random.Generator, duration: float) -> list[Event]:
    onsets = g.uniform(0, duration, 3)
    return [
        Event(onset, min(duration, onset + g.uniform(0, 6)), LABELS.names[g.integers(3)])
        for onset in onsets[: g.integers(4)]
    ]


def decoded(split, settings: PostProcessing) -> dict[str, list[Event]]:
    probs, clip_ids, _, durations, n_frames = split
    return {
        clip_id: decode_events(clip_probs, LABELS, settings, GRID, int(n), durations[clip_id])
        for clip_id, clip_probs, n in zip(clip_ids, probs, n_frames, strict=True)
    }


def test_no_candidate_is_better_than_the_chosen_one_and_ties_go_to_the_plainest(split):
    probs, clip_ids, reference, durations, n_frames = split
    chosen = tune(probs, clip_ids, reference, durations, LABELS, GRID, n_frames=n_frames, candidates=FEW)
    every = [PostProcessing(*values) for values in product(FEW.thresholds, FEW.medians_s, FEW.min_durations_s)]
    scores = {s: segment_based_scores(reference, decoded(split, s), durations, LABELS).overall for s in every}

    def plainness(settings):
        off_middle = abs(settings.threshold - 0.5)
        return settings.median_s, settings.min_duration_s, off_middle, settings.threshold

    assert tuple(chosen) == OPERATING_POINTS
    assert chosen["min_er"].settings == min(every, key=lambda s: (scores[s].error_rate, *plainness(s)))
    assert chosen["max_f1"].settings == min(every, key=lambda s: (-scores[s].f1, *plainness(s)))


def test_tuned_scores_are_those_of_the_decoded_events(split):
    probs, clip_ids, reference, durations, n_frames = split
    for point in tune(probs, clip_ids, reference, durations, LABELS, GRID, n_frames=n_frames).values():
        estimated = decoded(split, point.settings)
        assert point.scores == segment_based_scores(reference, estimated, durations, LABELS)
        official = official_segment_based_scores(reference, estimated, durations, LABELS)
        assert asdict(point.scores.overall) == pytest.approx(asdict(official.overall), abs=1e-12)


@pytest.mark.parametrize("settings", [PostProcessing(0.02), PostProcessing(0.4, 2.0, 0.8), PostProcessing(0.9, 0.4)])
@pytest.mark.parametrize("resolution", [1.0, 0.1])
def test_every_single_candidate_is_scored_exactly(split, settings, resolution):
    probs, clip_ids, reference, durations, n_frames = split
    only = Candidates((settings.threshold,), (settings.median_s,), (settings.min_duration_s,))
    for counted in (n_frames, None):
        points = tune(
            probs,
            clip_ids,
            reference,
            durations,
            LABELS,
            GRID,
            n_frames=counted,
            candidates=only,
            time_resolution=resolution,
        )
        expected = segment_based_scores(reference, decoded(split, settings), durations, LABELS, resolution)
        assert points["min_er"].scores == points["max_f1"].scores == expected


def test_the_order_of_clips_never_matters(split):
    probs, clip_ids, reference, durations, n_frames = split
    forth = tune(probs, clip_ids, reference, durations, LABELS, GRID, n_frames=n_frames, candidates=FEW)
    back = tune(
        probs[::-1], clip_ids[::-1], reference, durations, LABELS, GRID, n_frames=n_frames[::-1], candidates=FEW
    )
    assert forth == back


def test_perfect_probabilities_are_left_unfiltered_at_the_middle_threshold():
    reference = {"a": [Event(2, 4, "Car")]}
    probs = encode_activity(reference["a"], LABELS, GRID, 125)[None].astype(np.float32)
    points = tune(probs, ["a"], reference, {"a": 10.0}, LABELS, GRID)
    assert {point.settings for point in points.values()} == {PostProcessing(0.5)}
    assert points["min_er"].scores.overall.error_rate == 0


def test_clips_without_probabilities_are_ignored():
    reference = {"a": [Event(1, 3, "Car")], "no audio": [Event(0, 10, "Bus")]}
    points = tune(np.zeros((1, 125, 3)), ["a"], reference, {"a": 10.0}, LABELS, GRID, candidates=FEW)
    assert points["min_er"].scores.per_class["Bus"].n_reference == 0


def test_what_does_not_fit_is_refused():
    one = {"a": [Event(1, 3, "Car")]}
    probs = np.zeros((1, 125, 3))
    with pytest.raises(ValueError, match=r"must have shape \(1, T, 3\), got \(1, 125, 2\)"):
        tune(probs[..., :2], ["a"], one, {"a": 10.0}, LABELS, GRID)
    with pytest.raises(ValueError, match="clip 'b' has probabilities but is not in the reference"):
        tune(probs, ["b"], one, {"b": 10.0}, LABELS, GRID)
    with pytest.raises(ValueError, match="holds a clip twice"):
        tune(np.zeros((2, 125, 3)), ["a", "a"], one, {"a": 10.0}, LABELS, GRID)
    with pytest.raises(ValueError, match=r"n_frames must have shape \(1,\), got \(2,\)"):
        tune(probs, ["a"], one, {"a": 10.0}, LABELS, GRID, n_frames=np.array([1, 2]))
    with pytest.raises(ValueError, match="nothing to tune on"):
        tune(probs, ["a"], {"a": [Event(0, 0, "Car")]}, {"a": 10.0}, LABELS, GRID)
    with pytest.raises(ValueError, match="at least one threshold"):
        Candidates(thresholds=())
