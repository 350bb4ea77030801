import pytest
import torch
from copies import META, Copies
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.settings.presets import load_preset
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.recurrence import BidirectionalGRU
from sedpipe.nn.sending import sent


def test_a_plain_copy_is_seen_to_wait_and_one_that_is_sent_is_not() -> None:
    with Copies() as copies:
        torch.ones(2).to(META)
        sent(torch.ones(2), META)
    assert copies.waiting == [True, False]


def test_a_tensor_is_sent_with_the_type_that_was_asked_for() -> None:
    assert sent(torch.ones(2, dtype=torch.float64), META, torch.float32).dtype == torch.float32
    assert sent(torch.tensor([3]), META).dtype == torch.int64
    part = torch.ones(2)
    assert sent(part, torch.device("cpu")) is part


@pytest.mark.parametrize(
    "preset",
    ["cdur", "demo", "gccaps", "kong-gru", "kong-transformer", "mcfee-cnn", "mcfee-crnn", "paper", "small", "surrey",
     "talnet", "wang"],
)  # fmt: skip
def test_no_network_waits_for_the_gpu_in_a_training_step(preset: str) -> None:
    settings = load_preset(preset)
    network = build_network(settings.network, settings.pooling, 4, FeatureSpec()).to(META).train()
    with Copies() as copies:
        prediction = network(torch.empty(2, 500, 80, device=META), torch.tensor([500, 400]))
        prediction.clip_probs.sum().backward()
    assert copies.waiting  # the numbers of frames are sent at least once
    assert not any(copies.waiting)


def test_the_gru_as_it_is_computed_on_a_gpu_does_not_wait_for_it() -> None:
    gru = BidirectionalGRU(6, 4).to(META)
    with Copies() as copies:
        gru._whole(torch.empty(3, 10, 6, device=META), torch.tensor([4, 10, 7])).sum().backward()
    assert copies.waiting == [False, False]
