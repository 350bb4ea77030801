import torch
from sedpipe.nn.networks.talnet import TALNet, TALNetConfig
from sedpipe.nn.pooling import PoolingConfig, frame_weights, pool
from specs import of

torch.set_num_threads(1)
TINY = TALNetConfig(maps=(4, 8), depth=1, pools=((2, 2), (2, 2)), gru_units=4)


def made(function: str, hierarchy: tuple[int, ...], weights: str = "original") -> TALNet:
    torch.manual_seed(0)
    return TALNet(TINY, PoolingConfig(function, hierarchy, "time", weights), 3, of(80, 12)).eval()


def test_frames_are_pooled_per_second_without_changing_the_clip_probabilities() -> None:
    x, n_frames = torch.randn(2, 80, 12), torch.tensor([80, 50])
    for function in ("max", "average", "linear", "exponential", "attention"):
        seconds, single = (made(function, hierarchy)(x, n_frames) for hierarchy in ((10,), ()))
        torch.testing.assert_close(seconds.clip_probs, single.clip_probs)
        assert (seconds.frame_probs[:, :10] == seconds.frame_probs[:, :1]).all()
        if function != "attention":
            first = single.frame_probs[:, :10]
            weights = frame_weights(function, first, torch.ones(2, 10, dtype=torch.bool))
            torch.testing.assert_close(seconds.frame_probs[:, 0], pool(function, first, weights)[0])


def test_in_training_frames_are_not_pooled_per_second() -> None:
    x, n_frames = torch.randn(2, 80, 12), torch.tensor([80, 80])
    frame_probs = made("linear", (10,)).train()(x, n_frames).frame_probs
    assert frame_probs.unique().numel() == frame_probs.numel()


def test_the_last_band_is_used_even_if_the_number_of_bands_is_odd() -> None:
    model = TALNet(TINY, PoolingConfig("linear", ()), 3, of(80, 5)).eval()
    x = torch.randn(1, 80, 5)
    louder = x.clone()
    louder[..., 4] += 3
    n_frames = torch.tensor([80])
    assert not torch.equal(model(x, n_frames).clip_probs, model(louder, n_frames).clip_probs)
