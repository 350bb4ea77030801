import numpy as np
import pytest
import torch
from sedpipe.training.microphones import QUIETEST_DB, other_backgrounds, other_bandwidths, other_levels
from torch import Tensor

B, T, F = 64, 20, 40


@pytest.fixture
def x() -> Tensor:
    return -30 + 8 * torch.randn(B, T, F, generator=torch.Generator().manual_seed(0))


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def whole(x: Tensor) -> Tensor:
    """Return the number of frames of each clip, all of them valid."""
    return torch.full((len(x),), x.shape[1])


def backgrounds(x: Tensor, share: float, generator: np.random.Generator) -> Tensor:
    return other_backgrounds(x, whole(x), share, generator)


def power(x: Tensor) -> Tensor:
    return (10 ** (x.double() / 10)).sum(dim=(1, 2))


def test_each_clip_gets_one_gain_within_the_requested_range(x: Tensor) -> None:
    gains = other_levels(x, 20.0, drawn()) - x
    torch.testing.assert_close(gains, gains[:, :1, :1].expand_as(x), atol=1e-4, rtol=0)
    of_clips = gains[:, 0, 0]
    assert of_clips.abs().max() <= 20
    assert of_clips.min() < -15
    assert of_clips.max() > 15


def test_no_value_falls_below_silence_and_values_already_below_it_stay() -> None:
    quiet = torch.tensor([[[QUIETEST_DB, QUIETEST_DB + 5, QUIETEST_DB - 50]]]).repeat(B, 1, 1)
    after = other_levels(quiet, 40.0, drawn())
    assert after[..., :2].min() == QUIETEST_DB
    assert after[..., 2].min() == QUIETEST_DB - 50


def test_a_bandwidth_silences_all_bands_above_a_frequency_in_some_clips_only(x: Tensor) -> None:
    after = other_bandwidths(x, 0.5, drawn())
    silent = after == QUIETEST_DB
    torch.testing.assert_close(after[~silent], x[~silent], atol=0, rtol=0)
    n_left = (~silent).sum(dim=2)
    assert (n_left == n_left[:, :1]).all()
    assert (silent.int().diff(dim=2) >= 0).all()
    assert n_left.min() >= 0.35 * F
    assert 0.3 < (n_left[:, 0] < F).float().mean() < 0.7


def test_noise_only_adds_power_and_only_to_some_clips(x: Tensor) -> None:
    after = other_backgrounds(x, whole(x), 0.5, drawn())
    assert (after >= x - 1e-4).all()
    changed = ((after - x).abs() > 1e-3).any(dim=2).any(dim=1)
    assert 0.3 < changed.float().mean() < 0.7
    torch.testing.assert_close(after[~changed], x[~changed], atol=1e-3, rtol=0)


def test_the_noise_level_is_relative_to_the_clips_level(x: Tensor) -> None:
    louder = other_backgrounds(x + 30, whole(x), 1.0, drawn())
    torch.testing.assert_close(louder, other_backgrounds(x, whole(x), 1.0, drawn()) + 30, atol=1e-3, rtol=0)


def test_the_generator_determines_the_result_and_the_input_is_not_modified(x: Tensor) -> None:
    before = x.clone()
    for change, amount in ((other_levels, 20.0), (other_bandwidths, 0.5), (backgrounds, 0.5)):
        assert torch.equal(change(x, amount, drawn(3)), change(x, amount, drawn(3)))
        assert not torch.equal(change(x, amount, drawn(3)), change(x, amount, drawn(4)))
    assert torch.equal(x, before)


def test_an_amount_of_zero_changes_nothing(x: Tensor) -> None:
    for change in (other_levels, other_bandwidths, backgrounds):
        torch.testing.assert_close(change(x, 0.0, drawn()), x)


def test_padding_does_not_change_the_noise_level_of_a_short_clip(x: Tensor) -> None:
    before, alone = power(x), other_backgrounds(x, whole(x), 1.0, drawn())
    for padding in (QUIETEST_DB, 0.0):  # a user's own front end may pad with 0
        padded = torch.cat([x, torch.full_like(x, padding)], dim=1)
        noisy = other_backgrounds(padded, whole(x), 1.0, drawn())[:, : x.shape[1]]
        added_db = [10 * torch.log10(power(after) - before) for after in (noisy, alone)]
        assert (added_db[0] - added_db[1]).abs().max() < 0.5  # from the flicker; if padding counted, it would be 3 dB
