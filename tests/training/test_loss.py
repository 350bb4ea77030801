import math

import numpy as np
import pytest
import torch
from copies import META, Copies
from sedpipe.nn.networks.network import Taught
from sedpipe.training.located import Located
from sedpipe.training.loss import clip_loss, frame_loss, parts_loss


def test_loss_is_the_mean_cross_entropy_over_clips_and_classes():
    probs, targets = torch.tensor([[0.9, 0.2], [0.5, 0.7]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    expected = -(math.log(0.9) + math.log(0.8) + math.log(0.5) + math.log(0.3)) / 4
    assert clip_loss(probs, targets).item() == pytest.approx(expected)


def test_loss_of_a_certain_mistake_is_finite():
    probs = torch.tensor([[0.0, 1.0]], requires_grad=True)
    loss = clip_loss(probs, torch.tensor([[1.0, 0.0]]))
    loss.backward()
    assert loss.item() == pytest.approx(-math.log(1e-7), rel=0.02)
    assert probs.grad.isfinite().all()


def test_parts_of_clips_are_trained_on_the_clips_labels_and_padding_is_ignored():
    probs = torch.tensor([[[0.5], [0.9]], [[0.5], [0.1]]])
    counts = torch.tensor([[True, True], [True, False]])
    loss = parts_loss(Taught(probs, counts), torch.tensor([[1.0], [0.0]]))
    assert loss.item() == pytest.approx((2 * math.log(2) - math.log(0.9)) / 3)


def located(known: tuple[bool, ...] = (True, False, True)) -> Located:
    generator = torch.Generator().manual_seed(0)
    return Located(torch.rand((len(known), 8, 2), generator=generator), torch.tensor(known))


def test_the_frame_loss_uses_only_valid_frames_of_clips_with_strong_labels() -> None:
    truth = located()
    probs = torch.rand((3, 4, 2), generator=torch.Generator().manual_seed(1))
    n_frames = torch.tensor([8, 8, 5])
    expected = 0.0
    for clip, last in ((0, 4), (2, 3)):
        targets = truth.frames[clip].reshape(4, 2, 2).mean(dim=1)
        expected += float(torch.nn.functional.binary_cross_entropy(probs[clip, :last], targets[:last])) / 3
    assert frame_loss(probs, truth, n_frames, 2).item() == pytest.approx(expected, abs=1e-6)
    other = Located(truth.frames.clone(), truth.known)
    other.frames[1], other.frames[2, 6:] = 0.5, 0.1
    assert torch.equal(frame_loss(probs, other, n_frames, 2), frame_loss(probs, truth, n_frames, 2))


def test_the_frame_loss_is_zero_without_strong_labels() -> None:
    assert frame_loss(torch.rand(3, 8, 2), located((False,) * 3), torch.tensor([8, 8, 8]), 1) == 0


def test_a_clip_without_valid_frames_adds_nothing_to_the_frame_loss() -> None:
    truth, probs = located((True, True)), torch.rand(2, 8, 2)
    alone = frame_loss(probs[:1], Located(truth.frames[:1], truth.known[:1]), torch.tensor([8]), 1)
    torch.testing.assert_close(frame_loss(probs, truth, torch.tensor([8, 0]), 1), alone / 2)


def test_the_frame_loss_of_clips_of_one_frame_equals_their_clip_loss() -> None:
    probs, target = torch.rand(3, 1, 2), torch.ones(3, 1, 2)
    of_frames = frame_loss(probs, Located(target, torch.tensor([True] * 3)), torch.tensor([1, 1, 1]), 1)
    torch.testing.assert_close(of_frames, clip_loss(probs[:, 0], target[:, 0]))


def test_input_frames_added_to_fill_the_last_output_frame_count_as_silent() -> None:
    probs = torch.full((1, 3, 2), 0.25)
    whole = Located(torch.ones(1, 8, 2), torch.tensor([True]))
    third = torch.log(torch.tensor([0.25, 0.25]))  # 3, 3 and 2 of 3 frames
    expected = -(third * 1).mean() * 2 / 3 - (2 / 3 * np.log(0.25) + 1 / 3 * np.log(0.75)) / 3
    assert frame_loss(probs, whole, torch.tensor([8]), 3).item() == pytest.approx(float(expected), abs=1e-6)


def test_no_loss_waits_for_the_gpu() -> None:
    probs = torch.empty(2, 4, 3, device=META, requires_grad=True)
    known = Located(torch.empty(2, 8, 3, device=META), torch.empty(2, dtype=torch.bool, device=META))
    taught = Taught(probs, torch.empty(2, 4, dtype=torch.bool, device=META))
    targets = torch.empty(2, 3, device=META)
    with Copies() as copies:
        of_frames = frame_loss(probs, known, torch.tensor([8, 5]), 2)
        (clip_loss(probs[:, 0], targets) + parts_loss(taught, targets) + of_frames).backward()
    assert copies.waiting == [False]
