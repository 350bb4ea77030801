import json

import numpy as np
import pytest
from detection.first_edition import example
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import SettingsError
from sedpipe.metrics.clip_scores import clip_based_scores
from sedpipe.metrics.exact_psds import exact_psds
from sedpipe.metrics.psds_scores import SCENARIOS
from sedpipe.metrics.validation import validate
from sedpipe.steps.metrics import METRICS, Heard, Metric, Scored, custom_metrics, measured

SCORES, TRUTH = example()
POINT = PostProcessing(0.5)
TAGS = np.stack([TRUTH.labels.multi_hot({e.label for e in TRUTH.reference[clip_id]}) for clip_id in TRUTH.clip_ids])


@pytest.fixture
def everything() -> Scored:
    return Scored(TRUTH, SCORES.decode(POINT), Heard(SCORES, POINT, TAGS))


@pytest.fixture
def own_metrics():
    """Yield the metrics; remove those that a test has added when it ends."""
    yield METRICS
    for name in METRICS.added:
        del METRICS[name]


def test_threshold_free_scores_match_their_definitions(everything):
    found, _ = measured(everything)
    free = found["threshold_free"]
    clips = validate(TRUTH.reference, {}, TRUTH.durations, TRUTH.labels)
    areas = exact_psds(clips.reference, SCORES.frame_probs, SCORES.counted, SCORES.edges, clips.durations, SCENARIOS)
    assert (free["psds1"], free["psds2"]) == (areas["scenario1"], areas["scenario2"])
    assert free["clip_map"] == clip_based_scores(SCORES.clip_probs, TAGS).macro.map == found["clip_based"].map
    assert 0 < free["psds1"] < free["psds2"] < 1
    assert 0.5 < free["frame_map"] < 1


def test_processing_clips_in_blocks_gives_the_same_scores(everything, monkeypatch):
    at_once = measured(everything)
    n_clips, *shape = SCORES.frame_probs.shape
    monkeypatch.setattr("sedpipe.detection.frame_scores._CELLS_OF_BLOCK", 2 * int(np.prod(shape)))
    assert len([*SCORES.blocks()]) == -(-n_clips // 2) > 1
    assert measured(everything) == at_once


def test_post_processing_does_not_affect_threshold_free_scores(everything):
    other = Scored(TRUTH, {}, Heard(SCORES, PostProcessing(0.9, 2.0, 0.8, gate=0.7), TAGS))
    assert measured(other)[0]["threshold_free"] == measured(everything)[0]["threshold_free"]


def test_an_event_list_gets_only_metrics_that_need_no_probabilities(everything):
    found, shown = measured(Scored(TRUTH, everything.estimated))
    assert list(found) == list(shown) == ["event_based"]
    assert shown["event_based"]["event-based F1"] == found["event_based"].f1
    assert shown["event_based"]["onsets only"] == found["event_based"].onset_only.f1


def events_a_minute(scored: Scored) -> dict[str, object]:
    minutes = sum(scored.truth.durations.values()) / 60
    return {"of_truth": np.float32(3) / minutes, "deep": {"nothing": None, "two": np.int64(2)}}


def test_a_user_defined_metric_is_measured_shown_and_stored(everything, own_metrics):
    own_metrics["rate"] = Metric(
        events_a_minute, {"of_truth": "events a minute", "deep.two": "two", "deep.nothing": "-"}
    )
    found, shown = measured(everything)
    minutes = sum(TRUTH.durations.values()) / 60
    assert shown["rate"] == {"events a minute": pytest.approx(3 / minutes), "two": 2.0, "-": None}
    own = custom_metrics(found, known=("clip_based", "event_based", "psds", "threshold_free"))
    assert json.loads(json.dumps(own)) == own
    assert own == {"rate": {"of_truth": pytest.approx(3 / minutes), "deep": {"nothing": None, "two": 2}}}


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ({"a": 1.0}, "the metric mine shows 'b.c', but gives no such number"),
        ({"b": {"c": float("nan")}}, "the metric mine.b.c is nan, expected a number, or None"),
        ({"b": {"c": "high"}}, "the metric mine.b.c is 'high', expected a number, or None"),
    ],
)
def test_a_metric_that_is_not_a_number_gives_an_error_that_names_it(everything, own_metrics, numbers, complaint):
    own_metrics["mine"] = Metric(lambda scored: numbers, {"b.c": "mine"})
    with pytest.raises(SettingsError, match=complaint):
        measured(everything)
