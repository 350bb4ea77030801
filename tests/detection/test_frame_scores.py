import re
from dataclasses import replace

import numpy as np
import pytest
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.frame_scores import FrameScores, mean_of
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

LABELS, GRID = LabelSet(("Dog", "Rain", "Car")), FrameGrid(100, 8)


@pytest.fixture
def scores() -> FrameScores:
    """Scores of three clips, the second of which ends within its fourth frame."""
    g = np.random.default_rng(0)
    probs = g.random((3, 5, 3), dtype=np.float32)
    points = {"max_f1": PostProcessing(0.5)}
    durations = np.array([0.4, 0.27, 0.4])
    return FrameScores(["a", "b", "c"], probs, probs.max(axis=1), np.array([5, 4, 5]), durations, LABELS, GRID, points)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"frame_probs": np.zeros((3, 5, 2))}, r"frame_probs must have shape \(3, T, 3\), got \(3, 5, 2\)"),
        ({"frame_probs": np.zeros((3, 3))}, r"frame_probs must have shape"),
        ({"clip_probs": np.zeros((2, 3))}, r"clip_probs must have shape \(3, 3\), got \(2, 3\)"),
        ({"n_frames": np.array([5, 5])}, r"n_frames must have shape \(3,\), got \(2,\)"),
        ({"n_frames": np.array([5, 6, 5])}, r"n_frames must lie in 0 .. 5"),
        ({"n_frames": np.array([5, -1, 5])}, r"n_frames must lie in 0 .. 5"),
        ({"durations": np.array([0.4, np.nan, 0.4])}, "durations must be lengths"),
        ({"durations": np.array([0.4, -1, 0.4])}, "durations must be lengths"),
        ({"clip_ids": ["a", "b", "a"]}, "contains a clip twice"),
        ({"frame_probs": np.full((3, 5, 3), np.nan)}, "frame_probs holds a nan"),
        ({"clip_probs": np.full((3, 3), 7.0)}, r"clip_probs holds a value outside \[0, 1\]"),
        ({"clip_probs": np.full((3, 3), -0.1)}, r"clip_probs holds a value outside \[0, 1\]"),
    ],
)
def test_inconsistent_arrays_are_refused(scores, changed, complaint):
    with pytest.raises(ValueError, match=complaint):
        replace(scores, **changed)


def test_probabilities_of_exactly_0_and_1_are_accepted(scores):
    sure = np.zeros((3, 5, 3), np.float32)
    sure[0] = 1
    assert replace(scores, frame_probs=sure, clip_probs=sure[:, 0]).frame_probs is sure


def test_an_incomplete_last_group_of_frames_is_pooled_into_a_frame(scores):
    heard = np.array([20, 14, 17])
    lasting = np.array([0.4, 0.28, 0.34])
    pooled = FrameScores.pooled(
        scores.frame_probs, scores.clip_probs, "abc", heard, lasting, LABELS, FrameGrid(100, 2), 4
    )
    assert pooled.grid == GRID
    assert pooled.n_frames.tolist() == [5, 4, 5]
    assert pooled.durations == pytest.approx([0.4, 0.28, 0.34])


def test_decoding_all_clips_equals_decoding_each_alone(scores):
    point = PostProcessing(0.5, median_s=0.24, gate=0.8)
    alone = {
        clip_id: decode_events(
            scores.frame_probs[n], LABELS, point, GRID, n_frames=int(scores.n_frames[n]),
            duration=float(scores.durations[n]), clip_probs=scores.clip_probs[n],
        )
        for n, clip_id in enumerate("abc")
    }  # fmt: skip
    assert scores.decode(point) == alone
    assert max(event.offset for event in scores.decode(PostProcessing(0.0))["b"]) == 0.27


def test_a_subset_of_clips_keeps_its_scores(scores):
    some = scores.of(["c", "b"])
    assert some.clip_ids == ["c", "b"]
    assert some.points == scores.points
    np.testing.assert_array_equal(some.probs_of("b"), scores.frame_probs[1, :4])
    assert some.decode(PostProcessing(0.5)) == {clip: scores.decode(PostProcessing(0.5))[clip] for clip in "cb"}
    np.testing.assert_array_equal(scores.counted, [5, 4, 5])


def test_systems_are_averaged_frame_by_frame(scores):
    other = replace(scores, frame_probs=1 - scores.frame_probs)
    mean = mean_of([scores, other])
    np.testing.assert_allclose(mean.frame_probs, 0.5, atol=1e-7)
    np.testing.assert_array_equal(mean.clip_probs, scores.clip_probs)
    assert mean.points == {}


def test_systems_of_different_sample_rates_are_averaged_if_their_frames_are_equally_long(scores):
    faster = FrameGrid(2 * scores.grid.sample_rate, 2 * scores.grid.hop_length)
    mean = mean_of([scores, replace(scores, grid=faster, frame_probs=1 - scores.frame_probs)])
    np.testing.assert_allclose(mean.frame_probs, 0.5, atol=1e-7)


def test_a_frame_that_is_padding_for_one_system_is_averaged_over_the_others(scores):
    """Front ends of different sample rates may count one frame more or less in a short clip."""
    fewer = replace(
        scores,
        frame_probs=np.ones_like(scores.frame_probs),
        n_frames=np.array([5, 3, 5]),
        durations=np.array([0.4, 0.2399, 0.4]),
    )
    one_more = replace(scores, n_frames=np.array([5, 5, 5]))
    assert mean_of([scores, fewer, one_more]).frame_probs[1, 4].tolist() == one_more.frame_probs[1, 4].tolist()
    for one, other in ((scores, fewer), (fewer, scores)):
        mean = mean_of([one, other, other])
        assert mean.n_frames.tolist() == [5, 4, 5]
        assert mean.durations.tolist() == [0.4, 0.27, 0.4]
        np.testing.assert_array_equal(mean.frame_probs[1, 3], scores.frame_probs[1, 3])
        expected = np.mean([scores.frame_probs for scores in (one, other, other)], axis=0)
        np.testing.assert_array_equal(mean.frame_probs[[0, 2]], expected[[0, 2]])
        np.testing.assert_allclose(mean.frame_probs[1, :3], expected[1, :3], rtol=1e-6)


def test_averaging_incompatible_systems_is_refused_with_the_reason(scores):
    longer = FrameGrid(scores.grid.sample_rate, 2 * scores.grid.hop_length)
    took, twice = scores.grid.frame_duration, longer.frame_duration
    n = scores.frame_probs.shape[1]
    cut = replace(scores, frame_probs=scores.frame_probs[:, :-1], n_frames=np.minimum(scores.n_frames, n - 1))
    others = {
        f"their frames are {took} s and {twice} s long": replace(scores, grid=longer),
        "they scored different clips": replace(scores, clip_ids=["a", "b", "d"]),
        "their classes differ": replace(scores, labels=LabelSet(scores.labels.names[::-1])),
        f"their clips have {n} and {n - 1} frames": cut,
        "clip 'b' has 4 and 2 frames": replace(scores, n_frames=np.array([5, 2, 5])),
        "clip 'c' lasts 0.4 s and 0.3 s": replace(scores, durations=np.array([0.4, 0.27, 0.3])),
    }
    for why, other in others.items():
        with pytest.raises(ValueError, match=re.escape(why)):
            mean_of([scores, other])


def test_processing_clips_in_blocks_does_not_change_the_result(scores, monkeypatch):
    point = PostProcessing(0.5, median_s=0.24, gate=0.8)
    at_once, mean = scores.decode(point), mean_of([scores, scores]).frame_probs
    monkeypatch.setattr("sedpipe.detection.frame_scores._CELLS_OF_BLOCK", 2 * 5 * 3)
    assert [*scores.blocks()] == [slice(0, 2), slice(2, 3)]
    assert list(scores.decode(point).items()) == list(at_once.items())
    np.testing.assert_array_equal(mean_of([scores, scores]).frame_probs, mean)
    with pytest.raises(ValueError, match=r"frame_probs holds a value outside \[0, 1\]"):
        replace(scores, frame_probs=np.concatenate([scores.frame_probs[:2], scores.frame_probs[2:] + 1]))
