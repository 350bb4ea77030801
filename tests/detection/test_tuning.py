from dataclasses import asdict, replace
from itertools import product

import numpy as np
import pytest
from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.postprocess import PostProcessing, decode_events, encode_activity
from sedpipe.detection.tuning import STEPS, Candidates, OperatingPoint, tune
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.sed_eval_scores import official_segment_based_scores
from sedpipe.metrics.segment_based import segment_based_scores

LABELS = LabelSet(("Bus", "Car", "Train"))
GRID = FrameGrid(44100, 882).subsampled(4)
FEW = Candidates((0.3, 0.5, 0.7), (0.0, 0.24, 0.88), (0.0, 0.32), (0.0, 0.4), (1.0, 0.5), (0.0, 0.9))


@pytest.fixture(scope="module")
def split():
    """Noisy probabilities of 70 clips (more than fit into a word), a third of them shorter than 10 s."""
    g = np.random.default_rng(0)
    clip_ids = [f"clip{n}" for n in range(70)]
    durations = {clip_id: 10.0 if n % 3 else float(g.uniform(0.5, 9.9)) for n, clip_id in enumerate(clip_ids)}
    reference = {clip_id: some_events(g, durations[clip_id]) for clip_id in clip_ids}
    truth = np.array([encode_activity(reference[clip_id], LABELS, GRID, 125) for clip_id in clip_ids])
    probs = 1 / (1 + np.exp(-(3 * truth - [1.5, 0.5, 2.5] + g.normal(0, 1.5, truth.shape))))
    n_frames = np.array([-(-round(durations[clip_id] * 44100) // 3528) for clip_id in clip_ids])
    return probs.astype(np.float32), clip_ids, reference, durations, n_frames


def some_events(g: np.random.Generator, duration: float) -> list[Event]:
    onsets = g.uniform(0, duration, 3)
    return [
        Event(onset, min(duration, onset + g.uniform(0, 6)), LABELS.names[g.integers(3)])
        for onset in onsets[: g.integers(4)]
    ]


def tags_of(probs: np.ndarray) -> np.ndarray:
    return probs.max(axis=1)


def tuned(
    split, candidates: Candidates | None = FEW, order: slice = slice(None), **options
) -> dict[str, OperatingPoint]:
    probs, clip_ids, reference, durations, n_frames = split
    return tune(
        probs[order], clip_ids[order], reference, durations, LABELS, GRID,
        clip_probs=tags_of(probs)[order], n_frames=n_frames[order], candidates=candidates, **options,
    )  # fmt: skip


def decoded(split, settings: PostProcessing) -> dict[str, list[Event]]:
    probs, clip_ids, _, durations, n_frames = split
    return {
        clip_id: decode_events(
            clip, LABELS, settings, GRID, n_frames=int(n), duration=durations[clip_id], clip_probs=tags
        )
        for clip_id, clip, tags, n in zip(clip_ids, probs, tags_of(probs), n_frames, strict=True)
    }


def scores_of(split, settings: PostProcessing, resolution: float = 1.0):
    _, _, reference, durations, _ = split
    return segment_based_scores(reference, decoded(split, settings), durations, LABELS, resolution)


def step_of(point: OperatingPoint, name: str):
    return next(step for step in point.steps if step.step == name)


def test_no_candidate_of_a_common_step_is_better_than_the_one_it_came_to(split):
    points = tuned(split)
    assert tuple(points) == OPERATING_POINTS
    every = [PostProcessing(*values) for values in product(FEW.thresholds, FEW.medians_s, FEW.min_durations_s)]
    scores = {settings: scores_of(split, settings).overall for settings in every}
    smoothing = {name: step_of(point, "smoothing") for name, point in points.items()}
    assert smoothing["min_er"].tuned == min(score.error_rate for score in scores.values())
    assert smoothing["max_f1"].tuned == max(score.f1 for score in scores.values())
    assert scores[smoothing["max_f1"].settings].f1 == smoothing["max_f1"].tuned


def test_each_step_is_at_least_as_good_as_the_one_before_where_it_was_tuned(split):
    for name, point in tuned(split).items():
        assert [step.step for step in point.steps] == list(STEPS)
        gains = np.diff([step.tuned for step in point.steps]) * (-1 if name == "min_er" else 1)
        assert (gains >= 0).all()
        assert gains.sum() > 0


def test_every_step_scores_as_its_events_do(split):
    for name, point in tuned(split).items():
        for step in point.steps:
            scores = scores_of(split, step.settings).overall
            assert step.tuned == (scores.error_rate if name == "min_er" else scores.f1)


def test_the_scores_are_those_of_the_decoded_events_and_of_sed_eval(split):
    _, _, reference, durations, _ = split
    for point in tuned(split, None).values():
        assert point.scores == scores_of(split, point.settings)
        official = official_segment_based_scores(reference, decoded(split, point.settings), durations, LABELS)
        assert asdict(point.scores.overall) == pytest.approx(asdict(official.overall), abs=1e-12)


def test_f1_of_thresholds_for_each_class_is_the_highest_there_is(split):
    point = tuned(split)["max_f1"]
    step = step_of(point, "class_thresholds")
    common = step_of(point, "gate").settings
    every = (replace(common, threshold=thresholds) for thresholds in product(FEW.thresholds, repeat=3))
    assert step.tuned == max(scores_of(split, settings).overall.f1 for settings in every)


def test_the_error_rate_falls_by_no_change_of_a_single_class(split):
    step = step_of(tuned(split)["min_er"], "class_thresholds")
    for k, threshold in product(range(3), FEW.thresholds):
        changed = list(step.settings.threshold)
        changed[k] = threshold
        other = scores_of(split, replace(step.settings, threshold=tuple(changed))).overall.error_rate
        assert other >= step.tuned


def test_the_step_with_the_best_cross_validated_score_is_chosen_of_equal_ones_the_plainer(split):
    for name, point in tuned(split).items():
        scores = [step.cross_validated for step in point.steps]
        best = scores.index(min(scores) if name == "min_er" else max(scores))
        assert [step.chosen for step in point.steps] == [k == best for k in range(len(STEPS))]
        assert point.settings == point.steps[best].settings


def test_a_step_that_learns_noise_by_heart_is_not_chosen():
    g = np.random.default_rng(4)
    labels = LabelSet(tuple(f"c{k}" for k in range(12)))
    clip_ids = [f"clip{n}" for n in range(20)]
    reference = {clip_id: [Event(2, 5, labels.names[n % 12])] for n, clip_id in enumerate(clip_ids)}
    truth = np.array([encode_activity(reference[clip_id], labels, GRID, 125) for clip_id in clip_ids])
    # every class is alike, so that thresholds of their own can only follow chance
    probs = (1 / (1 + np.exp(-(2 * truth - 1 + g.normal(0, 2, truth.shape))))).astype(np.float32)
    point = tune(probs, clip_ids, reference, dict.fromkeys(clip_ids, 10.0), labels, GRID, clip_probs=probs.max(axis=1))[
        "min_er"
    ]
    by_class, common = step_of(point, "class_thresholds"), step_of(point, "gate")
    assert by_class.tuned < common.tuned
    assert by_class.cross_validated > common.cross_validated
    assert not by_class.chosen


@pytest.mark.parametrize(
    "settings",
    [
        PostProcessing(0.02),
        PostProcessing(0.4, 2.0, 0.8),
        PostProcessing(0.9, 0.4, 0.0, 0.4, 0.25),
        PostProcessing(0.5, 0.0, 0.3, 0.8, 0.5, 0.97),
    ],
)
@pytest.mark.parametrize("resolution", [1.0, 0.1])
def test_every_single_candidate_is_scored_exactly(split, settings, resolution):
    only = Candidates(*[(getattr(settings, name),) for name in
                        ("threshold", "median_s", "min_duration_s", "gap_s", "hysteresis", "gate")])  # fmt: skip
    points = tuned(split, only, time_resolution=resolution)
    for name, point in points.items():
        overall = scores_of(split, settings, resolution).overall
        assert step_of(point, "gate").settings == settings
        assert step_of(point, "gate").tuned == (overall.error_rate if name == "min_er" else overall.f1)


def test_the_order_of_clips_never_matters(split):
    assert tuned(split) == tuned(split, order=slice(None, None, -1))


def test_perfect_probabilities_are_left_as_they_are():
    reference = {f"clip{n}": [Event(2, 4, "Car")] for n in range(10)}
    probs = np.array([encode_activity(events, LABELS, GRID, 125) for events in reference.values()]).astype(np.float32)
    durations = dict.fromkeys(reference, 10.0)
    points = tune(probs, list(reference), reference, durations, LABELS, GRID, clip_probs=probs.max(axis=1))
    assert {point.settings for point in points.values()} == {PostProcessing(0.5)}
    assert points["min_er"].scores.overall.error_rate == 0


def test_too_few_clips_to_validate_get_a_threshold_and_nothing_else():
    reference = {"a": [Event(1, 3, "Car")], "no audio": [Event(0, 10, "Bus")]}
    point = tune(
        np.zeros((1, 125, 3)), ["a"], reference, {"a": 10.0}, LABELS, GRID, clip_probs=np.zeros((1, 3)), candidates=FEW
    )["min_er"]
    assert {step.cross_validated for step in point.steps} == {None}
    assert step_of(point, "threshold").chosen
    assert point.scores.per_class["Bus"].n_reference == 0


def test_what_does_not_fit_is_refused():
    one = {"a": [Event(1, 3, "Car")]}
    probs, tags = np.zeros((1, 125, 3)), np.zeros((1, 3))
    rest = {"a": 10.0}, LABELS, GRID
    with pytest.raises(ValueError, match=r"must have shape \(1, T, 3\), got \(1, 125, 2\)"):
        tune(probs[..., :2], ["a"], one, *rest, clip_probs=tags)
    with pytest.raises(ValueError, match="clip 'b' has probabilities but is not in the reference"):
        tune(probs, ["b"], one, {"b": 10.0}, LABELS, GRID, clip_probs=tags)
    with pytest.raises(ValueError, match="holds a clip twice"):
        tune(np.zeros((2, 125, 3)), ["a", "a"], one, *rest, clip_probs=np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"n_frames must have shape \(1,\), got \(2,\)"):
        tune(probs, ["a"], one, *rest, clip_probs=tags, n_frames=np.array([1, 2]))
    with pytest.raises(ValueError, match=r"clip_probs must have shape \(1, 3\), got \(2, 3\)"):
        tune(probs, ["a"], one, *rest, clip_probs=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="nothing to tune on"):
        tune(probs, ["a"], {"a": [Event(0, 0, "Car")]}, *rest, clip_probs=tags)
    with pytest.raises(ValueError, match="at least one threshold"):
        Candidates(thresholds=())
