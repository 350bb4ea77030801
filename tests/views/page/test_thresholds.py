from dataclasses import replace

import numpy as np
import pytest
from sedpipe.detection.postprocess import PostProcessing, decode_events
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.sed_eval_scores import official_segment_based_scores
from sedpipe.metrics.segment_based import segment_roll
from sedpipe.metrics.validation import validate
from sedpipe.views.page.thresholds import scores_by_threshold

LABELS, GRID = LabelSet(("Dog", "Rain", "Car")), FrameGrid(100, 8)


@pytest.mark.parametrize(
    "settings", [PostProcessing(0.9), PostProcessing(0.1, 0.4, 0.3), PostProcessing(0.1, gate=0.5)]
)
def test_at_every_threshold_sed_eval_gives_the_same_for_the_decoded_events(settings):
    g = np.random.default_rng(3)
    probs = np.clip(np.cumsum(g.normal(0, 0.1, (4, 50, 3)), axis=1) + 0.5, 0, 1)
    clip_probs = g.uniform(size=(4, 3))
    n_frames, durations = np.array([50, 50, 31, 7]), [4.0, 4.0, 2.44, 0.5]
    reference = [
        [Event(0.2, 1.3, "Dog"), Event(2.0, 4.0, "Rain")], [Event(1.0, 1.9, "Car")], [Event(0.0, 2.4, "Dog")], []
    ]  # fmt: skip
    names = [str(n) for n in range(4)]
    thresholds = (0.2, 0.5, 0.8)
    lists, lengths = dict(zip(names, reference, strict=True)), dict(zip(names, durations, strict=True))
    clips = validate(lists, {}, lengths, LABELS)
    roll = segment_roll(clips.reference, clips.durations, len(LABELS), 1.0)
    found = scores_by_threshold(probs, clip_probs, n_frames, durations, roll, LABELS, settings, GRID, thresholds)
    for threshold, scores in zip(thresholds, found, strict=True):
        point = replace(settings, threshold=threshold)
        estimated = {
            name: decode_events(
                probs[n],
                LABELS,
                point,
                GRID,
                n_frames=int(n_frames[n]),
                duration=durations[n],
                clip_probs=clip_probs[n],
            )
            for n, name in enumerate(names)
        }
        official = official_segment_based_scores(lists, estimated, lengths, LABELS)
        assert vars(scores) == pytest.approx(vars(official.overall), abs=1e-12)
