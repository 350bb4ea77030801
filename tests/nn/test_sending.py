from pathlib import Path

import pytest
import torch
from copies import META, Copies
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import named_front_end
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.io.settings.presets import load_preset, preset_names
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


ENCODERS = {"head": "yamnet", "attention-head": "yamnet", "both": "logmel,yamnet"}
FRONT_ENDS = {"mlms": "mlms", "cdur-64": "cdur"}


def features_for(preset: str) -> FeatureSpec:
    if preset in FRONT_ENDS:
        return FeatureSpec(load_front_end(Path(FRONT_ENDS[preset])))
    return FeatureSpec(named_front_end(ENCODERS[preset])) if preset in ENCODERS else FeatureSpec()


@pytest.mark.parametrize("preset", preset_names())
def test_no_network_waits_for_the_gpu_in_a_training_step(preset: str) -> None:
    settings, spec = load_preset(preset), features_for(preset)
    n_frames = torch.tensor([spec.shape[0], spec.shape[0] // 2])
    with META:  # weights without memory
        network = build_network(settings.network, settings.pooling, 4, spec).train()
    with Copies() as copies:
        prediction = network(torch.empty(2, *spec.shape, device=META), n_frames)
        taught = [*(part.probs for part in prediction.taught), prediction.clip_probs, prediction.frame_probs]
        sum(probs.sum() for probs in taught if probs.requires_grad).backward()
    assert copies.waiting  # the numbers of frames are sent at least once
    assert not any(copies.waiting)


def test_the_gru_as_it_is_computed_on_a_gpu_does_not_wait_for_it() -> None:
    gru = BidirectionalGRU(6, 4).to(META)
    with Copies() as copies:
        gru._whole(torch.empty(3, 10, 6, device=META), torch.tensor([4, 10, 7])).sum().backward()
    assert copies.waiting == [False, False]
