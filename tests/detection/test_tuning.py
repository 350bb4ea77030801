from dataclasses import asdict
from itertools import product

import numpy as np
import pytest
from activities import encode_activity
from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.candidates import Candidates, searches
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies, SegmentTally
from sedpipe.detection.tuning import OperatingPoint, _folds, scores_at_thresholds, tune
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.sed_eval_scores import official_segment_based_scores
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.truth import Truth

LABELS = LabelSet(("Bus", "Car", "Train"))
GRID = FrameGrid(44100, 882).subsampled(4)
FEW = Candidates(
    threshold=(0.3, 0.5, 0.7), median_s=(0.0, 0.24, 0.88), min_duration_s=(0.0, 0.32), gap_s=(0.0, 0.4),
    hysteresis=(1.0, 0.5), gate=(0.0, 0.9),
)  # fmt: skip


@pytest.fixture(scope="module")
def split() -> tuple[FrameScores, Truth]:
    """Noisy probabilities of 70 clips (more than fit into a word), a third of them shorter than 10 s."""
    g = np.random.default_rng(0)
    clip_ids = [f"clip{n}" for n in range(70)]
    durations = {clip_id: 10.0 if n % 3 else float(g.uniform(0.5, 9.9)) for n, clip_id in enumerate(clip_ids)}
    reference = {clip_id: some_events(g, durations[clip_id]) for clip_id in clip_ids}
    truth = np.array([encode_activity(reference[clip_id], LABELS, GRID, 125) for clip_id in clip_ids])
    probs = 1 / (1 + np.exp(-(3 * truth - [1.5, 0.5, 2.5] + g.normal(0, 1.5, truth.shape))))
    n_frames = np.array([-(-round(durations[clip_id] * 44100) // 3528) for clip_id in clip_ids])
    return scores_of(probs, clip_ids, durations, n_frames), Truth(reference, durations, LABELS)


def some_events(g: np.random.Generator, duration: float) -> list[Event]:
    onsets = g.uniform(0, duration, 3)
    return [
        Event(onset, min(duration, onset + g.uniform(0, 6)), LABELS.names[g.integers(3)])
        for onset in onsets[: g.integers(4)]
    ]


def scores_of(probs, clip_ids, durations, n_frames=None, labels=LABELS) -> FrameScores:
    """Return scores whose clip probabilities are the maximum over frames; by default all frames count."""
    probs = np.asarray(probs, np.float32)
    counted = np.full(len(probs), probs.shape[1]) if n_frames is None else n_frames
    lengths = np.array([durations[clip_id] for clip_id in clip_ids])
    return FrameScores(list(clip_ids), probs, probs.max(axis=1), counted, lengths, labels, GRID)


def tuned(
    split, candidates: Candidates | None = FEW, order: slice = slice(None), **options
) -> dict[str, OperatingPoint]:
    scores, truth = split
    return tune(scores.of(scores.clip_ids[order]), truth, candidates=candidates, **options)


@pytest.fixture(scope="module")
def points(split) -> dict[str, OperatingPoint]:
    """Operating points tuned over a few candidates."""
    return tuned(split)


@pytest.fixture(scope="module")
def points_of_all(split) -> dict[str, OperatingPoint]:
    """Operating points tuned over the default candidates."""
    return tuned(split, None)


def scored(split, settings: PostProcessing, resolution: float = 1.0):
    scores, truth = split
    return segment_based_scores(truth.reference, scores.decode(settings), truth.durations, LABELS, resolution)


def step_of(point: OperatingPoint, name: str):
    return next(step for step in point.steps if step.step == name)


def test_no_candidate_of_a_common_step_is_better_than_the_chosen_one(split, points):
    assert tuple(points) == OPERATING_POINTS
    every = [
        PostProcessing(*values)
        for values in product(*(FEW.values[name] for name in ("threshold", "median_s", "min_duration_s")))
    ]
    scores = {settings: scored(split, settings).overall for settings in every}
    smoothing = {name: step_of(point, "smoothing") for name, point in points.items()}
    assert smoothing["min_er"].tuned == min(score.error_rate for score in scores.values())
    assert smoothing["max_f1"].tuned == max(score.f1 for score in scores.values())
    assert scores[smoothing["max_f1"].settings].f1 == smoothing["max_f1"].tuned


def test_each_step_is_at_least_as_good_as_the_previous_one_on_the_tuning_clips(points):
    for name, point in points.items():
        assert [step.step for step in point.steps] == list(searches())
        gains = np.diff([step.tuned for step in point.steps]) * (-1 if name == "min_er" else 1)
        assert (gains >= 0).all()
        assert gains.sum() > 0


def test_the_score_of_every_step_equals_that_of_its_events(split, points):
    for name, point in points.items():
        for step in point.steps:
            scores = scored(split, step.settings).overall
            assert step.tuned == (scores.error_rate if name == "min_er" else scores.f1)


def test_scores_match_those_of_the_decoded_events_and_sed_eval(split, points_of_all):
    scores, truth = split
    for point in points_of_all.values():
        assert point.scores == scored(split, point.settings)
        events = scores.decode(point.settings)
        official = official_segment_based_scores(truth.reference, events, truth.durations, LABELS)
        assert asdict(point.scores.overall) == pytest.approx(asdict(official.overall), abs=1e-12)


def test_per_class_thresholds_reach_the_highest_possible_f1(split, points):
    point = points["max_f1"]
    step = step_of(point, "class_thresholds")
    common = step_of(point, "gate").settings
    every = (common.changed(threshold=thresholds) for thresholds in product(FEW.values["threshold"], repeat=3))
    assert step.tuned == max(scored(split, settings).overall.f1 for settings in every)


def test_no_change_of_a_single_class_threshold_lowers_the_error_rate(split, points):
    step = step_of(points["min_er"], "class_thresholds")
    for k, threshold in product(range(3), FEW.values["threshold"]):
        changed = list(step.settings.threshold)
        changed[k] = threshold
        other = scored(split, step.settings.changed(threshold=tuple(changed))).overall.error_rate
        assert other >= step.tuned


def test_the_first_step_with_the_best_cross_validated_score_is_chosen(points):
    for name, point in points.items():
        scores = [step.cross_validated for step in point.steps]
        best = scores.index(min(scores) if name == "min_er" else max(scores))
        assert [step.chosen for step in point.steps] == [k == best for k in range(len(searches()))]
        assert point.settings == point.steps[best].settings


def test_a_cross_validated_score_is_computed_on_held_out_clips(split):
    scores, truth = split
    plain = {name: (value,) for name, value in PostProcessing(0.5, median_s=0.4).items()}
    candidates = Candidates(**plain | {"threshold": tuple(np.linspace(0.6, 0.9, 10).tolist())})
    folds, counts = _folds(scores.clip_ids), {name: [] for name in OPERATING_POINTS}
    assert np.bincount(folds).tolist() == [14] * 5
    for fold in range(5):
        rest, held_out = (
            scores.of(np.array(scores.clip_ids)[some].tolist()) for some in (folds != fold, folds == fold)
        )
        split_off = SegmentTallies(held_out, truth)
        for name, point in tune(rest, truth, candidates=candidates).items():
            counts[name].append(split_off.tally(step_of(point, "smoothing").settings))
    found = {name: step_of(point, "smoothing") for name, point in tune(scores, truth, candidates=candidates).items()}
    for name, step in found.items():
        assert step.cross_validated == SegmentTally.together(counts[name]).score(name)
    assert any(step.cross_validated != step.tuned for step in found.values())


def test_clips_of_a_group_share_a_fold_and_folds_are_of_similar_size():
    groups = [f"patient {n % 23}" for n in range(230)]
    folds = _folds(groups)
    assert len({*zip(groups, folds.tolist(), strict=True)}) == 23
    assert np.bincount(folds).tolist() == [50, 50, 50, 40, 40]
    assert _folds(groups[::-1]).tolist() == folds.tolist()[::-1]
    assert sorted(np.bincount(_folds(["a"] * 7 + ["b"] * 2 + ["c"]))) == [1, 2, 7]


def test_grouping_by_recording_lowers_the_score_of_overfitted_thresholds_and_they_are_not_chosen():
    """Each of six recordings has its own class, and every second one needs a higher threshold."""
    clip_ids = [f"{recording}@{k}" for recording in "abcdef" for k in range(8)]
    recordings = [clip_id[0] for clip_id in clip_ids]
    labels = LabelSet(tuple("ABCDEF"))
    reference = {clip_id: [Event(2, 5, clip_id[0].upper())] for clip_id in clip_ids}
    truth = np.array([encode_activity(reference[clip_id], labels, GRID, 125) for clip_id in clip_ids])
    probs = np.full(truth.shape, 0.1)
    for n, recording in enumerate(recordings):
        k = "abcdef".index(recording)
        probs[n, :, k] = np.where(truth[n, :, k], *((0.6, 0.4) if k % 2 else (0.8, 0.6)))
    durations = dict.fromkeys(clip_ids, 10.0)
    scores, known = scores_of(probs, clip_ids, durations, labels=labels), Truth(reference, durations, labels)
    alone, together = (tune(scores, known, candidates=FEW, groups=of)["max_f1"] for of in (None, recordings))
    assert [one.tuned for one in alone.steps] == [one.tuned for one in together.steps]
    own = step_of(together, "class_thresholds")
    assert own.cross_validated < step_of(alone, "class_thresholds").cross_validated - 0.1
    chosen = [[step.step for step in point.steps if step.chosen] for point in (alone, together)]
    assert chosen == [["class_thresholds"], ["untuned"]]
    assert tune(scores, known, candidates=FEW, groups=["one"] * 48)["max_f1"] == alone
    with pytest.raises(ValueError, match=r"^expected a group for each of 48 clips, got 2$"):
        tune(scores, known, groups=["a", "b"])


def test_a_step_that_overfits_noise_is_not_chosen():
    g = np.random.default_rng(4)
    labels = LabelSet(tuple(f"c{k}" for k in range(12)))
    clip_ids = [f"clip{n}" for n in range(20)]
    reference = {clip_id: [Event(2, 5, labels.names[n % 12])] for n, clip_id in enumerate(clip_ids)}
    truth = np.array([encode_activity(reference[clip_id], labels, GRID, 125) for clip_id in clip_ids])
    # all classes are alike, so that per-class thresholds can only fit chance
    probs = 1 / (1 + np.exp(-(2 * truth - 1 + g.normal(0, 2, truth.shape))))
    durations = dict.fromkeys(clip_ids, 10.0)
    scores = scores_of(probs, clip_ids, durations, labels=labels)
    many = Candidates(
        threshold=tuple(np.linspace(0.05, 0.95, 19).tolist()), median_s=(0.0, 0.88), min_duration_s=(0.0,),
        gap_s=(0.0,), hysteresis=(1.0,), gate=(0.0,),
    )  # fmt: skip
    point = tune(scores, Truth(reference, durations, labels), candidates=many)["min_er"]
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
def test_every_candidate_is_scored_exactly(split, settings, resolution):
    only = Candidates(**{name: (value,) for name, value in settings.items()})
    points = tuned(split, only, time_resolution=resolution)
    for name, point in points.items():
        overall = scored(split, settings, resolution).overall
        assert step_of(point, "gate").settings == settings
        assert step_of(point, "gate").tuned == (overall.error_rate if name == "min_er" else overall.f1)


def test_the_order_of_clips_does_not_matter(split, points):
    assert points == tuned(split, order=slice(None, None, -1))


def test_perfect_probabilities_need_no_post_processing():
    reference = {f"clip{n}": [Event(2, 4, "Car")] for n in range(10)}
    probs = np.array([encode_activity(events, LABELS, GRID, 125) for events in reference.values()])
    durations = dict.fromkeys(reference, 10.0)
    points = tune(scores_of(probs, reference, durations), Truth(reference, durations, LABELS))
    assert {point.settings for point in points.values()} == {PostProcessing(0.5)}
    assert points["min_er"].scores.overall.error_rate == 0


def test_with_too_few_clips_to_cross_validate_the_threshold_step_is_chosen():
    reference = {"a": [Event(1, 3, "Car")], "no audio": [Event(0, 10, "Bus")]}
    truth = Truth(reference, {"a": 10.0, "no audio": 10.0}, LABELS)
    point = tune(scores_of(np.zeros((1, 125, 3)), ["a"], truth.durations), truth, candidates=FEW)["min_er"]
    assert {step.cross_validated for step in point.steps} == {None}
    assert step_of(point, "threshold").chosen
    assert point.scores.per_class["Bus"].n_reference == 0


def test_invalid_input_is_refused():
    durations = {"a": 10.0, "b": 10.0}
    one = Truth({"a": [Event(1, 3, "Car")]}, durations, LABELS)
    probs = np.zeros((1, 125, 3))
    with pytest.raises(ValueError, match="clip 'b' has probabilities but is not in the reference"):
        tune(scores_of(probs, ["b"], durations), one)
    with pytest.raises(ValueError, match="of different classes than the truth"):
        tune(scores_of(probs, ["a"], durations), Truth(one.reference, durations, LabelSet(("Bus", "Car", "Tram"))))
    with pytest.raises(ValueError, match="nothing to tune on"):
        tune(scores_of(probs, ["a"], durations), Truth({"a": [Event(0, 0, "Car")]}, durations, LABELS))
    with pytest.raises(ValueError, match="at least one threshold"):
        Candidates(threshold=())


def test_the_common_rule_has_one_setting_for_all_classes_and_the_score_of_its_events(split, points_of_all):
    for point in points_of_all.values():
        common = point.common.settings
        assert common.is_common
        assert (common.gap_s, common.hysteresis, common.gate) == (0.0, 1.0, 0.0)
        assert common == step_of(point, "smoothing").settings
        assert point.common.scores == scored(split, common)


def test_a_threshold_is_found_among_probabilities_that_are_all_near_one():
    """All probabilities are at least 0.99, as with exponential pooling: a threshold of 0.9 separates nothing."""
    names = [f"clip{n}" for n in range(10)]
    truth = Truth({name: [Event(2, 6, "Car")] for name in names}, dict.fromkeys(names, 10.0), LABELS)
    sounds = np.array([encode_activity(truth.reference[name], LABELS, GRID, 125) for name in names])
    probs = np.where(sounds, 0.9995, 0.99)
    point = tune(scores_of(probs, names, truth.durations), truth)["min_er"]
    assert point.scores.overall.error_rate == 0
    assert 0.99 < step_of(point, "threshold").settings.threshold <= 0.9995
    assert point.remarks == ()


def test_scores_at_thresholds_are_the_best_of_ten_thresholds_with_a_median_filter(split):
    tried = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    each = [scored(split, PostProcessing(threshold, median_s=0.56)).overall for threshold in tried]
    best = {"min_er": min(score.error_rate for score in each), "max_f1": max(score.f1 for score in each)}
    assert scores_at_thresholds(*split) == best


def test_a_choice_at_the_end_of_its_range_is_remarked(split):
    plain = {name: (value,) for name, value in PostProcessing(0.5).items() if name != "threshold"}
    point = tuned(split, Candidates(threshold=(0.3, 0.5), **plain))["min_er"]
    assert point.remarks == (
        "min_er: threshold is 0.5, the highest that was tried (a higher one may score better still; "
        "nothing needs to be done)",
    )
    assert tuned(split, Candidates(threshold=(0.3, 0.5, 0.99999), **plain))["min_er"].remarks != point.remarks


def test_a_common_setting_at_the_end_of_its_range_is_remarked_beside_those_of_classes() -> None:
    """Cars need a threshold of 0.3; buses, often taken for cars, need a higher one, and so do all classes together."""
    names = [f"clip{n}" for n in range(10)]
    truth = Truth({name: [Event(2, 6, "Car")] for name in names}, dict.fromkeys(names, 10.0), LABELS)
    sounds = np.array([encode_activity(truth.reference[name], LABELS, GRID, 125) for name in names])
    probs = np.where(sounds, 0.4, 0.1)
    probs[:, 25:115, LABELS.index("Bus")] = 0.4
    probs[0, 50, LABELS.index("Car")] = 0.6  # a higher threshold than those tried would change something
    plain = {name: (value,) for name, value in PostProcessing(0.5).items() if name != "threshold"}
    point = tune(scores_of(probs, names, truth.durations), truth, candidates=Candidates(threshold=(0.3, 0.5), **plain))
    assert point["min_er"].common.settings.threshold == 0.5
    assert [remark.split(", the")[0] for remark in point["min_er"].remarks] == [
        "min_er: threshold of 'Car' is 0.3",
        "min_er: threshold of 'Bus', 'Train' is 0.5",
        "min_er, with one setting for all classes: threshold is 0.5",
    ]
