"""Several runs on one page: the same clips, in the order and with the lengths of the first run."""

from dataclasses import replace

import numpy as np
import pytest
from hostile_run import SPLIT
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.metrics.sharing import Sharing
from sedpipe.truth import Truth
from sedpipe.views.page.card import card_of
from sedpipe.views.page.clip_table import compared_rows
from sedpipe.views.page.comparison import compared_classes, differences_to_first, most_different, same_clips
from sedpipe.views.page.scored_run import ScoredRun, read_scored_run

ALONE = Sharing.alone(5)


@pytest.fixture(scope="module")
def runs(cache: Dataset) -> tuple[ScoredRun, ScoredRun]:
    """Two runs on the same clips, the second of which misses much."""
    first, second = (read_scored_run(cache, named_run(cache, name), SPLIT) for name in ("run", "deaf"))
    return first, second


def told(runs):
    """Return everything that the page compares clip by clip."""
    return (
        most_different(runs, 9),
        differences_to_first(runs, ALONE),
        compared_classes(runs),
        compared_rows(runs, {}),
        [run.scores.segment_based for run in runs],
    )


def longer(run: ScoredRun, seconds: float) -> ScoredRun:
    """Return a run whose clips all last longer, without events in the added segments."""
    durations = {clip_id: length + seconds for clip_id, length in run.truth.durations.items()}
    return replace(run, truth=Truth(run.truth.reference, durations, run.labels))


def test_runs_with_different_clip_lengths_are_compared_with_those_of_the_first(runs):
    first, second = runs
    alike, warnings = same_clips([first, longer(second, 1.0)])
    assert alike[1].rolls[0].shape == first.rolls[0].shape
    assert told(alike) == told(runs)
    assert warnings[-1].startswith("deaf took clips to last longer or shorter than run did")
    assert same_clips(runs)[1] == []
    rounded, warnings = same_clips([first, longer(second, 0.001)])  # as with another sample rate
    assert warnings == []
    assert told(rounded) == told(runs)


def test_events_in_segments_that_the_first_run_lacks_do_not_count(runs):
    first, second = runs
    [clip, *_] = second.row_of
    end = float(np.ceil(first.truth.durations[clip]))
    late = Event(end, end + 0.5, second.labels.names[0])
    heard = {**second.estimated, clip: [*second.estimated[clip], late]}
    truth = longer(second, 1.0).truth
    own = segment_based_scores(truth.reference, heard, truth.durations, truth.labels).overall
    assert own.insertion_rate > second.scores.segment_based.insertion_rate
    scores = second.scores.model_copy(update={"segment_based": own})
    [_, counted], _ = same_clips([first, replace(second, truth=truth, estimated=heard, scores=scores)])
    assert counted.scores.segment_based == second.scores.segment_based


def test_runs_that_scored_the_same_clips_in_another_order_are_compared_clip_by_clip(runs):
    first, second = runs
    order = [clip.clip_id for clip in reversed(second.clips)]
    turned = replace(
        second,
        clips=list(reversed(second.clips)),
        truth=second.truth.of(order),
        estimated={clip_id: second.estimated[clip_id] for clip_id in order},
        frame_scores=second.frame_scores.of(order),
    )
    alike, warnings = same_clips([first, turned])
    assert told(alike) == told(runs)
    assert warnings == []
    assert alike[1].scores is second.scores
    for clip_id in order:
        assert card_of(alike, clip_id, "") == card_of(runs, clip_id, "")


def test_each_run_keeps_its_own_frame_length(runs):
    first, second = runs
    scored = second.frame_scores
    half = replace(
        scored,
        frame_probs=np.repeat(scored.frame_probs, 2, axis=1),
        n_frames=2 * scored.n_frames,
        grid=FrameGrid(2 * scored.grid.sample_rate, scored.grid.hop_length),
    )
    finer = replace(second, frame_scores=half)
    for clip_id in first.row_of:
        for track, expected in zip(
            card_of([first, finer], clip_id, "").tracks, card_of(runs, clip_id, "").tracks, strict=True
        ):
            coarse, fine = track.voices
            assert (coarse.step, fine.step) == (first.frame_scores.grid.frame_duration, half.grid.frame_duration)
            assert fine.step == coarse.step / 2
            assert [(event.onset, event.peak) for event in fine.events] == [
                (event.onset, event.peak) for event in expected.voices[1].events
            ]
