from dataclasses import replace

import numpy as np
import pytest
import torch
from sedpipe.clips import Clip
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.steps.frame_targets import EventTargets, PseudoTargets

LABELS = LabelSet(("Dog", "Rain"))
STUDENT, TEACHER = FrameGrid(100, 10), FrameGrid(100, 40)  # a frame every 0.1 s, every 0.4 s


def clip(name: str, *labels: str) -> Clip:
    return Clip(name, "training", name, 0.0, 1.2, labels)


def scores(*names: str, labels: LabelSet = LABELS) -> FrameScores:
    """Return three frames of a teacher: 0.2, 0.5, 0.8 for the first class, 0.1 less for each further class."""
    probs = np.array([0.2, 0.5, 0.8])[None, :, None] - 0.1 * np.arange(len(labels))
    n = len(names)
    return FrameScores(
        list(names), np.repeat(probs, n, 0), np.full((n, len(labels)), 0.9), np.full(n, 3), np.full(n, 1.2), labels,
        TEACHER,
    )  # fmt: skip


def test_a_teacher_frame_is_the_target_of_all_frames_centred_within_it() -> None:
    targets = PseudoTargets.heard(scores("a"), [clip("a", "Dog")], LABELS, STUDENT, 12)
    frames, known = targets.of(np.array([0]))
    assert known.tolist() == [True]
    np.testing.assert_allclose(frames[0, :, 0], np.repeat([0.2, 0.5, 0.8], 4), atol=1e-3)


def test_a_class_absent_from_the_weak_labels_has_zero_targets_in_every_frame() -> None:
    clips = [clip("a", "Dog"), clip("b", "Rain"), clip("c"), clip("d", "Dog", "Rain")]
    targets = PseudoTargets.heard(scores("d", "c", "b", "a"), clips, LABELS, STUDENT, 12)
    sounding = targets.of(np.arange(4)).frames.amax(dim=1) > 0
    assert sounding.tolist() == [[True, False], [False, True], [False, False], [True, True]]


def test_clips_without_teacher_scores_have_no_known_targets() -> None:
    targets = PseudoTargets.heard(scores("b"), [clip("a", "Dog"), clip("b", "Dog")], LABELS, STUDENT, 12)
    assert targets.of(np.array([1, 0, 0])).known.tolist() == [True, False, False]


def test_teacher_classes_are_matched_by_name_whatever_their_number_and_order() -> None:
    heard = scores("a", labels=LabelSet(("Cat", "Rain", "Dog")))
    frames = PseudoTargets.heard(heard, [clip("a", "Dog", "Rain")], LABELS, STUDENT, 12).of(np.array([0])).frames
    np.testing.assert_allclose(frames[0, 0], [0.0, 0.1], atol=1e-3)


def test_the_share_is_taken_over_clips_that_have_the_class() -> None:
    targets = PseudoTargets.heard(scores("a", "b"), [clip("a", "Dog"), clip("b")], LABELS, STUDENT, 12)
    assert targets.share == pytest.approx(0.5, abs=1e-3)


def test_targets_are_zero_past_the_end_of_a_clip() -> None:
    """Teacher output for padding is meaningless, yet would count where a longer clip is added to a short one."""
    heard = replace(scores("a", "b"), n_frames=np.array([1, 3]), durations=np.array([0.4, 1.2]))
    targets = PseudoTargets.heard(heard, [clip("a", "Dog"), clip("b", "Rain")], LABELS, STUDENT, 12)
    short = targets.of(np.array([0])).frames[0, :, 0]
    np.testing.assert_allclose(short, [0.2] * 4 + [0.0] * 8, atol=1e-3)
    both = targets.of(np.array([0, 1])).superposed(torch.tensor([1, 0]), torch.tensor([True, False]))
    np.testing.assert_allclose(both.frames[0, :, 0], short, atol=1e-3)
    assert targets.share == pytest.approx((0.2 + (0.1 + 0.4 + 0.7) / 3) / 2, abs=1e-3)


def test_event_targets_are_known_only_for_clips_with_strong_labels() -> None:
    targets = EventTargets([(Event(0.0, 0.6, "Dog"),), None], LABELS, STUDENT, 12)
    frames, known = targets.of(np.array([1, 0]))
    assert known.tolist() == [False, True]
    assert frames[1, :, 0].tolist() == pytest.approx([1.0] * 6 + [0.0] * 6)
