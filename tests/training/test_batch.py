import torch
from copies import META, Copies
from sedpipe.training.batch import Batch
from sedpipe.training.located import Located


def a_batch(located: Located | None = None) -> Batch:
    return Batch(torch.zeros(2, 8, 4), torch.ones(2, 3), torch.tensor([8, 5]), ["a", "b"], whole=4, located=located)


def test_features_labels_and_frame_targets_move_to_the_device_and_frame_counts_stay() -> None:
    located = Located(torch.zeros(2, 8, 3), torch.tensor([True, False]))
    with Copies() as copies:
        moved = a_batch(located).on_device(META)
    assert copies.waiting == [False] * 4
    assert moved.located is not None
    assert {part.device for part in (moved.x, moved.y, *moved.located)} == {META}
    assert moved.n_frames.tolist() == [8, 5]
    assert (moved.clip_ids, moved.whole) == (["a", "b"], 4)


def test_a_batch_without_frame_targets_has_none_on_the_device() -> None:
    assert a_batch().on_device(META).located is None
