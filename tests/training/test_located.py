import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.training.augment import AugmentConfig, augment, augment_located
from sedpipe.training.located import Located, frames_of_events

LABELS = LabelSet(("Dog", "Rain"))
TIMES = st.integers(0, 400).map(lambda hundredths: hundredths / 100)


@given(st.lists(st.tuples(TIMES, TIMES, st.sampled_from(LABELS.names)), max_size=6))
def test_frame_targets_are_the_share_of_each_frame_in_which_a_class_sounds(
    spans: list[tuple[float, float, str]],
) -> None:
    events = [Event(min(a, b), max(a, b), label) for a, b, label in spans]
    fine = np.zeros((400, 2))
    for event in events:
        if event.is_located:
            fine[round(100 * event.onset) : round(100 * event.offset), LABELS.index(event.label)] = 1
    found = frames_of_events(events, LABELS, FrameGrid(10, 2), 20)
    np.testing.assert_allclose(found, fine.reshape(20, 20, 2).mean(axis=1), atol=1e-5)


def test_events_are_cut_off_at_the_end_of_the_last_frame() -> None:
    found = frames_of_events([Event(1.5, 9.0, "Rain")], LABELS, FrameGrid(1, 1), 3)
    assert found[:, 1].tolist() == [0.0, 0.5, 1.0]


def located(known: tuple[bool, ...] = (True, False, True)) -> Located:
    generator = torch.Generator().manual_seed(0)
    return Located(torch.rand((len(known), 8, 2), generator=generator), torch.tensor(known))


CONFIGS = [
    AugmentConfig(shift=True),
    AugmentConfig(superpose=0.5),
    AugmentConfig(mixup_alpha=1.0),
    AugmentConfig(shift=True, superpose=0.5, warp=0.1, filter_db=3, mixup_alpha=0.4, time_masks=1, time_mask_frames=2),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("seed", range(5))
def test_frame_targets_are_augmented_like_the_features(config: AugmentConfig, seed: int) -> None:
    """The frame targets also serve as features, as samples: their sum is at least 1 where either clip has the class."""
    truth, n_frames = located((True,) * 3), torch.tensor([8, 6, 8])
    truth = Located((truth.frames > 0.5).float(), truth.known)
    truth.frames[1, 6:] = 0
    mixup_alpha = 0.0 if config.superpose else config.mixup_alpha  # sums of two give features of 2, targets of 1
    config = AugmentConfig(shift=config.shift, superpose=config.superpose, mixup_alpha=mixup_alpha)
    x, _, _, found = augment_located(
        truth.frames, torch.zeros(3, 2), n_frames, truth, torch.zeros(2), config, np.random.default_rng(seed), "samples"
    )
    torch.testing.assert_close(found.frames, x if config.mixup_alpha else x.clamp(max=1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("config", CONFIGS)
def test_features_are_augmented_the_same_with_and_without_frame_targets(config: AugmentConfig) -> None:
    x, y, n_frames = torch.randn(3, 8, 4), torch.rand(3, 2), torch.tensor([8, 6, 8])
    plain = augment(x, y, n_frames, torch.zeros(4), config, np.random.default_rng(3))
    told = augment_located(x, y, n_frames, located(), torch.zeros(4), config, np.random.default_rng(3))
    assert all(torch.equal(*pair) for pair in zip(plain, told[:3], strict=True))


@pytest.mark.parametrize("config", [AugmentConfig(superpose=1.0), AugmentConfig(mixup_alpha=1.0)])
def test_a_clip_mixed_with_one_without_strong_labels_counts_as_one_without(config: AugmentConfig) -> None:
    truth = located()
    generator = np.random.default_rng(0)
    others = np.random.default_rng(0).permutation(3)
    *_, found = augment_located(
        torch.randn(3, 8, 4), torch.rand(3, 2), torch.tensor([8] * 3), truth, torch.zeros(4), config, generator
    )
    assert found.known.tolist() == [bool(truth.known[i] and truth.known[others[i]]) for i in range(3)]
