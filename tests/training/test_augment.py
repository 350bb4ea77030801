import numpy as np
import pytest
import torch
from copies import META, Copies
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.features.front_end import CONTENTS
from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.training import microphones
from sedpipe.training.augment import (
    AugmentConfig,
    augment,
    augment_located,
    check_content,
    filter_bands,
    mask_bands,
    mask_frames,
    mix_up,
    shift_in_time,
    superpose,
    warp_bands,
)
from sedpipe.training.located import Located

FILL = torch.full((6,), -1.0)
EVERYTHING = AugmentConfig(
    shift=True, superpose=0.5, warp=0.1, filter_db=3, background=0.5, gain_db=10, bandwidth=0.5, mixup_alpha=0.5,
    time_masks=2, time_mask_frames=5, frequency_masks=2, frequency_mask_bands=3,
)  # fmt: skip


def batch(n_clips: int = 8, length: int = 20, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = np.random.default_rng(seed)
    x = torch.from_numpy(g.normal(size=(n_clips, length, 6)).astype(np.float32))
    y = torch.from_numpy((g.random((n_clips, 3)) < 0.5).astype(np.float32))
    return x, y, torch.from_numpy(g.integers(1, length + 1, n_clips))


def draw(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_a_shift_rotates_each_clips_frames_and_leaves_its_padding_in_place(seed: int, length: int) -> None:
    x, _, n_frames = batch(4, length, seed)
    shifted = shift_in_time(x, n_frames, draw(seed))
    for before, after, count in zip(x, shifted, n_frames.tolist(), strict=True):
        rounds = [torch.roll(before[:count], shift, dims=0) for shift in range(count)]
        assert any(torch.equal(after[:count], turned) for turned in rounds)
        assert torch.equal(after[count:], before[count:])


def test_shifts_reach_every_frame() -> None:
    x = torch.arange(10.0).repeat(2000, 1)[:, :, None]
    first = shift_in_time(x, torch.full((2000,), 10), draw())[:, 0, 0]
    counts = torch.bincount(first.long(), minlength=10)
    assert counts.min() > 140  # 200 expected, 4.5 deviations of 13.4


def test_mixup_mixes_two_clips_and_their_labels_in_the_same_proportion() -> None:
    x, y, n_frames = batch()
    x[:] = torch.arange(8.0)[:, None, None]
    mixed_x, mixed_y, mixed_n = mix_up(x, torch.eye(8), n_frames, 0.7, draw())
    for row in range(8):
        value, shares = mixed_x[row, 0, 0], mixed_y[row]
        assert shares.sum() == pytest.approx(1.0)
        assert (shares > 0).sum() <= 2
        assert value == pytest.approx(float((shares * torch.arange(8.0)).sum()), abs=1e-5)
        assert mixed_n[row] == n_frames[shares > 0].max()
    assert mixed_y.shape == torch.eye(8).shape
    assert y.shape == (8, 3)


def test_superposed_clips_add_their_powers_and_combine_their_labels() -> None:
    x, _, n_frames = batch()
    x = 30 * x - 60
    together, labels, counts = superpose(x, torch.eye(8), n_frames, 1.0, draw())
    for row in range(8):
        (other,) = [k for k in range(8) if labels[row, k] and k != row] or [row]
        power = 10 ** (x[row].double() / 10) + 10 ** (x[other].double() / 10)
        torch.testing.assert_close(together[row].double(), 10 * power.log10(), rtol=0, atol=1e-4)
        assert counts[row] == max(n_frames[row], n_frames[other])
        assert labels[row].sum() == len({row, other})


def test_superposition_approximates_the_log_mel_of_the_summed_waveforms() -> None:
    config = LogMelConfig(sample_rate=8000, window_length=400, hop_length=200, n_fft=512, n_frames=40, n_mels=6)
    noises = draw().normal(size=(2, 8000)).astype(np.float32) * np.array([[0.1], [0.02]], dtype=np.float32)
    one, other, both = (torch.from_numpy(log_mel(wave, config)[0]) for wave in (*noises, noises.sum(axis=0)))
    pair = torch.stack([one, other])
    together, labels, _ = superpose(pair, torch.eye(2), torch.tensor([40, 40]), 1.0, draw(3))  # a seed that pairs them
    assert labels.all()
    assert (together[0] - both).mean().abs() < 0.1  # dB
    assert (together[0] - both).abs().max() < 3


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_only_the_requested_share_of_clips_is_superposed(share: float, seed: int) -> None:
    x, y, n_frames = batch(400, 2, seed)
    together, *_ = superpose(x, y, n_frames, share, draw(seed))
    changed = (together != x).any(dim=(1, 2)).float().mean().item()
    assert changed == pytest.approx(share, abs=0.13)  # five deviations at most


def test_a_warp_stretches_the_frequency_axis_of_each_clip_by_its_own_factor() -> None:
    ramp = torch.arange(81.0).expand(500, 3, 81)
    warped = warp_bands(ramp, 0.2, draw())
    factors = warped[:, 0, 40] / 40  # below the end of the axis, a ramp shows where it was read
    assert factors.min() < 0.82
    assert factors.max() > 1.18
    expected = (factors[:, None, None] * ramp).clamp(max=80)
    torch.testing.assert_close(warped, expected, rtol=1e-5, atol=1e-4)


def test_a_warp_of_a_tenth_moves_a_tone_by_up_to_a_tenth() -> None:
    tone = torch.zeros(200, 1, 101)
    tone[:, :, 50] = 1.0
    peaks = warp_bands(tone, 0.1, draw()).argmax(dim=2).flatten()
    assert 45 <= peaks.min() < 47
    assert 54 < peaks.max() <= 56


def test_a_filter_is_bounded_constant_over_time_and_different_for_each_clip() -> None:
    x, _, _ = batch(300, 4)
    gain = filter_bands(x, 6, draw()) - x
    assert gain.abs().max() <= 6 + 1e-5
    assert gain.abs().max() > 5
    torch.testing.assert_close(gain, gain[:, :1].expand_as(gain), rtol=0, atol=1e-5)
    assert gain[:, 0].mean(dim=0).abs().max() < 1  # 3.5 / sqrt(300) expected
    assert (gain[0] != gain[1]).any()


def test_the_gain_of_a_filter_is_piecewise_linear_with_few_breakpoints() -> None:
    gain = filter_bands(torch.zeros(50, 1, 80), 6, draw())[:, 0]
    bends = (gain.diff(n=2, dim=1).abs() > 1e-4).sum(dim=1)
    assert bends.max() <= 2 * 5  # a breakpoint between two bands bends the line at both


def test_mixup_shares_follow_the_beta_distribution() -> None:
    x, y = torch.zeros(20_000, 1, 1), torch.zeros(20_000, 1)
    y[0] = 1.0
    x[:, 0, 0] = torch.arange(20_000.0) % 2
    shares = mix_up(x, y, torch.ones(20_000), 0.4, draw())[0].flatten()
    inside = shares[(shares > 0) & (shares < 1)].numpy()
    expected = np.random.default_rng(1).beta(0.4, 0.4, 20_000)
    assert np.quantile(inside, [0.1, 0.25, 0.5, 0.75, 0.9]) == pytest.approx(
        np.quantile(expected, [0.1, 0.25, 0.5, 0.75, 0.9]), abs=0.03
    )


def mask_all_frames(x: torch.Tensor, *settings: object) -> torch.Tensor:
    return mask_frames(x, torch.full((len(x),), x.shape[1]), *settings)


@pytest.mark.parametrize(("mask", "axis"), [(mask_bands, 2), (mask_all_frames, 1)])
def test_masks_are_contiguous_and_no_wider_than_requested(mask, axis) -> None:
    x, _, _ = batch(200)
    masked = (mask(x, FILL, 1, 4, draw()) == -1.0).all(dim=3 - axis)
    changes = masked.int().diff(dim=1, prepend=torch.zeros(200, 1), append=torch.zeros(200, 1))
    assert ((changes == 1).sum(dim=1) <= 1).all()
    assert set(masked.sum(dim=1).tolist()) == {0, 1, 2, 3, 4}
    kept = ~masked.unsqueeze(3 - axis).expand_as(x)
    assert torch.equal(mask(x, FILL, 1, 4, draw())[kept], x[kept])


def test_a_mask_wider_than_the_clip_masks_up_to_the_whole_clip() -> None:
    x, _, _ = batch(50, 3)
    after = mask_all_frames(x, FILL, 1, 1000, draw())
    masked = (after == FILL).all(dim=2)
    assert set(masked.sum(dim=1).tolist()) == {0, 1, 2, 3}
    assert torch.equal(after, torch.where(masked[:, :, None], FILL, x))


def test_a_mask_lies_anywhere_in_its_clip_and_other_clips_do_not_affect_it() -> None:
    x = torch.zeros(2000, 20, 6)
    n_frames = torch.tensor([5, 20]).repeat(1000)
    masked = (mask_frames(x, n_frames, FILL, 1, 3, draw()) == -1.0).all(dim=2)
    short, long = masked[::2], masked[1::2]
    assert not short[:, 5:].any()
    assert short[:, :5].any(dim=0).all()
    assert short.any(dim=1).float().mean() == pytest.approx(0.75, abs=0.05)  # widths are 0 to 3
    assert torch.equal(long, (mask_all_frames(x, FILL, 1, 3, draw()) == -1.0).all(dim=2)[1::2])


@pytest.mark.parametrize("seed", range(5))
def test_augmentation_leaves_padding_unchanged(seed: int) -> None:
    x, y, n_frames = batch(16, seed=seed)
    x[torch.arange(20) >= n_frames[:, None]] = -100.0
    after, _, n_after = augment(x, y, n_frames, FILL, EVERYTHING, draw(seed))
    padding = torch.arange(20) >= n_after[:, None]
    assert padding.any()
    assert (after[padding] == -100.0).all()


def test_the_generator_determines_the_result_and_the_input_is_not_modified() -> None:
    given = batch()
    copies = [tensor.clone() for tensor in given]
    first = augment(*given, FILL, EVERYTHING, draw(3))
    again = augment(*given, FILL, EVERYTHING, draw(3))
    other = augment(*given, FILL, EVERYTHING, draw(4))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert all(torch.equal(a, b) for a, b in zip(given, copies, strict=True))


def test_by_default_nothing_is_changed() -> None:
    given = batch()
    assert all(a is b for a, b in zip(augment(*given, FILL, AugmentConfig(), draw()), given, strict=True))


def test_labels_stay_probabilities() -> None:
    x, y, n_frames = batch(64)
    _, mixed, _ = augment(x, y, n_frames, FILL, EVERYTHING, draw())
    assert mixed.min() >= 0
    assert mixed.max() <= 1


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="time_masks must not be negative, got -1"):
        AugmentConfig(time_masks=-1)
    with pytest.raises(ValueError, match=r"superpose is a share of clips, from 0 to 1, got 1\.5"):
        AugmentConfig(superpose=1.5)
    with pytest.raises(ValueError, match="warp is a share of the frequency axis, below 1, got 1"):
        AugmentConfig(warp=1)


def test_samples_of_superposed_clips_are_added() -> None:
    x, _, n_frames = batch()
    together, labels, _ = superpose(x, torch.eye(8), n_frames, 1.0, draw(), "samples")
    for row in range(8):
        (other,) = [k for k in range(8) if labels[row, k] and k != row] or [row]
        assert torch.equal(together[row], x[row] + x[other])


REFUSED = {
    "decibels": set(),
    "bands": {"superpose", "filter_db", "background", "gain_db", "bandwidth"},
    "samples": {"warp", "filter_db", "frequency_masks", "background", "gain_db", "bandwidth"},
    "embedding": {"superpose", "warp", "filter_db", "frequency_masks", "background", "gain_db", "bandwidth"},
    "both": {"superpose", "warp", "filter_db", "frequency_masks", "background", "gain_db", "bandwidth"},
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("change", [{"superpose": 0.3}, {"warp": 0.1}, {"filter_db": 6.0}, {"frequency_masks": 1},
                                    {"shift": True}, {"mixup_alpha": 0.2}, {"time_masks": 1}, {"background": 0.3},
                                    {"gain_db": 20.0}, {"bandwidth": 0.3}])  # fmt: skip
def test_augmentations_that_do_not_suit_the_features_are_refused(content: str, change: dict[str, float]) -> None:
    (name,) = change
    if name in REFUSED[content]:
        with pytest.raises(ValueError, match=rf"augment\.{name} works on .*, not on {content}"):
            check_content(AugmentConfig(**change), content)
    else:
        check_content(AugmentConfig(**change), content)


def test_no_augmentation_waits_for_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    # the stand-in for a GPU has no random numbers of its own
    monkeypatch.setattr(microphones, "_generator_on", lambda device, generator: None)
    x, y, n_frames = batch()
    located = Located(torch.empty(8, 20, 3, device=META), torch.ones(8, dtype=torch.bool, device=META))
    for content in ("decibels", "samples"):
        config = EVERYTHING if content == "decibels" else AugmentConfig(shift=True, superpose=0.5, mixup_alpha=0.5)
        with Copies() as copies:
            told = augment_located(x.to(META), y.to(META), n_frames, located, FILL.to(META), config, draw(), content)
        assert [part.device for part in (*told[:2], *told[3])] == [META] * 4
        assert told[2].device.type == "cpu"
        assert copies.waiting[:3] == [True] * 3  # those of this test itself
        assert len(copies.waiting) > 6
        assert not any(copies.waiting[3:])
