"""Tuned settings and scores stay identical to those of the first edition, to the last digit."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from detection.first_edition import example, expected
from sedpipe.detection.candidates import Candidates
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies
from sedpipe.detection.sensitivity import sensitivity
from sedpipe.detection.tuning import scores_at_thresholds, tune
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.steps.metrics import Heard, Scored, event_based, psds_at_thresholds
from sedpipe.steps.scoring import SEGMENTS, checked, yardstick_scores

SCORES, TRUTH = example()
EXPECTED = expected()
AT = pytest.mark.parametrize("settings", [pytest.param(at, id=name) for name, at in EXPECTED["at"].items()])


def as_json(value):
    return json.loads(json.dumps(value))


def test_tuned_settings_and_search_steps_match_the_first_edition():
    points = tune(SCORES, TRUTH, candidates=Candidates(threshold=[k / 50 for k in range(1, 46)]))
    for name, point in points.items():
        then = EXPECTED["tune"][name]
        assert as_json(dict(point.settings)) == then["settings"]
        assert as_json([step.as_table() for step in point.steps]) == then["steps"]
        assert as_json(asdict(point.scores)) == then["scores"]


def test_scores_after_an_epoch_match_the_first_edition():
    assert scores_at_thresholds(SCORES, TRUTH) == EXPECTED["scores_at_thresholds"]


@AT
def test_events_and_their_scores_match_the_first_edition(settings):
    events = SCORES.decode(PostProcessing(**settings["settings"]))
    listed = {clip: [[e.onset, e.offset, TRUTH.labels.index(e.label)] for e in found] for clip, found in events.items()}
    assert listed == settings["events"]
    assert asdict(checked(SEGMENTS, TRUTH, events, 1.0)) == settings["segment_based"]
    assert event_based(Scored(TRUTH, events)).as_json() == settings["event_based"]


@AT
def test_psds_matches_the_first_edition(settings):
    heard = Heard(SCORES, PostProcessing(**settings["settings"]), np.zeros((32, 17)))
    assert psds_at_thresholds(Scored(TRUTH, {}, heard)) == settings["psds"]


@AT
def test_sweeps_and_scores_at_each_threshold_match_the_first_edition(settings):
    chosen = PostProcessing(**settings["settings"])
    sweeps = sensitivity(SCORES, TRUTH, chosen)
    assert as_json({name: asdict(sweep) for name, sweep in sweeps.items()}) == settings["sensitivity"]
    split = SegmentTallies(SCORES, TRUTH)
    at = [asdict(split.scores(chosen.changed(threshold=k / 50)).overall) for k in range(1, 50)]
    assert at == settings["by_threshold"]


def test_yardsticks_match_the_first_edition():
    assert {name: asdict(scores) for name, scores in yardstick_scores(TRUTH, 1.0).items()} == EXPECTED["yardsticks"]
    assert asdict(segment_based_scores(TRUTH.reference, {}, TRUTH.durations, TRUTH.labels).overall)["f1"] == 0
