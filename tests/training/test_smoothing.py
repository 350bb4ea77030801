import torch
from sedpipe.training.smoothing import smoothed

Y = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.25, 0.5, 0.75, 0.0]])


def test_a_share_of_zero_changes_nothing() -> None:
    assert smoothed(Y, 0.0, "binary") is Y
    assert smoothed(Y, 0.0, "classes") is Y


def test_binary_labels_move_towards_a_half() -> None:
    torch.testing.assert_close(smoothed(Y, 0.2, "binary"), 0.8 * Y + 0.1)


def test_smoothing_over_classes_moves_a_share_of_each_label_to_the_other_classes() -> None:
    found = smoothed(Y, 0.3, "classes")
    torch.testing.assert_close(found[0], torch.tensor([0.7, 0.1, 0.1, 0.1]))
    torch.testing.assert_close(found[1], torch.tensor([0.7, 0.7, 0.1, 0.1]))
    torch.testing.assert_close(found[2], torch.tensor([0.25, 0.4, 0.55, 0.1]))
    torch.testing.assert_close(smoothed(Y[:, :1], 0.3, "classes")[2], torch.tensor([0.7 * 0.25 + 0.3 * 0.75]))
